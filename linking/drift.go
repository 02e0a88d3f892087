package linking

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"koppel/states"
)

// What a change at the partner means for us.
const (
	DriftSafe         = "safe"          // sales go as before
	DriftNeedsMapping = "needs_mapping" // something new is asked, and nobody said yet what we answer
	DriftBreaking     = "breaking"      // what is mapped no longer works
)

// What changed at the partner.
const (
	ChangeAdded          = "added"
	ChangeRemoved        = "removed"
	ChangeRenamed        = "renamed"
	ChangeType           = "type"
	ChangeRequired       = "required"
	ChangeNotRequired    = "not_required"
	ChangeRule           = "rule"
	ChangeValidator      = "validator"
	ChangeOptionsAdded   = "options_added"
	ChangeOptionsRemoved = "options_removed"
	ChangeText           = "text"
	ChangeIBAN           = "iban_required"
	ChangeAge            = "age"
	ChangeTransaction    = "transaction_type"
)

// Drift is one thing that a partner changed since it was mapped.
type Drift struct {
	Part       Part
	Identifier string // the partner's
	Name       string
	Change     string
	Class      string
	Old, New   string // where a value says it
}

// DriftOf compares a partner's set-up with the one that was mapped. ours are our questions, which decide whether
// something that became required is answered already; types are the product types that were imported: questions of
// other products concern nobody. Nothing is reported without a difference, and the order of lists is none.
func DriftOf(before, now PartnerSetup, m Mappings, ours []Question, types []string) []Drift {
	d := drifting{mappings: m, ours: ours, types: types}
	compare(before.Flows, now.Flows, func(f Flow) string { return strconv.FormatInt(f.ID, 10) }, d.flow)
	compare(before.Questions, now.Questions, func(q Question) string { return q.Identifier }, d.question)
	compare(before.Agreements, now.Agreements, func(a Agreement) string { return a.Identifier }, d.agreement)
	compare(before.Statuses, now.Statuses, func(s Status) string { return s.ID }, d.status)
	return d.found
}

type drifting struct {
	mappings Mappings
	ours     []Question
	types    []string
	found    []Drift
	part     Drift // what is being compared
}

// compare pairs what is the same thing before and now; nil where there is none. Of rows with one key the first counts:
// partners list some twice.
func compare[T any](before, now []T, key func(T) string, report func(before, now *T)) {
	find := func(list []T, k string) *T {
		if i := slices.IndexFunc(list, func(x T) bool { return key(x) == k }); i >= 0 {
			return &list[i]
		}
		return nil
	}
	for i := range before {
		if k := key(before[i]); find(before, k) == &before[i] {
			report(&before[i], find(now, k))
		}
	}
	for i := range now {
		if k := key(now[i]); find(now, k) == &now[i] && find(before, k) == nil {
			report(nil, &now[i])
		}
	}
}

func (d *drifting) add(change, class, old, fresh string) {
	item := d.part
	item.Change, item.Class, item.Old, item.New = change, class, old, fresh
	d.found = append(d.found, item)
}

// differs reports a change of a value, when there is one.
func (d *drifting) differs(change, class, old, fresh string) {
	if old != fresh {
		d.add(change, class, old, fresh)
	}
}

// unless gives a class, or safe when nothing of ours depends on it.
func unless(unused bool, class string) string {
	if unused {
		return DriftSafe
	}
	return class
}

func (d *drifting) flow(before, now *Flow) {
	some := now
	if some == nil {
		some = before
	}
	d.part = Drift{Part: PartFlows, Identifier: strconv.FormatInt(some.ID, 10), Name: some.Title}
	unused := true
	for _, theirs := range d.mappings.Flows {
		unused = unused && theirs != some.ID
	}
	switch {
	case before == nil:
		d.add(ChangeAdded, DriftSafe, "", "")
	case now == nil:
		d.add(ChangeRemoved, unless(unused, DriftBreaking), "", "")
	default:
		d.differs(ChangeRenamed, DriftSafe, before.Title, now.Title)
		d.differs(ChangeType, DriftSafe, before.Type+"/"+before.Identifier, now.Type+"/"+now.Identifier)
		d.differs(ChangeTransaction, unless(unused, DriftBreaking), string(before.TransactionType), string(now.TransactionType))
		if asks := ibanKinds(now); asks != ibanKinds(before) {
			d.add(ChangeIBAN, unless(unused, DriftBreaking), ibanKinds(before), asks)
		}
		d.differs(ChangeAge, unless(unused, DriftBreaking), ages(before), ages(now))
	}
}

func ibanKinds(f *Flow) string {
	var kinds []string
	for _, kind := range []struct {
		asks bool
		name string
	}{
		{f.ConsumerOrderIBANRequired, "consumer order"}, {f.BusinessOrderIBANRequired, "business order"},
		{f.ConsumerOfferIBANRequired, "consumer offer"}, {f.BusinessOfferIBANRequired, "business offer"},
	} {
		if kind.asks {
			kinds = append(kinds, kind.name)
		}
	}
	return strings.Join(kinds, ", ")
}

func ages(f *Flow) string {
	if f.MinimumAge == 0 && f.MaximumAge == 0 {
		return ""
	}
	return strconv.Itoa(f.MinimumAge) + "–" + strconv.Itoa(f.MaximumAge)
}

func (d *drifting) question(before, now *Question) {
	some := now
	if some == nil {
		some = before
	}
	if !some.TakesAnswer() || !slices.ContainsFunc(d.types, some.AppliesTo) {
		return
	}
	d.part = Drift{Part: PartQuestions, Identifier: some.Identifier, Name: some.Name}
	mapping, mapped := d.mappings.Questions[some.Identifier]
	switch {
	case before == nil:
		d.add(ChangeAdded, unless(mapped || !asked(now), DriftNeedsMapping), "", "")
		return
	case now == nil:
		d.add(ChangeRemoved, DriftSafe, "", "")
		return
	}
	d.differs(ChangeRenamed, DriftSafe, before.Name, now.Name)
	d.differs(ChangeType, unless(!mapped, DriftBreaking), before.InputType, now.InputType)
	d.differs(ChangeValidator, unless(!mapped || now.Validator == "", DriftBreaking), before.Validator, now.Validator)
	switch {
	case asked(now) && !asked(before):
		d.add(ChangeRequired, unless(mapped && d.alwaysAnswered(mapping.QuestionID), DriftNeedsMapping), "", "")
	case !asked(now) && asked(before):
		d.add(ChangeNotRequired, DriftSafe, "", "")
	case ruleText(before.Rule) != ruleText(now.Rule) && (now.RuleRequired || now.RuleVisible):
		d.add(ChangeRule, unless(mapped, DriftNeedsMapping), "", "")
	}
	d.options(before, now, mapping, mapped)
}

func (d *drifting) options(before, now *Question, mapping QuestionMapping, mapped bool) {
	gone, fresh := without(before.Options, now.Options), without(now.Options, before.Options)
	if len(fresh) > 0 {
		d.add(ChangeOptionsAdded, DriftSafe, "", strings.Join(fresh, ", "))
	}
	if len(gone) == 0 {
		return
	}
	used := false
	for _, q := range d.ours {
		if q.ID != mapping.QuestionID {
			continue
		}
		for _, option := range q.Options {
			to, ok := mapping.Options[option]
			if !ok {
				to = option
			}
			used = used || slices.Contains(gone, to)
		}
	}
	d.add(ChangeOptionsRemoved, unless(!mapped || !used, DriftBreaking), strings.Join(gone, ", "), "")
}

func without(list, other []string) []string {
	var rest []string
	for _, value := range list {
		if !slices.Contains(other, value) {
			rest = append(rest, value)
		}
	}
	return rest
}

// asked says whether a question may have to be answered.
func asked(q *Question) bool {
	return (q.Visible || q.RuleVisible) && (q.Required || q.RuleRequired)
}

// alwaysAnswered says whether our question is always asked and required.
func (d *drifting) alwaysAnswered(id int64) bool {
	return slices.ContainsFunc(d.ours, func(q Question) bool {
		return q.ID == id && q.always()
	})
}

func ruleText(r *Rule) string {
	data, _ := json.Marshal(r) //nolint:errchkjson // a tree of texts
	return string(data)
}

func (d *drifting) agreement(before, now *Agreement) {
	some := now
	if some == nil {
		some = before
	}
	d.part = Drift{Part: PartAgreements, Identifier: some.Identifier, Name: some.Name}
	_, mapped := d.mappings.Agreements[some.Identifier]
	wanted := func(a *Agreement) bool {
		return a != nil && !a.Archive && (a.Visible || a.RuleVisible) && (a.Required || a.RuleRequired)
	}
	gone := func(a *Agreement) bool { return a == nil || a.Archive }
	switch {
	case gone(before) && gone(now):
	case gone(before):
		d.add(ChangeAdded, unless(mapped || !wanted(now), DriftNeedsMapping), "", "")
	case gone(now):
		d.add(ChangeRemoved, DriftSafe, "", "")
	default:
		d.differs(ChangeRenamed, DriftSafe, before.Name, now.Name)
		// A customer accepts a text: ours says what theirs said before.
		d.differs(ChangeText, unless(!mapped, DriftNeedsMapping), before.Text, now.Text)
		if wanted(now) && !wanted(before) {
			d.add(ChangeRequired, unless(mapped, DriftNeedsMapping), "", "")
		}
	}
}

func (d *drifting) status(before, now *Status) {
	some := now
	if some == nil {
		some = before
	}
	if _, system := SystemStatus(some.ID); system {
		return
	}
	d.part = Drift{Part: PartStatuses, Identifier: some.ID, Name: some.Name}
	_, mapped := d.mappings.Statuses[some.ID]
	switch {
	case before == nil:
		d.add(ChangeAdded, unless(mapped, DriftNeedsMapping), "", "")
	case now == nil:
		d.add(ChangeRemoved, DriftSafe, "", "")
	default:
		d.differs(ChangeRenamed, DriftSafe, before.Name, now.Name)
		d.differs(ChangeType, unless(!mapped, DriftNeedsMapping), before.Type, now.Type)
	}
}

// Unmapped lists what a partner may ask that nobody mapped: sales will be held up by it, or statuses not followed.
func Unmapped(setup PartnerSetup, m Mappings, types []string) (missing []Drift) {
	for i := range setup.Questions {
		q := &setup.Questions[i]
		if _, mapped := m.Questions[q.Identifier]; !mapped && q.TakesAnswer() && asked(q) && slices.ContainsFunc(types, q.AppliesTo) {
			missing = append(missing, Drift{Part: PartQuestions, Identifier: q.Identifier, Name: q.Name, Class: DriftNeedsMapping})
		}
	}
	for _, a := range setup.Agreements {
		if _, mapped := m.Agreements[a.Identifier]; !mapped && !a.Archive && (a.Visible || a.RuleVisible) && (a.Required || a.RuleRequired) {
			missing = append(missing, Drift{Part: PartAgreements, Identifier: a.Identifier, Name: a.Name, Class: DriftNeedsMapping})
		}
	}
	for _, s := range setup.Statuses {
		_, system := SystemStatus(s.ID)
		if _, mapped := m.Statuses[s.ID]; !mapped && !system {
			missing = append(missing, Drift{Part: PartStatuses, Identifier: s.ID, Name: s.Name, Class: DriftNeedsMapping})
		}
	}
	return missing
}

// AboutWhat says which part of the partner's set-up a problem is about; no part for a problem of the sale itself.
func AboutWhat(p Problem) (part Part, identifier string) {
	switch {
	case p.Code == states.ProblemFlowUnmapped:
		return PartFlows, p.Subject
	case p.Code == states.ProblemFlowGone:
		return PartFlows, p.Detail
	case strings.HasPrefix(p.Field, "questionData."):
		return PartQuestions, strings.TrimPrefix(p.Field, "questionData.")
	case strings.HasPrefix(p.Field, "agreements."):
		return PartAgreements, strings.TrimPrefix(p.Field, "agreements.")
	}
	return "", ""
}
