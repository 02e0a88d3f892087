package linking

import (
	"slices"
	"strings"

	"koppel/states"
)

// accepts leaves concepts and cancelled sales out of "all".
func (s StatusSet) accepts(status, statusType string) bool {
	if s.All {
		return status != StatusConcept && statusType != StatusTypeCancelled
	}
	return slices.Contains(s.IDs, status)
}

// Verdict says whether a sale goes to the partner, and through what or why not.
type Verdict struct {
	OK      bool
	By      string // GeneralSetting, or the rule's name
	Delayed bool
	Reasons []Problem
}

// GeneralSetting is the verdict's By when the general setting accepted the sale.
const GeneralSetting = "general"

// Qualifies tests a sale: it goes when the general setting or any enabled rule accepts it. By hand it is the
// same test without automatic and delay.
func (s *Settings) Qualifies(facts *SaleFacts, byHand bool) Verdict {
	if facts.Erased {
		return Verdict{Reasons: []Problem{{Code: states.ReasonErased, Subject: GeneralSetting}}}
	}
	var reasons []Problem
	general := s.Forwarding
	reason := general.refuses(facts, byHand)
	if reason == "" {
		return Verdict{OK: true, By: GeneralSetting, Delayed: !byHand && general.Delay.Amount > 0}
	}
	reasons = append(reasons, Problem{Code: reason, Subject: GeneralSetting, Detail: facts.Status})
	for i := range s.Rules {
		rule := &s.Rules[i]
		own := Forwarding{Enabled: rule.Enabled, Automatic: rule.Automatic, Statuses: rule.Statuses}
		if reason := own.refuses(facts, byHand); reason != "" {
			reasons = append(reasons, Problem{Code: reason, Subject: rule.Name, Detail: facts.Status})
			continue
		}
		truth := rule.Conditions.Evaluate(facts)
		if truth == True {
			return Verdict{OK: true, By: rule.Name, Delayed: !byHand && general.Delay.Amount > 0}
		}
		code := states.ReasonCondition
		if truth == Unknown {
			code = states.ReasonConditionKnown
		}
		failing := rule.Conditions.FirstFailing(facts)
		reasons = append(reasons, Problem{Code: code, Subject: rule.Name, Detail: failing.told()})
	}
	return Verdict{Reasons: reasons}
}

// told is a condition for eyes: its words are made where the reader's language is known.
func (r *Rule) told() string {
	text := r.Identifier + " " + r.Operator
	if len(r.Value) > 0 && r.Identifier != "product.id" { // a number says nothing
		text += " = " + strings.Join(r.Value, ", ")
	}
	return text
}

func (f *Forwarding) refuses(facts *SaleFacts, byHand bool) states.Reason {
	switch {
	case !f.Enabled:
		return states.ReasonForwardingOff
	case !f.Automatic && !byHand:
		return states.ReasonByHandOnly
	case !f.Statuses.accepts(facts.Status, facts.StatusType):
		return states.ReasonStatus
	}
	return ""
}
