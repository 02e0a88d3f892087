package practice

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
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
	faults := p.faults
	p.mu.Unlock()
	if faults.before(w, r) {
		return
	}
	if faults.Truncated {
		w = &truncating{ResponseWriter: w}
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
	user, ok := p.authenticate(w, r, faults)
	if !ok {
		return
	}
	p.route(w, r, user, parts[3:], faults)
}

// authenticate finds the user of the token, and counts against both limits.
func (p *Partner) authenticate(w http.ResponseWriter, r *http.Request, faults Faults) (user int64, ok bool) {
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
		failure(w, http.StatusTooManyRequests, "Too Many Attempts.", nil)
	case !known || faults.Revoked:
		failure(w, http.StatusUnauthorized, "Unauthenticated.", nil)
	default:
		return user, true
	}
	return 0, false
}

func (p *Partner) route(w http.ResponseWriter, r *http.Request, user int64, path []string, faults Faults) {
	scope, resource, id := path[0], "", ""
	if len(path) > 1 {
		resource = path[1]
	}
	if len(path) > 2 {
		id = path[2]
	}
	switch {
	case r.Method == http.MethodPost && scope == "sales" && resource == "flow" && len(path) == 4:
		p.create(w, r, user, path[2], path[3], faults)
	case scope == "account":
		failure(w, http.StatusForbidden, "This token may not see the account.", nil) // an agent's
	case scope != "user" || len(path) > 3:
		page(w, http.StatusNotFound, "404 Not Found")
	case r.Method != http.MethodGet:
		failure(w, http.StatusMethodNotAllowed, "The method is not supported for this route.", nil)
	case resource == "sales" && id == "":
		p.listSales(w, r, user, faults)
	default:
		p.read(w, resource, id, faults)
	}
}

// read answers with a list, or with the detail of one.
func (p *Partner) read(w http.ResponseWriter, resource, id string, faults Faults) {
	p.mu.Lock()
	rows, details, known := p.rows(resource)
	p.mu.Unlock()
	if !known {
		page(w, http.StatusNotFound, "404 Not Found")
		return
	}
	if id != "" {
		i := slices.IndexFunc(details, func(row map[string]any) bool { return text(row["id"]) == id })
		if i < 0 {
			failure(w, http.StatusNotFound, "Not found.", nil)
			return
		}
		answer(w, http.StatusOK, details[i])
		return
	}
	answer(w, http.StatusOK, faults.list(rows))
}

// list spoils a list, where a fault wants that.
func (f Faults) list(rows []map[string]any) []map[string]any {
	if f.EmptyLists {
		return []map[string]any{}
	}
	if f.WrongTypes {
		for _, row := range rows {
			row["name"], row["updated_at"] = []any{row["name"]}, map[string]any{"date": row["updated_at"]}
		}
	}
	if f.DuplicateRows {
		rows = append(slices.Clone(rows), rows...)
	}
	return rows
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

// truncating breaks an answer off after half of what it promised.
type truncating struct{ http.ResponseWriter }

func (t *truncating) Write(data []byte) (int, error) {
	t.Header().Del("Content-Length")
	if _, err := t.ResponseWriter.Write(data[:len(data)/2]); err != nil {
		return 0, err
	}
	if flusher, ok := t.ResponseWriter.(http.Flusher); ok {
		flusher.Flush()
	}
	panic(http.ErrAbortHandler)
}

// control is how people and tests steer the account: faults, the ledger, a sale's status.
func (p *Partner) control(w http.ResponseWriter, r *http.Request) {
	switch path := strings.TrimPrefix(r.URL.Path, "/practice/"); {
	case path == "faults" && r.Method == http.MethodPut:
		data, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
		var faults Faults
		if err == nil {
			err = json.Unmarshal(data, &faults)
		}
		if err != nil {
			failure(w, http.StatusBadRequest, err.Error(), nil)
			return
		}
		p.SetFaults(faults)
		answer(w, http.StatusOK, faults)
	case path == "faults":
		p.mu.Lock()
		defer p.mu.Unlock()
		answer(w, http.StatusOK, p.faults)
	case path == "ledger":
		answer(w, http.StatusOK, p.Ledger())
	case path == "status" && r.Method == http.MethodPost:
		id, err := strconv.ParseInt(r.URL.Query().Get("sale"), 10, 64)
		if err != nil || !p.SetStatus(id, r.URL.Query().Get("status"), r.URL.Query().Get("remark")) {
			failure(w, http.StatusNotFound, "There is no such sale.", nil)
			return
		}
		answer(w, http.StatusOK, nil)
	default:
		failure(w, http.StatusNotFound, "GET or PUT /practice/faults, GET /practice/ledger, POST /practice/status?sale=&status=", nil)
	}
}

// naive writes a time as the account does most of the time: in Amsterdam, without saying so.
func (p *Partner) naive(at time.Time) string { return at.In(p.zone).Format(time.DateTime) }

func list(query url.Values, name string) (values []string) {
	for key, v := range query {
		if key == name || strings.HasPrefix(key, name+"[") {
			values = append(values, v...)
		}
	}
	return values
}
