package admin

import "koppel/server/admin/views"

func (v *visit) showWebhooks() error {
	list, err := v.svc.Webhooks.AllWebhooks(v.gin.Request.Context(), v.actor)
	if err != nil {
		return err
	}
	jobs, err := v.svc.WebhookJobs(v.gin.Request.Context(), v.actor)
	if err != nil {
		return err
	}
	return v.show(views.Webhooks(list, jobs))
}

func (v *visit) resumeWebhook() error {
	err := v.svc.Webhooks.ResumeWebhook(v.gin.Request.Context(), v.actor, true, v.gin.Param("uuid"))
	return v.did(err, v.to("/webhooks"), "De webhook gaat verder met wat wachtte.")
}

func (v *visit) deleteWebhook() error {
	err := v.svc.Webhooks.Unsubscribe(v.gin.Request.Context(), v.actor, true, v.gin.Param("uuid"))
	return v.did(err, v.to("/webhooks"), "De webhook is verwijderd.")
}
