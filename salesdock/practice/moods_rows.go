package practice

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// rawByte stands in a text for a byte that is no UTF-8, until the answer is bytes.
const rawByte = "\ue000"

// put sets the first of these fields that the row has.
func put(value any, fields ...string) func(map[string]any) bool {
	return func(row map[string]any) bool {
		for _, field := range fields {
			if _, there := row[field]; there {
				row[field] = value
				return true
			}
		}
		return false
	}
}

// rowMoods spoil one row of a list at a random place, or the detail that is asked for.
func rowMoods() []Mood {
	long := strings.Repeat("Zeer lange naam ", 188)[:3000]
	return []Mood{
		{Name: "created-at-zero", Does: `A row's created_at is "0000-00-00 00:00:00".`, row: put("0000-00-00 00:00:00", "created_at")},
		{Name: "updated-at-zero", Does: `A row's updated_at is "0000-00-00 00:00:00".`, row: put("0000-00-00 00:00:00", "updated_at")},
		{Name: "offset-without-colon", Does: "A row's times end in +0000.", row: withOffset},
		{Name: "valid-till-zero", Does: `A product's valid_till is "0000-00-00", which is no end.`, row: put("0000-00-00", "valid_till")},
		{Name: "valid-from-dutch", Does: "A product's valid_from is written 01-01-2027.", row: put("01-01-2027", "valid_from")},
		{Name: "valid-from-with-time", Does: "A product's valid_from has a time.", row: put("2026-01-01 00:00:00", "valid_from")},
		{Name: "duration-in-words", Does: `A product's duration is "12 maanden".`, row: put("12 maanden", "duration")},
		{Name: "price-with-comma", Does: `A product's price_monthly is "6,99".`, row: put("6,99", "price_monthly")},
		{Name: "name-too-long", Does: "A row's name has 3,000 characters.", row: put(long, "name", "title")},
		{Name: "name-broken-utf8", Does: "A row's name holds a byte that is no UTF-8.", row: put("B"+rawByte+"hmer", "name", "title", "firstname")},
		{Name: "name-with-nul", Does: "A row's name holds the character NUL.", row: put("Nul\x00stroom", "name", "title")},
		{Name: "wrong-types", Does: "A row holds lists where texts belong.", row: wrongTypes},
		{Name: "id-missing", Does: "A row has no id.", row: func(row map[string]any) bool {
			delete(row, "id")
			return true
		}},
		{Name: rowIsText, Does: "Where a row belongs there is a text."},
		{Name: "sale-product-list", Does: `A sale's product is [].`, row: put([]any{}, "product")},
		{Name: "sale-status-text", Does: `A sale's status is "new" and not an object.`, row: statusAsText},
		{Name: "sale-customer-list", Does: `A sale's customer is [].`, row: put([]any{}, "customer")},
	}
}

func wrongTypes(row map[string]any) bool {
	for _, field := range []string{"name", "title", "updated_at", "status_remark"} {
		if value, there := row[field]; there {
			row[field] = []any{value}
		}
	}
	return true
}

func withOffset(row map[string]any) (changed bool) {
	for _, field := range []string{"created_at", "updated_at"} {
		text, _ := row[field].(string)
		at, err := time.ParseInLocation(time.DateTime, text, amsterdam)
		if err != nil {
			at, err = time.Parse(time.RFC3339, text)
		}
		if err == nil {
			row[field], changed = at.UTC().Format("2006-01-02T15:04:05-0700"), true
		}
	}
	return changed
}

func statusAsText(row map[string]any) bool {
	status, nested := row["status"].(map[string]any)
	if nested {
		row["status"] = status["status_identifier"]
	}
	return nested
}

// spoil does to the rows of a resource what the request meets, and what was put at a row for good.
func (p *Partner) spoil(resource string, rows []map[string]any, t turn) []any {
	p.mu.Lock()
	for _, row := range rows {
		if mood := p.spoilt[resource+"/"+text(row["id"])]; mood != nil && mood.row != nil {
			mood.row(row)
		}
	}
	p.mu.Unlock()
	for _, mood := range t.also {
		if mood.row == nil || len(rows) == 0 {
			continue
		}
		for at, n := t.random.IntN(len(rows)), 0; n < len(rows) && !mood.row(rows[(at+n)%len(rows)]); n++ {
		}
	}
	spoilt := []any{}
	for _, row := range rows {
		spoilt = append(spoilt, row)
	}
	if len(rows) > 0 && t.has(rowIsText) {
		spoilt[t.random.IntN(len(rows))] = "geen rij"
	}
	return spoilt
}

// list changes a list, where a mood wants that.
func (t turn) list(rows []map[string]any) []map[string]any {
	for _, mood := range t.also {
		if mood.list != nil {
			rows = mood.list(rows)
		}
	}
	return rows
}

// listMoods are wrong with a list as a whole.
var listMoods = []Mood{
	{Name: "all-wrong-types", Does: "Every row of a list holds lists where texts belong.", list: func(rows []map[string]any) []map[string]any {
		for _, row := range rows {
			wrongTypes(row)
		}
		return rows
	}},
	{Name: rowsTwice, Does: "A list names its rows twice.", list: func(rows []map[string]any) []map[string]any {
		for _, row := range rows { // of their own, so that what spoils one leaves the other
			rows = append(rows, with(row, nil))
		}
		return rows
	}},
	{Name: emptyLists, Does: "A list is empty, though there are rows.", list: func([]map[string]any) []map[string]any { return nil }},
	{Name: pagesOverlap, Does: "Pages of sales overlap: a row is on this page and on the next."},
	{Name: editedBetweenPages, Does: "Between two pages of sales, a sale of the first is edited."},
	{Name: totalsTooHigh, Does: "A page of sales says that there are more sales than there are."},
	{Name: totalsTooLow, Does: "A page of sales says that there are fewer sales than there are."},
	{Name: idsIgnored, Does: "The filter sale_ids is ignored."},
}

// bodyMoods change the bytes of an answer that has rows.
var bodyMoods = []Mood{
	{Name: "latin1", Does: "An answer is in ISO-8859-1, and says so.", body: func(header http.Header, body []byte) []byte {
		header.Set("Content-Type", "application/json; charset=ISO-8859-1")
		return latin1(body)
	}},
	{Name: "latin1-unsaid", Does: "An answer is in ISO-8859-1, and does not say so.", body: func(_ http.Header, body []byte) []byte { return latin1(body) }},
	{Name: "bom", Does: "A byte-order mark stands before an answer.", body: func(_ http.Header, body []byte) []byte { return append([]byte("\ufeff"), body...) }},
}

func latin1(body []byte) []byte {
	var out []byte
	for _, r := range string(body) {
		switch {
		case string(r) == rawByte:
			out = append(out, rawByte...)
		case r > 0xff:
			out = append(out, '?')
		default:
			out = append(out, byte(r))
		}
	}
	return out
}

// answerRows answers with data that has rows, in the bytes that the request meets.
func answerRows(w http.ResponseWriter, data any, t turn) {
	body, err := json.Marshal(envelope{true, data, "OK"})
	if err != nil {
		panic("practice: rows are plain data: " + err.Error())
	}
	w.Header().Set("Content-Type", "application/json")
	for _, mood := range t.also {
		if mood.body != nil {
			body = mood.body(w.Header(), body)
		}
	}
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(bytes.ReplaceAll(body, []byte(rawByte), []byte{0xf6}))
}
