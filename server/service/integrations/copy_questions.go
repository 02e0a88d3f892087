package integrations

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"

	"koppel/linking"
	"koppel/server/service"
)

// EveryQuestion has all questions copied that are not mapped.
const EveryQuestion = "*"

// CopyQuestions makes questions of ours of the partner's that are not mapped, with their type, options, validation and conditions,
// and maps them: the one of this identifier, or EveryQuestion. Conditions that ask after the partner's own products, flows or
// organisations mean nothing here and stay behind; the comparison of the two questions tells of it. It says how many were made.
func (s *Integrations) CopyQuestions(ctx context.Context, a service.Actor, id int64, which string) (count int, err error) {
	list, err := s.QuestionMappings(ctx, a, id)
	if err != nil {
		return 0, err
	}
	kept, err := s.QuestionPairs(ctx, a, id)
	if err != nil {
		return 0, err
	}
	var wanted []linking.Question
	for _, m := range list {
		if m.QuestionID == 0 && (which == EveryQuestion || which == m.Partner.Identifier) {
			wanted = append(wanted, m.Partner)
		}
	}
	if len(wanted) == 0 {
		return 0, service.Refuse(service.KindIncomplete, "nothing_chosen")
	}
	for identifier, questionID := range s.copyInOrder(ctx, a, wanted, &err) {
		kept[identifier] = QuestionPair{PartnerIdentifier: identifier, QuestionID: questionID, Options: linking.Options{}}
		count++
	}
	if err != nil {
		return 0, err
	}
	pairs := make([]QuestionPair, 0, len(kept))
	for _, pair := range kept {
		pairs = append(pairs, pair)
	}
	slices.SortFunc(pairs, func(x, y QuestionPair) int { return strings.Compare(x.PartnerIdentifier, y.PartnerIdentifier) })
	return count, s.SaveQuestionMappings(ctx, a, id, pairs)
}

// copyInOrder makes the questions, those that others ask after first. What asks after something that nobody makes is made without
// its conditions.
func (s *Integrations) copyInOrder(ctx context.Context, a service.Actor, wanted []linking.Question, failed *error) map[string]int64 {
	made := map[string]int64{}
	for bare := false; len(wanted) > 0; {
		var left []linking.Question
		for _, theirs := range wanted {
			row, err := s.Catalogue.SaveQuestion(ctx, a, 0, ourCopy(theirs, bare), len(made))
			switch {
			case err == nil:
				made[theirs.Identifier] = row.ID
			case !bare && aboutConditions(err):
				left = append(left, theirs)
			default:
				*failed = err
				return made
			}
		}
		bare = len(left) == len(wanted)
		wanted = left
	}
	return made
}

func aboutConditions(err error) bool {
	refusal, is := errors.AsType[*service.Error](err)
	if !is {
		return false
	}
	_, told := refusal.Fields["rule"]
	return told
}

var notInIdentifiers = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// ourCopy is a partner's question as it can be one of ours.
func ourCopy(theirs linking.Question, bare bool) linking.Question {
	ours := theirs
	ours.ID = 0
	ours.Identifier = strings.Trim(notInIdentifiers.ReplaceAllString(theirs.Identifier, "-"), "-._")
	if bare || ours.Rule != nil && asksAfterTheirs(*ours.Rule) {
		ours.Visible = ours.Visible || ours.RuleVisible
		ours.Rule, ours.RuleRequired, ours.RuleVisible = nil, false, false
	}
	return ours
}

// asksAfterTheirs says whether a condition names something by the partner's own number.
func asksAfterTheirs(r linking.Rule) bool {
	if slices.Contains([]string{"product.id", "flow.id", "flow.identifier", "organisation.id", "supplier.id"}, r.Identifier) {
		return true
	}
	return slices.ContainsFunc(r.Rules, asksAfterTheirs)
}
