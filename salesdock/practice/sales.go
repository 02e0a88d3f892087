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

// create is one create on its way.
type create struct {
	*Partner
	body map[string]any
	line int // in the ledger
}

// serveCreate answers a create. What it met is written down before anything is answered, and what it is answered with
// before a byte of that leaves.
func (p *Partner) serveCreate(w http.ResponseWriter, r *http.Request, t turn) {
	c := create{Partner: p}
	data, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err == nil {
		err = json.Unmarshal(data, &c.body)
	}
	p.mu.Lock()
	c.line = p.write(c.body, t.names())
	p.mu.Unlock()
	answered := &recorder{w, c}
	if err != nil {
		failure(answered, http.StatusBadRequest, "The body cannot be read.", nil)
		return
	}
	p.serve(answered, r, t, c.make)
}

// make makes a sale. There is no idempotency key: the same request twice is two sales.
func (c *create) make(w http.ResponseWriter, r *http.Request, user int64, path []string, t turn) {
	if len(path) != 4 {
		page(w, http.StatusNotFound, "404 Not Found")
		return
	}
	c.mu.Lock()
	status, message, fields := c.check(path[2], path[3], c.body)
	right := status == http.StatusCreated
	var id int64
	if mood := t.answer; right && (mood == nil || mood.create.made) {
		var hidden time.Duration
		if mood != nil && mood.create.late {
			hidden = c.cfg.ShownAfter
		}
		id = c.commit(user, c.body, hidden)
		c.lines[c.line].SaleID = id
	}
	c.mu.Unlock()
	switch {
	case !right:
		failure(w, status, message, fields)
	case t.answer != nil:
		t.answer.create.reply(w, r, id)
	default:
		answer(w, http.StatusCreated, map[string]any{"sale_id": id})
	}
}

// recorder writes down the status that a create is answered with.
type recorder struct {
	http.ResponseWriter
	create create
}

func (r *recorder) WriteHeader(status int) {
	r.create.mu.Lock()
	r.create.lines[r.create.line].Status = status
	r.create.mu.Unlock()
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

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
	wrong := panels(body)
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

// panels asks a household that has some what it returns: by one meter, or by day and by night.
func panels(body map[string]any) map[string][]string {
	wrong := map[string][]string{}
	if text(body["has_return"]) != "1" || text(body["business"]) == "1" {
		return wrong
	}
	asked := []string{"return"}
	if text(body["usage_e_single"]) == "" {
		asked = []string{"return_e_high", "return_e_low"}
	}
	for _, name := range asked {
		if text(body[name]) == "" {
			wrong[name] = []string{"Vul de teruglevering in."}
		}
	}
	return wrong
}

// listSales answers with a page of the user's sales, the newest first.
func (p *Partner) listSales(w http.ResponseWriter, r *http.Request, user int64, t turn) {
	query := r.URL.Query()
	p.mu.Lock()
	from, till, err := p.period(query)
	if err != nil {
		p.mu.Unlock()
		failure(w, http.StatusBadRequest, "The request contains errors.", map[string][]string{"period_start": {err.Error()}})
		return
	}
	ids, statuses := list(query, "sale_ids"), list(query, "statuses")
	if t.has(idsIgnored) {
		ids = nil
	}
	found := p.find(user, func(s sale) bool {
		at := s.createdAt
		if query.Get("period_filter_on") == "updated_date" {
			at = s.updatedAt
		}
		at = at.Truncate(time.Second)
		return (from.IsZero() || !at.Before(from) && !at.After(till)) && (len(ids) == 0 || slices.Contains(ids, strconv.FormatInt(s.id, 10))) &&
			(len(statuses) == 0 || slices.Contains(statuses, s.status))
	})
	if t.has(emptyLists) {
		found = nil
	}
	number, _ := strconv.Atoi(query.Get("page")) // no page is the first
	number = max(1, number)
	begin, end := min((number-1)*perPage, len(found)), min(number*perPage, len(found))
	if t.has(pagesOverlap) { // what was added meanwhile pushed rows on to the next page
		begin = max(0, begin-3)
	}
	rows := []map[string]any{}
	for _, s := range found[begin:end] {
		rows = append(rows, p.saleRow(s, extended(query)))
	}
	if t.has(editedBetweenPages) && end < len(found) {
		p.edit(found[begin+t.random.IntN(end-begin)].id)
	}
	p.mu.Unlock()
	total := len(found)
	switch {
	case t.has(totalsTooHigh):
		total += perPage + 3
	case t.has(totalsTooLow):
		total = max(0, total-perPage-3)
	}
	answerPage(w, r, p.spoil("sales", t.list(rows), t), number, begin, total, t)
}

// readSale answers with the detail of a sale, which is its extended row.
func (p *Partner) readSale(w http.ResponseWriter, user int64, id string, t turn) {
	var rows []map[string]any
	p.mu.Lock()
	for _, s := range p.find(user, func(s sale) bool { return strconv.FormatInt(s.id, 10) == id }) {
		rows = append(rows, p.saleRow(s, true))
	}
	p.mu.Unlock()
	answerDetail(w, p.spoil("sales", rows, t), t)
}

func extended(query url.Values) bool {
	return query.Get("extended") == "true" || query.Get("extended") == "1"
}

// find gives the user's sales that are shown by now, the newest first; the lock is held.
func (p *Partner) find(user int64, which func(sale) bool) (found []sale) {
	now := p.cfg.Now()
	for i := len(p.sales) - 1; i >= 0; i-- {
		if s := p.sales[i]; s.user == user && !s.shownFrom.After(now) && which(s) {
			found = append(found, s)
		}
	}
	return found
}

// edit touches a sale, as somebody does who saves it unchanged; the lock is held.
func (p *Partner) edit(id int64) {
	for i := range p.sales {
		if p.sales[i].id == id {
			p.sales[i].updatedAt = p.now()
		}
	}
}

// period reads the filter; the lock is held.
func (p *Partner) period(query url.Values) (from, till time.Time, err error) {
	if query.Get("period") != "custom" {
		return from, till, nil
	}
	if from, err = time.ParseInLocation(time.DateTime, query.Get("period_start"), p.zoneOfPeriods); err != nil {
		return from, till, err
	}
	till, err = time.ParseInLocation(time.DateTime, query.Get("period_end"), p.zoneOfPeriods)
	return from, till, err
}

// answerPage answers with an offset page as the contract shapes it; here per_page is a text.
func answerPage(w http.ResponseWriter, r *http.Request, rows []any, number, begin, total int, t turn) {
	last := max(1, (total+perPage-1)/perPage)
	link := func(n int) any {
		if n < 1 || n > last {
			return nil
		}
		query := r.URL.Query()
		query.Set("page", strconv.Itoa(n))
		return "http://" + r.Host + r.URL.Path + "?" + query.Encode()
	}
	answerRows(w, map[string]any{
		"current_page": number, "data": rows, "first_page_url": link(1), "from": begin + 1, "last_page": last, "last_page_url": link(last), "links": []any{},
		"next_page_url": link(number + 1), "path": "http://" + r.Host + r.URL.Path, "per_page": strconv.Itoa(perPage), "prev_page_url": link(number - 1),
		"to": begin + len(rows), "total": total,
	}, t)
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
		"offer_accepted": nil, "created_at": p.naive(s.createdAt), "finalized_at": nil, "updated_at": s.updatedAt.In(amsterdam).Format(time.RFC3339), "processed": nil, "cancelled": nil,
		"channel": b["sale_channel"], "customer": map[string]any{
			"gender": b["gender"], "firstname": b["firstname"], "lastname": b["lastname"], "birthdate": b["birthdate"], "email": b["email"], "phone": b["phone"], "business": text(b["business"]),
			"company_name": b["company_name"], "iban": b["iban"], "address": map[string]any{"postcode": b["postcode"], "housenumber": b["housenumber"], "street": b["streetname"], "city": b["city"]},
		},
		"created_by": map[string]any{"user": map[string]any{"id": s.user}, "organisation": nil, "team": nil}, "relation": nil,
		"product": map[string]any{"id": product, "identifier": "oefen-" + strconv.FormatInt(product, 10), "label": name}, "products": []any{}, "supplier": nil,
		"flow": map[string]any{"id": 31, "identifier": "oefen", "type": "energie-consument", "label": "Oefenflow"}, "extrafields": []any{},
		"flow_data_energy": map[string]any{"multisite": false, "sites": []any{map[string]any{"electricity": map[string]any{
			"ean_code": b["electricity_ean"], "usage_single": b["usage_e_single"], "return_single": b["return"], "return_normal": b["return_e_high"], "return_low": b["return_e_low"],
		}}}},
	}
}
