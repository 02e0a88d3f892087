package views

import (
	"context"

	"koppel/linking"
	"koppel/server/service"
	"koppel/states"
)

// jobPage is where a job's subject is shown.
func jobPage(ctx context.Context, j service.BackgroundJob) string {
	switch j.Subject {
	case states.SubjectIntegration:
		return to(ctx, "/integrations/%d", j.SubjectID)
	case states.SubjectLink:
		return to(ctx, "/incoming/%d", j.SubjectID)
	case states.SubjectWebhook:
		return to(ctx, "/webhooks")
	}
	return to(ctx, "/sales")
}

// anyWrong says whether one of the jobs fails, and whether one does not run.
func anyWrong(jobs []service.BackgroundJob) (failing, missed bool) {
	for _, j := range jobs {
		failing, missed = failing || j.Runs && j.Failing(), missed || j.Runs && j.Missed != nil
	}
	return failing, missed
}

// jobWhy says why a job fails.
func jobWhy(ctx context.Context, j service.BackgroundJob) string {
	if reason, ok := jobReasons[j.LastError]; ok {
		return t(ctx, reason.why)
	}
	return problem(ctx, linking.Problem{Code: j.LastError})
}
