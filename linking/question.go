package linking

import (
	"encoding/json"
	"net/mail"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"koppel/states"
)

// Question is a product question: what is asked, of whom, and what counts as an answer.
type Question struct {
	ID              int64    `json:"id,omitempty"`
	Name            string   `json:"name"`
	Identifier      string   `json:"identifier"`
	InputType       string   `json:"input_type"`
	Description     string   `json:"description,omitempty"`
	Required        bool     `json:"required,omitempty"`
	Visible         bool     `json:"visible,omitempty"`
	VisibleCustomer bool     `json:"visible_customer,omitempty"`
	RuleRequired    bool     `json:"rule_required,omitempty"`
	RuleVisible     bool     `json:"rule_visible,omitempty"`
	Rule            *Rule    `json:"rule,omitempty"`
	Validator       string   `json:"validator,omitempty"`
	Options         []string `json:"options,omitempty"`
	DefaultValue    string   `json:"default_value,omitempty"`
	ProductTypes    []string `json:"product_types,omitempty"`
}

// Agreement is a consent text that the customer accepts.
type Agreement struct {
	ID           int64  `json:"id,omitempty"`
	Identifier   string `json:"identifier"`
	Name         string `json:"name"`
	Text         string `json:"text,omitempty"`
	Required     bool   `json:"required,omitempty"`
	Visible      bool   `json:"visible,omitempty"`
	DefaultValue string `json:"default_value,omitempty"`
	RuleRequired bool   `json:"rule_required,omitempty"`
	RuleVisible  bool   `json:"rule_visible,omitempty"`
	Rule         *Rule  `json:"rule,omitempty"`
	Archive      bool   `json:"archive,omitempty"`
}

// InputTypes are the kinds of question the Salesdock API knows.
var InputTypes = []string{
	"text", "date", "mc-single", "mc-multi", "switchdate", "email", "file", "signature", "array", "relation", "h2", "p",
}

// TakesAnswer is false for headings and paragraphs.
func (q *Question) TakesAnswer() bool { return q.InputType != "h2" && q.InputType != "p" }

// AppliesTo says whether the question belongs to products of this type.
func (q *Question) AppliesTo(productType string) bool {
	return len(q.ProductTypes) == 0 || slices.Contains(q.ProductTypes, productType)
}

// MustBeAnswered works out whether the question is required for this sale. Unknown when its rule asks about
// something that is not known here.
func (q *Question) MustBeAnswered(facts Facts) Truth {
	return required(q.Required, q.Visible, q.RuleRequired, q.RuleVisible, q.Rule, facts)
}

// MustBeAccepted works out whether the agreement is required for this sale.
func (a *Agreement) MustBeAccepted(facts Facts) Truth {
	if a.Archive {
		return False
	}
	return required(a.Required, a.Visible, a.RuleRequired, a.RuleVisible, a.Rule, facts)
}

func required(fixed, visible, ruleRequired, ruleVisible bool, rule *Rule, facts Facts) Truth {
	if ruleVisible {
		shown := rule.Evaluate(facts)
		if shown != True {
			return shown
		}
	} else if !visible {
		return False
	}
	if ruleRequired {
		return rule.Evaluate(facts)
	}
	return truthOf(fixed)
}

// Answer is what was answered: one text, or several for a question with several choices.
type Answer struct {
	Values []string
	Multi  bool
}

// SwitchdateOption names the answer that goes with that to a switchdate question: what is to happen on the date.
func (q *Question) SwitchdateOption() string { return q.Identifier + "_switchdate_option" }

// IsFile says whether the answer is a file, in base64.
func (q *Question) IsFile() bool { return q.InputType == "file" || q.InputType == "signature" }

// TextAnswer is an answer of one text.
func TextAnswer(text string) Answer { return Answer{Values: []string{text}} }

// Empty is true when nothing was answered.
func (a Answer) Empty() bool { return len(answered(a.Values)) == 0 }

// Text gives the answer as one line.
func (a Answer) Text() string { return strings.Join(a.Values, ", ") }

// UnmarshalJSON reads text, a number, a boolean, or a list of these.
func (a *Answer) UnmarshalJSON(data []byte) error {
	var values RuleValues
	if err := json.Unmarshal(data, &values); err != nil {
		return err
	}
	a.Values = values
	a.Multi = len(data) > 0 && data[0] == '['
	return nil
}

// MarshalJSON writes a list only for an answer with several choices.
func (a Answer) MarshalJSON() ([]byte, error) {
	if a.Multi {
		if a.Values == nil {
			return []byte("[]"), nil
		}
		return json.Marshal(a.Values)
	}
	return json.Marshal(strings.Join(a.Values, ", "))
}

// StatusDetail is the detail of a problem that a partner put in its status line alone: it is read in words.
func StatusDetail(status int) string { return "http_" + strconv.Itoa(status) }

// CheckAnswers reports, question by question, what B's questions find wrong with these answers.
func CheckAnswers(questions []Question, productType string, facts Facts, answers map[string]Answer) []Problem {
	var problems []Problem
	for i := range questions {
		q := &questions[i]
		if !q.TakesAnswer() || !q.AppliesTo(productType) {
			continue
		}
		answer := answers[q.Identifier]
		problem := Problem{Field: "questionData." + q.Identifier, Subject: q.Name}
		if answer.Empty() {
			if q.MustBeAnswered(facts) == True {
				problem.Code = states.ProblemRequired
				problems = append(problems, problem)
			}
			continue
		}
		if code := q.checkAnswer(answer); code != "" {
			problem.Code, problem.Detail = code, answer.Text()
			problems = append(problems, problem)
		}
	}
	return problems
}

// CheckAgreements reports the agreements that must be accepted and are not.
func CheckAgreements(agreements []Agreement, facts Facts, accepted map[string]bool) []Problem {
	var problems []Problem
	for i := range agreements {
		a := &agreements[i]
		if !accepted[a.Identifier] && a.MustBeAccepted(facts) == True {
			problems = append(problems, Problem{Code: states.ProblemNotAccepted, Field: "agreements." + a.Identifier, Subject: a.Name})
		}
	}
	return problems
}

func (q *Question) checkAnswer(a Answer) states.Reason {
	if len(a.Values) > 1 && q.InputType != "mc-multi" && q.InputType != "array" {
		return states.ProblemInvalidFormat
	}
	switch q.InputType {
	case "mc-single", "mc-multi":
		for _, v := range a.Values {
			if !slices.Contains(q.Options, v) {
				return states.ProblemNotAnOption
			}
		}
	case "date", "switchdate":
		if _, err := time.Parse("02-01-2006", a.Values[0]); err != nil {
			return states.ProblemInvalidDate
		}
	case "email":
		if !ValidEmail(a.Values[0]) {
			return states.ProblemInvalidEmail
		}
	}
	return q.wrongForm(a.Values)
}

// ValidEmail accepts a plain address without a display name.
func ValidEmail(text string) bool {
	address, err := mail.ParseAddress(text)
	return err == nil && address.Address == text
}

// validators by name, beside answerFormats. One that is not known here checks nothing: the partner itself will.
var validators = map[string]*regexp.Regexp{
	"numeric": regexp.MustCompile(`^[0-9]+([.,][0-9]+)?$`),
	"integer": regexp.MustCompile(`^[0-9]+$`),
}

// ValidatorNames lists the formats that are checked here.
func ValidatorNames() []string {
	names := slices.Clone(answerFormats)
	for name := range validators {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// wrongForm says by a problem's code what is wrong with the first value that does not have the form that is asked.
func (q *Question) wrongForm(values []string) states.Reason {
	for _, value := range values {
		if pattern, known := validators[q.Validator]; known && !pattern.MatchString(value) {
			return states.ProblemInvalidFormat
		}
		if slices.Contains(answerFormats, q.Validator) {
			if _, wrong := formats[q.Validator](value); wrong != "" {
				return wrong
			}
		}
	}
	return ""
}

// Validate reports what is wrong with a question that a person sets up.
func (q *Question) Validate() error {
	switch {
	case !slices.Contains(InputTypes, q.InputType):
		return oneOf("input_type", InputTypes...)
	case (q.InputType == "mc-single" || q.InputType == "mc-multi") && len(q.Options) == 0:
		return Problem{Code: states.ProblemNeedsOptions, Field: "options", Subject: q.Name}
	}
	return q.Rule.Validate()
}
