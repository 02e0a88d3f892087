package salesdock

import (
	"encoding/json"
	"slices"

	"koppel/linking"
)

// Question is a row of the product question list; the detail fills the rest.
type Question struct {
	ID          Int  `json:"id"`
	Name        Text `json:"name"`
	Identifier  Text `json:"identifier"`
	InputType   Text `json:"input_type"`
	Description Text `json:"description"`
	*QuestionDetail
}

// QuestionDetail is what only a question's detail (or our extended list) has.
type QuestionDetail struct {
	Required        Flag            `json:"required"`
	Visible         Flag            `json:"visible"`
	VisibleCustomer Flag            `json:"visible_customer"`
	Rule            json.RawMessage `json:"rule"`
	RuleRequired    Flag            `json:"rule_required"`
	RuleVisible     Flag            `json:"rule_visible"`
	Validator       Text            `json:"validator"`
	Options         Lines           `json:"options"`
	DefaultValue    Text            `json:"default_value"`
	Extra           Text            `json:"extra"`
	CreatedAt       Stamp           `json:"created_at"`
	UpdatedAt       Stamp           `json:"updated_at"`
}

type questionExtra struct {
	ProductTypes []string `json:"product_types"`
}

// Meaning gives the question in the product's terms. A rule that cannot be read makes it Unreadable: asking less than
// the partner does would lose sales.
func (q *Question) Meaning() (linking.Question, error) {
	question := linking.Question{
		ID: int64(q.ID), Name: string(q.Name), Identifier: string(q.Identifier), InputType: string(q.InputType), Description: string(q.Description), Visible: true,
	}
	d := q.QuestionDetail
	if d == nil {
		return question, nil
	}
	rule, err := linking.ParseRule(d.Rule)
	if err != nil {
		return question, meansNothing(int64(q.ID), q.Name, linking.InField("rule", err))
	}
	var extra questionExtra
	_ = json.Unmarshal([]byte(d.Extra), &extra) // anything else in it is not ours to judge
	question.Required, question.Visible, question.VisibleCustomer = bool(d.Required), bool(d.Visible), bool(d.VisibleCustomer)
	question.Rule, question.RuleRequired, question.RuleVisible = rule, bool(d.RuleRequired), bool(d.RuleVisible)
	question.Validator, question.Options, question.DefaultValue = string(d.Validator), d.Options, string(d.DefaultValue)
	question.ProductTypes = extra.ProductTypes
	return question, nil
}

// SetMeaning fills a row, and with detail the rest.
func (q *Question) SetMeaning(question linking.Question, detail bool) {
	q.Name, q.Identifier, q.InputType, q.Description = Text(question.Name), Text(question.Identifier), Text(question.InputType), Text(question.Description)
	if !detail {
		return
	}
	extra, _ := json.Marshal(questionExtra{ProductTypes: append([]string{}, question.ProductTypes...)}) //nolint:errchkjson // a list of texts
	q.QuestionDetail = &QuestionDetail{
		Required: Flag(question.Required), Visible: Flag(question.Visible), VisibleCustomer: Flag(question.VisibleCustomer),
		Rule: ruleJSON(question.Rule), RuleRequired: Flag(question.RuleRequired), RuleVisible: Flag(question.RuleVisible),
		Validator: Text(question.Validator), Options: slices.Clone(question.Options), DefaultValue: Text(question.DefaultValue), Extra: Text(extra),
	}
}

func ruleJSON(rule *linking.Rule) json.RawMessage {
	if rule == nil {
		return json.RawMessage("null")
	}
	data, err := json.Marshal(rule)
	if err != nil {
		panic("salesdock: a rule is plain data: " + err.Error())
	}
	return data
}
