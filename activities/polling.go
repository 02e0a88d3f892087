package activities

import (
	"encoding/json"
	"time"

	"koppel/salesdock"
)

// polling is where the polling of a stock partner stands, as its cursor keeps it. What was changed before Until, by the
// partner's clocks, was read.
type polling struct {
	Until  int64
	Since  int64    // when the reading began that found so, by our own clock; or 0
	Ahead  int64    // what its clocks were ahead of ours when the reading began, as far as was known, in seconds
	Latest int64    // the latest change that was seen, or a little before it
	Within *stretch `json:",omitempty"` // a reading that is under way
}

const (
	// pollOverlap is how far a reading reaches back before the one before it, for what was written late.
	pollOverlap = 10 * time.Minute
	// pollBeyond is how far a reading reaches beyond now, in partners' times: further than any clock is ahead, so that
	// what changes meanwhile does not leave it.
	pollBeyond = clockFar
)

// parsePolling reads where polling stands; another text is where it begins: at a moment before which there is nothing.
func parsePolling(cursor string, clock partnerClock, since, now time.Time) polling {
	var p polling
	if err := json.Unmarshal([]byte(cursor), &p); err != nil || p.Until == 0 {
		p = polling{Until: clock.period(since, since).From.Unix()}
	}
	if p.Within != nil {
		return p
	}
	p.Ahead = int64(clock.rows / time.Second)
	within := beginStretch(now, salesdock.Period{From: time.Unix(p.Until, 0).UTC().Add(-pollOverlap), Till: clock.wall(now).Add(pollBeyond)}, clock.wall(now).Add(clock.off(now)))
	p.Within = &within
	return p
}

func (p polling) String() string {
	text, err := json.Marshal(p)
	if err != nil {
		panic("activities: where polling stands is plain data: " + err.Error())
	}
	return string(text)
}

// next takes a page, and says whether there is another one to be read.
func (p polling) next(clock partnerClock, now time.Time, page salesdock.Page[salesdock.SaleUpdate]) (_ polling, more bool) {
	for _, row := range page.Data {
		if at, off := clock.filtered(row.UpdatedAt); !at.IsZero() {
			p.Latest = max(p.Latest, at.Add(-off).Unix())
		}
	}
	seen := clock.filteredAll(page.Data, func(row *salesdock.SaleUpdate) salesdock.Stamp { return row.UpdatedAt })
	within, done := p.Within.next(seen, page.NextPageURL != nil && len(page.Data)+len(page.Unreadable) > 0)
	if !done {
		p.Within = &within
		return p, true
	}
	return polling{Until: p.until(clock, within, now), Since: within.Began}, false
}

// until is where the next reading begins: with what may have been changed after this one began. That is not before the
// latest change that was seen, less the time that the reading took: those are the partner's own times, whatever its clock
// and its zone. Nor is it before what its clock showed then, as far as we know its clock. The earlier of the two holds.
func (p polling) until(clock partnerClock, within stretch, now time.Time) int64 {
	began := time.Unix(within.Began, 0)
	known, until := clock.wall(began).Unix(), max(p.Until, p.Latest-now.Unix()+within.Began)
	if clock.known {
		known -= int64(clock.off(began) / time.Second)
		if p.Since > 0 { // its clock runs as ours does: what stands still is not read again and again
			before := time.Unix(p.Since, 0)
			passed := min(began.Sub(before), salesdock.Wall(began).Sub(salesdock.Wall(before)))
			until = max(until, p.Until+int64(passed/time.Second))
		}
	}
	until = min(known, until)
	// Its clock was set back: what changed since the reading before has times from before that one.
	if back := p.Ahead - int64(clock.rows/time.Second); back > int64(clockJitter/time.Second) {
		until = min(until, p.Until-back)
	}
	return until
}
