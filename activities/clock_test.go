package activities

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/db"
	"koppel/salesdock"
)

// known is an integration that knows its partner's clock, or, as often, does not.
func known(random *rand.Rand, a *MovingAccount, now time.Time) (i db.Integration) {
	i.ClockMargin = int32(clockUnknown / time.Second)
	if !a.Dateless {
		i.ClockHeader = int32(a.Ahead / time.Second)
	}
	if random.IntN(2) == 0 {
		_, theirs := a.clock().In(a.Zone).Zone()
		i.ClockZone = int32(theirs-zoneOffset(a.clock())) + int32(a.Ahead/time.Second) - i.ClockHeader
		i.ClockMargin, i.ClockKnownAt = int32(clockKnown/time.Second), &now
	}
	return i
}

func stampOf(t *testing.T, text string) (stamp salesdock.Stamp) {
	t.Helper()
	data, err := json.Marshal(text)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &stamp))
	return stamp
}

// Wherever a partner is and whatever its clock says: a sale or two that we made there tell, and from then on its times are
// ours within the margin, and a period holds what was made in it. Before that the margin holds, too.
func TestAClockIsLearnedFromWhatWasMade(t *testing.T) {
	t.Parallel()
	for seed := range uint64(500) {
		random := rand.New(rand.NewPCG(seed, 6))
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(random.IntN(500*24*60)) * time.Minute)
		account := Odd(random, func() time.Time { return now })
		unknown := db.Integration{ClockMargin: int32(clockUnknown / time.Second)}
		clock := clockOf(unknown)
		if !account.Dateless {
			clock = clock.heard(account.Ahead)
		}
		holds := func() {
			t.Helper()
			made := stampOf(t, account.digits(account.clock()))
			period := clock.period(now, now)
			require.False(t, made.Wall.Before(period.From) || made.Wall.After(period.Till), "seed %d: %v is not in %v", seed, made.Wall, period)
			if !changesNear(now) {
				require.LessOrEqual(t, clock.moment(made).Sub(now).Abs(), clock.off(now), "seed %d", seed)
			}
			zoned := stampOf(t, account.clock().In(account.Zone).Format(time.RFC3339))
			require.False(t, zoned.After(madeBefore(made, zoned)), "seed %d: one moment, written in two ways", seed)
			later := stampOf(t, account.clock().Add(7*time.Minute).In(account.Zone).Format(time.RFC3339))
			require.True(t, later.After(madeBefore(made, later)), "seed %d", seed)
		}
		holds()
		for range 3 {
			began := now
			now = now.Add(time.Duration(random.IntN(5000)) * time.Millisecond)
			created := stampOf(t, account.digits(account.clock()))
			now = now.Add(time.Duration(random.IntN(5000)) * time.Millisecond)
			clock = clock.made(created, began, now)
			holds()
			now = now.Add(time.Duration(random.IntN(48*60)) * time.Minute)
			holds()
		}
	}
}

// What a time may be of something else is not believed at once.
func TestAClockIsNotLearnedFromSomethingElse(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	unknown := clockOf(db.Integration{ClockMargin: int32(clockUnknown / time.Second)})
	year := unknown.made(stampOf(t, "2025-05-04 14:00:00"), now, now)
	require.Equal(t, unknown, year, "no clock is off by a year")
	odd := unknown.made(stampOf(t, "2026-05-04 09:17:00"), now, now)
	require.False(t, odd.known)
	require.Zero(t, odd.rows, "one sale that was made hours before it was sent")
	later := odd.made(stampOf(t, "2026-05-04 14:10:00"), now.Add(10*time.Minute), now.Add(10*time.Minute))
	require.True(t, later.known)
	require.Zero(t, later.rows)
	twice := odd.made(stampOf(t, "2026-05-04 09:27:00"), now.Add(10*time.Minute), now.Add(10*time.Minute))
	require.True(t, twice.known, "two that agree")
	require.Equal(t, -4*time.Hour-43*time.Minute, twice.rows)
	require.Equal(t, twice, twice.heard(clockJitter), "answers take their time")
	set := twice.heard(15 * time.Minute)
	require.Equal(t, 15*time.Minute, set.rows-twice.rows, "its clock was set: its zone stays")
}

// A partner of ours says what changed within the second that a sale was made in: such a status is no beginning.
func TestAStatusOfTheSameSecondIsAChange(t *testing.T) {
	t.Parallel()
	second := time.Date(2026, 11, 25, 23, 44, 1, 0, time.UTC)
	made := salesdock.Stamp{Time: second}
	changed := salesdock.Stamp{Time: second.Add(750 * time.Millisecond), Zoned: true}
	require.True(t, changed.After(madeBefore(made, changed)))
}
