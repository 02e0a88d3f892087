package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"koppel/activities"
)

// SendMailName is the workflow's registered name.
const SendMailName = "SendMail"

// SendMailID names the workflow of one mail.
func SendMailID(environmentID, mailID int64) string {
	return fmt.Sprintf("mail/%d/%d", environmentID, mailID)
}

// SendMailInput names a mail.
type SendMailInput struct {
	EnvironmentID int64
	MailID        int64
}

// SendMail tries to send a mail until it is settled. What happened to it is in its row.
func SendMail(ctx workflow.Context, in SendMailInput) error {
	for {
		step, err := sendMail(ctx, activities.MailInput{EnvironmentID: in.EnvironmentID, MailID: in.MailID})
		if err != nil || step.Ended {
			return err
		}
		if err := workflow.Sleep(ctx, step.Wait); err != nil {
			return err
		}
	}
}
