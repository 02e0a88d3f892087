package admin

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"
	"go.uber.org/zap"

	"koppel/db"
	"koppel/internal/logging"
	"koppel/server/admin/locale"
	"koppel/server/admin/views"
	"koppel/server/httperr"
	"koppel/server/service"
	"koppel/server/service/services"
	"koppel/states"
	"koppel/words"
)

// visit is one request of a person.
type visit struct {
	*Admin
	svc     *services.Services // while a page is drawn: one look (see serve)
	gin     *gin.Context
	actor   service.Actor // empty where nobody is signed in
	session string
	site    *views.Site
	answer  *answer // what is sent when all has been read
}

// Cookies. Their names begin with __Host-: the browser sends them to this host only, and keeps them only from it.
const (
	sessionCookie  = "__Host-koppel-" // and the account: one may be signed in to several
	flashCookie    = "__Host-koppel-flash"
	languageCookie = "__Host-koppel-language"
	themeCookie    = "__Host-koppel-theme"
)

const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// maxForm is the largest form that is read, in bytes.
const maxForm = 16 << 20

func (a *Admin) visit(g *gin.Context) *visit {
	v := &visit{Admin: a, svc: a.svc, gin: g}
	header := g.Writer.Header()
	header.Set("Content-Security-Policy", contentSecurityPolicy)
	header.Set("Referrer-Policy", "same-origin")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	language := states.Language(v.cookie(languageCookie))
	if !slices.Contains(states.Languages, language) {
		language = ""
	}
	theme := v.cookie(themeCookie)
	if theme != "dark" && theme != "light" {
		theme = ""
	}
	v.site = &views.Site{
		Printer: locale.Printer{Language: language, Now: a.svc.Now(), Missing: a.Missing},
		Path:    g.Request.URL.RequestURI(), Request: httperr.RequestOf(g.Request.Context()), Theme: theme, Asset: func(name string) string { return a.addresses[name] },
		TemporalUI: a.temporalUI, Namespace: a.namespace, StandsStillSince: a.standsStill(),
	}
	if v.site.Language == "" {
		v.site.Language = states.Dutch
	}
	return v
}

// enter finds who asks, and whether they may.
func (v *visit) enter(r Route) error {
	if err := v.crossSite.Check(v.gin.Request); err != nil {
		return service.Refuse(service.KindForbidden, "cross_site")
	}
	if v.gin.Request.Method == http.MethodPost {
		v.gin.Request.Body = http.MaxBytesReader(v.gin.Writer, v.gin.Request.Body, maxForm)
		if err := v.gin.Request.ParseMultipartForm(maxForm); err != nil && !errors.Is(err, http.ErrNotMultipart) {
			why := service.Sentence{Key: "form_unreadable"}
			if _, large := errors.AsType[*http.MaxBytesError](err); large {
				why = service.Sentence{Key: "too_large", Args: []any{maxForm >> 10}}
			}
			return service.Refuse(service.KindInvalid, "unreadable_body", why)
		}
	}
	for _, values := range []url.Values{v.gin.Request.URL.Query(), v.gin.Request.PostForm} {
		if err := service.CheckText(map[string][]string(values)); err != nil {
			return err
		}
	}
	if r.Right == Anyone {
		v.takeFlash()
		return nil
	}
	account := v.gin.Param("account")
	v.session = v.cookie(sessionCookie + account)
	actor, err := v.svc.Access.Session(v.gin.Request.Context(), account, v.session)
	if err != nil {
		return err
	}
	v.actor, v.site.Actor = actor, &v.actor
	for _, p := range v.gin.Params {
		if !db.Storable(p.Value) {
			return notFound()
		}
	}
	if v.cookie(languageCookie) == "" {
		v.site.Language = actor.Language
	}
	v.actor.Language = v.site.Language
	if r.Right == Admins && !actor.Admin() {
		return service.Forbidden()
	}
	v.takeFlash()
	return nil
}

// fail answers with a page that says what is wrong. Who is not signed in goes to sign in, and comes back.
func (v *visit) fail(err error) {
	failure := httperr.From(v.gin.Request.Context(), v.site.Language, err)
	if failure.Internal {
		v.log.Error("page.failed", zap.String(logging.KeyRequest, v.site.Request), zap.String("route", v.gin.FullPath()), zap.Error(err))
	}
	failure.Wait(v.gin.Writer.Header())
	account := v.gin.Param("account")
	if failure.Status == http.StatusUnauthorized && account != "" {
		back := url.Values{"account": {account}}
		if v.gin.Request.Method == http.MethodGet {
			back.Set("return", v.gin.Request.URL.RequestURI())
		}
		v.redirect("/sign-in?" + back.Encode())
		return
	}
	title := map[int]string{http.StatusNotFound: v.site.T("Niet gevonden"), http.StatusForbidden: v.site.T("Geen toegang")}[failure.Status]
	if title == "" {
		title = v.site.T("Dit is niet gelukt")
	}
	if err := v.page(failure.Status, views.Message(title, failure.Message, v.site.Actor != nil)); err != nil {
		v.log.Error("page.failed", zap.String(logging.KeyRequest, v.site.Request), zap.String("route", v.gin.FullPath()), zap.Error(err))
		v.gin.String(http.StatusInternalServerError, failure.Message)
	}
}

// page draws a page to the end before anything is sent.
func (v *visit) page(status int, component templ.Component) error {
	var buffer bytes.Buffer
	if err := component.Render(views.With(v.gin.Request.Context(), v.site), &buffer); err != nil {
		return fmt.Errorf("draw %s: %w", v.gin.FullPath(), err)
	}
	return v.send(status, "text/html; charset=utf-8", buffer.Bytes())
}

// show draws a page that is as it should be.
func (v *visit) show(component templ.Component) error { return v.page(http.StatusOK, component) }

func (v *visit) redirect(to string) {
	v.gin.Redirect(http.StatusSeeOther, to)
}

// to gives an address in the environment.
func (v *visit) to(format string, args ...any) string {
	return views.Base(v.actor.Account) + fmt.Sprintf(format, args...)
}

func (v *visit) cookie(name string) string {
	c, err := v.gin.Request.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

func (v *visit) setCookie(name, value string, maxAge time.Duration) {
	c := &http.Cookie{Name: name, Value: value, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: int(maxAge.Seconds())}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(v.gin.Writer, c)
}

func (v *visit) flash(f views.Flash) {
	data, err := json.Marshal(f)
	if err != nil {
		return
	}
	v.setCookie(flashCookie, base64.RawURLEncoding.EncodeToString(data), time.Minute)
}

func (v *visit) takeFlash() {
	text := v.cookie(flashCookie)
	if text == "" || v.gin.Request.Method != http.MethodGet {
		return
	}
	data, err := base64.RawURLEncoding.DecodeString(text)
	var f views.Flash
	if err == nil && json.Unmarshal(data, &f) == nil && (f.Kind == "good" || f.Kind == "bad") && ours(f.Undo) && ours(f.Link) {
		v.site.Flash = &f
	}
	v.setCookie(flashCookie, "", 0)
}

// ours says whether an address that came back in a cookie is a page of an environment; none is well.
func ours(address string) bool { return address == "" || strings.HasPrefix(address, "/o/") }

// done goes to a page and says there what was done.
func (v *visit) done(to, text string, args ...any) error {
	v.flash(views.Flash{Kind: "good", Text: v.site.T(text, args...)})
	v.redirect(to)
	return nil
}

// did ends an action that has no form of its own: it goes to a page and says there what came of it.
func (v *visit) did(err error, to, text string, args ...any) error {
	if err == nil {
		return v.done(to, text, args...)
	}
	var refusal *service.Error
	if !errors.As(err, &refusal) || refusal.Kind == service.KindNotFound {
		return err
	}
	failure := httperr.From(v.gin.Request.Context(), v.site.Language, err)
	said := failure.Message
	for _, name := range sortedNames(failure.Fields) {
		said += " " + strings.Join(failure.Fields[name], " ")
	}
	v.flash(views.Flash{Kind: "bad", Text: said})
	v.redirect(to)
	return nil
}

// form gives what was typed.
func (v *visit) form() views.Form { return views.Form{Values: v.gin.Request.PostForm} }

// refused puts a refusal into the form it is about; any other error is not the form's.
func (v *visit) refused(f *views.Form, err error) bool {
	var refusal *service.Error
	if !errors.As(err, &refusal) || refusal.Kind == service.KindNotFound || refusal.Kind == service.KindForbidden && len(refusal.Fields) == 0 {
		return false
	}
	failure := httperr.From(v.gin.Request.Context(), v.site.Language, err)
	f.Message, f.Errors = failure.Message, failure.Fields
	for field, texts := range f.Errors {
		for i, text := range texts {
			if label := views.FieldName(views.With(v.gin.Request.Context(), v.site), field); text == v.say("field_required") && label != "" {
				texts[i] = v.say("field_required_named", label)
			}
		}
	}
	return true
}

func (v *visit) say(key string, args ...any) string { return words.Say(v.site.Language, key, args...) }

func (v *visit) id(name string) (int64, error) {
	n, err := strconv.ParseInt(v.gin.Param(name), 10, 64)
	if err != nil || n <= 0 {
		return 0, service.NotFound()
	}
	return n, nil
}

func (v *visit) q(name string) string { return strings.TrimSpace(v.gin.Query(name)) }

func (v *visit) qID(name string) int64 {
	n, err := strconv.ParseInt(v.gin.Query(name), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

func (v *visit) qFlag(name string) *bool {
	switch v.gin.Query(name) {
	case "1":
		return new(true)
	case "0":
		return new(false)
	}
	return nil
}

func (v *visit) posted(name string) string { return strings.TrimSpace(v.gin.PostForm(name)) }

// postedIDs gives every number that a field holds.
func (v *visit) postedIDs(name string) []int64 {
	ids := []int64{}
	for _, text := range v.gin.PostFormArray(name) {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			ids = append(ids, n)
		}
	}
	return ids
}

func (v *visit) postedID(name string) *int64 {
	n, err := strconv.ParseInt(v.posted(name), 10, 64)
	if err != nil {
		return nil
	}
	return &n
}

// postedSort is a place in an order; none is the first. What is no number, or too large for one, the service refuses.
func (v *visit) postedSort() int {
	text := v.posted("sort")
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return math.MaxInt
	}
	return n
}

func (v *visit) remote() netip.Addr {
	address, err := netip.ParseAddr(v.gin.ClientIP())
	if err != nil {
		return netip.Addr{}
	}
	return address
}

// back gives the page that an action came from, when it is one of the environment's.
func (v *visit) back(otherwise string) string {
	to := v.posted("return")
	page, err := url.Parse(to)
	if err != nil || page.Host != "" || page.Scheme != "" || page.User != nil || page.Path != path.Clean(page.Path) || strings.ContainsAny(page.Path, "\\\t\r\n") ||
		!strings.HasPrefix(page.Path, views.Base(v.actor.Account)+"/") {
		return otherwise
	}
	return to
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// lines splits a field of several lines; empty ones do not count.
func lines(text string) []string {
	list := []string{}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, line)
		}
	}
	return list
}

// key gives the id in the address: "new" is 0.
func (v *visit) key() (int64, error) {
	if v.gin.Param("id") == "new" {
		return 0, nil
	}
	return v.id("id")
}
