package admin

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"koppel/server/admin/views"
	"koppel/server/httperr"
	"koppel/server/service"
	"koppel/server/service/access"
	"koppel/states"
)

// showFront leads to where a person works: set-up, signing in, or the environment they are signed in to.
func (v *visit) showFront() error {
	needed, err := v.svc.Access.NeedsSetUp(v.gin.Request.Context())
	if err != nil {
		return err
	}
	if needed {
		v.redirect("/set-up")
		return nil
	}
	for _, c := range v.gin.Request.Cookies() {
		account, isSession := strings.CutPrefix(c.Name, sessionCookie)
		if !isSession || c.Name == flashCookie || c.Name == languageCookie || c.Name == themeCookie {
			continue
		}
		if _, err := v.svc.Access.Session(v.gin.Request.Context(), account, c.Value); err == nil {
			v.redirect(views.Base(account))
			return nil
		}
	}
	v.redirect("/sign-in")
	return nil
}

func (v *visit) showSignIn() error {
	form := views.Form{Values: views.Values("account", v.q("account"), "return", v.q("return"))}
	return v.show(views.SignIn(form))
}

func (v *visit) signIn() error {
	account := strings.ToLower(v.posted("account"))
	session, actor, err := v.svc.Access.SignIn(v.gin.Request.Context(), account, v.posted("email"), v.gin.PostForm("password"), v.remote())
	if err != nil {
		form := v.form()
		form.Values.Del("password")
		if !v.refused(&form, err) {
			return err
		}
		var refusal *service.Error
		status := http.StatusUnprocessableEntity
		if errors.As(err, &refusal) && refusal.Kind != service.KindUnidentified {
			status = httperr.Status(refusal.Kind)
		}
		return v.page(status, views.SignIn(form))
	}
	v.enterEnvironment(actor, session)
	return nil
}

func (v *visit) enterEnvironment(actor service.Actor, session string) {
	v.actor = actor
	v.setCookie(sessionCookie+actor.Account, session, access.SessionLongest)
	to := views.Base(actor.Account)
	if !actor.Admin() {
		to += "/sales"
	}
	v.redirect(v.back(to))
}

func (v *visit) signOut() error {
	if err := v.svc.Access.SignOut(v.gin.Request.Context(), v.actor, v.session); err != nil {
		return err
	}
	v.setCookie(sessionCookie+v.actor.Account, "", 0)
	// What the browser still keeps of this person's pages goes too.
	v.gin.Header("Clear-Site-Data", `"cache"`)
	return v.done("/sign-in?account="+v.actor.Account, "Je bent uitgelogd.")
}

func (v *visit) showSetUp() error { return v.setUpPage(views.Form{Values: views.Values()}) }

func (v *visit) setUpPage(form views.Form) error {
	needed, err := v.svc.Access.NeedsSetUp(v.gin.Request.Context())
	if err != nil {
		return err
	}
	if !needed {
		return service.Refuse(service.KindNotFound, "set_up_done")
	}
	return v.page(form.Status(), views.SetUp(form))
}

func (v *visit) setUp() error {
	session, actor, err := v.svc.Access.FirstEnvironment(v.gin.Request.Context(), v.posted("code"), strings.ToLower(v.posted("account")), v.posted("name"),
		v.posted("email"), v.gin.PostForm("password"), v.remote())
	if err != nil {
		form := v.form()
		form.Values.Del("password")
		if !v.refused(&form, err) {
			return err
		}
		return v.setUpPage(form)
	}
	v.enterEnvironment(actor, session)
	return nil
}

// savePreferences keeps language and theme with the browser, and goes back to the page.
func (v *visit) savePreferences() error {
	const kept = 365 * 24 * time.Hour
	if language := v.posted("language"); slices.Contains(states.Languages, states.Language(language)) {
		v.setCookie(languageCookie, language, kept)
	}
	if theme := v.posted("theme"); theme == "dark" || theme == "light" {
		v.setCookie(themeCookie, theme, kept)
	}
	to := v.posted("return")
	if !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n") {
		to = "/"
	}
	v.redirect(to)
	return nil
}

func (v *visit) showMe() error { return v.mePage(views.Form{Values: views.Values()}) }

func (v *visit) mePage(form views.Form) error {
	user, err := v.svc.Access.User(v.gin.Request.Context(), v.actor, v.actor.UserID)
	if err != nil {
		return err
	}
	return v.page(form.Status(), views.Me(user, form))
}

func (v *visit) saveMe() error {
	form := views.Form{Values: views.Values()}
	session, err := v.svc.Access.ChangePassword(v.gin.Request.Context(), v.actor, v.gin.PostForm("your_password"), v.gin.PostForm("password"))
	if err != nil {
		if !v.refused(&form, err) {
			return err
		}
		return v.mePage(form)
	}
	v.setCookie(sessionCookie+v.actor.Account, session, access.SessionLongest)
	return v.done(v.to("/me"), "Je wachtwoord is gewijzigd. Op andere apparaten ben je uitgelogd.")
}
