package linking

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"koppel/states"
)

// Problem is one thing that keeps a sale from being taken, or a set-up from working. It carries a code and
// what it is about; the words are made where the reader's language is known.
type Problem struct { //nolint:errname // what is listed of a sale or a set-up too, not an error alone
	Code    states.Reason `json:"code"`
	Field   string        `json:"field,omitempty"`   // the wire's field, such as questionData.betaalwijze
	Subject string        `json:"subject,omitempty"` // a name people know: A's question, an option
	Detail  string        `json:"detail,omitempty"`  // what was given, or what the partner said
}

// Error makes a problem the error of what reads or checks a value. People read its words, not this.
func (p Problem) Error() string {
	return strings.Join(slices.DeleteFunc([]string{string(p.Code), p.Field, p.Subject, p.Detail}, func(part string) bool { return part == "" }), ": ")
}

func between(field, least, most string) error {
	return Problem{Code: states.ProblemBetween, Field: field, Subject: least, Detail: most}
}

func oneOf(field string, values ...string) error {
	return Problem{Code: states.ProblemOneOf, Field: field, Subject: field, Detail: strings.Join(values, ", ")}
}

// InField says in which field a value's problem is.
func InField(field string, err error) error {
	if problem, known := errors.AsType[Problem](err); known {
		problem.Field = field
		return problem
	}
	return fmt.Errorf("%s: %w", field, err)
}
