package practice

import (
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// envelope is a success.
type envelope struct {
	Success bool   `json:"success"`
	Data    any    `json:"data"`
	Message string `json:"message"`
}

// ServeHTTP answers as the account does.
func (p *Partner) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/practice/") {
		p.control(w, r)
		return
	}
	p.mu.Lock()
	p.requests++
	p.mu.Unlock()
	create := r.Method == http.MethodPost && strings.Contains(r.URL.Path, "/v1/sales/flow/")
	t := p.draw(create)
	if p.once(t) {
		t.answer = nil
	}
	p.date(w)
	if create {
		p.serveCreate(w, r, t)
		return
	}
	p.serve(w, r, t, p.route)
}

// handler answers a user of the account.
type handler func(w http.ResponseWriter, r *http.Request, user int64, path []string, t turn)

// serve lets a request through to the account, unless something takes the answer's place.
func (p *Partner) serve(w http.ResponseWriter, r *http.Request, t turn, next handler) {
	if p.delay(r, t) {
		return
	}
	if t.answer != nil && t.answer.answer != nil {
		t.answer.answer(w, r)
		return
	}
	if t.has(truncated) {
		w = &breaking{w}
	}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if len(parts) < 4 || parts[0] != "api" || parts[2] != "v1" {
		page(w, http.StatusNotFound, "404 Not Found")
		return
	}
	if parts[1] != p.cfg.Account {
		failure(w, http.StatusNotFound, "Account not found.", nil)
		return
	}
	if user, ok := p.authenticate(w, r); ok {
		next(w, r, user, parts[3:], t)
	}
}

// authenticate finds the user of the token, and counts against both limits.
func (p *Partner) authenticate(w http.ResponseWriter, r *http.Request) (user int64, ok bool) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	p.mu.Lock()
	user, known := p.tokens[token]
	within := p.cfg.PerMinute == 0 || p.within("address "+host) && (!known || p.within("user "+strconv.FormatInt(user, 10)))
	p.mu.Unlock()
	switch {
	case !within:
		tooMany(w)
	case !known:
		unauthenticated(w, r)
	default:
		return user, true
	}
	return 0, false
}

func (p *Partner) route(w http.ResponseWriter, r *http.Request, user int64, path []string, t turn) {
	scope, resource, id := path[0], "", ""
	if len(path) > 1 {
		resource = path[1]
	}
	if len(path) > 2 {
		id = path[2]
	}
	switch {
	case scope == "account":
		failure(w, http.StatusForbidden, "This token may not see the account.", nil) // an agent's
	case scope != "user" || len(path) > 3:
		page(w, http.StatusNotFound, "404 Not Found")
	case r.Method != http.MethodGet:
		failure(w, http.StatusMethodNotAllowed, "The method is not supported for this route.", nil)
	case resource == "sales" && id == "":
		p.listSales(w, r, user, t)
	case resource == "sales":
		p.readSale(w, user, id, t)
	default:
		p.read(w, resource, id, t)
	}
}

// read answers with a list, or with the detail of one.
func (p *Partner) read(w http.ResponseWriter, resource, id string, t turn) {
	p.mu.Lock()
	rows, details, known := p.rows(resource)
	p.mu.Unlock()
	if !known {
		page(w, http.StatusNotFound, "404 Not Found")
		return
	}
	if id == "" {
		answerRows(w, p.spoil(resource, t.list(rows), t), t)
		return
	}
	answerDetail(w, p.spoil(resource, one(details, id), t), t)
}

// one gives the row of an id, in a list of its own: a detail is spoilt as a list's row is.
func one(rows []map[string]any, id string) []map[string]any {
	i := slices.IndexFunc(rows, func(row map[string]any) bool { return text(row["id"]) == id })
	if i < 0 {
		return nil
	}
	return rows[i : i+1]
}

func answerDetail(w http.ResponseWriter, rows []any, t turn) {
	if len(rows) == 0 {
		failure(w, http.StatusNotFound, "Not found.", nil)
		return
	}
	answerRows(w, rows[0], t)
}

func answer(w http.ResponseWriter, status int, data any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(envelope{true, data, "OK"})
}

// failure answers with an error. The contract's code is a number, a text, or missing: here by its kind.
func failure(w http.ResponseWriter, status int, message string, fields map[string][]string) {
	body := map[string]any{"message": message}
	switch status {
	case http.StatusUnprocessableEntity: // without success
	case http.StatusUnauthorized:
		body["success"], body["code"] = false, strconv.Itoa(status)
	case http.StatusTooManyRequests:
		body["success"] = false
	default:
		body["success"], body["code"] = false, status
	}
	if fields != nil {
		body["errors"] = fields
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func list(query url.Values, name string) (values []string) {
	for key, v := range query {
		if key == name || strings.HasPrefix(key, name+"[") {
			values = append(values, v...)
		}
	}
	return values
}
