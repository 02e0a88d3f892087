package admin

import (
	"time"

	"koppel/salesdock"
	"koppel/server/admin/views"
	"koppel/server/service/access"
)

func (v *visit) showTokens() error {
	return v.tokenPage("", views.Form{Values: views.Values("integration", "1")})
}

func (v *visit) tokenPage(fresh string, form views.Form) error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	ctx := v.gin.Request.Context()
	user, err := v.svc.Access.User(ctx, v.actor, id)
	if err != nil {
		return err
	}
	tokens, err := v.svc.Access.Tokens(ctx, v.actor, id)
	if err != nil {
		return err
	}
	return v.page(form.Status(), views.Tokens(user, tokens, fresh, form))
}

// createToken makes a token after the password was given again, and shows it this once.
func (v *visit) createToken() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	form := v.form()
	in := access.TokenInput{Name: v.posted("name"), Integration: v.posted("integration") != "", IPAllowlist: lines(v.posted("ip_allowlist"))}
	if text := v.posted("expires_at"); text != "" {
		day, err := time.ParseInLocation(time.DateOnly, text, salesdock.Amsterdam)
		if err != nil {
			form.Message, form.Errors = v.say("invalid"), map[string][]string{"expires_at": {v.say("field_invalid", text)}}
			return v.tokenPage("", form)
		}
		in.ExpiresAt = new(day.AddDate(0, 0, 1))
	}
	var text string
	if err = v.confirmed(true); err == nil {
		_, text, err = v.svc.Access.CreateToken(v.gin.Request.Context(), v.actor, id, in)
	}
	form.Values.Del("your_password")
	if err != nil {
		if !v.refused(&form, err) {
			return err
		}
		return v.tokenPage("", form)
	}
	return v.tokenPage(text, views.Form{Values: views.Values("integration", "1")})
}

func (v *visit) revokeToken() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	token, err := v.id("token")
	if err != nil {
		return err
	}
	if err = v.confirmed(id != v.actor.UserID); err == nil {
		err = v.svc.Access.RevokeToken(v.gin.Request.Context(), v.actor, id, token)
	}
	return v.did(err, v.to("/users/%d/tokens", id), "Het token is ingetrokken.")
}
