package admin_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/server/admin"
)

var placeholder = regexp.MustCompile(`/(\w+)/:(id|run|rule|token)`)

// address fills a route in from what fill made.
func (w *world) address(r admin.Route, account string) string {
	path := placeholder.ReplaceAllStringFunc(r.Path, func(part string) string {
		kind, name, _ := strings.Cut(part[1:], "/:")
		id := fmt.Sprint(w.ids[kind])
		switch {
		case kind == "rules":
			id = "0"
		case kind == "statuses":
			id = "bezig"
		case name == "token":
			id = "1"
		case w.ids[kind] == 0:
			id = "new"
		}
		return "/" + kind + "/" + id
	})
	return "/o/" + account + path
}

func pages() (list []admin.Route) {
	for _, r := range admin.Routes() {
		if r.Method == http.MethodGet && r.Right != admin.Anyone && !strings.HasSuffix(r.Path, "/live") && !strings.Contains(r.Path, "/files/") && !strings.Contains(r.Path, "/documents/") && r.Path != "/search" {
			list = append(list, r)
		}
	}
	return list
}

func TestEveryPageInBothLanguages(t *testing.T) {
	w := setup(t)
	w.fill()
	for language, sign := range map[string]string{"nl": "Uitloggen", "en": "Sign out"} {
		p := w.person().signIn("zonwijs", "owner@zonwijs.example")
		p.post("/preferences", "language", language, "return", "/o/zonwijs")
		for _, r := range pages() {
			address := w.address(r, "zonwijs")
			a := p.get(address)
			if strings.HasPrefix(r.Path, "/incoming/:id") {
				require.Equal(t, http.StatusNotFound, a.status, "another environment's")
				continue
			}
			require.Equal(t, http.StatusOK, a.status, "%s: %s", address, a.body)
			require.Contains(t, a.body, sign, address)
			require.NotContains(t, a.body, "%!", address)
			require.NotContains(t, a.body, "<b>1</b>", address)
			require.Regexp(t, `<html lang="`+language+`"`, a.body)
			require.NotContains(t, a.header.Get("Content-Security-Policy"), "unsafe")
			require.NotRegexp(t, `(?i)<[^>]+ (style|on\w+)=`, a.body, "%s: nothing inline", address)
			require.Less(t, len(a.body), 100_000, "%s is heavier than 100 kB", address)
		}
		b := w.person().signIn("voltera", "owner@voltera.example")
		b.post("/preferences", "language", language, "return", "/o/voltera")
		require.Equal(t, http.StatusOK, b.get(fmt.Sprintf("/o/voltera/incoming/%d", w.ids["incoming"])).status)
	}
	w.missing.Range(func(text, _ any) bool { t.Errorf("missing in English: %q", text); return true })
}

// TestRights asks for every page and action as everybody who may not.
func TestRights(t *testing.T) {
	w := setup(t)
	w.fill()
	nobody, agent, stranger := w.person(), w.person().signIn("zonwijs", "agent@partner.example"), w.person().signIn("voltera", "owner@voltera.example")
	for _, r := range admin.Routes() {
		if r.Right == admin.Anyone {
			continue
		}
		address := w.address(r, "zonwijs")
		if r.Path == "/sign-out" {
			continue
		}
		for name, p := range map[string]*person{"nobody": nobody, "a stranger": stranger} {
			a := p.do(r.Method, address, url.Values{})
			require.Equal(t, http.StatusSeeOther, a.status, "%s: %s %s", name, r.Method, address)
			require.Contains(t, a.location, "/sign-in?account=zonwijs", "%s: %s %s", name, r.Method, address)
		}
		a := agent.do(r.Method, address, url.Values{})
		if r.Right == admin.Admins {
			require.Equal(t, http.StatusForbidden, a.status, "agent: %s %s", r.Method, address)
			require.NotContains(t, a.body, "O&#39;Hara")
		}
	}
	require.Equal(t, http.StatusNotFound, agent.get(fmt.Sprintf("/o/zonwijs/sales/%d", w.ids["sales"])).status, "an agent sees their own sales only")
	require.NotContains(t, agent.get("/o/zonwijs/sales?q=hara").body, "Hara")
	owner := w.person().signIn("zonwijs", "owner@zonwijs.example")
	require.Contains(t, owner.get("/o/zonwijs/sales?q=HARA+celik").body, "Niets gevonden", "a Ç is no c")
	require.Contains(t, owner.get("/o/zonwijs/sales?q=hara+x").body, "Hara")
	missing, foreign := owner.get("/o/zonwijs/incoming/999999"), owner.get(fmt.Sprintf("/o/zonwijs/incoming/%d", w.ids["incoming"]))
	require.Equal(t, missing.status, foreign.status)
	require.Equal(t, strings.ReplaceAll(missing.body, "incoming/999999", "incoming/N"), strings.ReplaceAll(foreign.body, fmt.Sprintf("incoming/%d", w.ids["incoming"]), "incoming/N"), "a foreign id and a missing one cannot be told apart")
}
