package salesdock

import (
	"encoding/json"

	"koppel/linking"
)

// Agreement is a row of the agreement list; the detail fills the rest.
type Agreement struct {
	ID         Int  `json:"id"`
	Identifier Text `json:"identifier"`
	Name       Text `json:"name"`
	Text       Text `json:"text"`
	*AgreementDetail
}

// AgreementDetail is what only an agreement's detail (or our extended list) has.
type AgreementDetail struct {
	Required     Flag            `json:"required"`
	Visible      Flag            `json:"visible"`
	DefaultValue Text            `json:"default_value"`
	Rule         json.RawMessage `json:"rule"`
	RuleRequired Flag            `json:"rule_required"`
	RuleVisible  Flag            `json:"rule_visible"`
	Archive      Flag            `json:"archive"`
	Sort         Int             `json:"sort"`
}

// Meaning gives the agreement in the product's terms.
func (a *Agreement) Meaning() (linking.Agreement, error) {
	agreement := linking.Agreement{ID: int64(a.ID), Identifier: string(a.Identifier), Name: string(a.Name), Text: string(a.Text), Visible: true}
	d := a.AgreementDetail
	if d == nil {
		return agreement, nil
	}
	rule, err := linking.ParseRule(d.Rule)
	if err != nil {
		return agreement, meansNothing(int64(a.ID), a.Name, linking.InField("rule", err))
	}
	agreement.Required, agreement.Visible, agreement.DefaultValue = bool(d.Required), bool(d.Visible), string(d.DefaultValue)
	agreement.Rule, agreement.RuleRequired, agreement.RuleVisible, agreement.Archive = rule, bool(d.RuleRequired), bool(d.RuleVisible), bool(d.Archive)
	return agreement, nil
}

// SetMeaning fills a row, and with detail the rest.
func (a *Agreement) SetMeaning(agreement linking.Agreement, sort int, detail bool) {
	a.Identifier, a.Name, a.Text = Text(agreement.Identifier), Text(agreement.Name), Text(agreement.Text)
	if detail {
		a.AgreementDetail = &AgreementDetail{
			Required: Flag(agreement.Required), Visible: Flag(agreement.Visible), DefaultValue: Text(agreement.DefaultValue),
			Rule: ruleJSON(agreement.Rule), RuleRequired: Flag(agreement.RuleRequired), RuleVisible: Flag(agreement.RuleVisible),
			Archive: Flag(agreement.Archive), Sort: Int(sort),
		}
	}
}
