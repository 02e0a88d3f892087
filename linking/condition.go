package linking

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"koppel/states"
)

// Truth is the outcome of a condition. Unknown is its own outcome: a condition on something that is not
// known is never silently true or false.
type Truth int

// The three outcomes.
const (
	Unknown Truth = iota
	False
	True
)

func truthOf(b bool) Truth {
	if b {
		return True
	}
	return False
}

// maxRuleDepth bounds what a partner can make us recurse into.
const maxRuleDepth = 20

// Rule is a tree of conditions in the shape of the Salesdock API: a group (ALL or ANY of its rules), or a
// single condition.
type Rule struct {
	Type       string `json:"type"`
	Criterion  string `json:"criterion,omitempty"`
	Visibility *bool  `json:"visibility,omitempty"`
	Rules      []Rule `json:"rules,omitempty"`

	Name       string     `json:"name,omitempty"`
	Identifier string     `json:"identifier,omitempty"`
	Operator   string     `json:"operator,omitempty"`
	Value      RuleValues `json:"value,omitempty"`
}

// The two kinds of node.
const (
	RuleGroup     = "condition_group"
	RuleCondition = "condition"
)

// RuleValues reads a condition's value however it is written: text, number, boolean, a list of these, or null.
type RuleValues []string

// UnmarshalJSON accepts a scalar or a list of scalars.
func (v *RuleValues) UnmarshalJSON(data []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return err
	}
	list, isList := value.([]any)
	if !isList {
		list = []any{value}
	}
	*v = nil
	for _, item := range list {
		text, err := scalarText(item)
		if err != nil {
			return err
		}
		*v = append(*v, text)
	}
	return nil
}

// MarshalJSON writes one value as text and several as a list.
func (v RuleValues) MarshalJSON() ([]byte, error) {
	if len(v) == 1 {
		return json.Marshal(v[0])
	}
	return json.Marshal([]string(v))
}

func scalarText(item any) (string, error) {
	switch x := item.(type) {
	case nil:
		return "", nil
	case string:
		return x, nil
	case json.Number:
		return x.String(), nil
	case bool:
		if x {
			return "1", nil
		}
		return "0", nil
	}
	return "", Problem{Code: states.ProblemNotText}
}

// ParseRule reads a tree from JSON; nothing at all ("", null, []) is no rule. Partners also send the tree as
// JSON within a JSON text.
func ParseRule(data []byte) (*Rule, error) {
	data = bytes.TrimSpace(data)
	if len(data) == 0 || string(data) == "null" || string(data) == "[]" || string(data) == `""` {
		return nil, nil //nolint:nilnil // no rule is a rule's normal absence
	}
	if data[0] == '"' {
		var inner string
		if err := json.Unmarshal(data, &inner); err != nil {
			return nil, ruleProblem(err)
		}
		if strings.HasPrefix(strings.TrimSpace(inner), `"`) {
			return nil, Problem{Code: states.ProblemRule}
		}
		return ParseRule([]byte(inner))
	}
	var rule Rule
	if err := json.Unmarshal(data, &rule); err != nil {
		return nil, ruleProblem(err)
	}
	return &rule, nil
}

// ruleProblem keeps what a value says of itself; of JSON that is no rule there is nothing more to say.
func ruleProblem(err error) error {
	if problem, known := errors.AsType[Problem](err); known {
		return problem
	}
	return Problem{Code: states.ProblemRule}
}

// Validate reports what would keep a tree that a person made from ever meaning something.
func (r *Rule) Validate() error { return r.validate(0) }

func (r *Rule) validate(depth int) error {
	if r == nil {
		return nil
	}
	if depth > maxRuleDepth {
		return Problem{Code: states.ProblemRuleDepth, Detail: strconv.Itoa(maxRuleDepth)}
	}
	switch r.Type {
	case RuleGroup:
		if r.Criterion != "ALL" && r.Criterion != "ANY" {
			return oneOf("criterion", "ALL", "ANY")
		}
		for i := range r.Rules {
			if err := r.Rules[i].validate(depth + 1); err != nil {
				return err
			}
		}
	case RuleCondition:
		if r.Identifier == "" {
			return Problem{Code: states.ProblemRequired, Subject: "identifier"}
		}
		if _, ok := operators[r.Operator]; !ok {
			return oneOf("operator", slices.Sorted(maps.Keys(operators))...)
		}
	default:
		return oneOf("type", RuleGroup, RuleCondition)
	}
	return nil
}

// Facts answers what a condition asks about. known is false for an identifier that nobody knows.
type Facts interface {
	Fact(identifier, name string) (values []string, known bool)
}

// Evaluate works the tree out. No rule, or an empty group, is true.
func (r *Rule) Evaluate(facts Facts) Truth { return r.evaluate(facts, 0) }

func (r *Rule) evaluate(facts Facts, depth int) Truth {
	switch {
	case r == nil:
		return True
	case depth > maxRuleDepth:
		return Unknown
	case r.Type == RuleCondition:
		return r.test(facts)
	case r.Type != RuleGroup:
		return Unknown
	case r.Criterion == "ANY":
		return r.any(facts, depth)
	case r.Criterion == "ALL":
		return r.all(facts, depth)
	}
	return Unknown
}

func (r *Rule) all(facts Facts, depth int) Truth {
	result := True
	for i := range r.Rules {
		switch r.Rules[i].evaluate(facts, depth+1) {
		case False:
			return False
		case Unknown:
			result = Unknown
		case True:
		}
	}
	return result
}

func (r *Rule) any(facts Facts, depth int) Truth {
	if len(r.Rules) == 0 {
		return True
	}
	result := False
	for i := range r.Rules {
		switch r.Rules[i].evaluate(facts, depth+1) {
		case True:
			return True
		case Unknown:
			result = Unknown
		case False:
		}
	}
	return result
}

// FirstFailing gives the condition that keeps the tree from being true, for people.
func (r *Rule) FirstFailing(facts Facts) *Rule {
	if r == nil || r.Evaluate(facts) == True {
		return nil
	}
	for i := range r.Rules {
		if failing := r.Rules[i].FirstFailing(facts); failing != nil {
			return failing
		}
	}
	return r
}

func (r *Rule) test(facts Facts) Truth {
	compare, ok := operators[r.Operator]
	if !ok {
		return Unknown
	}
	have, known := facts.Fact(r.Identifier, r.Name)
	if !known {
		return Unknown
	}
	return compare(answered(have), r.Value)
}

func answered(values []string) []string {
	var kept []string
	for _, v := range values {
		if v = strings.TrimSpace(v); v != "" {
			kept = append(kept, v)
		}
	}
	return kept
}

type operator func(have []string, want RuleValues) Truth

// operators lists every spelling. An empty value means "not answered", as the Salesdock API has it.
var operators = map[string]operator{
	"=": equal, "==": equal, "is": equal, "equals": equal,
	"!=": not(equal), "≠": not(equal), "<>": not(equal), "is_not": not(equal), "not_equals": not(equal),
	"in": in, "not_in": not(in), "not in": not(in),
	"contains":    textual(strings.Contains),
	"starts_with": textual(strings.HasPrefix), "starts with": textual(strings.HasPrefix),
	"empty": isEmpty, "not_empty": not(isEmpty), "not empty": not(isEmpty),
	"<": ordered(func(c int) bool { return c < 0 }), "<=": ordered(func(c int) bool { return c <= 0 }),
	"≤": ordered(func(c int) bool { return c <= 0 }), ">": ordered(func(c int) bool { return c > 0 }),
	">=": ordered(func(c int) bool { return c >= 0 }), "≥": ordered(func(c int) bool { return c >= 0 }),
}

func not(o operator) operator {
	return func(have []string, want RuleValues) Truth {
		switch o(have, want) {
		case True:
			return False
		case False:
			return True
		case Unknown:
		}
		return Unknown
	}
}

func equal(have []string, want RuleValues) Truth {
	if len(want) == 0 || len(want) == 1 && want[0] == "" {
		return isEmpty(have, want)
	}
	if len(want) > 1 {
		return in(have, want)
	}
	for _, h := range have {
		if same(h, want[0]) {
			return True
		}
	}
	return False
}

func in(have []string, want RuleValues) Truth {
	for _, w := range want {
		if equal(have, RuleValues{w}) == True {
			return True
		}
	}
	return False
}

func isEmpty(have []string, _ RuleValues) Truth { return truthOf(len(have) == 0) }

func same(a, b string) bool {
	if strings.EqualFold(a, b) {
		return true
	}
	x, errX := parseNumber(a)
	y, errY := parseNumber(b)
	return errX == nil && errY == nil && x.Equal(y)
}

func textual(test func(text, part string) bool) operator {
	return func(have []string, want RuleValues) Truth {
		for _, h := range have {
			for _, w := range want {
				if test(strings.ToLower(h), strings.ToLower(w)) {
					return True
				}
			}
		}
		return False
	}
}

func ordered(accept func(cmp int) bool) operator {
	return func(have []string, want RuleValues) Truth {
		if len(want) != 1 {
			return Unknown
		}
		limit, err := parseNumber(want[0])
		if err != nil {
			return Unknown
		}
		for _, h := range have {
			value, err := parseNumber(h)
			if err != nil {
				return Unknown
			}
			if accept(value.Cmp(limit)) {
				return True
			}
		}
		return False
	}
}

// parseNumber reads a number of at most 40 characters without an exponent: with one, comparing could be
// made to take all memory.
func parseNumber(text string) (decimal.Decimal, error) {
	text = strings.TrimSpace(text)
	if len(text) > 40 || strings.ContainsAny(text, "eE") {
		return decimal.Decimal{}, fmt.Errorf("%.40q is not a plain number", text)
	}
	return decimal.NewFromString(text)
}
