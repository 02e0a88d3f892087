package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"

	"koppel/activities"
	"koppel/states"
)

// Each request that sales hold up asks for its kind's turn, waits until then at its own priority, and then goes first.
func TestWhatIsHeldUpGoesFirstAtItsTurn(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]states.RequestKind{
		"CheckProducts": states.RequestCatalogue, "PollStatuses": states.RequestStatus, "SweepStatuses": states.RequestStatus, "LookForSales": states.RequestStatus, "TellPartner": states.RequestAnnounce,
	} {
		for _, wait := range []time.Duration{0, 7 * time.Second} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				env := setup(t)
				now, later := env.Now(), env.Now().Add(24*time.Hour)
				plan := activities.IntegrationPlan{State: states.IntegrationActive, LimitGroup: "g", Linked: name != "TellPartner"}
				due := plan
				switch name {
				case "CheckProducts":
					due.CheckAt = now
				case "PollStatuses":
					due.PollAt = now
				case "SweepStatuses":
					due.SweepAt = now
				case "LookForSales":
					due.LookAt = now
				}
				plan.Linked, plan.CheckAt = true, later
				env.plan("PlanIntegration", due)
				tries := map[bool]int{true: 1, false: 2}[wait == 0]
				heldUp := temporal.NewTimeoutError(enums.TIMEOUT_TYPE_SCHEDULE_TO_START, nil)
				env.OnActivity(name, mock.Anything, mock.Anything).Return(activities.IntegrationPlan{}, heldUp).Times(tries)
				env.plan(name, plan)
				env.OnActivity("FloorTurn", mock.Anything, activities.FloorInput{LimitGroup: "g", Kind: kind}).Return(activities.FloorResult{Wait: wait}, nil).Once()
				env.remove(time.Hour)
				env.integrate(t)
			})
		}
	}
}
