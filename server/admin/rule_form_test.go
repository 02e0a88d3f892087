package admin_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/linking"
)

// TestTheRuleBuilder makes a rule as a person does without JavaScript: button by button.
func TestTheRuleBuilder(t *testing.T) {
	w := setup(t)
	w.fill()
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	address := fmt.Sprintf("/o/zonwijs/integrations/%d/rules/new", w.ids["integrations"])
	base := []string{"name", "Alleen zakelijk", "enabled", "1", "status_mode", "specific", "statuses", "new", "rule.type", "condition_group", "rule.criterion", "ALL"}
	a := p.post(address, append(base, "do", "condition:rule")...)
	require.Equal(t, http.StatusOK, a.status)
	require.Contains(t, a.body, `name="rule.0.subject"`)
	require.Contains(t, a.body, "Alleen zakelijk", "what was typed is kept")
	first := append(base, "rule.0.type", "condition", "rule.0.subject", "profile.type", "rule.0.operator", "=", "rule.0.value", "business")
	a = p.post(address, append(first, "do", "group:rule")...)
	require.Contains(t, a.body, `name="rule.1.criterion"`)
	require.Contains(t, a.body, "Soort klant is zakelijk")
	other := append(append([]string{}, base...), "rule.0.type", "condition", "rule.0.subject", "profile.type", "rule.0.operator", "=", "rule.0.value", "consumer", "do", "look:rule")
	require.Contains(t, p.post(address, other...).body, "Soort klant is consument", "what it comes to follows the form")
	whole := append(first, "rule.1.type", "condition_group", "rule.1.criterion", "ANY",
		"rule.1.0.type", "condition", "rule.1.0.subject", "question:betaalwijze", "rule.1.0.operator", "in", "rule.1.0.value", "Incasso; Factuur")
	a = p.post(address, append(whole, "do", "remove:rule.0")...)
	require.NotContains(t, a.body, "Soort klant is zakelijk")
	require.Contains(t, a.body, "het antwoord op “betaalwijze” is één van Incasso of Factuur")
	a = p.post(address, append(whole, "do", "try")...)
	require.Contains(t, a.body, "Van de laatste 1 transacties met een product van deze partner voldoen er 0.", "the sale is a consumer's")
	consumer := append(append([]string{}, base...), "rule.0.type", "condition", "rule.0.subject", "profile.type", "rule.0.operator", "=", "rule.0.value", "consumer", "do", "try")
	require.Contains(t, p.post(address, consumer...).body, "voldoen er 1.")
	unknown := append(append([]string{}, base...), "rule.0.type", "condition", "rule.0.subject", "maanstand", "rule.0.operator", "=", "rule.0.value", "vol", "do", "try")
	require.Contains(t, p.post(address, unknown...).body, "Bij 1 gaat een conditie over iets wat niet bekend is")
	require.Equal(t, http.StatusSeeOther, p.post(address, whole...).status)
	link, err := w.svc.Integrations.Integration(t.Context(), w.owner, w.ids["integrations"])
	require.NoError(t, err)
	rule := link.Settings.Rules[1]
	require.Equal(t, "Alleen zakelijk", rule.Name)
	require.Equal(t, []string{"new"}, rule.Statuses.IDs)
	require.Equal(t, linking.Rule{Type: linking.RuleCondition, Identifier: "question.identifier", Name: "betaalwijze", Operator: "in", Value: linking.RuleValues{"Incasso", "Factuur"}}, rule.Conditions.Rules[1].Rules[0])
	require.Equal(t, http.StatusSeeOther, p.post(strings.Replace(address, "new", "0", 1)+"/delete").status)
	link, err = w.svc.Integrations.Integration(t.Context(), w.owner, w.ids["integrations"])
	require.NoError(t, err)
	require.Len(t, link.Settings.Rules, 1)
	require.Equal(t, "Alleen zakelijk", link.Settings.Rules[0].Name)
}

// Whoever switches the forwarding on again is told what satisfies now and was not sent, with where to send it.
func TestSavingSettingsOffersWhatWasNotSent(t *testing.T) {
	w := setup(t)
	w.fill()
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	page := fmt.Sprintf("/o/zonwijs/integrations/%d/", w.ids["integrations"])
	settings := []string{"name", "Voltera", "vanished_products", "nothing", "sync_interval_minutes", "60", "status_poll_minutes", "15", "requests_per_minute", "0", "delay_amount", "0", "delay_unit", "minutes", "status_mode", "all"}
	require.Equal(t, http.StatusSeeOther, p.post(page+"rules/0/delete").status)
	p.get(page + "settings")
	require.Equal(t, http.StatusSeeOther, p.post(page+"settings", settings...).status)
	require.NotContains(t, p.get(page+"settings").body, "voldoet nu")
	require.Equal(t, http.StatusSeeOther, p.post(page+"settings", append(settings, "enabled", "1", "automatic", "1")...).status)
	said := p.get(page + "settings").body
	require.Contains(t, said, "Opgeslagen. 1 transactie voldoet nu en is nog niet verzonden.")
	require.Contains(t, said, page+"existing?count=1")
	require.Contains(t, p.get(page+"existing?count=1").body, "1 transactie voldoet en gaat mee.")
}
