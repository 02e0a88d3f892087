package service

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"koppel/db"
	"koppel/linking"
)

// maxContract is the largest contract PDF that is taken, in base64 characters.
const maxContract = 14 << 20

// Limits keep one sale from being a load.
const (
	maxField   = 4000
	maxAnswers = 500
)

// ParseSubmission reads a create as it came in (JSON or a form, decoded to plain values). What is required
// and missing gives a refusal with all of it; so do values that cannot be read.
func ParseSubmission(body map[string]any) (linking.Submission, Attached, error) {
	p := newSubmissionParser(body)
	s := linking.Submission{
		TransactionType: p.text("transaction_type", true),
		ProductID:       p.number("product_id"),
		Business:        p.flag("business"),
		Fields:          map[string]string{},
	}
	needed := linking.RequiredFields
	if s.Business {
		needed = slices.Concat(needed, linking.RequiredBusinessFields)
	}
	for _, name := range needed {
		s.Fields[name] = p.text(name, true)
	}
	for _, name := range linking.OptionalFields {
		if value := p.text(name, false); value != "" {
			s.Fields[name] = value
		}
	}
	s.Answers = p.answers()
	s.Agreements = p.agreements()
	s.Related = p.related()
	s.ContractPDF = p.contract()
	s.Chain = p.chain()
	attached := Attached{Reference: p.text("external_reference", false), Concept: p.text("concept_transaction", false), Optin: p.optin()}
	return s, attached, p.refusal()
}

// Attached is what comes with a create and is kept beside the sale.
type Attached struct {
	Reference string         // external_reference
	Concept   string         // the uuid of the concept transaction that the sale comes of
	Optin     *linking.Optin // opt-in data that came with the sale
}

type submissionParser struct {
	body           map[string]any
	missing, wrong map[string]Sentence
}

func newSubmissionParser(body map[string]any) *submissionParser {
	return &submissionParser{body: body, missing: map[string]Sentence{}, wrong: map[string]Sentence{}}
}

// refusal gives what is missing, or else what is wrong; nil when everything could be read.
func (p *submissionParser) refusal() error {
	switch {
	case len(p.missing) > 0:
		return &Error{Status: http.StatusUnprocessableEntity, Key: "missing", Fields: p.missing}
	case len(p.wrong) > 0:
		return &Error{Status: http.StatusBadRequest, Key: "invalid", Fields: p.wrong}
	}
	return nil
}

func plain(value any) (string, bool) {
	switch v := value.(type) {
	case nil:
		return "", true
	case string:
		return strings.TrimSpace(v), true
	case json.Number:
		return v.String(), true
	case bool:
		if v {
			return "1", true
		}
		return "0", true
	}
	return "", false
}

func (p *submissionParser) bad(field, why string) {
	p.wrong[field] = Sentence{"field_invalid", []any{why}}
}

func (p *submissionParser) text(name string, needed bool) string {
	text, ok := plain(p.body[name])
	switch {
	case !ok:
		p.bad(name, "text")
	case len(text) > maxField && name != "signature":
		p.bad(name, fmt.Sprintf("> %d", maxField))
	case text == "" && needed:
		p.missing[name] = Sentence{Key: "field_required"}
	}
	return text
}

func (p *submissionParser) number(name string) int64 {
	text := p.text(name, true)
	if text == "" {
		return 0
	}
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		p.bad(name, text)
	}
	return number
}

func (p *submissionParser) flag(name string) bool {
	switch text := strings.ToLower(p.text(name, true)); text {
	case "1", "true", "yes", "on":
		return true
	case "", "0", "false", "no", "off":
		return false
	default:
		p.bad(name, text)
		return false
	}
}

// object reads a map; PHP clients send an empty one as a list.
func (p *submissionParser) object(name string) map[string]any {
	switch v := p.body[name].(type) {
	case map[string]any:
		if len(v) > maxAnswers {
			p.bad(name, fmt.Sprintf("> %d", maxAnswers))
			return nil
		}
		return v
	case nil:
		p.missing[name] = Sentence{Key: "field_required"}
	case []any:
		if len(v) > 0 {
			p.bad(name, "object")
		}
	case string:
		if v != "" {
			p.bad(name, "object")
		}
	default:
		p.bad(name, "object")
	}
	return nil
}

// maxChain is how many environments a sale may come through.
const maxChain = 20

// chain reads which environments a sale came through (an extension of ours; nobody else sends it).
func (p *submissionParser) chain() []string {
	list, isList := p.body["chain"].([]any)
	if !isList {
		return nil
	}
	if len(list) > maxChain {
		p.bad("chain", fmt.Sprintf("> %d", maxChain))
		return nil
	}
	var chain []string
	for _, item := range list {
		if name, ok := plain(item); ok && name != "" && len(name) <= maxField {
			chain = append(chain, name)
		}
	}
	return chain
}

func (p *submissionParser) answers() map[string]linking.Answer {
	answers := map[string]linking.Answer{}
	for id, value := range p.object("questionData") {
		list, isList := value.([]any)
		if !isList {
			text, ok := plain(value)
			if !ok {
				p.bad("questionData."+id, "text")
			}
			answers[id] = linking.TextAnswer(text)
			continue
		}
		answer := linking.Answer{Multi: true}
		for _, item := range list {
			text, ok := plain(item)
			if !ok {
				p.bad("questionData."+id, "text")
			}
			answer.Values = append(answer.Values, text)
		}
		answers[id] = answer
	}
	return answers
}

func (p *submissionParser) agreements() map[string]bool {
	agreements := map[string]bool{}
	for id, value := range p.object("agreements") {
		text, ok := plain(value)
		if !ok {
			p.bad("agreements."+id, "1")
		}
		agreements[id] = text == "1" || strings.EqualFold(text, "true") || strings.EqualFold(text, "on")
	}
	return agreements
}

func (p *submissionParser) related() []linking.RelatedProduct {
	list, ok := p.body["related_products"].([]any)
	if !ok {
		if p.body["related_products"] != nil && p.body["related_products"] != "" {
			p.bad("related_products", "list")
		}
		return nil
	}
	if len(list) > 50 {
		p.bad("related_products", "> 50")
		return nil
	}
	var related []linking.RelatedProduct
	for i, item := range list {
		field := fmt.Sprintf("related_products.%d", i)
		row, ok := item.(map[string]any)
		if !ok {
			p.bad(field, "object")
			continue
		}
		inner := newSubmissionParser(row)
		product := linking.RelatedProduct{ProductID: inner.number("product_id"), Quantity: 1, Section: inner.text("section_identifier", false)}
		if text := inner.text("quantity", false); text != "" {
			quantity, err := strconv.Atoi(text)
			if err != nil || quantity < 1 || quantity > 1000 {
				inner.bad("quantity", text)
			}
			product.Quantity = quantity
		}
		p.adopt(field, inner)
		related = append(related, product)
	}
	return related
}

func (p *submissionParser) contract() *linking.ContractPDF {
	row, ok := p.body["contract_pdf"].(map[string]any)
	if !ok {
		if p.body["contract_pdf"] != nil && p.body["contract_pdf"] != "" {
			p.bad("contract_pdf", "{content, extension, created_at}")
		}
		return nil
	}
	content, _ := plain(row["content"])
	extension, _ := plain(row["extension"])
	createdAt, _ := plain(row["created_at"])
	if _, err := base64.StdEncoding.DecodeString(content); content == "" || err != nil || len(content) > maxContract {
		p.bad("contract_pdf.content", "base64, ≤ 10 MB")
	}
	if extension != "pdf" {
		p.bad("contract_pdf.extension", extension)
	}
	return &linking.ContractPDF{Content: content, Extension: extension, CreatedAt: createdAt}
}

// saleChecks is what a submission is checked against.
type saleChecks struct {
	flow               linking.Flow
	questions          []linking.Question
	agreements         []linking.Agreement
	validateAgreements bool
	validateSignature  bool
	now                time.Time
}

// checkSubmission reports everything that is wrong with a sale, field by field.
func checkSubmission(s *linking.Submission, lines []linking.SoldLine, c saleChecks) error {
	wrong := map[string]Sentence{}
	bad := func(field, value string) { wrong[field] = Sentence{"field_invalid", []any{value}} }
	if s.TransactionType != "offer" && s.TransactionType != "order" || c.flow.TransactionType != "all" && c.flow.TransactionType != s.TransactionType {
		bad("transaction_type", s.TransactionType)
	}
	checkPerson(s, c, bad)
	if c.flow.IBANRequired(s.TransactionType, s.Business) && s.Fields["iban"] == "" {
		wrong["iban"] = Sentence{Key: "field_required"}
	}
	if c.validateSignature && c.flow.SignatureRequired(s) && s.Fields["signature"] == "" {
		wrong["signature"] = Sentence{Key: "field_required"}
	}
	if channel := s.Fields["sale_channel"]; channel != "" && !slices.Contains([]string{"d2d", "retail", "telemarketing", "online", "f2f"}, channel) {
		bad("sale_channel", channel)
	}
	checkSections(s, c, bad)
	facts := linking.NewSaleFacts(s, lines, c.questions)
	problems := linking.CheckAnswers(c.questions, lines[0].Content.Type, facts, s.Answers)
	if c.validateAgreements {
		problems = append(problems, linking.CheckAgreements(c.agreements, facts, s.Agreements)...)
	}
	if len(wrong) == 0 && len(problems) == 0 {
		return nil
	}
	return &Error{Status: http.StatusBadRequest, Key: "invalid", Fields: wrong, Problems: problems}
}

func checkPerson(s *linking.Submission, c saleChecks, bad func(field, value string)) {
	if !linking.ValidEmail(s.Fields["email"]) {
		bad("email", s.Fields["email"])
	}
	if gender := s.Fields["gender"]; gender != "" && gender != "male" && gender != "female" {
		bad("gender", gender)
	}
	born, err := time.Parse("02-01-2006", s.Fields["birthdate"])
	if err != nil {
		bad("birthdate", s.Fields["birthdate"])
		return
	}
	age := c.now.Year() - born.Year()
	if c.now.YearDay() < born.YearDay() {
		age--
	}
	if age < 0 || c.flow.MinimumAge > 0 && age < c.flow.MinimumAge || c.flow.MaximumAge > 0 && age > c.flow.MaximumAge {
		bad("birthdate", s.Fields["birthdate"])
	}
}

// checkSections holds related products against the flow's sections.
func checkSections(s *linking.Submission, c saleChecks, bad func(field, value string)) {
	for i, related := range s.Related {
		field := fmt.Sprintf("related_products.%d.section_identifier", i)
		section := slices.IndexFunc(c.flow.Sections, func(x linking.Section) bool { return x.Identifier == related.Section })
		if section < 0 {
			bad(field, related.Section)
			continue
		}
		products := c.flow.Sections[section].Products
		offered := slices.IndexFunc(products, func(x linking.SectionProduct) bool { return x.ID == related.ProductID })
		if offered < 0 {
			bad(field, related.Section)
		} else if limit := products[offered].MaximumQuantity; limit > 0 && related.Quantity > limit {
			bad(fmt.Sprintf("related_products.%d.quantity", i), strconv.Itoa(related.Quantity))
		}
	}
}

// sellable says whether a product can be sold now.
func sellable(p db.Product, now time.Time) bool {
	today := now.Format(time.DateOnly)
	return p.Active && p.DeletedAt == nil &&
		(p.Content.ValidFrom == "" || p.Content.ValidFrom <= today) && (p.Content.ValidTill == "" || today <= p.Content.ValidTill)
}
