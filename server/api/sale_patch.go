package api

import (
	"encoding/json"
	"maps"
	"slices"

	"koppel/linking"
	"koppel/salesdock"
	"koppel/server/service"
	"koppel/server/service/sales"
)

// salePatch reads a change of a sale as the contract has it. What it does not know is refused: a change that is taken and not
// made would be told as done.
type salePatch struct {
	sales.Correction
	wrong map[string]service.Sentence
}

func (c *call) patchSale() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	body, _, err := c.body()
	if err != nil {
		return reply{}, err
	}
	p := salePatch{sales.Correction{Customer: map[string]string{}, Answers: map[string]linking.Answer{}, Agreements: map[string]bool{}}, map[string]service.Sentence{}}
	p.parts("", body, map[string]func(at string, value any){
		"customer": p.customer, "product_questions": p.questions, "agreements": p.agreements, "answers": p.answers,
		"valid_till": func(at string, value any) { p.text(at, "valid_till", value) },
		"product_id": func(at string, value any) { p.read(at, value, (*salesdock.Int)(&p.ProductID), "kind_number") },
	})
	if len(p.wrong) > 0 {
		return reply{}, &service.Error{Kind: service.KindInvalid, Key: "invalid", Fields: p.wrong}
	}
	_, err = c.svc.Sales.CorrectSale(c.ctx(), c.actor, id, p.Correction)
	return okOr(saleID{id}, err)
}

func (p *salePatch) kind(at, key string) {
	p.wrong[at] = service.Sentence{Key: "wrong_kind", Args: []any{service.Sentence{Key: key}}}
}

// parts hands the parts of an object to who reads them.
func (p *salePatch) parts(at string, value any, readers map[string]func(at string, value any)) {
	parts, isObject := value.(map[string]any)
	if list, isList := value.([]any); !isObject && (!isList || len(list) > 0) { // PHP writes an empty object as a list
		p.kind(at, "kind_object")
		return
	}
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		field := name
		if at != "" {
			field = at + "." + name
		}
		if read, known := readers[name]; known {
			read(field, parts[name])
		} else {
			p.wrong[field] = service.Sentence{Key: "cannot_change"}
		}
	}
}

// text reads a plain value. Null says nothing of it, but of a suffix that there is none.
func (p *salePatch) text(at, name string, value any) {
	if value == nil && name != "suffix" && name != "connection_suffix" {
		return
	}
	var text salesdock.Text
	if !p.read(at, value, &text, "kind_text") {
		return
	}
	p.Customer[name] = string(text)
}

// read reads a value as the lenient types do.
func (p *salePatch) read(at string, value, target any, kind string) bool {
	data, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(data, target)
	}
	if err != nil {
		p.kind(at, kind)
	}
	return err == nil
}

// renamed are the customer's fields that a create calls otherwise.
var renamed = map[string]string{"coc": "company_coc", "vat": "company_vat", "coc_branch_number": "company_coc_branch_number"}

func (p *salePatch) customer(at string, value any) {
	readers := map[string]func(at string, value any){
		"address":                func(at string, value any) { p.address(at, "connection_", value) },
		"correspondence_address": func(at string, value any) { p.address(at, "", value) },
		"business": func(at string, value any) {
			var business salesdock.Flag
			if value != nil && p.read(at, value, &business, "kind_bool") {
				p.Business = new(bool(business))
			}
		},
	}
	for _, name := range linking.CustomerFields() {
		readers[name] = func(at string, value any) { p.text(at, name, value) }
	}
	for theirs, name := range renamed {
		readers[theirs] = readers[name]
	}
	p.parts(at, value, readers)
}

func (p *salePatch) address(at, prefix string, value any) {
	readers := map[string]func(at string, value any){}
	for _, name := range []string{"postcode", "housenumber", "suffix", "streetname", "city"} {
		readers[name] = func(at string, value any) { p.text(at, prefix+name, value) }
	}
	p.parts(at, value, readers)
}

func (p *salePatch) questions(at string, value any) {
	p.parts(at, value, map[string]func(at string, value any){
		"upsert": p.answers, "delete": func(at string, value any) {
			p.names(at, value, func(id string) { p.Unanswered = append(p.Unanswered, id) })
		},
	})
}

func (p *salePatch) answers(at string, value any) {
	p.each(at, value, func(at, id string, value any) {
		var answer linking.Answer
		if p.read(at, value, &answer, "kind_text") {
			p.Answers[id] = answer
		}
	})
}

func (p *salePatch) agreements(at string, value any) {
	p.parts(at, value, map[string]func(at string, value any){
		"upsert": func(at string, value any) {
			p.each(at, value, func(at, id string, value any) {
				var accepted salesdock.Flag
				if p.read(at, value, &accepted, "kind_bool") {
					p.Agreements[id] = bool(accepted)
				}
			})
		},
		"delete": func(at string, value any) { p.names(at, value, func(id string) { p.Agreements[id] = false }) },
	})
}

// each hands on what an object has by names that the account gave.
func (p *salePatch) each(at string, value any, take func(at, id string, value any)) {
	object, isObject := value.(map[string]any)
	if list, isList := value.([]any); !isObject && (!isList || len(list) > 0) {
		p.kind(at, "kind_object")
	}
	for id, inner := range object {
		take(at+"."+id, id, inner)
	}
}

func (p *salePatch) names(at string, value any, take func(id string)) {
	var names []salesdock.Text
	if p.read(at, value, &names, "kind_list") {
		for _, name := range names {
			take(string(name))
		}
	}
}
