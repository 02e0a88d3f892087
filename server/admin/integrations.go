package admin

import (
	"context"
	"encoding/json"
	"errors"

	"koppel/server/admin/views"
	"koppel/server/service"
	"koppel/server/service/integrations"
	"koppel/states"
)

func (v *visit) showIntegrations() error {
	list, err := v.svc.Overview.Links(v.gin.Request.Context(), v.actor)
	if err != nil {
		return err
	}
	return v.show(views.Integrations(list))
}

func (v *visit) showNewIntegration() error {
	return v.show(views.NewIntegration(views.Form{Values: views.Values("account_name", v.q("account_name"))}, nil, v.svc.PublicURL))
}

func (v *visit) saveNewIntegration() error {
	form := v.form()
	c := service.Connection{AccountName: v.posted("account_name"), BaseURL: v.posted("base_url"), Token: v.posted("token")}
	if v.posted("do") == "test" {
		result, err := v.svc.Integrations.TestConnection(v.gin.Request.Context(), v.actor, c)
		if err != nil && !v.refused(&form, err) {
			return err
		}
		var shown *views.TestResult
		if err == nil {
			shown = v.testResult(result)
		}
		return v.page(form.Status(), views.NewIntegration(form, shown, v.svc.PublicURL))
	}
	row, _, err := v.svc.Integrations.CreateIntegration(v.gin.Request.Context(), v.actor, c)
	if err != nil {
		if !v.refused(&form, err) {
			return err
		}
		return v.page(form.Status(), views.NewIntegration(form, nil, v.svc.PublicURL))
	}
	return v.done(v.to("/integrations/%d", row.ID), "Gekoppeld met %s. De producten worden nu opgehaald; kies daarna welke je importeert.", row.Name)
}

func (v *visit) testResult(t integrations.ConnectionTest) *views.TestResult {
	result := &views.TestResult{OK: t.OK, Message: v.say(t.Sentence())}
	for _, warning := range t.Warnings {
		result.Warnings = append(result.Warnings, v.say(warning))
	}
	if t.OK && t.Capabilities.Name != "" {
		result.Partner = v.site.T("Dit is %s.", t.Capabilities.Name)
	}
	return result
}

// link reads what heads every page of one integration.
func (v *visit) link() (views.Link, error) {
	id, err := v.id("id")
	if err != nil {
		return views.Link{}, err
	}
	row, head, err := v.svc.Integrations.LinkHead(v.gin.Request.Context(), v.actor, id)
	return views.Link{Integration: row, Attention: head.Attention, Products: head.Imported}, err
}

func (v *visit) linkNow(link views.Link) (views.LinkNow, error) {
	ctx := v.gin.Request.Context()
	now := views.LinkNow{Link: link, Waiting: map[states.ForwardingState]int64{}}
	state, err := v.svc.Integrations.IntegrationState(ctx, v.actor, link.ID)
	if err != nil {
		return now, err
	}
	now.Integration, now.Running, now.Queued = state.Integration, state.Running, state.Queued
	now.Budget, now.Operations, now.Jobs, now.SetAside = state.Budget, state.Operations, state.Jobs, state.SetAside
	health, err := v.svc.Integrations.IntegrationHealth(ctx, v.actor, link.ID)
	if err != nil {
		return now, err
	}
	now.Holding, now.Unfollowed = health.Holding(), health.Unfollowed()
	for _, f := range state.Forwardings {
		now.Waiting[f.State] += f.Sales
	}
	if now.Fingerprint, err = v.svc.Integrations.Fingerprint(ctx, v.actor); err != nil {
		return now, err
	}
	if now.Last, err = v.svc.Integrations.SyncRunLast(ctx, v.actor, link.ID); err != nil {
		return now, err
	}
	if now.Last != nil && now.Last.State == states.RunNeedsConfirmation {
		now.Vanishing, err = v.svc.Integrations.Vanishing(ctx, v.actor, link.ID)
	}
	return now, err
}

func (v *visit) showIntegration() error {
	link, err := v.link()
	if err != nil {
		return err
	}
	return v.integrationPage(link, nil, nil)
}

func (v *visit) integrationPage(link views.Link, form *views.Form, result *views.TestResult) error {
	now, err := v.linkNow(link)
	if err != nil {
		return err
	}
	if form == nil {
		form = &views.Form{Values: views.Values("account_name", link.AccountName, "base_url", link.BaseURL)}
	}
	return v.page(form.Status(), views.Integration(now, *form, result))
}

// liveIntegration draws the live part of a link's page.
func (v *visit) liveIntegration() error {
	link, err := v.link()
	if err != nil {
		return err
	}
	now, err := v.linkNow(link)
	if err != nil {
		return err
	}
	return v.live(views.IntegrationLive(now))
}

func (v *visit) syncNow() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	_, err = v.svc.Integrations.SyncNow(v.gin.Request.Context(), v.actor, id)
	return v.did(err, v.to("/integrations/%d", id), "We kijken nu bij de partner.")
}

func (v *visit) pauseIntegration() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	err = v.svc.Integrations.PauseIntegration(v.gin.Request.Context(), v.actor, id)
	return v.did(err, v.to("/integrations/%d", id), "De integratie staat op pauze.")
}

func (v *visit) resumeIntegration() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	err = v.svc.Integrations.ResumeIntegration(v.gin.Request.Context(), v.actor, id)
	return v.did(err, v.to("/integrations/%d", id), "De integratie loopt weer. Wat wachtte, gaat nu mee.")
}

func (v *visit) testIntegration() error {
	link, err := v.link()
	if err != nil {
		return err
	}
	result, err := v.svc.Integrations.TestIntegration(v.gin.Request.Context(), v.actor, link.ID)
	if err != nil {
		return err
	}
	return v.integrationPage(link, nil, v.testResult(result))
}

func (v *visit) saveConnection() error {
	link, err := v.link()
	if err != nil {
		return err
	}
	account, base, token := v.posted("account_name"), v.posted("base_url"), v.posted("token")
	_, err = v.svc.Integrations.UpdateIntegration(v.gin.Request.Context(), v.actor, link.ID, integrations.IntegrationPatch{AccountName: &account, BaseURL: &base, Token: &token})
	if err != nil {
		form := v.form()
		if !v.refused(&form, err) {
			return err
		}
		return v.integrationPage(link, &form, nil)
	}
	return v.done(v.to("/integrations/%d", link.ID), "De nieuwe verbinding werkt en is opgeslagen.")
}

func (v *visit) deleteIntegration() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	err = v.svc.Integrations.RemoveIntegration(v.gin.Request.Context(), v.actor, id)
	return v.did(err, v.to("/integrations"), "De integratie is verwijderd.")
}

func (v *visit) showHistory() error {
	link, err := v.link()
	if err != nil {
		return err
	}
	page := max(1, int(v.qID("page")))
	runs, total, err := v.svc.Integrations.SyncRuns(v.gin.Request.Context(), v.actor, link.ID, page, service.PageSize)
	if err != nil {
		return err
	}
	audit, err := v.svc.AuditLogOf(v.gin.Request.Context(), v.actor, "integration", v.gin.Param("id"))
	if err != nil {
		return err
	}
	return v.show(views.History(link, runs, page, total, audit))
}

func (v *visit) showRun() error {
	link, err := v.link()
	if err != nil {
		return err
	}
	runID, err := v.id("run")
	if err != nil {
		return err
	}
	after := v.qID("after")
	run, changes, err := v.svc.Integrations.SyncRunPage(v.gin.Request.Context(), v.actor, link.ID, runID, after)
	if err != nil {
		return err
	}
	aside, err := v.svc.Integrations.RunSetAside(v.gin.Request.Context(), v.actor, link.ID, runID)
	if err != nil {
		return err
	}
	shown := views.RunView{Link: link, Run: run, Page: changes, First: after == 0, SetAside: aside}
	if run.State == states.RunNeedsConfirmation {
		if shown.Vanishing, err = v.svc.Integrations.Vanishing(v.gin.Request.Context(), v.actor, link.ID); err != nil {
			return err
		}
	}
	return v.show(views.Run(shown))
}

func (v *visit) confirmRun() error {
	return v.resolveRun((*integrations.Integrations).ConfirmRun, "Het wordt doorgevoerd.")
}

func (v *visit) dismissRun() error {
	return v.resolveRun((*integrations.Integrations).DismissRun, "De producten blijven zoals ze waren.")
}

func (v *visit) undoRun() error {
	return v.resolveRun((*integrations.Integrations).UndoRun, "De synchronisatie is teruggedraaid.")
}

// resolveRun answers a run that waits, or takes one back.
func (v *visit) resolveRun(resolve func(*integrations.Integrations, context.Context, service.Actor, int64, int64) error, text string) error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	run, err := v.id("run")
	if err != nil {
		return err
	}
	return v.did(resolve(v.svc.Integrations, v.gin.Request.Context(), v.actor, id, run), v.to("/integrations/%d", id), text)
}

// settingsPatch is settings as the API has them: the service lays them over what is there.
func settingsPatch(settings any) (integrations.IntegrationPatch, error) {
	data, err := json.Marshal(settings)
	return integrations.IntegrationPatch{Settings: data}, err
}

func notFound() error { return service.NotFound() }

func isNotFound(err error) bool {
	refusal, is := errors.AsType[*service.Error](err)
	return is && refusal.Kind == service.KindNotFound
}
