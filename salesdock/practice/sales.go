package practice

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

const (
	perPage = 20
	maxBody = 16 << 20
)

var requiredFields = []string{
	"transaction_type", "product_id", "business", "firstname", "lastname", "email", "phone", "birthdate", "postcode", "housenumber", "streetname", "city",
	"connection_postcode", "connection_housenumber", "connection_streetname", "connection_city", "questionData", "agreements",
}

// create makes a sale. There is no idempotency key: the same request twice is two sales.
func (p *Partner) create(w http.ResponseWriter, r *http.Request, user int64, kind, identifier string, faults Faults) {
	data, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	var body map[string]any
	if err != nil || json.Unmarshal(data, &body) != nil {
		failure(w, http.StatusBadRequest, "The body cannot be read.", nil)
		return
	}
	p.mu.Lock()
	status, message, fields := p.check(kind, identifier, body)
	var id int64
	lost := false
	if status == http.StatusCreated {
		id = p.commit(user, body)
		p.creates++
		lost = faults.LoseEvery > 0 && p.creates%faults.LoseEvery == 0
	}
	p.mu.Unlock()
	switch {
	case lost:
		drop(w)
	case status != http.StatusCreated:
		failure(w, status, message, fields)
	default:
		answer(w, http.StatusCreated, map[string]any{"sale_id": id})
	}
}

// check says what is wrong with a create; the lock is held.
func (p *Partner) check(kind, identifier string, body map[string]any) (status int, message string, fields map[string][]string) {
	if !slices.ContainsFunc(p.flows, func(f flow) bool { return f.kind == kind && f.identifier == identifier }) {
		return http.StatusNotFound, "Flow not found.", nil
	}
	missing := map[string][]string{}
	for _, name := range requiredFields {
		if body[name] == nil || body[name] == "" {
			missing[name] = []string{"The " + name + " field is required."}
		}
	}
	if len(missing) > 0 {
		return http.StatusUnprocessableEntity, "The given data was invalid.", missing
	}
	if !slices.ContainsFunc(p.products, func(x Product) bool { return x.Active && strconv.FormatInt(x.ID, 10) == text(body["product_id"]) }) {
		return http.StatusBadRequest, "Invalid product", nil
	}
	wrong := map[string][]string{}
	answers, _ := body["questionData"].(map[string]any)
	for _, q := range p.questions {
		given := text(answers[q.identifier])
		needed := q.required || q.rule != nil && text(answers["betaalwijze"]) == "Factuur"
		switch {
		case given == "" && needed:
			wrong["questionData."+q.identifier] = []string{q.name + " is verplicht."}
		case given != "" && len(q.options) > 0 && !slices.Contains(q.options, given):
			wrong["questionData."+q.identifier] = []string{given + " is geen geldige keuze."}
		}
	}
	agreements, _ := body["agreements"].(map[string]any)
	for _, a := range p.agreements {
		if text(agreements[a.identifier]) != "1" {
			wrong["agreements."+a.identifier] = []string{a.name + " is niet geaccepteerd."}
		}
	}
	if len(wrong) > 0 {
		return http.StatusBadRequest, "The request contains errors.", wrong
	}
	return http.StatusCreated, "", nil
}

// listSales answers with a page of the user's sales, the newest first.
func (p *Partner) listSales(w http.ResponseWriter, r *http.Request, user int64, faults Faults) {
	query := r.URL.Query()
	from, till, err := p.period(query)
	if err != nil {
		failure(w, http.StatusBadRequest, "The request contains errors.", map[string][]string{"period_start": {err.Error()}})
		return
	}
	ids, statuses := list(query, "sale_ids"), list(query, "statuses")
	extended := query.Get("extended") == "true" || query.Get("extended") == "1"
	p.mu.Lock()
	var found []sale
	for i := len(p.sales) - 1; i >= 0; i-- {
		s := p.sales[i]
		at := s.createdAt
		if query.Get("period_filter_on") == "updated_date" {
			at = s.updatedAt
		}
		at = at.Truncate(time.Second)
		if s.user != user || !from.IsZero() && (at.Before(from) || at.After(till)) || len(ids) > 0 && !slices.Contains(ids, strconv.FormatInt(s.id, 10)) ||
			len(statuses) > 0 && !slices.Contains(statuses, s.status) {
			continue
		}
		found = append(found, s)
	}
	if faults.EmptyLists {
		found = nil
	}
	number, _ := strconv.Atoi(query.Get("page")) // no page is the first
	number = max(1, number)
	begin, end := min((number-1)*perPage, len(found)), min(number*perPage, len(found))
	if faults.MovingPages { // what was added meanwhile pushed rows on to the next page
		begin = max(0, begin-3)
	}
	rows := []map[string]any{}
	for _, s := range found[begin:end] {
		rows = append(rows, p.saleRow(s, extended))
	}
	p.mu.Unlock()
	if faults.DuplicateRows {
		rows = append(rows, rows...)
	}
	answerPage(w, r, rows, number, begin, len(found))
}

func (p *Partner) period(query url.Values) (from, till time.Time, err error) {
	if query.Get("period") != "custom" {
		return from, till, nil
	}
	if from, err = time.ParseInLocation(time.DateTime, query.Get("period_start"), p.zone); err != nil {
		return from, till, err
	}
	till, err = time.ParseInLocation(time.DateTime, query.Get("period_end"), p.zone)
	return from, till, err
}

// answerPage answers with an offset page as the contract shapes it; here per_page is a text.
func answerPage(w http.ResponseWriter, r *http.Request, rows []map[string]any, number, begin, total int) {
	last := max(1, (total+perPage-1)/perPage)
	link := func(n int) any {
		if n < 1 || n > last {
			return nil
		}
		query := r.URL.Query()
		query.Set("page", strconv.Itoa(n))
		return "http://" + r.Host + r.URL.Path + "?" + query.Encode()
	}
	answer(w, http.StatusOK, map[string]any{
		"current_page": number, "data": rows, "first_page_url": link(1), "from": begin + 1, "last_page": last, "last_page_url": link(last), "links": []any{},
		"next_page_url": link(number + 1), "path": "http://" + r.Host + r.URL.Path, "per_page": strconv.Itoa(perPage), "prev_page_url": link(number - 1),
		"to": begin + len(rows), "total": total,
	})
}

// saleRow writes a sale: plain, or extended. Ids are texts in the extended one.
func (p *Partner) saleRow(s sale, extended bool) map[string]any {
	b := s.body
	product, _ := strconv.ParseInt(text(b["product_id"]), 10, 64) // it was checked when the sale was made
	name := ""
	for _, x := range p.products {
		if x.ID == product {
			name = x.Name
		}
	}
	if !extended {
		return map[string]any{
			"id": s.id, "user_id": s.user, "type": "sale", "sub_type": nil, "offer": 0, "offer_accepted": nil, "status": s.status, "flow_id": 31, "product_id": product, "incoming_id": nil,
			"created_at": p.naive(s.createdAt), "finalized_at": nil, "updated_at": p.naive(s.updatedAt), "outgoing_at": nil, "cancelled_at": nil, "status_remark": s.remark,
			"firstname": b["firstname"], "lastname": b["lastname"], "email": b["email"], "phone": b["phone"], "product_name": name,
		}
	}
	label := s.status
	for _, x := range p.statuses {
		if x.id == s.status {
			label = x.name
		}
	}
	return map[string]any{
		"id": strconv.FormatInt(s.id, 10), "type": b["transaction_type"], "status": map[string]any{"status_identifier": s.status, "status": label, "status_remark": s.remark},
		"offer_accepted": nil, "created_at": p.naive(s.createdAt), "finalized_at": nil, "updated_at": s.updatedAt.In(p.zone).Format(time.RFC3339), "processed": nil, "cancelled": nil,
		"channel": b["sale_channel"], "customer": map[string]any{
			"gender": b["gender"], "firstname": b["firstname"], "lastname": b["lastname"], "birthdate": b["birthdate"], "email": b["email"], "phone": b["phone"], "business": text(b["business"]),
			"company_name": b["company_name"], "iban": b["iban"], "address": map[string]any{"postcode": b["postcode"], "housenumber": b["housenumber"], "street": b["streetname"], "city": b["city"]},
		},
		"created_by": map[string]any{"user": map[string]any{"id": s.user}, "organisation": nil, "team": nil}, "relation": nil,
		"product": map[string]any{"id": product, "identifier": "oefen-" + strconv.FormatInt(product, 10), "label": name}, "products": []any{}, "supplier": nil,
		"flow": map[string]any{"id": 31, "identifier": "oefen", "type": "energie-consument", "label": "Oefenflow"}, "extrafields": []any{},
	}
}
