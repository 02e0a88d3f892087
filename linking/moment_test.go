package linking_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/linking"
)

// One moment, and one day, in every spelling that accounts have.
func TestMomentsInEverySpelling(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 0, 0, linking.Amsterdam).UTC()
	for _, day := range []string{"2026-01-02", "02-01-2026", "2-1-2026"} {
		got, dayOnly, err := linking.ParseMoment(day)
		require.NoError(t, err)
		require.True(t, dayOnly)
		require.Equal(t, time.Date(2026, 1, 2, 0, 0, 0, 0, linking.Amsterdam).UTC(), got)
		for _, between := range []string{" ", "T"} {
			for _, clock := range []string{"03:04", "03:04:00", "03:04:00.000000"} {
				for _, zone := range []string{"", "+01:00", "+0100", "+01", " +01:00", " +0100"} {
					text := day + between + clock + zone
					got, dayOnly, err := linking.ParseMoment(" " + text)
					require.NoError(t, err, text)
					require.False(t, dayOnly, text)
					require.Equal(t, at, got, text)
				}
				got, _, err := linking.ParseMoment(day + between + clock + "Z")
				require.NoError(t, err)
				require.Equal(t, at.Add(time.Hour), got)
			}
		}
	}
	for _, text := range []string{"", "01/02/2026", "2026-13-01", "31-02-2026", "2026", "morgen", "2026-01-02 25:00:00", "1767322800"} {
		_, _, err := linking.ParseMoment(text)
		require.Error(t, err, text)
	}
}

// Validity means days: from the beginning of the first to the end of the last, whatever its spelling.
func TestValidityInDays(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 25, 10, 30, 0, 0, linking.Amsterdam)
	day := func(days int) time.Time { return now.AddDate(0, 0, days) }
	spellings := []func(time.Time) string{
		func(at time.Time) string { return at.Format(time.DateOnly) },
		func(at time.Time) string { return at.Format("02-01-2006") },
		func(at time.Time) string { return at.Format(time.DateOnly) + " 00:00:00" },
		func(at time.Time) string { return at.Format(time.DateOnly) + " 23:59:59" },
		func(at time.Time) string { return at.Format("02-01-2006 15:04") },
		func(at time.Time) string { return at.UTC().Format(time.RFC3339) },
		func(at time.Time) string { return at.Format("2006-01-02T15:04:05-0700") },
	}
	for _, write := range spellings {
		for _, c := range []struct {
			from, till int
			valid      bool
		}{{0, 0, true}, {-1, 1, true}, {0, 1, true}, {-1, 0, true}, {1, 2, false}, {-2, -1, false}, {40, 400, false}, {-400, -40, false}} {
			content := linking.ProductContent{ValidFrom: write(day(c.from)), ValidTill: write(day(c.till))}
			require.Equal(t, c.valid, content.ValidOn(now), "%s to %s", content.ValidFrom, content.ValidTill)
			canonical, err := linking.ParseValidity(content.ValidFrom)
			require.NoError(t, err)
			again, err := linking.ParseValidity(canonical)
			require.NoError(t, err)
			require.Equal(t, canonical, again)
			same := linking.ProductContent{ValidFrom: canonical, ValidTill: content.ValidTill}
			require.Equal(t, content.Hash(), same.Hash(), "a spelling is no change")
			require.Empty(t, content.Diff(same))
		}
	}
	for _, none := range []string{"", " ", "0000-00-00", "0000-00-00 00:00:00", "-0001-11-30T00:00:00.000000Z"} {
		content := linking.ProductContent{ValidFrom: none, ValidTill: none}
		require.True(t, content.ValidOn(now), none)
		require.Empty(t, content.Diff(linking.ProductContent{}))
		require.Equal(t, linking.ProductContent{}.Hash(), content.Hash())
	}
	for _, content := range []linking.ProductContent{{ValidFrom: "01-01-2027"}, {ValidFrom: "ooit"}, {ValidTill: "ooit"}, {ValidTill: "24-11-2026"}} {
		require.False(t, content.ValidOn(now), "%+v", content)
	}
}
