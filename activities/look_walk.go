package activities

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"koppel/db"
	"koppel/salesdock"
	"koppel/states"
)

// LookWaits are the waits around looking for what an attempt may have made at a stock partner. Left at zero they are
// as a deployment wants them; tests shorten them.
type LookWaits struct {
	First   time.Duration // from an unknown outcome to the first look: often the sale is there by then
	Trusted time.Duration // from there to a look that may say that the partner has not got it
	Between time.Duration // between two such looks, before what was turned away goes again by itself
}

// LookWaitsFor makes the waits around the one that counts.
func LookWaitsFor(trusted time.Duration) LookWaits {
	return LookWaits{First: trusted / 10, Trusted: trusted, Between: trusted}
}

func (l LookWaits) first() time.Duration   { return orUsual(l.First, time.Minute) }
func (l LookWaits) trusted() time.Duration { return orUsual(l.Trusted, 10*time.Minute) }
func (l LookWaits) between() time.Duration { return orUsual(l.Between, 10*time.Minute) }

func orUsual(set, usual time.Duration) time.Duration {
	if set > 0 {
		return set
	}
	return usual
}

const (
	// looksApart is how far looks that failed are apart at most: a partner's outage is sat out.
	looksApart = 15 * time.Minute
	// walkFor is how long a walk may take before it is begun anew: pages read far apart do not belong together.
	walkFor = 30 * time.Minute
	// controlsKept is how many sales that the partner certainly made a walk must have met one of, and controlsOf how old
	// they may be.
	controlsKept = 3
	controlsOf   = 48 * time.Hour
	// oddFor is how long after its attempt a sale is looked at again because a candidate of it could not be read whole. After
	// that it is left to a person.
	oddFor = 48 * time.Hour
)

// clockSkew is how far a clock may be off that nothing is known of, for a sale to count as made during an attempt.
const clockSkew = 5 * time.Minute

// walk is one reading of a stock partner's new sales, and what it met so far.
type walk struct {
	Began    time.Time `json:"began"`
	Stretch  stretch   `json:"stretch"`
	Shared   []string  `json:"shared"`    // sales that fit more than one of ours: certain for neither
	Controls []string  `json:"controls"`  // sales of ours that the partner made for certain
	Met      bool      `json:"met"`       // one of those
	Unread   int       `json:"unread"`    // rows of which not even the number could be read
	CutShort bool      `json:"cut_short"` // a page promised a next one and was empty, or there was no end to them
}

func parseWalk(cursor string) (w walk, ok bool) {
	return w, cursor != "" && json.Unmarshal([]byte(cursor), &w) == nil && w.Stretch.Page > 0
}

func (w *walk) cursor() (string, error) {
	data, err := json.Marshal(w)
	return string(data), err
}

// rows gives a page's sales. One that could not be read and has a number may be ours like any other; without a number
// nobody can say whose it is.
func (w *walk) rows(page salesdock.Page[salesdock.SaleUpdate]) []salesdock.SaleUpdate {
	rows := slices.Clone(page.Data)
	for _, row := range page.Unreadable {
		if row.ID == "" {
			w.Unread++
			continue
		}
		rows = append(rows, salesdock.SaleUpdate{ID: salesdock.Text(row.ID)})
	}
	return rows
}

// take notes a page's sales, and gives those that are nobody's.
func (w *walk) take(rows []salesdock.SaleUpdate, taken []*string) (free []salesdock.SaleUpdate) {
	for _, row := range rows {
		id := string(row.ID)
		if slices.Contains(w.Controls, id) {
			w.Met = true
		}
		if slices.ContainsFunc(taken, func(other *string) bool { return other != nil && *other == id }) {
			continue
		}
		free = append(free, row)
	}
	return free
}

// share notes which sales fit more than one of ours.
func (w *walk) share(rows []salesdock.SaleUpdate, fitting func(salesdock.SaleUpdate) int) {
	for _, row := range rows {
		if id := string(row.ID); fitting(row) > 1 && !slices.Contains(w.Shared, id) {
			w.Shared = append(w.Shared, id)
		}
	}
}

// usualPage is how many rows a page has by the contract, unless it says otherwise.
const usualPage = 20

// advance goes on to what is read next, and says whether that was all. A full page that names no next one is not
// believed: what a list leaves out at its end may be ours.
func (w *walk) advance(clock partnerClock, page salesdock.Page[salesdock.SaleUpdate]) (done bool) {
	rows, full := len(page.Data)+len(page.Unreadable), cmp.Or(int(page.PerPage), usualPage)
	next, filled := page.NextPageURL != nil || int(page.LastPage) > w.Stretch.Page, rows > 0
	if next && (!filled || w.Stretch.Page >= pagesMost) {
		w.CutShort = true
	}
	next = next || rows >= full
	seen := clock.filteredAll(page.Data, func(row *salesdock.SaleUpdate) salesdock.Stamp { return row.CreatedAt })
	w.Stretch, done = w.Stretch.next(seen, next && filled)
	return done
}

// problem says why what was read is not all there is; nothing where it is.
func (w *walk) problem() states.Reason {
	switch {
	case w.CutShort:
		return states.ReasonLookCutShort
	case w.Unread > 0:
		return states.ReasonLookUnread
	case len(w.Controls) > 0 && !w.Met:
		return states.ReasonLookOursGone
	}
	return ""
}

// counts says whether this walk may be trusted about a sale: it began late enough after the last attempt.
func (l LookWaits) counts(w walk, f db.Forwarding) bool {
	return f.UnknownAt != nil && !w.Began.Before(f.UnknownAt.Add(l.trusted()))
}

// next is when a sale is looked for next, after so many looks that could not be trusted.
func (l LookWaits) next(f db.ForwardingsLookNextRow, failures int, now time.Time) time.Time {
	late := f.UnknownAt.Add(l.trusted())
	if f.LooksEmpty > 0 && f.LookedAt != nil {
		late = latest(f.LookedAt.Add(l.between()), f.DueAt)
	}
	early := f.UnknownAt.Add(l.first())
	switch {
	case f.Again:
		return latest(f.LookedAt.Add(l.between()), now.Add(l.first()))
	case failures > 0:
		return now.Add(l.backoff(failures))
	case now.Before(early):
		return early
	case now.Before(late) && f.LooksEmpty == 0:
		return earliest(now.Add(max(l.first(), now.Sub(f.UnknownAt))), late)
	case now.Before(late):
		return late
	}
	return now.Add(l.first())
}

// backoff is how long to wait after so many looks that failed or could not be trusted.
func (l LookWaits) backoff(failures int) time.Duration {
	return min(l.first()<<min(failures-1, 20), looksApart)
}

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
