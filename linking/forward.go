package linking

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"koppel/states"
)

// SaleToForward is a sale as sold, with the lines that belong to one partner.
type SaleToForward struct {
	Reference  string
	Submission Submission
	Sold       Sold
	Lines      []SoldLine
	Origin     map[string]string // the initial_ fields, for a sale that was made here
	Self       string            // our environment's name
	Partner    string            // the partner's
	Keyed      bool              // the partner is one of ours, and takes our extensions
	Gone       []int64           // the partner's products that it no longer offers
	Optin      *Optin            // opt-in data that goes along; nil: none does
}

// Reference is what a sale is called at a partner: the same for every attempt and every correction of it, and
// for no other sale.
func Reference(account string, integrationID, saleID int64) string {
	return fmt.Sprintf("%s/%d/%d", account, integrationID, saleID)
}

// PartnerRequest is the create that would be sent.
type PartnerRequest struct {
	FlowType       string         `json:"flow_type"`
	FlowIdentifier string         `json:"flow_identifier"`
	Body           map[string]any `json:"body"`
	// Translated is what of ours became what of theirs, for eyes; also where something else keeps the request from being whole.
	Translated []Translated `json:"-"`
}

// Translated is an answer of ours with what the partner gets of it.
type Translated struct {
	Question, Answer           string
	TheirQuestion, TheirAnswer string
}

// BuildRequest turns a sale into what the partner expects, and lists what the partner would reject. It is
// complete only when there are no problems.
func BuildRequest(sale SaleToForward, setup PartnerSetup, mappings Mappings) (PartnerRequest, []Problem) {
	b := builder{sale: sale, setup: setup, mappings: mappings}
	if slices.Contains(sale.Submission.Chain, sale.Partner) || sale.Self == sale.Partner {
		return PartnerRequest{}, []Problem{{Code: states.ProblemLoop, Subject: sale.Partner}}
	}
	b.products()
	b.fields()
	b.flow()
	b.answers()
	b.agreements()
	if len(b.problems) > 0 {
		return PartnerRequest{Translated: b.request.Translated}, b.problems
	}
	b.request.Body = b.body()
	return b.request, nil
}

type builder struct {
	sale     SaleToForward
	setup    PartnerSetup
	mappings Mappings
	request  PartnerRequest
	problems []Problem
	plain    map[string]string // the plain fields, in the form that is sent
	theirs   *Flow             // the partner's
	given    map[string]Answer // by the partner's identifier
	accepted map[string]bool
}

// products reports what the partner no longer sells: it would refuse the sale.
func (b *builder) products() {
	for _, line := range b.sale.Lines {
		if slices.Contains(b.sale.Gone, line.PartnerProductID) {
			b.problems = append(b.problems, Problem{Code: states.ProblemProductGone, Field: "product_id", Subject: line.Content.Name})
		}
	}
}

func (b *builder) flow() {
	id, mapped := b.mappings.Flows[b.sale.Sold.Flow.ID]
	if !mapped {
		b.problems = append(b.problems, Problem{Code: states.ProblemFlowUnmapped, Subject: b.sale.Sold.Flow.Title})
		return
	}
	for _, f := range b.setup.Flows {
		if f.ID == id {
			b.request.FlowType, b.request.FlowIdentifier = f.Type, f.Identifier
			b.theirs = &f
			b.flowAsks(&f)
			return
		}
	}
	b.problems = append(b.problems, Problem{Code: states.ProblemFlowGone, Subject: b.sale.Sold.Flow.Title, Detail: strconv.FormatInt(id, 10)})
}

// fields brings what has a known form into it, and reports what has another where a person can correct it: sales that came
// in before the forms were checked are forwarded too.
func (b *builder) fields() {
	b.plain = maps.Clone(b.sale.Submission.Fields)
	for _, problem := range NormaliseFields(b.plain) {
		if slices.Contains(CustomerFields(), problem.Field) {
			b.problems = append(b.problems, problem)
		}
	}
}

// flowAsks checks what the partner's flow asks besides its questions. A stock list tells none of it.
func (b *builder) flowAsks(f *Flow) {
	s := &b.sale.Submission
	if f.TransactionType != "" && f.TransactionType != states.EverySaleType && f.TransactionType != s.TransactionType {
		b.problems = append(b.problems, Problem{Code: states.ProblemFlowTransaction, Field: "transaction_type", Subject: f.Title, Detail: string(s.TransactionType)})
	}
	if f.IBANRequired(s.TransactionType, s.Business) && s.Fields["iban"] == "" {
		b.problems = append(b.problems, Problem{Code: states.ProblemFlowIBAN, Field: "iban", Subject: f.Title})
	}
	if f.SignatureRequired(s) && s.Fields["signature"] == "" {
		b.problems = append(b.problems, Problem{Code: states.ProblemFlowSignature, Field: "signature", Subject: f.Title})
	}
}

// partnerFacts sees the sale as the partner will: its product ids, its suppliers, its questions.
func (b *builder) partnerFacts() *SaleFacts {
	lines := slices.Clone(b.sale.Lines)
	for i := range lines {
		lines[i].ProductID = lines[i].PartnerProductID
	}
	facts := NewSaleFacts(&b.sale.Submission, lines, b.setup.Questions)
	facts.Answers = b.given
	return facts
}

func (b *builder) answers() {
	b.given = map[string]Answer{}
	ours := map[int64]*Question{}
	for i := range b.sale.Sold.Questions {
		ours[b.sale.Sold.Questions[i].ID] = &b.sale.Sold.Questions[i]
	}
	for i := range b.setup.Questions {
		b.translate(&b.setup.Questions[i], ours)
	}
	facts := b.partnerFacts()
	for _, problem := range CheckAnswers(b.setup.Questions, b.sale.Lines[0].Content.Type, facts, b.given) {
		b.problems = append(b.problems, b.inOurWords(problem, ours))
	}
}

// translate carries our answer to one of the partner's questions, option by option.
func (b *builder) translate(theirs *Question, ours map[int64]*Question) {
	mapping, mapped := b.mappings.Questions[theirs.Identifier]
	if !mapped {
		return
	}
	question, exists := ours[mapping.QuestionID]
	if !exists {
		return
	}
	answer, answered := b.sale.Submission.Answers[question.Identifier]
	if !answered || answer.Empty() {
		return
	}
	translated := Answer{Multi: theirs.InputType == "mc-multi"}
	for _, value := range answer.Values {
		if to, ok := mapping.Options[value]; ok {
			value = to
		}
		translated.Values = append(translated.Values, value)
	}
	b.given[theirs.Identifier] = theirs.normaliseAnswer(translated)
	if !question.IsFile() {
		b.request.Translated = append(b.request.Translated, Translated{
			Question: question.Name, Answer: answer.Text(), TheirQuestion: theirs.Name, TheirAnswer: b.given[theirs.Identifier].Text(),
		})
	}
	if theirs.InputType == "switchdate" {
		b.given[theirs.SwitchdateOption()] = b.sale.Submission.Answers[question.SwitchdateOption()]
	}
}

// inOurWords names our question instead of the partner's, and says whether a mapping or an answer is at fault.
func (b *builder) inOurWords(problem Problem, ours map[int64]*Question) Problem {
	identifier := problem.Field[len("questionData."):]
	mapping, mapped := b.mappings.Questions[identifier]
	if !mapped {
		problem.Code = states.ProblemQuestionUnmapped
		return problem
	}
	question, exists := ours[mapping.QuestionID]
	if !exists {
		problem.Code = states.ProblemQuestionGone
		return problem
	}
	problem.Subject = question.Name
	if problem.Code == states.ProblemNotAnOption {
		problem.Code = states.ProblemOptionUnmapped
	}
	return problem
}

func (b *builder) agreements() {
	b.accepted = map[string]bool{}
	ours := map[int64]string{}
	for _, a := range b.sale.Sold.Agreements {
		ours[a.ID] = a.Identifier
	}
	for _, a := range b.setup.Agreements {
		id, mapped := b.mappings.Agreements[a.Identifier]
		if mapped && b.sale.Submission.Agreements[ours[id]] {
			b.accepted[a.Identifier] = true
		}
	}
	for _, problem := range CheckAgreements(b.setup.Agreements, b.partnerFacts(), b.accepted) {
		if _, mapped := b.mappings.Agreements[problem.Field[len("agreements."):]]; !mapped {
			problem.Code = states.ProblemAgreementUnmapped
		}
		b.problems = append(b.problems, problem)
	}
}

func (b *builder) body() map[string]any {
	s := b.sale.Submission
	body := b.more()
	// Who made the sale first stays who made it, however long the chain.
	for name, value := range b.sale.Origin {
		body[name] = value
	}
	for name, value := range b.plain {
		body[name] = value
	}
	if b.sale.Keyed {
		body["chain"] = append(slices.Clone(s.Chain), b.sale.Self)
	}
	for _, nullable := range []string{"suffix", "connection_suffix"} {
		if s.Fields[nullable] == "" {
			body[nullable] = nil
		}
	}
	business := 0
	if s.Business {
		business = 1
	}
	body["business"] = business
	body["transaction_type"] = s.TransactionType
	body["product_id"] = b.sale.Lines[0].PartnerProductID
	body["external_reference"] = b.sale.Reference
	answers := map[string]any{}
	for id, answer := range b.given {
		answers[id] = answer
	}
	body["questionData"] = answers
	agreements := map[string]any{}
	for _, id := range slices.Sorted(maps.Keys(b.accepted)) {
		agreements[id] = "1"
	}
	body["agreements"] = agreements
	if len(b.sale.Lines) > 1 {
		var related []map[string]any
		for _, line := range b.sale.Lines[1:] {
			related = append(related, map[string]any{
				"product_id": line.PartnerProductID, "quantity": line.Quantity, "section_identifier": b.section(line),
			})
		}
		body["related_products"] = related
	}
	if s.ContractPDF != nil {
		body["contract_pdf"] = s.ContractPDF
	}
	if b.sale.Optin != nil {
		b.sale.Optin.fields(body)
	}
	return body
}

// more is what the sale came with that means nothing to us. Whatever does is laid over it: no unknown field takes its place.
func (b *builder) more() map[string]any {
	body := map[string]any{}
	for name, value := range b.sale.Submission.More {
		if b.sale.Optin != nil || !strings.HasPrefix(name, OptinPrefix) {
			body[name] = value
		}
	}
	return body
}

// section names the section of the partner's flow that offers a line's product; ours, where their flow tells none.
func (b *builder) section(line SoldLine) string {
	for _, section := range b.theirs.Sections {
		for _, p := range section.Products {
			if p.ID == line.PartnerProductID {
				return section.Identifier
			}
		}
	}
	return line.Section
}
