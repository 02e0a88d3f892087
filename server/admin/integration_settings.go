package admin

import (
	"fmt"
	"net/url"
	"strconv"

	"koppel/linking"
	"koppel/server/admin/views"
	"koppel/server/service/sales"
)

func (v *visit) showIntegrationSettings() error {
	link, err := v.link()
	if err != nil {
		return err
	}
	s := link.Settings
	values := views.Values(
		"name", link.Name, "vanished_products", s.VanishedProducts, "sync_interval_minutes", strconv.Itoa(s.SyncIntervalMinutes),
		"enabled", views.Flag(s.Forwarding.Enabled), "automatic", views.Flag(s.Forwarding.Automatic),
		"delay_amount", strconv.Itoa(s.Forwarding.Delay.Amount), "delay_unit", s.Forwarding.Delay.Unit,
		"status_updates", views.Flag(s.StatusUpdates), "status_poll_minutes", strconv.Itoa(s.StatusPollMinutes), "send_optin", views.Flag(s.SendOptin),
		"requests_per_minute", strconv.Itoa(s.RequestsPerMinute),
	)
	putStatuses(values, s.Forwarding.Statuses)
	return v.integrationSettingsPage(link, views.Form{Values: values})
}

func putStatuses(values url.Values, set linking.StatusSet) {
	values.Set("status_mode", "specific")
	if set.All {
		values.Set("status_mode", "all")
	}
	values["statuses"] = set.IDs
}

func (v *visit) postedStatuses() linking.StatusSet {
	return linking.StatusSet{All: v.posted("status_mode") != "specific", IDs: v.gin.PostFormArray("statuses")}
}

func (v *visit) integrationSettingsPage(link views.Link, form views.Form) error {
	statuses, err := v.svc.Catalogue.Statuses(v.gin.Request.Context(), v.actor)
	if err != nil {
		return err
	}
	return v.page(form.Status(), views.IntegrationSettings(views.Settings{Link: link, Statuses: statuses}, form))
}

func (v *visit) postedNumber(name string) int {
	n, err := strconv.Atoi(v.posted(name))
	if err != nil {
		return -1 // no setting allows it: the service says what does
	}
	return n
}

// postedCount is a number that may be left out.
func (v *visit) postedCount(name string) int {
	if v.posted(name) == "" {
		return 0
	}
	return v.postedNumber(name)
}

func (v *visit) saveIntegrationSettings() error {
	link, err := v.link()
	if err != nil {
		return err
	}
	name := v.posted("name")
	patch, err := settingsPatch(map[string]any{
		"vanished_products": v.posted("vanished_products"), "sync_interval_minutes": v.postedNumber("sync_interval_minutes"),
		"forwarding": linking.Forwarding{
			Enabled: v.posted("enabled") != "", Automatic: v.posted("automatic") != "", Statuses: v.postedStatuses(),
			Delay: linking.Delay{Amount: v.postedNumber("delay_amount"), Unit: v.posted("delay_unit")},
		},
		"status_updates": v.posted("status_updates") != "", "status_poll_minutes": v.postedNumber("status_poll_minutes"), "send_optin": v.posted("send_optin") != "",
		"requests_per_minute": v.postedNumber("requests_per_minute"),
	})
	if err != nil {
		return err
	}
	patch.Name = &name
	if _, err := v.svc.Integrations.UpdateIntegration(v.gin.Request.Context(), v.actor, link.ID, patch); err != nil {
		form := v.form()
		if !v.refused(&form, err) {
			return err
		}
		form.Rename("forwarding.delay.amount", "delay_amount", "forwarding.delay.unit", "delay_unit", "forwarding.statuses", "statuses")
		return v.integrationSettingsPage(link, form)
	}
	return v.settingsSaved(link.ID, v.site.T("Opgeslagen."))
}

// settingsSaved goes back to the settings, and offers what satisfies them now and was not sent.
func (v *visit) settingsSaved(id int64, text string) error {
	count, more, err := v.svc.Sales.NotSentYet(v.gin.Request.Context(), v.actor, id)
	if err != nil {
		return err
	}
	flash := views.Flash{Kind: "good", Text: text}
	if count > 0 {
		flash.Text += " " + v.site.N(int64(count), "%s transactie voldoet nu en is nog niet verzonden.", "%s transacties voldoen nu en zijn nog niet verzonden.")
		flash.Link, flash.Next = v.to("/integrations/%d/existing?count=1", id), v.site.T("Bekijk en verzend")
	}
	if more {
		flash.Text += " " + v.site.T("Er zijn er misschien meer.")
		flash.Link, flash.Next = v.to("/integrations/%d/existing", id), v.site.T("Tel ze, en verzend")
	}
	v.flash(flash)
	v.redirect(v.to("/integrations/%d/settings", id))
	return nil
}

// rulePlace finds which rule a page is about; -1 is a new one.
func (v *visit) rulePlace(link views.Link) (int, error) {
	if v.gin.Param("rule") == "new" {
		return -1, nil
	}
	i, err := strconv.Atoi(v.gin.Param("rule"))
	if err != nil || i < 0 || i >= len(link.Settings.Rules) {
		return 0, notFound()
	}
	return i, nil
}

func (v *visit) showForwardingRule() error {
	link, err := v.link()
	if err != nil {
		return err
	}
	place, err := v.rulePlace(link)
	if err != nil {
		return err
	}
	rule := linking.ForwardingRule{Enabled: true, Automatic: true, Statuses: linking.StatusSet{All: true}}
	if place >= 0 {
		rule = link.Settings.Rules[place]
	}
	values := views.Values("name", rule.Name, "enabled", views.Flag(rule.Enabled), "automatic", views.Flag(rule.Automatic))
	putStatuses(values, rule.Statuses)
	return v.forwardingRulePage(link, views.Form{Values: values}, rule.Conditions, nil)
}

func (v *visit) forwardingRulePage(link views.Link, form views.Form, conditions *linking.Rule, trial *sales.RuleTrial) error {
	statuses, err := v.svc.Catalogue.Statuses(v.gin.Request.Context(), v.actor)
	if err != nil {
		return err
	}
	vocabulary, err := v.vocabulary()
	if err != nil {
		return err
	}
	page := views.RulePage{Link: link, Index: v.gin.Param("rule"), Statuses: statuses, Conditions: conditions, Vocabulary: vocabulary, Trial: trial}
	return v.page(form.Status(), views.ForwardingRule(page, form))
}

func (v *visit) saveForwardingRule() error {
	link, err := v.link()
	if err != nil {
		return err
	}
	place, err := v.rulePlace(link)
	if err != nil {
		return err
	}
	conditions, building := v.postedRule()
	form := v.form()
	if building {
		return v.forwardingRulePage(link, form, conditions, nil)
	}
	rule := linking.ForwardingRule{
		Name: v.posted("name"), Enabled: v.posted("enabled") != "", Automatic: v.posted("automatic") != "", Statuses: v.postedStatuses(), Conditions: conditions,
	}
	if v.posted("do") == "try" {
		trial, err := v.svc.Sales.TryRule(v.gin.Request.Context(), v.actor, link.ID, rule)
		if err != nil && !v.refused(&form, err) {
			return err
		}
		return v.forwardingRulePage(link, form, conditions, &trial)
	}
	rules := append([]linking.ForwardingRule{}, link.Settings.Rules...)
	if place < 0 {
		place = len(rules)
		rules = append(rules, rule)
	} else {
		rules[place] = rule
	}
	if err := v.saveRules(link.ID, rules); err != nil {
		if !v.refused(&form, err) {
			return err
		}
		form.Rename(fmt.Sprintf("rules.%d.name", place), "name", fmt.Sprintf("rules.%d.conditions", place), "conditions", fmt.Sprintf("rules.%d.statuses", place), "statuses")
		return v.forwardingRulePage(link, form, conditions, nil)
	}
	return v.settingsSaved(link.ID, v.site.T("De regel is opgeslagen."))
}

func (v *visit) saveRules(id int64, rules []linking.ForwardingRule) error {
	patch, err := settingsPatch(map[string]any{"rules": rules})
	if err != nil {
		return err
	}
	_, err = v.svc.Integrations.UpdateIntegration(v.gin.Request.Context(), v.actor, id, patch)
	return err
}

func (v *visit) deleteForwardingRule() error {
	link, err := v.link()
	if err != nil {
		return err
	}
	place, err := v.rulePlace(link)
	if err != nil {
		return err
	}
	if place < 0 {
		return notFound()
	}
	rules := append([]linking.ForwardingRule{}, link.Settings.Rules[:place]...)
	if err = v.saveRules(link.ID, append(rules, link.Settings.Rules[place+1:]...)); err != nil {
		return v.did(err, v.to("/integrations/%d/settings", link.ID), "")
	}
	return v.settingsSaved(link.ID, v.site.T("De regel is verwijderd."))
}
