package sales

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"koppel/linking"
	"koppel/server/service"
	"koppel/states"
)

const (
	maxAnswers = 500
	maxRelated = 50
)

// maxContractMB is the largest file that is taken with a sale; maxContract is that in base64, with room for line ends.
const (
	maxContractMB = 10
	maxContract   = 14 << 20
)

// ParseSubmission reads a create as it came in (JSON or a form, decoded to plain values). What is required
// and missing gives a refusal with all of it; so do values that cannot be read.
func ParseSubmission(body map[string]any) (linking.Submission, Attached, error) {
	p := newSubmissionParser(body)
	s := linking.Submission{
		TransactionType: states.SaleType(strings.ToLower(p.text("transaction_type", true))),
		ProductID:       p.number("product_id"),
		Business:        p.flag("business"),
		Fields:          p.fields(),
	}
	for _, name := range requiredFields(s.Business) {
		s.Fields[name] = p.text(name, true)
	}
	for _, name := range []string{"gender", "sale_channel"} { // a choice is one in capitals too
		if value, given := s.Fields[name]; given {
			s.Fields[name] = strings.ToLower(value)
		}
	}
	s.Answers = p.answers()
	s.Agreements = p.agreements()
	s.Related = p.related()
	s.ContractPDF = p.contract()
	s.Chain = p.chain()
	s.More = p.more()
	attached := Attached{Reference: p.text("external_reference", false), Concept: p.text("concept_transaction", false), Optin: p.optin()}
	return s, attached, p.refusal()
}

func requiredFields(business bool) []string {
	if business {
		return slices.Concat(linking.RequiredFields, linking.RequiredBusinessFields)
	}
	return linking.RequiredFields
}

// Attached is what comes with a create and is kept beside the sale.
type Attached struct {
	Reference string         // external_reference
	Concept   string         // the uuid of the concept transaction that the sale comes of
	Optin     *linking.Optin // opt-in data that came with the sale
}

type submissionParser struct {
	body           map[string]any
	missing, wrong map[string]service.Sentence
}

func newSubmissionParser(body map[string]any) *submissionParser {
	return &submissionParser{body: body, missing: map[string]service.Sentence{}, wrong: map[string]service.Sentence{}}
}

// refusal gives what is missing, or else what is wrong; nil when everything could be read.
func (p *submissionParser) refusal() error {
	switch {
	case len(p.missing) > 0:
		return &service.Error{Kind: service.KindIncomplete, Key: "missing", Fields: p.missing}
	case len(p.wrong) > 0:
		return &service.Error{Kind: service.KindInvalid, Key: "invalid", Fields: p.wrong}
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

func (p *submissionParser) bad(field, value string) {
	p.say(field, "field_invalid", value)
}

func (p *submissionParser) say(field, key string, args ...any) {
	p.wrong[field] = service.Sentence{Key: key, Args: args}
}

// kind says what a field takes, by a sentence's key.
func (p *submissionParser) kind(field, key string) {
	p.say(field, "wrong_kind", service.Sentence{Key: key})
}

func (p *submissionParser) text(name string, needed bool) string {
	text, ok := plain(p.body[name])
	switch {
	case !ok:
		p.kind(name, "kind_text")
	case linking.TooLong(name, text) > 0:
		p.say(name, "too_long", linking.MaxLength(name))
	case utf8.RuneCountInString(text) > service.MaxField && name != "signature":
		p.say(name, "too_long", service.MaxField)
	case text == "" && needed:
		p.missing[name] = service.Sentence{Key: "field_required"}
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
			p.say(name, "too_many_values", maxAnswers)
			return nil
		}
		return v
	case nil:
		p.missing[name] = service.Sentence{Key: "field_required"}
	case []any:
		if len(v) > 0 {
			p.kind(name, "kind_object")
		}
	case string:
		if v != "" {
			p.kind(name, "kind_object")
		}
	default:
		p.kind(name, "kind_object")
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
		p.say("chain", "too_many_values", maxChain)
		return nil
	}
	var chain []string
	for _, item := range list {
		if name, ok := plain(item); ok && name != "" && len(name) <= service.MaxField {
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
				p.kind("questionData."+id, "kind_text")
			}
			answers[id] = linking.TextAnswer(text)
			continue
		}
		answer := linking.Answer{Multi: true}
		for _, item := range list {
			text, ok := plain(item)
			if !ok {
				p.kind("questionData."+id, "kind_text")
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
			p.kind("agreements."+id, "kind_bool")
		}
		agreements[id] = text == "1" || strings.EqualFold(text, "true") || strings.EqualFold(text, "on")
	}
	return agreements
}

func (p *submissionParser) related() []linking.RelatedProduct {
	list, ok := numbered(p.body["related_products"])
	if !ok {
		p.kind("related_products", "kind_list")
		return nil
	}
	if len(list) > maxRelated {
		p.say("related_products", "too_many_values", maxRelated)
		return nil
	}
	var related []linking.RelatedProduct
	for i, item := range list {
		field := fmt.Sprintf("related_products.%d", i)
		row, ok := item.(map[string]any)
		if !ok {
			p.kind(field, "kind_object")
			continue
		}
		if id, _ := plain(row["product_id"]); id == "" && row["quantity"] == nil && row["section_identifier"] == nil {
			continue // a form's row that nobody filled in
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

// numbered reads a list, and an object with numbers for names, as PHP writes a list with gaps.
func numbered(value any) (list []any, ok bool) {
	switch v := value.(type) {
	case nil:
		return nil, true
	case string:
		return nil, v == ""
	case []any:
		return v, true
	case map[string]any:
		numbers := map[int]any{}
		for name, item := range v {
			number, err := strconv.Atoi(name)
			if err != nil {
				return nil, false
			}
			numbers[number] = item
		}
		for _, number := range slices.Sorted(maps.Keys(numbers)) {
			list = append(list, numbers[number])
		}
		return list, true
	}
	return nil, false
}

// intoSections puts further products that name no section into the one that offers them.
func intoSections(s *linking.Submission, flow linking.Flow) {
	for i := range s.Related {
		if s.Related[i].Section != "" {
			continue
		}
		for _, section := range flow.Sections {
			if slices.ContainsFunc(section.Products, func(p linking.SectionProduct) bool { return p.ID == s.Related[i].ProductID }) {
				s.Related[i].Section = section.Identifier
				break
			}
		}
	}
}

func (p *submissionParser) contract() *linking.ContractPDF {
	row, ok := p.body["contract_pdf"].(map[string]any)
	if !ok {
		if p.body["contract_pdf"] != nil && p.body["contract_pdf"] != "" {
			p.kind("contract_pdf", "kind_object")
		}
		return nil
	}
	content, _ := plain(row["content"])
	extension, _ := plain(row["extension"])
	createdAt, _ := plain(row["created_at"])
	if _, err := base64.StdEncoding.DecodeString(content); content == "" || err != nil || len(content) > maxContract {
		p.say("contract_pdf.content", "base64_file", maxContractMB)
	}
	if extension != "pdf" {
		p.say("contract_pdf.extension", "value_of", "pdf")
	}
	return &linking.ContractPDF{Content: content, Extension: extension, CreatedAt: createdAt}
}
