package admin

import (
	"koppel/linking"
	"koppel/server/admin/views"
)

func (v *visit) showHealth() error {
	link, err := v.link()
	if err != nil {
		return err
	}
	health, err := v.svc.Integrations.IntegrationHealth(v.gin.Request.Context(), v.actor, link.ID)
	if err != nil {
		return err
	}
	return v.show(views.Health(link, health))
}

func (v *visit) seenDrift() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	err = v.svc.Integrations.SeenDrift(v.gin.Request.Context(), v.actor, id, linking.Part(v.posted("part")))
	return v.did(err, v.to("/integrations/%d/health", id), "Gezien. Wat nog niet gekoppeld is, blijft staan.")
}
