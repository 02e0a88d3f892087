package integrations_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/db"
	"koppel/db/dbtest"
	"koppel/ledger"
	"koppel/linking"
	"koppel/server/service"
	"koppel/server/service/integrations"
	"koppel/server/servicetest"
	"koppel/states"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// An account is linked to once, however its address is written.
func TestAnAccountIsLinkedToOnce(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	link := s.Link()
	_, _, err := s.Integrations.CreateIntegration(t.Context(), s.Owner, service.Connection{AccountName: " B ", BaseURL: link.BaseURL + "/", Token: "t"})
	s.Refused("integration_exists", err)
}

// A hundred clicks are one run, and a paused link takes none.
func TestSynchroniseerNuIsOneRun(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	link, ctx := s.Link(), t.Context()
	first, err := s.Integrations.SyncNow(ctx, s.Owner, link.ID)
	require.NoError(t, err)
	again, err := s.Integrations.SyncNow(ctx, s.Owner, link.ID)
	require.NoError(t, err)
	require.Equal(t, first.ID, again.ID)
	require.NoError(t, s.Integrations.PauseIntegration(ctx, s.Owner, link.ID))
	_, err = s.Integrations.SyncNow(ctx, s.Owner, link.ID)
	s.Refused("integration_paused", err)
}

// Settings that mean nothing are refused at their field, and what was there stays.
func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	link := s.Link()
	_, err := s.Integrations.UpdateIntegration(t.Context(), s.Owner, link.ID, integrations.IntegrationPatch{Settings: json.RawMessage(`{"sync_interval_minutes": 1}`)})
	var refusal *service.Error
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, states.ProblemBetween, refusal.Problems[0].Code)
	require.Equal(t, "sync_interval_minutes", refusal.Problems[0].Field)
	row, err := s.Integrations.Integration(t.Context(), s.Owner, link.ID)
	require.NoError(t, err)
	require.Equal(t, link.Settings, row.Settings)
}

// Switching the forwarding off withdraws what waits.
func TestSwitchingOffWithdrawsWhatWaits(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	link, ctx := s.Link(), t.Context()
	sale := s.Sell(s.Owner, link.Product)
	require.Equal(t, states.ForwardingWaiting, s.Forwarding(link, sale).State)
	_, err := s.Integrations.UpdateIntegration(ctx, s.Owner, link.ID, integrations.IntegrationPatch{Settings: json.RawMessage(`{"forwarding": {"enabled": false}}`)})
	require.NoError(t, err)
	require.Equal(t, states.ForwardingWithdrawn, s.Forwarding(link, sale).State)
}

// A link that is removed ends what waits with a reason, keeps what the partner has, and can be made anew.
func TestARemovedLinkEndsWhatWaits(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	link, ctx := s.Link(), t.Context()
	sent, waiting := s.Sell(s.Owner, link.Product), s.Sell(s.Owner, link.Product)
	s.Sent(link, sent, "900")
	require.NoError(t, s.Integrations.RemoveIntegration(ctx, s.Owner, link.ID))
	require.Equal(t, states.ForwardingForwarded, s.Forwarding(link, sent).State)
	ended := s.Forwarding(link, waiting)
	require.Equal(t, states.ForwardingAbandoned, ended.State)
	require.Equal(t, states.ReasonRemoved, ended.Cause)
	_, err := s.Integrations.Integration(ctx, s.Owner, link.ID)
	s.Refused(service.NotFound().Key, err)
	_, _, err = s.Integrations.CreateIntegration(ctx, s.Owner, service.Connection{AccountName: "b", BaseURL: link.BaseURL, Token: "t"})
	require.NoError(t, err)
}

// A mapping is between what is ours and what is theirs.
func TestAMappingIsBetweenOursAndTheirs(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	link, ctx := s.Link(), t.Context()
	require.Error(t, s.Integrations.SaveFlowMappings(ctx, s.Owner, link.ID, []integrations.FlowPair{{FlowID: s.Flow, PartnerFlowID: 6}}))
	require.Error(t, s.Integrations.SaveFlowMappings(ctx, s.Owner, link.ID, []integrations.FlowPair{{FlowID: 999, PartnerFlowID: 5}}))
	require.NoError(t, s.Integrations.SaveFlowMappings(ctx, s.Owner, link.ID, []integrations.FlowPair{{FlowID: s.Flow, PartnerFlowID: 5}}))
	other := s.Environment("other")
	_, _, err := s.Integrations.FlowMappings(ctx, other, link.ID)
	s.Refused(service.NotFound().Key, err)
}

// That an admin sets a limit is kept with its time, also when it is the same again; other settings say nothing of it.
func TestSettingALimitIsKept(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	link := s.Link()
	set := func(settings string) *time.Time {
		s.Ahead += time.Second
		row, err := s.Integrations.UpdateIntegration(t.Context(), s.Owner, link.ID, integrations.IntegrationPatch{Settings: json.RawMessage(settings)})
		require.NoError(t, err)
		return row.LimitSetAt
	}
	require.Nil(t, set(`{"status_poll_minutes": 5}`))
	require.Nil(t, set(`{"requests_per_minute": 0}`))
	first := set(`{"requests_per_minute": 120}`)
	require.NotNil(t, first)
	require.True(t, set(`{"requests_per_minute": 120}`).After(*first))
}

// Settings name statuses, questions and options that there are. What is gone since stays until somebody chooses another.
func TestSettingsNameWhatThereIs(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	link, ctx := s.Link(), t.Context()
	question, err := s.Catalogue.SaveQuestion(ctx, s.Owner, 0, linking.Question{Name: "Betaalwijze", Identifier: "betaal", InputType: "mc-single", Options: []string{"Incasso"}}, 1)
	require.NoError(t, err)
	save := func(settings string) error {
		_, err := s.Integrations.UpdateIntegration(ctx, s.Owner, link.ID, integrations.IntegrationPatch{Settings: json.RawMessage(settings)})
		return err
	}
	rule := func(name, value string) string {
		return `{"name": "` + name + `", "enabled": true, "automatic": true, "statuses": "all", "conditions":
			{"type": "condition", "identifier": "question.identifier", "name": "betaal", "operator": "=", "value": "` + value + `"}}`
	}
	s.RefusedField("forwarding.statuses", "status_unknown", save(`{"forwarding": {"statuses": ["bestaat-niet"]}}`))
	s.RefusedField("rules.0.conditions", "condition_option", save(`{"rules": [`+rule("een", "Acceptgiro")+`]}`))
	s.RefusedField("rules.1.name", "taken_by", save(`{"rules": [`+rule("een", "Incasso")+`, `+rule("een", "Incasso")+`]}`))
	require.NoError(t, save(`{"rules": [`+rule("een", "incasso")+`]}`))
	require.NoError(t, s.Catalogue.DeleteQuestion(ctx, s.Owner, question.ID))
	require.NoError(t, save(`{"status_poll_minutes": 7}`))
}

// What was withdrawn, or never went, is offered once settings take it: by the count of what would go now. What a partner has, or
// may have, is not among it, and what was offered goes once.
func TestWhatSatisfiesAgainIsOffered(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	link, ctx := s.Link(), t.Context()
	set := func(on string) {
		_, err := s.Integrations.UpdateIntegration(ctx, s.Owner, link.ID, integrations.IntegrationPatch{Settings: json.RawMessage(`{"forwarding": {"enabled": ` + on + `}}`)})
		require.NoError(t, err)
	}
	offered := func() int {
		count, more, err := s.Sales.NotSentYet(ctx, s.Owner, link.ID)
		require.NoError(t, err)
		require.False(t, more)
		return count
	}
	sent, unknown := s.Sell(s.Owner, link.Product), s.Sell(s.Owner, link.Product)
	s.Sent(link, sent, "900")
	s.Tx(func(tx *db.Tx) error {
		f, err := tx.ForwardingClaim(ctx, db.ForwardingClaimParams{EnvironmentID: s.Owner.EnvironmentID, ID: s.Forwarding(link, unknown).ID, RequestSealed: []byte("x"), Now: s.Now()})
		require.NoError(t, err)
		_, err = tx.ForwardingUnknown(ctx, db.ForwardingUnknownParams{EnvironmentID: f.EnvironmentID, ID: f.ID, State: states.ForwardingOutcomeUnknown, Cause: states.ReasonUnknown, Now: new(s.Now())})
		return err
	})
	waiting := []int64{s.Sell(s.Owner, link.Product), s.Sell(s.Owner, link.Product)}
	require.Zero(t, offered(), "they go by themselves")
	set("false")
	never := s.Sell(s.Owner, link.Product)
	require.Zero(t, offered(), "nothing goes")
	set("true")
	require.Equal(t, 3, offered())
	for _, sale := range append(waiting, never) {
		_, err := s.Sales.ForwardByHand(ctx, s.Owner, sale, nil)
		require.NoError(t, err)
	}
	require.Zero(t, offered())
	require.Equal(t, "900", *s.Forwarding(link, sent).PartnerSaleID)
	require.Equal(t, states.ForwardingOutcomeUnknown, s.Forwarding(link, unknown).State)
}

// The partner's questions become ours in one go, with type, options, validation and conditions, in the order that they need each
// other, and mapped. What asks after the partner's own numbers comes without its conditions, and the comparison says so.
func TestQuestionsOfThePartnerBecomeOurs(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	link, ctx := s.Link(), t.Context()
	about := func(identifier, name, value string) *linking.Rule {
		return &linking.Rule{Type: linking.RuleCondition, Identifier: identifier, Name: name, Operator: "=", Value: linking.RuleValues{value}}
	}
	theirs := []linking.Question{
		{ID: 1, Name: "Rekening", Identifier: "rekening nr", InputType: "text", Validator: "iban", Required: true, RuleVisible: true, Rule: about("question.identifier", "betaal", "Incasso")},
		{ID: 2, Name: "Betaalwijze", Identifier: "betaal", InputType: "mc-single", Options: []string{"Incasso", "Factuur"}, Required: true, Visible: true},
		{ID: 3, Name: "Kleur", Identifier: "kleur", InputType: "text", Visible: true, RuleRequired: true, Rule: about("product.id", "", "70")},
	}
	s.Tx(func(tx *db.Tx) error {
		_, err := ledger.SaveSetupPart(ctx, tx, s.Owner.EnvironmentID, link.ID, linking.PartQuestions, theirs, s.Now())
		return err
	})
	count, err := s.Integrations.CopyQuestions(ctx, s.Owner, link.ID, "betaal")
	require.NoError(t, err)
	require.Equal(t, 1, count)
	count, err = s.Integrations.CopyQuestions(ctx, s.Owner, link.ID, integrations.EveryQuestion)
	require.NoError(t, err)
	require.Equal(t, 2, count)
	list, err := s.Integrations.QuestionMappings(ctx, s.Owner, link.ID)
	require.NoError(t, err)
	for _, m := range list {
		require.NotZero(t, m.QuestionID, m.Partner.Name)
		ours, err := s.Catalogue.Question(ctx, s.Owner, m.QuestionID)
		require.NoError(t, err)
		require.Equal(t, m.Partner.Validator, ours.Definition.Validator)
		require.Equal(t, m.Partner.Options, ours.Definition.Options)
		if m.Partner.Identifier == "kleur" {
			require.Nil(t, ours.Definition.Rule)
			require.Equal(t, states.ProblemDifferentRule, m.Problems[0].Code)
		} else {
			require.Empty(t, m.Problems, m.Partner.Name)
			require.Equal(t, m.Partner.Rule, ours.Definition.Rule)
		}
	}
	_, err = s.Integrations.CopyQuestions(ctx, s.Owner, link.ID, integrations.EveryQuestion)
	s.Refused("nothing_chosen", err)
}
