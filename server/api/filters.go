package api

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"koppel/salesdock"
	"koppel/server/service"
)

const (
	perPage    = 20
	maxPerPage = 100
	maxPage    = 1_000_000
)

// page reads which page is asked for. Before the first is the first, and who asks for more rows than a page may have gets as
// many as it may: clients of the contract ask so.
func (c *call) page() (page, size int, err error) {
	if page, err = c.whole("page"); err != nil || page > maxPage {
		return 0, 0, badRequest("page", c.q("page"))
	}
	if size, err = c.whole("per_page"); err != nil {
		return 0, 0, badRequest("per_page", c.q("per_page"))
	}
	if size == 0 {
		size = perPage
	}
	return max(1, page), min(size, maxPerPage), nil
}

// whole reads a number from zero up; none is zero.
func (c *call) whole(name string) (int, error) {
	text := c.q(name)
	if text == "" {
		return 0, nil
	}
	number, err := strconv.ParseUint(text, 10, 31)
	return int(number), err
}

// single refuses a list where a filter takes one value: what is not read would narrow nothing.
func (c *call) single(names ...string) error {
	for _, name := range names {
		if value, given := c.query[name]; given {
			if _, isText := value.(string); !isText {
				return service.Invalid(name, "wrong_kind", service.Sentence{Key: "kind_text"})
			}
		}
	}
	return nil
}

// among refuses values that a filter does not know.
func among(name string, values []string, known ...string) error {
	for _, value := range values {
		if !slices.Contains(known, value) {
			return service.Invalid(name, "value_of", strings.Join(known, ", "))
		}
	}
	return nil
}

// choice reads a filter of one value; nothing when it is not given.
func (c *call) choice(name string, known ...string) (string, error) {
	value := c.q(name)
	if err := c.single(name); err != nil || value == "" {
		return "", err
	}
	return value, among(name, []string{value}, known...)
}

// extended says whether a list is asked for with what its details have.
func (c *call) extended() (bool, error) {
	asked, err := c.flag("extended")
	return asked != nil && *asked, err
}

// The dates of a period.
const (
	createdDate   = "created_date"
	updatedDate   = "updated_date"
	finalizedDate = "finalized_at"
	cancelledDate = "cancelled_date"
	sentDate      = "sent_date"
)

// period reads the contract's periods, in Amsterdam's calendar, of dates that are known; the first one is meant where none is
// named. The end is exclusive.
func (c *call) period(known ...string) (on string, from, till *time.Time, err error) {
	if err := c.single("period", "period_start", "period_end"); err != nil {
		return "", nil, nil, err
	}
	if on, err = c.choice("period_filter_on", known...); err != nil {
		return "", nil, nil, err
	}
	if on == "" {
		on = known[0]
	}
	spans := calendar(c.svc.Now())
	name := c.q("period")
	chosen, fixed := spans[name]
	switch {
	case name == "" && c.q("period_start") == "" && c.q("period_end") == "":
		return on, nil, nil, nil
	case fixed:
		return on, &chosen[0], &chosen[1], nil
	case name != customPeriod:
		return "", nil, nil, among("period", []string{name}, append(periods, customPeriod)...)
	}
	start, errStart := salesdock.ParseStamp(c.q("period_start"))
	end, errEnd := salesdock.ParseStamp(c.q("period_end"))
	switch {
	case errStart != nil:
		return "", nil, nil, badRequest("period_start", c.q("period_start"))
	case errEnd != nil:
		return "", nil, nil, badRequest("period_end", c.q("period_end"))
	}
	end = end.Add(time.Second) // the contract's end is the last second that counts
	return on, &start, &end, nil
}

const customPeriod = "custom"

var periods = []string{"today", "yesterday", "this_week", "last_week", "last_30_days", "this_month", "last_month"}

// calendar gives the periods that have a name, as they are now.
func calendar(at time.Time) map[string][2]time.Time {
	now := at.In(salesdock.Amsterdam)
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, salesdock.Amsterdam)
	tomorrow, monday, month := today.AddDate(0, 0, 1), today.AddDate(0, 0, -(int(today.Weekday())+6)%7), today.AddDate(0, 0, 1-today.Day())
	spans := [][2]time.Time{
		{today, tomorrow}, {today.AddDate(0, 0, -1), today}, {monday, monday.AddDate(0, 0, 7)}, {monday.AddDate(0, 0, -7), monday},
		{today.AddDate(0, 0, -30), tomorrow}, {month, month.AddDate(0, 1, 0)}, {month.AddDate(0, -1, 0), month},
	}
	named := map[string][2]time.Time{}
	for i, name := range periods {
		named[name] = spans[i]
	}
	return named
}

// readableQuery is a query as PHP reads it: a % that begins no escape is a %, and a ; is no separator. Go's reader would leave
// the whole parameter out.
func readableQuery(raw string) string {
	if _, err := url.ParseQuery(raw); err == nil {
		return raw
	}
	var b strings.Builder
	for i := 0; i < len(raw); i++ {
		switch {
		case raw[i] == '%' && (i+2 >= len(raw) || !isHex(raw[i+1]) || !isHex(raw[i+2])):
			b.WriteString("%25")
		case raw[i] == ';':
			b.WriteString("%3B")
		default:
			b.WriteByte(raw[i])
		}
	}
	return b.String()
}

func isHex(c byte) bool { return strings.IndexByte("0123456789abcdefABCDEF", c) >= 0 }
