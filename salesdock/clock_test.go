package salesdock_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/salesdock"
)

// What clocks show is kept as it is written, also in the hour that they show twice.
func TestWallsAndRepeatedHours(t *testing.T) {
	t.Parallel()
	for at := time.Date(2026, 1, 1, 0, 15, 0, 0, time.UTC); at.Year() < 2028; at = at.Add(30 * time.Minute) {
		require.Equal(t, salesdock.FormatStamp(at), salesdock.Wall(at).Format(time.DateTime))
	}
	require.True(t, salesdock.Repeated(time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC)))
	require.True(t, salesdock.Repeated(time.Date(2026, 10, 25, 1, 30, 0, 0, time.UTC)))
	require.False(t, salesdock.Repeated(time.Date(2026, 10, 25, 2, 30, 0, 0, time.UTC)))
	require.False(t, salesdock.Repeated(time.Time{}))
}

// A time keeps the digits that it was written with, and whether they say where.
func TestStampsKeepTheirDigits(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]salesdock.Stamp{
		`"2026-10-25 02:30:00"`:       {Wall: time.Date(2026, 10, 25, 2, 30, 0, 0, time.UTC)},
		`"2027-03-28 02:30:00"`:       {Wall: time.Date(2027, 3, 28, 2, 30, 0, 0, time.UTC)}, // Amsterdam has no such time
		`"2026-05-01T10:00:00.25"`:    {Wall: time.Date(2026, 5, 1, 10, 0, 0, 25e7, time.UTC)},
		`"2026-05-01T10:00:00+02:00"`: {Wall: time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC), Zoned: true},
		`"2026-05-01T10:00:00Z"`:      {Wall: time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC), Zoned: true},
		`null`:                        {},
	} {
		var stamp salesdock.Stamp
		require.NoError(t, stamp.UnmarshalJSON([]byte(text)))
		require.Equal(t, want.Wall, stamp.Wall, text)
		require.Equal(t, want.Zoned, stamp.Zoned, text)
	}
}
