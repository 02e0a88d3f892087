package activities

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"koppel/db"
	"koppel/salesdock"
)

func answered(status int) error { return &salesdock.Error{Status: status} }

// A test for every row of the table: for a read, and for a create that may have arrived.
func TestClassify(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err          error
		reason       string
		read, create Disposition
	}{
		{fmt.Errorf("dial: %w", salesdock.ErrNotSent), ReasonUnreachable, Retry, Retry},
		{salesdock.ErrAddressForbidden, ReasonForbidden, Person, Person},
		{salesdock.ErrNoAnswer, ReasonUnreachable, Retry, Unknown},
		{salesdock.ErrUnreadable, ReasonUnreadable, Retry, Unknown},
		{&salesdock.Error{Status: 429, Throttled: true}, ReasonThrottled, Retry, Retry},
		{&salesdock.Error{Status: 403, Throttled: true}, ReasonThrottled, Retry, Retry}, // a proxy's 1015
		{answered(425), ReasonThrottled, Retry, Retry},
		{answered(400), ReasonRejected, Person, Person},
		{answered(422), ReasonRejected, Person, Person},
		{answered(404), ReasonRejected, Person, Person},
		{answered(405), ReasonRejected, Person, Person},
		{answered(403), ReasonForbidden, Person, Person},
		{answered(401), ReasonTokenRefused, Pause, Pause},
		{answered(409), ReasonConflict, Adopt, Adopt},
		{answered(408), ReasonUnreachable, Retry, Unknown},
		{answered(500), ReasonUnreachable, Retry, Unknown},
		{answered(503), ReasonUnreachable, Retry, Unknown},
		{answered(504), ReasonUnreachable, Retry, Unknown},
		{db.ErrNotFound, ReasonNotFound, Person, Person},
		{errors.New("anything else"), ReasonInternal, Retry, Retry},
	} {
		read, create := classify(c.err, false), classify(c.err, true)
		require.Equal(t, c.reason, read.Reason, "%v", c.err)
		require.Equal(t, []Disposition{c.read, c.create}, []Disposition{read.Disposition, create.Disposition}, "%v", c.err)
	}
}

// What Temporal sees of an error is its reason, and when to come again.
func TestErrorsCarryAReasonAndNothingElse(t *testing.T) {
	t.Parallel()
	err := classify(&salesdock.Error{Status: 429, Throttled: true, Message: "klant Jansen", RetryAfter: 7 * time.Second}, true).asError()
	var ours *temporal.ApplicationError
	require.ErrorAs(t, err, &ours)
	require.Equal(t, ReasonThrottled, ours.Type())
	require.Equal(t, 7*time.Second, ours.NextRetryDelay())
	require.False(t, ours.NonRetryable())
	require.NotContains(t, err.Error(), "Jansen")
	require.NoError(t, errors.Unwrap(err))
}

func TestWindowsOverlapAndGoOn(t *testing.T) {
	t.Parallel()
	created, now := time.Unix(1_000_000, 0), time.Unix(2_000_000, 0)
	w := parseWindow("", created, now)
	require.Equal(t, created.Add(-pollOverlap), w.from)
	w = parseWindow(w.next(true), created, now.Add(time.Hour))
	require.Equal(t, 2, w.page)
	require.True(t, now.Equal(w.till), "a window that was begun keeps its end")
	w = parseWindow(w.next(false), created, now.Add(time.Hour))
	require.True(t, now.Add(-pollOverlap).Equal(w.from), "the next one reaches back")
	require.Equal(t, window{created.Add(-pollOverlap), now, 1}, parseWindow("nonsense", created, now))
}
