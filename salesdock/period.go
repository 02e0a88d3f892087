package salesdock

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"koppel/linking"
)

// Period is a stretch of time as clocks at the partner show it, both ends included: its filters and most of its rows
// are written without a zone, so that the digits are all there is. They are kept as a time in UTC, see Wall.
type Period struct{ From, Till time.Time }

// Wall is what clocks in Amsterdam show at a moment, kept as if it were UTC: it can be compared and counted with as the
// text that it stands for.
func Wall(at time.Time) time.Time {
	local := at.In(Amsterdam)
	_, offset := local.Zone()
	return local.UTC().Add(time.Duration(offset) * time.Second)
}

// Repeated says whether a moment is in an hour that clocks in Amsterdam show twice: read without a zone, it may be an
// hour earlier or later.
func Repeated(at time.Time) bool {
	return !at.IsZero() && (FormatStamp(at) == FormatStamp(at.Add(time.Hour)) || FormatStamp(at) == FormatStamp(at.Add(-time.Hour)))
}

// SalesUpdated reads one page of the sales that were updated in a period.
func (c *Client) SalesUpdated(ctx context.Context, period Period, page int) (Page[SaleUpdate], error) {
	return c.salesInPeriod(ctx, "updated_date", period, page)
}

// SalesCreated reads one page of the sales that were made in a period.
func (c *Client) SalesCreated(ctx context.Context, period Period, page int) (Page[SaleUpdate], error) {
	return c.salesInPeriod(ctx, "created_date", period, page)
}

func (c *Client) salesInPeriod(ctx context.Context, on string, period Period, page int) (Page[SaleUpdate], error) {
	return get[Page[SaleUpdate]](ctx, c, "user/sales", url.Values{
		"period_filter_on": {on}, "period": {"custom"}, "period_start": {period.From.Format(linking.MomentLayout)}, "period_end": {period.Till.Format(linking.MomentLayout)},
		"extended": {"true"}, "page": {strconv.Itoa(page)},
	}, 0)
}

// Clocked gives the client the clock that its partner's is held against; heard is called with what an answer says of
// the partner's, in the middle of a request.
func (c *Client) Clocked(now func() time.Time, heard func(ctx context.Context, ahead time.Duration)) *Client {
	c.now, c.heard = now, heard
	return c
}

// Ahead is how far the partner's clock was ahead of ours by its last answer that said so.
func (c *Client) Ahead() (ahead time.Duration, known bool) {
	if c.ahead == nil {
		return 0, false
	}
	return *c.ahead, true
}

// hear takes the partner's clock from an answer of its own: its Date is of some moment between asking and answering. One
// that a cache kept says nothing.
func (c *Client) hear(ctx context.Context, r request, response *http.Response, asked, answered time.Time) {
	at, err := http.ParseTime(response.Header.Get("Date"))
	if c.heard == nil || r.method != http.MethodGet || err != nil || response.Header.Get("Age") != "" {
		return
	}
	ahead := at.Add(time.Second / 2).Sub(asked.Add(answered.Sub(asked) / 2)) // a Date is cut to seconds
	c.ahead = &ahead
	c.heard(ctx, ahead)
}
