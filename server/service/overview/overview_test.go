package overview_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/db"
	"koppel/db/dbtest"
	"koppel/ledger"
	"koppel/linking"
	"koppel/server/service/integrations"
	"koppel/server/servicetest"
	"koppel/states"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// What waits for a person is counted as it is listed: sales by their cause, runs that the brake stopped, links in trouble.
func TestWhatWaitsIsCountedAsListed(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	link, ctx := s.Link(), t.Context()
	waiting := func() int64 {
		o, err := s.Overview.Read(ctx, s.Owner)
		require.NoError(t, err)
		count, err := s.Overview.WaitingCount(ctx, s.Owner)
		require.NoError(t, err)
		require.Equal(t, o.Waiting(), count)
		return count
	}
	require.Zero(t, waiting())
	held := func(state states.ForwardingState, cause states.Reason, problems ...linking.Problem) db.Forwarding {
		f := s.Forwarding(link, s.Sell(s.Owner, link.Product))
		s.Tx(func(tx *db.Tx) error {
			_, err := tx.ForwardingRelease(ctx, db.ForwardingReleaseParams{
				EnvironmentID: f.EnvironmentID, ID: f.ID, State: state, Cause: cause, Problems: append([]linking.Problem{}, problems...), Now: s.Now(),
			})
			return err
		})
		return f
	}
	var first db.Forwarding
	for range 2 {
		first = held(states.ForwardingActionRequired, states.ProblemFlowUnmapped, linking.Problem{Code: states.ProblemFlowUnmapped, Field: "flow", Subject: "Energie"})
	}
	held(states.ForwardingWaiting, states.ReasonThrottled)
	require.EqualValues(t, 2, waiting(), "what waits by itself waits for nobody")
	o, err := s.Overview.Read(ctx, s.Owner)
	require.NoError(t, err)
	require.Len(t, o.Groups, 1)
	require.EqualValues(t, 2, o.Groups[0].Sales)
	since := o.Groups[0].Since
	s.Ahead += time.Hour
	s.Tx(func(tx *db.Tx) error { // looked at again, and held for the same
		_, err := tx.ForwardingRelease(ctx, db.ForwardingReleaseParams{
			EnvironmentID: s.Owner.EnvironmentID, ID: first.ID, State: states.ForwardingActionRequired, Cause: states.ProblemFlowUnmapped,
			Problems: []linking.Problem{{Code: states.ProblemFlowUnmapped, Field: "flow", Subject: "Energie"}}, Now: s.Now(),
		})
		return err
	})
	o, err = s.Overview.Read(ctx, s.Owner)
	require.NoError(t, err)
	require.Equal(t, since, o.Groups[0].Since, "it waits since it was held first")
	s.Tx(func(tx *db.Tx) error {
		run, err := tx.SyncRunInsert(ctx, db.SyncRunInsertParams{EnvironmentID: s.Owner.EnvironmentID, IntegrationID: link.ID, Trigger: states.RunBySchedule, Now: s.Now()})
		require.NoError(t, err)
		_, err = tx.SyncRunFinish(ctx, db.SyncRunFinishParams{EnvironmentID: s.Owner.EnvironmentID, ID: run.ID, State: states.RunNeedsConfirmation, Now: new(s.Now())})
		return err
	})
	require.EqualValues(t, 3, waiting())
	require.NoError(t, s.Integrations.PauseIntegration(ctx, s.Owner, link.ID))
	require.EqualValues(t, 3, waiting(), "a person paused it")
	other := s.Environment("other")
	count, err := s.Overview.WaitingCount(ctx, other)
	require.NoError(t, err)
	require.Zero(t, count)
}

// What does not fit between the partner's question and ours is told with the link's health, as on the page of its questions.
func TestHealthTellsWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	link, ctx := s.Link(), t.Context()
	theirs := linking.Question{
		ID: 1, Name: "Meter", Identifier: "meter", InputType: "mc-single", Options: []string{"Slim"}, Required: true, Visible: true, RuleRequired: true, Validator: "numeric",
		Rule: &linking.Rule{Type: linking.RuleCondition, Identifier: "profile.type", Operator: "=", Value: linking.RuleValues{"business"}},
	}
	s.Tx(func(tx *db.Tx) error {
		_, err := ledger.SaveSetupPart(ctx, tx, s.Owner.EnvironmentID, link.ID, linking.PartQuestions, []linking.Question{theirs}, s.Now())
		return err
	})
	ours, err := s.Catalogue.SaveQuestion(ctx, s.Owner, 0, linking.Question{Name: "Onze meter", Identifier: "meter", InputType: "mc-single", Options: []string{"Slim", "Oud"}, Visible: true}, 1)
	require.NoError(t, err)
	require.NoError(t, s.Integrations.SaveQuestionMappings(ctx, s.Owner, link.ID, []integrations.QuestionPair{{PartnerIdentifier: "meter", QuestionID: ours.ID}}))
	health, err := s.Integrations.IntegrationHealth(ctx, s.Owner, link.ID)
	require.NoError(t, err)
	serious := map[states.Reason]bool{}
	for _, i := range health.Items {
		serious[i.Problem.Code] = i.Serious()
	}
	require.Equal(t, map[states.Reason]bool{states.ProblemNoMatchingOption: true, states.ProblemDifferentCheck: false, states.ProblemDifferentRule: false}, serious)
	o, err := s.Overview.Read(ctx, s.Owner)
	require.NoError(t, err)
	require.EqualValues(t, 1, o.Holding())
}
