package activities_test

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"koppel/activities"
	"koppel/db"
	"koppel/salesdock"
	"koppel/states"
)

// activityTypes gives every activity's function type, by its name.
func activityTypes() map[string]reflect.Type {
	types := map[string]reflect.Type{}
	for _, holder := range []any{(*activities.Partner)(nil), (*activities.Records)(nil), (*activities.Mail)(nil)} {
		of := reflect.TypeOf(holder)
		for m := range of.Methods() {
			types[m.Name] = m.Type
		}
	}
	return types
}

// Every activity says what job it is a part of, or that its outcome is kept elsewhere: a new one is asked.
func TestEveryActivityHasItsJob(t *testing.T) {
	t.Parallel()
	types, kinds := activityTypes(), map[states.JobKind]bool{}
	for name := range types {
		kind, _, known := activities.JobOf(name)
		require.True(t, known, "%s is missing in jobs", name)
		require.True(t, kind == "" || slices.Contains(states.JobKinds, kind), name)
		kinds[kind] = true
	}
	for _, name := range activities.Activities() {
		require.Contains(t, types, name)
	}
	for _, kind := range states.JobKinds {
		require.True(t, kinds[kind], "no activity is a %s", kind)
	}
}

// recorded runs stand-ins for activities under the interceptor that all of them run under.
type recorded struct {
	*world
	logged *observer.ObservedLogs
	env    *testsuite.TestActivityEnvironment
	do     func(ctx context.Context) error
}

func newRecorded(t *testing.T, w *world) *recorded {
	t.Helper()
	core, logged := observer.New(zap.WarnLevel)
	suite := &testsuite.WorkflowTestSuite{}
	suite.SetLogger(sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	r := &recorded{world: w, logged: logged, env: suite.NewTestActivityEnvironment()}
	sanitiser := &activities.Sanitiser{Store: w.svc.Store, Log: zap.New(core), Now: w.acts.Now}
	r.env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{sanitiser}})
	for name, of := range activityTypes() {
		fn := reflect.FuncOf([]reflect.Type{of.In(1), of.In(2)}, []reflect.Type{reflect.TypeFor[error]()}, false)
		stand := reflect.MakeFunc(fn, func(args []reflect.Value) []reflect.Value {
			err := reflect.New(reflect.TypeFor[error]()).Elem()
			if cause := r.do(args[0].Interface().(context.Context)); cause != nil {
				err.Set(reflect.ValueOf(cause))
			}
			return []reflect.Value{err}
		})
		r.env.RegisterActivityWithOptions(stand.Interface(), activity.RegisterOptions{Name: name})
	}
	return r
}

// run runs an activity about subject 7, and gives its job's record.
func (r *recorded) run(name string) db.BackgroundJob {
	r.t.Helper()
	in := reflect.New(activityTypes()[name].In(2)).Elem()
	in.FieldByName("EnvironmentID").SetInt(r.actor.EnvironmentID)
	about := int64(0)
	for _, id := range []string{"IntegrationID", "LinkID", "WebhookID"} {
		if field := in.FieldByName(id); field.IsValid() {
			about = 7
			field.SetInt(about)
		}
	}
	_, _ = r.env.ExecuteActivity(name, in.Interface())
	kind, _, _ := activities.JobOf(name)
	return r.job(kind, about)
}

func (r *recorded) job(kind states.JobKind, about int64) (found db.BackgroundJob) {
	r.t.Helper()
	r.tx(func(tx *db.Tx) error {
		rows, err := tx.BackgroundJobs(r.t.Context(), r.actor.EnvironmentID)
		for _, row := range rows {
			if row.Kind == kind && row.SubjectID == about {
				found = row
			}
		}
		return err
	})
	return found
}

// Whatever goes wrong in whichever activity, its job's record says so: what the partner did, what we did, a panic, and
// what the activity wrote down itself. A success ends it.
func TestEveryFailureOfEveryJobIsRecorded(t *testing.T) {
	t.Parallel()
	w := setup(t, true)
	failures := map[string]struct {
		do     func(context.Context) error
		reason states.Reason
	}{
		"the partner": {func(context.Context) error { return &salesdock.Error{Status: 503} }, states.ReasonUnreachable},
		"a row":       {func(context.Context) error { return salesdock.ErrUnreadable }, states.ReasonUnreadable},
		"ours":        {func(context.Context) error { return errors.New("Jansen") }, states.ReasonInternal},
		"a panic":     {func(context.Context) error { panic("Jansen") }, states.ReasonInternal},
		"noted":       {func(ctx context.Context) error { activities.JobFailed(ctx, "partner_down"); return nil }, states.ReasonDown},
		"a reason": {func(context.Context) error {
			return temporal.NewNonRetryableApplicationError("partner_rejected", "partner_rejected", nil)
		}, states.ReasonRejected},
	}
	for _, name := range activities.Activities() {
		kind, step, _ := activities.JobOf(name)
		if kind == "" {
			continue
		}
		r := newRecorded(t, w)
		well := func(context.Context) error { return nil }
		for what, f := range failures {
			r.do = f.do
			first := r.run(name)
			require.NotNil(t, first.FailingSince, "%s: %s", name, what)
			require.Equal(t, f.reason, first.LastError, "%s: %s", name, what)
			require.Equal(t, f.reason == states.ReasonInternal, first.LastErrorRef != "", "%s: %s", name, what)
			if first.LastErrorRef != "" {
				require.NotEmpty(t, r.logged.FilterField(zap.String("ref", first.LastErrorRef)).All(), "the log has it")
			}
			again := r.run(name)
			require.EqualValues(t, first.Failures+1, again.Failures)
			require.Equal(t, first.FailingSince, again.FailingSince)
			r.do = well
			ended := r.run(name)
			require.Nil(t, ended.FailingSince, "%s: %s", name, what)
			require.Zero(t, ended.Failures)
			require.Nil(t, ended.NextTryAt)
			require.Equal(t, f.reason, ended.LastError, "what went wrong last stays")
			if !step {
				require.NotNil(t, ended.LastSuccessAt)
			}
		}
	}
}

// A sale that something of ours keeps from being sent says so itself, with the number of the log line, until it goes on.
func TestASaleSaysWhatOfOursHindersIt(t *testing.T) {
	t.Parallel()
	for what, do := range map[string]func(context.Context) error{
		"an error": func(context.Context) error { return errors.New("Jansen") },
		"a panic":  func(context.Context) error { panic("Jansen") },
	} {
		w := setup(t, true)
		r := newRecorded(t, w)
		in := activities.SendSaleInput{EnvironmentID: w.actor.EnvironmentID, ForwardingID: w.sell().ID}
		r.do = do
		_, err := r.env.ExecuteActivity("SendSale", in)
		require.Error(t, err, what)
		w.in = in
		f := w.forwarding()
		require.Equal(t, states.ForwardingWaiting, f.State, what)
		require.Equal(t, states.ReasonInternal, f.Cause, what)
		require.Len(t, f.Problems, 1, what)
		require.NotEmpty(t, r.logged.FilterField(zap.String("ref", f.Problems[0].Detail)).All(), "the log has it")
		_, err = w.send()
		require.NoError(t, err, what)
		require.Equal(t, states.ForwardingForwarded, w.forwarding().State, what)
		require.Empty(t, w.forwarding().Problems, what)
	}
	w := setup(t, true)
	r, f := newRecorded(t, w), w.sell()
	r.do = func(context.Context) error { return &salesdock.Error{Status: 503} }
	_, err := r.env.ExecuteActivity("SendSale", activities.SendSaleInput{EnvironmentID: w.actor.EnvironmentID, ForwardingID: f.ID})
	require.Error(t, err)
	w.in.ForwardingID = f.ID
	require.Empty(t, w.forwarding().Cause, "what the partner does is written with the attempt")
}

// A success that changes nothing is written once a minute at most.
func TestAnIdleSuccessIsNotWritten(t *testing.T) {
	t.Parallel()
	w := setup(t, true)
	r := newRecorded(t, w)
	r.do = func(context.Context) error { return nil }
	first := r.run("PollStatuses")
	require.NotNil(t, first.LastSuccessAt)
	w.ahead += 50 * time.Second
	require.Equal(t, first.LastSuccessAt, r.run("PollStatuses").LastSuccessAt)
	w.ahead += 20 * time.Second
	require.True(t, r.run("PollStatuses").LastSuccessAt.After(*first.LastSuccessAt))
}
