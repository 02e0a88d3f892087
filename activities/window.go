package activities

import (
	"encoding/json"
	"slices"
	"time"

	"koppel/salesdock"
)

// stretch is a list that changes while it is read, and how far it was: what changed, or was made, in a stretch of a
// partner's times. Pages of such a list are not to be trusted: a row that leaves one moves the others up, and what was
// first on the next page is on none. So the stretch is cut into parts that fit on one page: an answer without a next page
// has all of its part, whatever the order of the rows. A row that changes meanwhile moves out of the stretch, to what the
// next reading begins before (decision 20). It is kept as text between two requests.
type stretch struct {
	Began    int64 // the moment of its first request, ours
	From, At int64 // where it began; where the part that is read now begins
	End      int64 // that part's last second
	Till     int64 // where it ends
	Expected int64 // nothing later is expected: beyond it no part is cut
	Page     int   // of the part
	Down     bool  // the pages of a part that cannot be cut are read once more, from the last to the first
	Walks    int   // how many such parts there were
	Rows     int   // on a page that had a next one
	Over     int64 // up to here there is more than a page, where a part was cut by time alone; or 0
}

const (
	// walksMost is how many parts that cannot be cut a reading has at most: then the rest is read as one.
	walksMost = 50
	// pagesMost is how many pages such a part has at most: an account that always names a next page is not read for ever.
	pagesMost = 2000
)

// beginStretch begins to read a period; nothing later than expected is expected.
func beginStretch(now time.Time, period salesdock.Period, expected time.Time) stretch {
	s := stretch{Began: now.Unix(), From: period.From.Unix(), Till: period.Till.Unix(), Expected: expected.Unix(), Page: 1}
	if from, till := unclearHours(s.From); s.From >= from && s.From < till {
		s.From = from - 1
	}
	if from, till := unclearHours(s.Till); s.Till >= from-1 && s.Till < till {
		s.Till = till
	}
	s.At, s.End = s.From, s.Till
	return s
}

func (s stretch) String() string {
	text, err := json.Marshal(s)
	if err != nil {
		panic("activities: a reading is plain data: " + err.Error())
	}
	return string(text)
}

// part is what is asked for next, together with the page.
func (s stretch) part() salesdock.Period {
	return salesdock.Period{From: time.Unix(s.At, 0).UTC(), Till: time.Unix(s.End, 0).UTC()}
}

// next takes a page: the times of its rows as the partner's filters see them, roughly, and whether there is another one. It says
// whether the reading is done.
func (s stretch) next(seen []time.Time, more bool) (_ stretch, done bool) {
	times := make([]int64, 0, len(seen))
	for _, at := range seen {
		if !at.IsZero() {
			times = append(times, at.Unix())
		}
	}
	slices.Sort(times)
	switch {
	case s.Down && s.Page > 1:
		s.Page--
		return s, false
	case s.Page > 1: // on the way to the last one
		if more && s.Page < pagesMost {
			s.Page++
			return s, false
		}
		s.Down, s.Page = true, s.Page-1
		return s, false
	case !s.Down && more:
		s.Rows = len(seen)
		return s.cut(times), false
	}
	return s.advance(len(seen))
}

// cut makes a part smaller: to the first half of the rows that were seen, as their times say, or else of the time. One
// that cannot be cut is read page by page, to the last one and back. Rows of a past moment only ever leave it, and each
// that leaves moves others up, to where the way back still comes.
func (s stretch) cut(times []int64) stretch {
	far := int64(2 * clockUnknown / time.Second)
	ignored := len(times) > 0 && (times[0] < s.At-far || times[len(times)-1] > s.End+far)
	if ignored || s.Walks >= walksMost { // it does not do as it is asked: then there are only pages
		s.End, s.Page = s.Till, 2
		return s
	}
	if s.At >= s.Expected { // so much for that
		s.Expected = s.Till
	}
	end, over := middle(s.At, min(s.End, s.Expected)), min(s.End, s.Expected)
	if len(times) > 0 {
		half, last := times[(len(times)-1)/2], times[len(times)-1]
		if half == last { // most of them at once: what was before them
			half--
		}
		if half >= s.At && last <= s.End {
			end, over = half, 0
		} else if last == s.At {
			end, over = s.At, 0
		}
	}
	s.Over = over
	if end = s.endNear(end); end < s.End {
		s.End = end
		return s
	}
	s.Walks, s.Page = s.Walks+1, 2
	return s
}

// advance goes on after a part that was read: twice as far, further where there was little, and to the end where there was
// nothing.
func (s stretch) advance(rows int) (_ stretch, done bool) {
	if s.End >= s.Till {
		return s, true
	}
	width := 2 * (s.End - s.At + 1)
	if 4*rows <= s.Rows {
		width *= 8
	}
	s.At, s.Page, s.Down = s.End+1, 1, false
	s.End = s.At + width - 1
	switch {
	case rows > 0:
		s.Over = 0
	case s.Over >= s.At: // they are all in the other half
		s.End = middle(s.At, s.Over)
		s.End = s.endNear(s.End)
		return s, false
	default:
		s.End = s.Till
	}
	if s.End >= s.Expected || s.End >= s.Till {
		s.End = s.Till
	}
	s.End = s.endNear(s.End)
	return s, false
}

func middle(from, till int64) int64 { return from + (till-from)/2 }

// endNear keeps a part's end out of the hours that are not clear: a filter that names a time in them may mean either, and
// one that names both their ends may leave out an hour between them.
func (s stretch) endNear(end int64) int64 {
	from, till := unclearHours(end)
	switch {
	case end < from-1 || end >= till:
		return end
	case s.At < from-1:
		return from - 2
	}
	return till
}

// unclearHours gives the hours of the night nearby that clocks in Europe show twice, or not at all, from London's to Helsinki's.
func unclearHours(near int64) (from, till int64) {
	at := time.Unix(near, 0).UTC()
	month := time.March
	if at.Month() > time.June {
		month = time.October
	}
	night := time.Date(at.Year(), month, 31, 1, 0, 0, 0, time.UTC)
	night = night.AddDate(0, 0, -int(night.Weekday())) // its last Sunday
	return night.Unix(), night.Add(3 * time.Hour).Unix()
}
