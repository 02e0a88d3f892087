package linking

import (
	"fmt"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // Amsterdam must be known on every machine

	"koppel/states"
)

// Amsterdam is the zone of every time that is written without one.
var Amsterdam = mustZone("Europe/Amsterdam")

func mustZone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic("linking: the time zones are embedded: " + err.Error())
	}
	return zone
}

// MomentLayout is how a time is written, in Amsterdam.
const MomentLayout = "2006-01-02 15:04:05"

// dayLayouts and momentLayouts are the spellings of accounts: the usual ones first. A fraction of a second is read with
// each. Days with slashes are not among them: whether the month comes first is not certain.
var (
	dayLayouts    = []string{time.DateOnly, "2-1-2006"}
	momentLayouts = spellings()
)

func spellings() (layouts []string) {
	for _, zone := range []string{"", "Z07:00", "Z0700", "Z07", " Z07:00", " Z0700"} {
		for _, day := range dayLayouts {
			for _, clock := range []string{" 15:04:05", "T15:04:05", " 15:04", "T15:04"} {
				layouts = append(layouts, day+clock+zone)
			}
		}
	}
	return layouts
}

// NoMoment says whether a text stands for no time at all: nothing, or the zero date of MySQL, also as PHP counts it back.
func NoMoment(text string) bool {
	text = strings.TrimSpace(text)
	return text == "" || strings.HasPrefix(text, "0000-00-00") || strings.HasPrefix(text, "-0001-11-30")
}

// ParseMoment reads a time in every spelling that accounts have; without a zone it is Amsterdam's. dayOnly: a date alone.
func ParseMoment(text string) (at time.Time, dayOnly bool, err error) {
	text = strings.TrimSpace(text)
	for _, layout := range dayLayouts {
		if at, err := time.ParseInLocation(layout, text, Amsterdam); err == nil {
			return at.UTC(), true, nil
		}
	}
	for _, layout := range momentLayouts {
		if at, err := time.ParseInLocation(layout, text, Amsterdam); err == nil {
			return at.UTC(), false, nil
		}
	}
	return time.Time{}, false, Problem{Code: states.ProblemNotATime, Detail: fmt.Sprintf("%.40s", text)}
}

// Digits gives those of a time that ParseMoment reads, as they are written and kept as if they were of UTC, and whether a
// zone follows them.
func Digits(text string) (written time.Time, zoned bool) {
	text = strings.TrimSpace(text)
	for _, layout := range slices.Concat(dayLayouts, momentLayouts) {
		at, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		elsewhere, err := time.ParseInLocation(layout, text, farAway)
		_, offset := at.Zone()
		return at.UTC().Add(time.Duration(offset) * time.Second), err == nil && elsewhere.Equal(at)
	}
	return time.Time{}, false
}

// farAway is a zone in which no time is the same as in UTC.
var farAway = time.FixedZone("", 12345)

// ParseValidity reads an end of a product's validity and writes it in its one form: the date, with the time where one was
// given. No date is no end.
func ParseValidity(text string) (string, error) {
	if NoMoment(text) {
		return "", nil
	}
	at, dayOnly, err := ParseMoment(text)
	switch {
	case err != nil:
		return "", err
	case dayOnly:
		return at.In(Amsterdam).Format(time.DateOnly), nil
	}
	return at.In(Amsterdam).Format(MomentLayout), nil
}

// ValidOn says whether a product can be sold at a moment, by its validity: from the beginning of its first day to the end
// of its last. A time of day is not looked at: accounts write one with what is meant as a date, mostly midnight, and a
// last day that ended as it began would be none. Validity that cannot be read sells nothing.
func (c *ProductContent) ValidOn(now time.Time) bool {
	today, _, err := ParseMoment(now.In(Amsterdam).Format(time.DateOnly))
	if err != nil {
		return false
	}
	from, okFrom := dayOf(c.ValidFrom, today)
	till, okTill := dayOf(c.ValidTill, today)
	return okFrom && okTill && !today.Before(from) && !today.After(till)
}

// dayOf is the day of an end of a validity; today where there is no end.
func dayOf(text string, today time.Time) (time.Time, bool) {
	if NoMoment(text) {
		return today, true
	}
	at, _, err := ParseMoment(text)
	if err != nil {
		return at, false
	}
	day, _, err := ParseMoment(at.In(Amsterdam).Format(time.DateOnly))
	return day, err == nil
}

// readable gives the one form of a validity; what cannot be read stays as it is.
func readable(validity string) string {
	if canonical, err := ParseValidity(validity); err == nil {
		return canonical
	}
	return validity
}
