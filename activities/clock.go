package activities

import (
	"context"
	"time"

	"go.uber.org/zap"

	"koppel/db"
	"koppel/salesdock"
)

const (
	// clockUnknown is how far off a partner's times may be that nothing is known of: it may write in UTC, which is two
	// hours from Amsterdam in summer, with a clock that is wrong.
	clockUnknown = 3 * time.Hour
	// clockKnown is how far off they may be once a sale of ours was seen there: what a create takes, and cut seconds.
	clockKnown = 2 * time.Minute
	// clockJitter is how much a clock may seem to move before it is written down: answers take their time.
	clockJitter = 10 * time.Second
	// clockFar is what no clock is off by: a partner that says so means something else.
	clockFar = 26 * time.Hour
)

// partnerClock is what is known of a partner's times. Those that say their zone are header ahead of ours. Those that do
// not, in rows and in filters alike, are rows ahead of ours, read as Amsterdam's.
type partnerClock struct {
	header, rows time.Duration
	margin       time.Duration // how far off rows may be, both ways; see off
	known        bool
	zone         time.Duration // what the latest evidence says that rows are ahead of header: believed once it is known
	knownAt      time.Time     // the moment that it is of
}

func clockOf(i db.Integration) partnerClock {
	c := partnerClock{header: seconds(i.ClockHeader), zone: seconds(i.ClockZone), margin: seconds(i.ClockMargin)}
	if keyed(i) { // it writes as we do
		c.zone, c.margin = 0, clockKnown
	}
	if i.ClockKnownAt != nil {
		c.knownAt = *i.ClockKnownAt
	}
	return c.settled()
}

// settled works out the rest from header, zone and margin.
func (c partnerClock) settled() partnerClock {
	c.known, c.rows = c.margin < clockUnknown, c.header
	if c.known {
		c.rows += c.zone
	}
	return c
}

func seconds(n int32) time.Duration { return time.Duration(n) * time.Second }

// off is how far off a time near this moment may be: an hour more where clocks change, or changed since the evidence, and
// we do not know whether, or when, the partner's did.
func (c partnerClock) off(at time.Time) time.Duration {
	if c.known && !c.knownAt.IsZero() && (zoneOffset(c.knownAt) != zoneOffset(at) || changesNear(at)) {
		return c.margin + time.Hour
	}
	return c.margin
}

func zoneOffset(at time.Time) int {
	_, offset := at.In(salesdock.Amsterdam).Zone()
	return offset
}

// moment gives ours for a time of the partner's, off by the margin at most; zero stays zero.
func (c partnerClock) moment(stamp salesdock.Stamp) time.Time {
	switch {
	case stamp.IsZero():
		return time.Time{}
	case stamp.Zoned:
		return stamp.Add(-c.header)
	}
	at := stamp.Wall.Add(c.header - c.rows)
	return time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), salesdock.Amsterdam).Add(-c.header)
}

// wall gives what the partner's clocks show at a moment of ours, by what is known of them.
func (c partnerClock) wall(at time.Time) time.Time {
	return salesdock.Wall(at.Add(c.header)).Add(c.rows - c.header)
}

// period gives a stretch of the partner's filters that certainly has everything between two moments of ours: wide on both
// sides, because an account may read its filters in another zone than it writes its rows in. Where clocks change, a
// stretch sees to it that is read.
func (c partnerClock) period(from, till time.Time) salesdock.Period {
	begin, end := c.wall(from), c.wall(till)
	zone := c.rows - c.header
	return salesdock.Period{From: begin.Add(min(0, -zone) - c.off(from) - clockUnknown), Till: end.Add(max(0, -zone) + c.off(till) + clockUnknown)}
}

// filtered gives a row's time as the partner's filters see it. Without a zone the digits are the same; otherwise it may be
// off, by the margin at most once the clock is known.
func (c partnerClock) filtered(stamp salesdock.Stamp) (at time.Time, off time.Duration) {
	switch {
	case stamp.IsZero():
		return time.Time{}, 0
	case !stamp.Zoned:
		return stamp.Wall, 0
	case !c.known:
		return stamp.Wall, 2 * clockUnknown
	}
	moment := c.moment(stamp)
	return c.wall(moment), c.off(moment)
}

// filteredAll gives the times of many.
func (c partnerClock) filteredAll(rows []salesdock.SaleUpdate, stamp func(*salesdock.SaleUpdate) salesdock.Stamp) []time.Time {
	times := make([]time.Time, len(rows))
	for i := range rows {
		times[i], _ = c.filtered(stamp(&rows[i]))
	}
	return times
}

// heard is the clock after an answer's Date: the zone stays.
func (c partnerClock) heard(ahead time.Duration) partnerClock {
	if ahead.Abs() > clockFar || (ahead-c.header).Abs() <= clockJitter {
		return c
	}
	c.header = ahead.Round(time.Second)
	return c.settled()
}

// made is the clock after a sale was seen whose create we know began and ended when.
func (c partnerClock) made(created salesdock.Stamp, began, ended time.Time) partnerClock {
	at := began.Add(ended.Sub(began) / 2)
	if created.IsZero() || created.Zoned || !at.After(c.knownAt) || ended.Sub(began) > clockKnown || changesNear(at) {
		return c
	}
	zone := created.Wall.Sub(salesdock.Wall(at)).Round(time.Second) - c.header
	if zone.Abs() > clockFar {
		return c
	}
	// One sale proves what is likely: the clock that its answers say, in Amsterdam or in UTC. Anything else needs two
	// sales that agree: the time may be of something else.
	utc := -time.Duration(zoneOffset(at)) * time.Second
	apart := min(zone.Abs(), (zone - utc).Abs())
	if !c.knownAt.IsZero() {
		apart = min(apart, (zone - c.zone).Abs())
	}
	c.zone, c.knownAt, c.margin = zone, at, clockUnknown
	if apart <= clockKnown {
		c.margin = clockKnown
	}
	return c.settled()
}

// changesNear says whether clocks in Amsterdam change around a moment: what they show then proves little.
func changesNear(at time.Time) bool {
	return zoneOffset(at.Add(-clockUnknown)) != zoneOffset(at.Add(clockUnknown))
}

// listen makes a client that learns its partner's clock from what it answers.
func (p *Partner) listen(i db.Integration, client *salesdock.Client) *salesdock.Client {
	return client.Clocked(p.Now, func(ctx context.Context, ahead time.Duration) {
		before := clockOf(i)
		if after := before.heard(ahead); after != before {
			err := p.Store.WithTx(ctx, i.EnvironmentID, func(tx *db.Tx) error {
				return tx.IntegrationHeardClock(ctx, db.IntegrationHeardClockParams{EnvironmentID: i.EnvironmentID, ID: i.ID, ClockHeader: int32(after.header / time.Second)})
			})
			if err != nil { // the next answer says it again
				p.Log.Warn("partner.clock.not_kept", zap.Int64("integration_id", i.ID), zap.Error(err))
			}
		}
	})
}

// learnClock takes a partner's clock from the latest of our sales among its rows whose making we saw. It writes only what
// is new, or once an hour.
func learnClock(ctx context.Context, tx *db.Tx, i db.Integration, rows []salesdock.SaleUpdate) (db.Integration, error) {
	created, ids := map[string]salesdock.Stamp{}, make([]string, 0, len(rows))
	for _, row := range rows {
		if !row.CreatedAt.IsZero() && !row.CreatedAt.Zoned {
			created[string(row.ID)] = row.CreatedAt
			ids = append(ids, string(row.ID))
		}
	}
	before := clockOf(i)
	since := before.knownAt
	if before.known {
		since = since.Add(time.Hour)
	}
	if len(ids) == 0 || keyed(i) {
		return i, nil
	}
	seen, err := tx.ForwardingsMade(ctx, db.ForwardingsMadeParams{EnvironmentID: i.EnvironmentID, IntegrationID: i.ID, PartnerSaleIds: ids, Since: since})
	if err != nil {
		return i, err
	}
	after := before
	for _, s := range seen {
		after = after.made(created[*s.PartnerSaleID], s.StartedAt, *s.FinishedAt)
	}
	if after == before {
		return i, nil
	}
	i.ClockZone, i.ClockMargin, i.ClockKnownAt = int32(after.zone/time.Second), int32(after.margin/time.Second), &after.knownAt
	return i, tx.IntegrationSawClock(ctx, db.IntegrationSawClockParams{
		EnvironmentID: i.EnvironmentID, ID: i.ID, ClockZone: i.ClockZone, ClockMargin: i.ClockMargin, ClockKnownAt: i.ClockKnownAt,
	})
}
