// Package views draws the pages. A view gets what it shows in a struct of its own; what every page knows (who
// is signed in, in which language) is in the context.
package views

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"koppel/server/admin/locale"
	"koppel/server/service"
)

// Site is what every page knows.
type Site struct {
	locale.Printer
	Actor      *service.Actor // nil: nobody is signed in
	Path       string         // of this page, with its query
	Request    string         // its number, which finds it in the log
	Theme      string         // light, dark, or nothing: as the system has it
	Waiting    int64          // what waits for a person
	Flash      *Flash
	Asset      func(name string) string
	TemporalUI string // for operators; may be empty
	Namespace  string // of Temporal
	// StandsStillSince is since when Temporal does not answer; zero while it does.
	StandsStillSince time.Time
}

// Flash is what came of the last action, shown once.
type Flash struct {
	Kind string `json:"k"` // good or bad
	Text string `json:"t"`
	// Undo is where a form posts to take it back; may be empty.
	Undo string `json:"u,omitempty"`
	// Link is a page where something is to be done about it, and Next what; may be empty.
	Link string `json:"l,omitempty"`
	Next string `json:"n,omitempty"`
}

type siteKey struct{}

// With puts the site in a context.
func With(ctx context.Context, s *Site) context.Context { return context.WithValue(ctx, siteKey{}, s) }

func site(ctx context.Context) *Site {
	s, _ := ctx.Value(siteKey{}).(*Site)
	return s
}

// t gives a text in the reader's language; Dutch is its key.
func t(ctx context.Context, text string, args ...any) string { return site(ctx).T(text, args...) }

// n gives the text for one or for more.
func n(ctx context.Context, count int64, one, many string, args ...any) string {
	return site(ctx).N(count, one, many, args...)
}

// tr marks a text that is translated where it is shown.
func tr(text string) string { return text }

// to gives an address in the environment that the person is in.
func to(ctx context.Context, format string, args ...any) string {
	return Base(site(ctx).Actor.Account) + fmt.Sprintf(format, args...)
}

// Base is where an environment's pages begin.
func Base(account string) string { return "/o/" + account }

// with gives the page's own address with some of its query changed: pairs of name and value, an empty value
// takes it out.
func with(ctx context.Context, pairs ...string) string {
	path, query, _ := strings.Cut(site(ctx).Path, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		values = url.Values{}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			values.Del(pairs[i])
		} else {
			values.Set(pairs[i], pairs[i+1])
		}
	}
	if len(values) == 0 {
		return path
	}
	return path + "?" + values.Encode()
}

func query(ctx context.Context, name string) string {
	_, query, _ := strings.Cut(site(ctx).Path, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return ""
	}
	return values.Get(name)
}

func path(ctx context.Context) string {
	path, _, _ := strings.Cut(site(ctx).Path, "?")
	return path
}

// Form is a form as it stands: what was typed, and what is wrong with it.
type Form struct {
	Values  url.Values
	Errors  map[string][]string
	Message string // what is wrong as a whole; empty when nothing is
}

// Rename gives what is wrong with a field the name that the page has for it: from, to, from, to, …
func (f Form) Rename(pairs ...string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		if texts, wrong := f.Errors[pairs[i]]; wrong {
			delete(f.Errors, pairs[i])
			f.Errors[pairs[i+1]] = texts
		}
	}
}

// Get gives what a field holds.
func (f Form) Get(name string) string { return f.Values.Get(name) }

// Has says whether a field holds a value, among others.
func (f Form) Has(name, value string) bool {
	for _, v := range f.Values[name] {
		if v == value {
			return true
		}
	}
	return false
}

// Status is the answer's HTTP status.
func (f Form) Status() int {
	if f.Message != "" {
		return 422
	}
	return 200
}

// Values makes a form's contents from pairs of name and value.
func Values(pairs ...string) url.Values {
	values := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Add(pairs[i], pairs[i+1])
	}
	return values
}

// Option is one choice of a field.
type Option struct{ Value, Label string }

// Flag writes a switch as a form does.
func Flag(on bool) string {
	if on {
		return "1"
	}
	return ""
}

// id makes an element's id of a field's name.
func id(name string) string {
	return "f-" + strings.NewReplacer(".", "-", "[", "-", "]", "", " ", "-").Replace(name)
}

// List is a piece of a list that is searched and read page by page.
type List[T any] struct {
	Rows []T
	ListInfo
}

// ListInfo says where in a list a page stands.
type ListInfo struct {
	Next            string // the key after which the next page begins; empty on the last one
	First, Filtered bool
}

// Empty says that there is nothing at all, not only nothing that was searched for.
func (l List[T]) Empty() bool { return len(l.Rows) == 0 && l.First && !l.Filtered }
