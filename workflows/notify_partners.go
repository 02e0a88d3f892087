package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"koppel/activities"
)

// NotifyPartnersName is the workflow's registered name.
const NotifyPartnersName = "NotifyPartners"

// NotifyPartnersID names the workflow that tells one linked environment what changed.
func NotifyPartnersID(environmentID, linkID int64) string {
	return fmt.Sprintf("notify/%d/%d", environmentID, linkID)
}

// NotifyPartnersInput names an incoming link.
type NotifyPartnersInput struct {
	EnvironmentID int64
	LinkID        int64
	LimitGroup    string
}

// NotifyPartners tells a linked environment that something changed, for as long as there is something to
// tell. However much changes meanwhile, one announcement covers it.
func NotifyPartners(ctx workflow.Context, in NotifyPartnersInput) error {
	return deliver(ctx, NotifyPartners, in, func() (delivered, error) {
		result, err := announce(ctx, in.LimitGroup, activities.AnnounceInput{EnvironmentID: in.EnvironmentID, LinkID: in.LinkID})
		return delivered{ended: !result.More}, err
	})
}
