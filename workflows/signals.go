package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"koppel/states"
)

// waitOrSignal waits until a signal says to look again, or for as long as it is told.
func waitOrSignal(ctx workflow.Context, lookAgain workflow.ReceiveChannel, wait time.Duration) {
	timerCtx, cancel := workflow.WithCancel(ctx)
	defer cancel()
	selector := workflow.NewSelector(ctx)
	selector.AddReceive(lookAgain, func(c workflow.ReceiveChannel, _ bool) { c.Receive(ctx, nil) })
	selector.AddFuture(workflow.NewTimer(timerCtx, wait), func(workflow.Future) {})
	selector.Select(ctx)
}

// listen gives the channel of a signal.
func listen(ctx workflow.Context, signal states.Signal) workflow.ReceiveChannel {
	return workflow.GetSignalChannel(ctx, string(signal))
}

// drain forgets signals: what they announced is read from the row next.
func drain(signals workflow.ReceiveChannel) (drained bool) {
	for signals.ReceiveAsync(nil) {
		drained = true
	}
	return drained
}

// IntegrationSignals lists every signal that an integration listens to.
var IntegrationSignals = []states.Signal{states.SignalSyncNow, states.SignalSettingsChanged, states.SignalPartnerChanged, states.SignalSyncFinished, states.SignalRemove, states.SignalLookAgain}
