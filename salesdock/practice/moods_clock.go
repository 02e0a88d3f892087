package practice

import (
	"net/http"
	"time"
)

// clockMoods set the account's clock, and the zone that it writes times in.
var clockMoods = []Mood{
	{Name: "clock-15-minutes-ahead", Does: "The account's clock is 15 minutes ahead, in its Date header and in its rows.", clock: func(p *Partner) { p.ahead = 15 * time.Minute }},
	{Name: "clock-15-minutes-behind", Does: "The account's clock is 15 minutes behind, in its Date header and in its rows.", clock: func(p *Partner) { p.ahead = -15 * time.Minute }},
	{Name: "clock-an-hour-ahead", Does: "The account's clock is an hour ahead, in its Date header and in its rows.", clock: func(p *Partner) { p.ahead = time.Hour }},
	{Name: "clock-an-hour-behind", Does: "The account's clock is an hour behind, in its Date header and in its rows.", clock: func(p *Partner) { p.ahead = -time.Hour }},
	{Name: "no-date", Does: "No answer has a Date header.", clock: func(p *Partner) { p.noDate = true }},
	{Name: "rows-in-utc", Does: "Rows tell their times in UTC without saying so; periods are read in Amsterdam's time.", clock: func(p *Partner) { p.zoneOfRows = time.UTC }},
	{Name: "account-in-utc", Does: "Rows tell their times in UTC without saying so, and periods are read so too.", clock: func(p *Partner) { p.zoneOfRows, p.zoneOfPeriods = time.UTC, time.UTC }},
}

// now is the time on the account's clock; the lock is held.
func (p *Partner) now() time.Time { return p.cfg.Now().Add(p.ahead) }

// date writes the Date header, as the account's clock has it.
func (p *Partner) date(w http.ResponseWriter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.noDate {
		w.Header()["Date"] = nil
		return
	}
	w.Header().Set("Date", p.now().UTC().Format(http.TimeFormat))
}

// naive writes a time as the account does most of the time: in its own zone, without saying so; the lock is held.
func (p *Partner) naive(at time.Time) string { return at.In(p.zoneOfRows).Format(time.DateTime) }
