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
	"koppel/states"
)

func answered(status int) error { return &salesdock.Error{Status: status} }

// A test for every row of the table: for a read, for a create at a partner without keys, and for one with keys.
func TestClassify(t *testing.T) {
	t.Parallel()
	contract := func(status int) error { return &salesdock.Error{Status: status, Contract: true} }
	claims := func(status int) error { return &salesdock.Error{Status: status, Claims: true} }
	for _, c := range []struct {
		err                 error
		reason              states.Reason
		read, create, keyed Disposition
	}{
		{fmt.Errorf("dial: %w", salesdock.ErrNotSent), states.ReasonUnreachable, Retry, Retry, Retry},
		{salesdock.ErrAddressForbidden, states.ReasonForbidden, Person, Person, Person},
		{salesdock.ErrNoAnswer, states.ReasonUnreachable, Retry, Unknown, Unknown},
		{salesdock.ErrUnreadable, states.ReasonUnreadable, Retry, Unknown, Unknown},
		{answered(429), states.ReasonThrottled, Retry, Retry, Retry},
		{answered(401), states.ReasonTokenRefused, Pause, Pause, Pause},
		{answered(403), states.ReasonForbidden, Person, Person, Person},
		{answered(301), states.ReasonMoved, Person, Person, Person},
		{answered(307), states.ReasonMoved, Person, Person, Person},
		{answered(308), states.ReasonMoved, Person, Person, Person},
		{answered(400), states.ReasonRejected, Person, Person, Person},
		{answered(402), states.ReasonRejected, Person, Person, Person},
		{answered(405), states.ReasonRejected, Person, Person, Person},
		{answered(406), states.ReasonRejected, Person, Person, Person},
		{answered(410), states.ReasonRejected, Person, Person, Person},
		{answered(411), states.ReasonRejected, Person, Person, Person},
		{answered(413), states.ReasonRejected, Person, Person, Person},
		{answered(414), states.ReasonRejected, Person, Person, Person},
		{answered(415), states.ReasonRejected, Person, Person, Person},
		{answered(417), states.ReasonRejected, Person, Person, Person},
		{answered(422), states.ReasonRejected, Person, Person, Person},
		{answered(426), states.ReasonRejected, Person, Person, Person},
		{answered(428), states.ReasonRejected, Person, Person, Person},
		{answered(431), states.ReasonRejected, Person, Person, Person},
		{answered(451), states.ReasonRejected, Person, Person, Person},
		{answered(408), states.ReasonUnreachable, Retry, Unknown, Unknown},
		{answered(500), states.ReasonUnreachable, Retry, Unknown, Unknown},
		{answered(502), states.ReasonUnreachable, Retry, Unknown, Unknown},
		{answered(503), states.ReasonUnreachable, Retry, Unknown, Unknown},
		{answered(504), states.ReasonUnreachable, Retry, Unknown, Unknown},
		{answered(599), states.ReasonUnreachable, Retry, Unknown, Unknown},
		{answered(302), states.ReasonUnreadable, Retry, Unknown, Unknown},
		{answered(303), states.ReasonUnreadable, Retry, Unknown, Unknown},
		{answered(101), states.ReasonUnreadable, Retry, Unknown, Unknown},
		{answered(200), states.ReasonUnreadable, Retry, Unknown, Unknown},
		{answered(204), states.ReasonUnreadable, Retry, Unknown, Unknown},
		{db.ErrNotFound, states.ReasonNotFound, Person, Person, Person},
		{fmt.Errorf("insert: %w", db.ErrUnstorable), states.ReasonUnstorable, Person, Person, Person},
		{errors.New("anything else"), states.ReasonInternal, Retry, Retry, Retry},
	} {
		read, create, keyed := classify(c.err, asRead), classify(c.err, asCreate), classify(c.err, asKeyedCreate)
		require.Equal(t, []states.Reason{c.reason, c.reason, c.reason}, []states.Reason{read.Reason, create.Reason, keyed.Reason}, "%v", c.err)
		require.Equal(t, []Disposition{c.read, c.create, c.keyed}, []Disposition{read.Disposition, create.Disposition, keyed.Disposition}, "%v", c.err)
	}
	// The rows that differ in their reason as well.
	for _, c := range []struct {
		err    error
		asked  request
		reason states.Reason
		want   Disposition
	}{
		{answered(404), asRead, states.ReasonNotFound, Person},
		{answered(404), asCreate, states.ReasonRejected, Person},
		{answered(404), asKeyedCreate, states.ReasonRejected, Person},
		{answered(409), asRead, states.ReasonConflict, Adopt},
		{answered(409), asCreate, states.ReasonUnreadable, Unknown},
		{answered(409), asKeyedCreate, states.ReasonConflict, Adopt},
		{claims(409), asKeyedCreate, states.ReasonConflict, Adopt},
		{answered(425), asRead, states.ReasonThrottled, Retry},
		{answered(425), asCreate, states.ReasonUnreadable, Unknown},
		{answered(425), asKeyedCreate, states.ReasonThrottled, Retry},
		{answered(418), asRead, states.ReasonRejected, Person},
		{answered(418), asCreate, states.ReasonUnreadable, Unknown},
		{answered(423), asCreate, states.ReasonUnreadable, Unknown},
		{answered(424), asCreate, states.ReasonUnreadable, Unknown},
		{answered(499), asCreate, states.ReasonUnreadable, Unknown},
		{answered(499), asKeyedCreate, states.ReasonUnreadable, Unknown},
		{contract(200), asRead, states.ReasonRejected, Person},
		{contract(200), asCreate, states.ReasonUnreadable, Unknown},
		{claims(400), asRead, states.ReasonRejected, Person},
		{claims(400), asCreate, states.ReasonUnreadable, Unknown},
		{claims(429), asCreate, states.ReasonUnreadable, Unknown},
		{claims(401), asKeyedCreate, states.ReasonUnreadable, Unknown},
	} {
		got := classify(c.err, c.asked)
		require.Equal(t, c.reason, got.Reason, "%v as %d", c.err, c.asked)
		require.Equal(t, c.want, got.Disposition, "%v as %d", c.err, c.asked)
	}
}

// What Temporal sees of an error is its reason, and when to come again.
func TestErrorsCarryAReasonAndNothingElse(t *testing.T) {
	t.Parallel()
	err := classify(&salesdock.Error{Status: 429, Message: "klant Jansen", RetryAfter: 7 * time.Second}, asCreate).asError()
	var ours *temporal.ApplicationError
	require.ErrorAs(t, err, &ours)
	require.Equal(t, string(states.ReasonThrottled), ours.Type())
	require.Equal(t, 7*time.Second, ours.NextRetryDelay())
	require.False(t, ours.NonRetryable())
	require.NotContains(t, err.Error(), "Jansen")
	require.NoError(t, errors.Unwrap(err))
}
