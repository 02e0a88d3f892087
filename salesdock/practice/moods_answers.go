package practice

import (
	"io"
	"net/http"
	"time"
)

// Moods that other code asks for by name.
const (
	tokenRefusedOnce   = "token-refused-once"
	slow               = "slow"
	truncated          = "truncated"
	emptyLists         = "empty-lists"
	rowsTwice          = "rows-twice"
	pagesOverlap       = "pages-overlap"
	editedBetweenPages = "edited-between-pages"
	totalsTooHigh      = "totals-too-high"
	totalsTooLow       = "totals-too-low"
	idsIgnored         = "ids-ignored"
	rowIsText          = "row-is-text"
)

// answerMoods take the place of any answer, to a create too; nothing is made then. Slow and truncated are beside
// what is answered.
func answerMoods() []Mood {
	return []Mood{
		{Name: slow, Does: "Every answer waits."},
		{Name: truncated, Does: "The answer breaks off halfway; what it answers to has been done."},
		{Name: "silent", Does: "The request is taken, nothing is done, and no answer comes.", answer: func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // else the caller's going away is not noticed
			<-r.Context().Done()
		}},
		{Name: "html-errors", Does: "A proxy answers 502 with a page, and nothing is done.", answer: func(w http.ResponseWriter, _ *http.Request) { page(w, http.StatusBadGateway, "502 Bad Gateway") }},
		{Name: "token-refused", Does: "The token is refused, as JSON.", answer: unauthenticated},
		{Name: "token-refused-html", Does: "The token is refused, with a page.", answer: func(w http.ResponseWriter, _ *http.Request) { page(w, http.StatusUnauthorized, "401 Unauthorized") }},
		{Name: tokenRefusedOnce, Does: "The token is refused for one request, and is fine afterwards.", answer: unauthenticated},
		{Name: "throttled", Does: "The answer is 429, and nothing is done.", answer: func(w http.ResponseWriter, _ *http.Request) { tooMany(w) }},
		{Name: "throttled-retry-after", Does: "The answer is 429 with Retry-After: 2, and nothing is done.", answer: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "2")
			tooMany(w)
		}},
		{Name: "throttled-1015", Does: "A proxy answers 429 with a page that says 1015, and nothing is done.", answer: func(w http.ResponseWriter, _ *http.Request) {
			page(w, http.StatusTooManyRequests, "Error 1015: You are being rate limited")
		}},
	}
}

func unauthenticated(w http.ResponseWriter, _ *http.Request) {
	failure(w, http.StatusUnauthorized, "Unauthenticated.", nil)
}

func tooMany(w http.ResponseWriter) {
	failure(w, http.StatusTooManyRequests, "Too Many Attempts.", nil)
}

// delay waits, where an answer is slow.
func (p *Partner) delay(r *http.Request, t turn) (gone bool) {
	if !t.has(slow) {
		return false
	}
	select {
	case <-time.After(p.cfg.Slow):
		return false
	case <-r.Context().Done():
		return true
	}
}

// once says whether a mood that is for one request only has had it.
func (p *Partner) once(t turn) (passed bool) {
	if t.answer == nil || t.answer.Name != tokenRefusedOnce {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	passed, p.refusedOnce = p.refusedOnce, true
	return passed
}

// page answers as a proxy does: with HTML.
func page(w http.ResponseWriter, status int, title string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte("<!DOCTYPE html><html><head><title>" + title + "</title></head><body><h1>" + title + "</h1></body></html>"))
}

// breaking breaks an answer off after half of what it promised.
type breaking struct{ http.ResponseWriter }

func (b *breaking) Write(data []byte) (int, error) {
	b.Header().Del("Content-Length")
	if _, err := b.ResponseWriter.Write(data[:len(data)/2]); err != nil {
		return 0, err
	}
	_ = http.NewResponseController(b.ResponseWriter).Flush()
	panic(http.ErrAbortHandler)
}

func (b *breaking) Unwrap() http.ResponseWriter { return b.ResponseWriter }
