package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"

	"koppel/activities"
	"koppel/workflows"
)

// A mail is tried again after as long as it is told, until it is settled.
func TestSendMailUntilItIsSettled(t *testing.T) {
	t.Parallel()
	env := setup(t)
	in := activities.MailInput{EnvironmentID: 1, MailID: 5}
	for _, step := range []activities.MailResult{{Wait: 30 * time.Second}, {Wait: 2 * time.Minute}, {Ended: true}} {
		env.OnActivity("SendMail", mock.Anything, in).Return(step, nil).Once()
	}
	began := env.Now()
	env.ExecuteWorkflow(workflows.SendMailName, workflows.SendMailInput{EnvironmentID: 1, MailID: 5})
	require.True(t, env.IsWorkflowCompleted())
	require.NoError(t, env.GetWorkflowError())
	require.GreaterOrEqual(t, env.Now().Sub(began), 150*time.Second)
}
