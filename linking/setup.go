package linking

import (
	"slices"

	"koppel/states"
)

// Part is a part of a set-up.
type Part string

// Parts of a set-up, in the order in which they are read.
const (
	PartFlows      Part = "flows"
	PartQuestions  Part = "questions"
	PartAgreements Part = "agreements"
	PartStatuses   Part = "statuses"
)

// Parts lists them.
var Parts = []Part{PartFlows, PartQuestions, PartAgreements, PartStatuses}

// PartnerSetup is what a partner's forms ask, as last seen.
type PartnerSetup struct {
	Flows      []Flow      `json:"flows"`
	Questions  []Question  `json:"questions"`
	Agreements []Agreement `json:"agreements"`
	Statuses   []Status    `json:"statuses"`
}

// Mappings tie our set-up to a partner's.
type Mappings struct {
	Flows      map[int64]int64            // our flow → the partner's
	Questions  map[string]QuestionMapping // by the partner's identifier
	Agreements map[string]int64           // the partner's identifier → our agreement
	Statuses   map[string]string          // the partner's status → ours
}

// QuestionMapping ties one of a partner's questions to ours, and our options to theirs where they differ.
type QuestionMapping struct {
	QuestionID int64
	Options    Options
}

// Options maps our answer options to a partner's, where they differ.
type Options map[string]string

// CompareQuestions reports where our question would let through what the partner's rejects.
func CompareQuestions(ours, theirs Question, options Options) []Problem {
	var problems []Problem
	if ours.InputType != theirs.InputType {
		problems = append(problems, Problem{Code: states.ProblemDifferentType, Subject: ours.Name, Detail: theirs.InputType})
	}
	if theirs.Required && theirs.Visible && !theirs.RuleRequired && (!ours.Required || !ours.Visible) {
		problems = append(problems, Problem{Code: states.ProblemNotRequiredHere, Subject: ours.Name})
	}
	if theirs.Validator != "" && theirs.Validator != ours.Validator {
		problems = append(problems, Problem{Code: states.ProblemDifferentCheck, Subject: ours.Name, Detail: theirs.Validator})
	}
	if theirs.mayBeAsked() && !ours.always() && ruleText(theirs.Rule) != ruleText(ours.Rule) {
		problems = append(problems, Problem{Code: states.ProblemDifferentRule, Subject: ours.Name})
	}
	if len(theirs.Options) == 0 {
		return problems
	}
	for _, option := range ours.Options {
		to, mapped := options[option]
		if !mapped {
			to = option
		}
		if !slices.Contains(theirs.Options, to) {
			problems = append(problems, Problem{Code: states.ProblemNoMatchingOption, Subject: ours.Name, Detail: option})
		}
	}
	return problems
}

// mayBeAsked says whether it depends on the sale that a question must be answered.
func (q *Question) mayBeAsked() bool {
	return q.Rule != nil && (q.RuleRequired || q.RuleVisible) && asked(q)
}

// always says whether a question is asked and required of every sale.
func (q *Question) always() bool { return q.Required && q.Visible && !q.RuleRequired && !q.RuleVisible }
