package practice

import (
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Faults are what can be wrong with the account. All of them off is a healthy one.
type Faults struct {
	Slow       time.Duration `json:"slow"`        // every answer waits
	Silent     bool          `json:"silent"`      // the request is taken, and no answer comes
	Truncated  bool          `json:"truncated"`   // answers break off halfway
	WrongTypes bool          `json:"wrong_types"` // rows hold lists where texts belong
	// LoseEvery n: of every n creates one is made and its answer is lost; 0 is none.
	LoseEvery     int    `json:"lose_every"`
	DuplicateRows bool   `json:"duplicate_rows"` // a list names its rows twice
	MovingPages   bool   `json:"moving_pages"`   // pages overlap: a row is on this page and on the next
	EmptyLists    bool   `json:"empty_lists"`    // every list is empty
	Revoked       bool   `json:"revoked"`        // every token is refused
	HTMLErrors    bool   `json:"html_errors"`    // a proxy answers 502 with a page
	Throttle      string `json:"throttle"`       // "429", "retry-after" (2 seconds) or "1015": every answer
}

// before answers a request in place of the account, where a fault wants that.
func (f Faults) before(w http.ResponseWriter, r *http.Request) (answered bool) {
	if f.Slow > 0 {
		select {
		case <-time.After(f.Slow):
		case <-r.Context().Done():
			return true
		}
	}
	switch {
	case f.Silent:
		_, _ = io.Copy(io.Discard, r.Body) // else the caller's going away is not noticed
		<-r.Context().Done()
		return true
	case f.HTMLErrors:
		page(w, http.StatusBadGateway, "502 Bad Gateway")
		return true
	case f.Throttle == "1015":
		page(w, http.StatusTooManyRequests, "Error 1015: You are being rate limited")
		return true
	case f.Throttle != "":
		if f.Throttle == "retry-after" {
			w.Header().Set("Retry-After", strconv.Itoa(2))
		}
		failure(w, http.StatusTooManyRequests, "Too Many Attempts.", nil)
		return true
	}
	return false
}

// page answers as a proxy does: with HTML.
func page(w http.ResponseWriter, status int, title string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte("<!DOCTYPE html><html><head><title>" + title + "</title></head><body><h1>" + title + "</h1></body></html>"))
}

// drop ends the connection without an answer.
func drop(w http.ResponseWriter) {
	if hijacker, ok := w.(http.Hijacker); ok {
		if connection, _, err := hijacker.Hijack(); err == nil {
			_ = connection.Close()
			return
		}
	}
	panic(http.ErrAbortHandler)
}

// within says whether an address or user may make one more request in this minute, a sliding one; the lock is held.
func (p *Partner) within(who string) bool {
	now := p.cfg.Now()
	recent := slices.DeleteFunc(p.recent[who], func(at time.Time) bool { return now.Sub(at) >= time.Minute })
	allowed := len(recent) < p.cfg.PerMinute
	if allowed {
		recent = append(recent, now)
	} else {
		p.throttled++
	}
	p.recent[who] = recent
	return allowed
}
