package practice

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// creating is what a mood makes of a create that is right: whether the sale is made, and what is answered.
type creating struct {
	made  bool
	late  bool // the list shows it only after a while
	reply func(w http.ResponseWriter, r *http.Request, sale int64)
}

const rayPage = `<html>504<hr>Ray ID: 8f1015ab</html>` // the digits of a throttling page, in a page that is none

// createMoods are the answers to a create. What the contract documents as a refusal of its own (429) is never
// given for a sale that was made: no caller could know.
func createMoods() []Mood {
	moods := []Mood{
		{Name: "made-then-504-1015", Does: "The sale is made, and a proxy answers 504 with a page whose ray id holds 1015.", create: &creating{made: true, reply: raw(504, "text/html; charset=utf-8", rayPage)}},
		{Name: "made-then-503-retry-after", Does: "The sale is made, and the answer is 503 with Retry-After.", create: &creating{made: true, reply: retryAfter}},
		{Name: "not-made-503-retry-after", Does: "Nothing is made, and the answer is 503 with Retry-After.", create: &creating{reply: retryAfter}},
		{Name: "made-then-reset", Does: "The sale is made, and the connection breaks before the answer.", create: &creating{made: true, reply: reset}},
		{Name: "not-made-reset", Does: "The request is read, nothing is made, and the connection breaks.", create: &creating{reply: reset}},
		{Name: "made-then-cut", Does: "The sale is made, and the connection breaks in the middle of the answer.", create: &creating{made: true, reply: cut}},
		{Name: "made-then-silent", Does: "The sale is made, and no answer comes.", create: &creating{made: true, reply: silence}},
		{Name: "made-shown-late", Does: "The sale is made, the answer is lost, and lists show the sale only after a while.", create: &creating{made: true, late: true, reply: reset}},
		{Name: "made-then-201-empty", Does: "The sale is made, and the answer is 201 without a body.", create: &creating{made: true, reply: raw(201, "application/json", "")}},
		{Name: "made-then-204", Does: "The sale is made, and the answer is 204.", create: &creating{made: true, reply: raw(204, "", "")}},
		{Name: "made-then-201-html", Does: "The sale is made, and the answer is 201 with a page.", create: &creating{made: true, reply: html(201)}},
		{Name: "made-then-201-broken", Does: "The sale is made, and the answer is 201 with half of its JSON.", create: &creating{made: true, reply: raw(201, "application/json", `{"success":true,"data":{"sale_`)}},
		{Name: "made-then-201-without-id", Does: "The sale is made, and the answer is 201 without its sale_id.", create: &creating{made: true, reply: raw(201, "application/json", `{"success":true,"data":{},"message":"OK"}`)}},
		{Name: "made-then-201-with-bom", Does: "The sale is made, and a byte-order mark stands before the answer.", create: &creating{made: true, reply: created(201, "\ufeff", true)}},
		{Name: "made-then-200", Does: "The sale is made, and the answer is 200 in place of 201.", create: &creating{made: true, reply: created(200, "", true)}},
		{Name: "made-then-success-false", Does: "The sale is made, and the answer is 200 with success false.", create: &creating{made: true, reply: created(200, "", false)}},
	}
	for _, status := range []int{302, 303} {
		moods = append(moods, Mood{
			Name: fmt.Sprintf("made-then-%d", status), Does: fmt.Sprintf("The sale is made, and the answer is %d to a page, as a form's is.", status), create: &creating{made: true, reply: redirect(status)},
		})
	}
	for _, status := range []int{500, 502, 503, 504, 408, 425, 499} {
		for form, reply := range forms(status) {
			moods = append(moods,
				Mood{Name: fmt.Sprintf("made-then-%d-%s", status, form), Does: fmt.Sprintf("The sale is made, and the answer is %d %s.", status, formWords[form]), create: &creating{made: true, reply: reply}},
				Mood{Name: fmt.Sprintf("not-made-%d-%s", status, form), Does: fmt.Sprintf("Nothing is made, and the answer is %d %s.", status, formWords[form]), create: &creating{reply: reply}},
			)
		}
	}
	for _, status := range []int{301, 308} {
		moods = append(moods, Mood{
			Name: fmt.Sprintf("refused-%d", status), Does: fmt.Sprintf("Nothing is made, and the answer is %d to another address.", status), create: &creating{reply: redirect(status)},
		})
	}
	for _, status := range []int{400, 401, 403, 404, 405, 413, 422} {
		for form, reply := range forms(status) {
			moods = append(moods, Mood{
				Name: fmt.Sprintf("refused-%d-%s", status, form), Does: fmt.Sprintf("A right create is refused with %d %s.", status, formWords[form]), create: &creating{reply: reply},
			})
		}
	}
	return moods
}

var formWords = map[string]string{"html": "as a page", "json": "as JSON", "empty": "without a body"}

type reply = func(w http.ResponseWriter, r *http.Request, sale int64)

// forms are the shapes that an error comes in.
func forms(status int) map[string]reply {
	return map[string]reply{
		"html": html(status), "empty": raw(status, "", ""),
		"json": func(w http.ResponseWriter, _ *http.Request, _ int64) { failure(w, status, titleOf(status), nil) },
	}
}

func titleOf(status int) string {
	if title := http.StatusText(status); title != "" {
		return title
	}
	return "Error"
}

func html(status int) reply {
	return func(w http.ResponseWriter, _ *http.Request, _ int64) {
		page(w, status, strconv.Itoa(status)+" "+titleOf(status))
	}
}

func raw(status int, contentType, body string) reply {
	return func(w http.ResponseWriter, _ *http.Request, _ int64) {
		w.Header()["Content-Type"] = nil // else the server guesses one
		if contentType != "" {
			w.Header().Set("Content-Type", contentType)
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

func redirect(status int) reply {
	return func(w http.ResponseWriter, r *http.Request, _ int64) {
		w.Header().Set("Location", "http://"+r.Host+"/thanks")
		page(w, status, titleOf(status))
	}
}

func created(status int, before string, success bool) reply {
	return func(w http.ResponseWriter, r *http.Request, sale int64) {
		raw(status, "application/json", fmt.Sprintf(`%s{"success":%t,"data":{"sale_id":%d},"message":"OK"}`, before, success, sale))(w, r, sale)
	}
}

func retryAfter(w http.ResponseWriter, _ *http.Request, _ int64) {
	w.Header().Set("Retry-After", "2")
	failure(w, http.StatusServiceUnavailable, "Service Unavailable", nil)
}

func reset(w http.ResponseWriter, _ *http.Request, _ int64) { drop(w) }

// silence takes the request and keeps the connection, until the caller goes away.
func silence(_ http.ResponseWriter, r *http.Request, _ int64) { <-r.Context().Done() }

// cut promises an answer and breaks off in its middle.
func cut(w http.ResponseWriter, _ *http.Request, sale int64) {
	body := fmt.Sprintf(`{"success":true,"data":{"sale_id":%d`, sale)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)+30))
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write([]byte(body[:strings.Index(body, "sale_id")]))
	_ = http.NewResponseController(w).Flush()
	drop(w)
}

// drop ends the connection without an answer.
func drop(w http.ResponseWriter) {
	if connection, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = connection.Close()
		return
	}
	panic(http.ErrAbortHandler)
}
