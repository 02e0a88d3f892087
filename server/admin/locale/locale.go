// Package locale is the interface's language: its texts, and how dates, numbers and money are written. A text
// is written in Dutch where it is used, and looked up in the English catalogue; a text that is not there fails a test.
package locale

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"

	"koppel/salesdock"
	"koppel/states"
)

// Printer writes in one language.
type Printer struct {
	Language states.Language
	Now      time.Time
	// Missing is told of a text that the catalogue lacks; for tests.
	Missing func(text string)
}

// T gives a text with its arguments filled in; %s takes numbers too, written as the language has them.
func (p Printer) T(text string, args ...any) string {
	if p.Language == states.English {
		translated, ok := english[text]
		if ok {
			text = translated
		} else if p.Missing != nil {
			p.Missing(text)
		}
	}
	if len(args) == 0 {
		return text
	}
	for i, arg := range args {
		switch n := arg.(type) {
		case int:
			args[i] = p.Number(int64(n))
		case int32:
			args[i] = p.Number(int64(n))
		case int64:
			args[i] = p.Number(n)
		}
	}
	return fmt.Sprintf(text, args...)
}

// N gives the text for one, or for another number of things; the first %s is the number.
func (p Printer) N(count int64, one, many string, args ...any) string {
	args = append([]any{count}, args...)
	if count == 1 {
		return p.T(one, args...)
	}
	return p.T(many, args...)
}

func (p Printer) printer() *message.Printer {
	if p.Language == states.English {
		return message.NewPrinter(language.English)
	}
	return message.NewPrinter(language.Dutch)
}

// Number writes a whole number: 1.234 or 1,234.
func (p Printer) Number(n int64) string { return p.printer().Sprint(number.Decimal(n)) }

// Money writes an exact amount of euros as the language has it. What is not an amount stays as it is.
func (p Printer) Money(amount string) string {
	if amount == "" {
		return ""
	}
	whole, cents, _ := strings.Cut(amount, ".")
	var n int64
	if _, err := fmt.Sscan(whole, &n); err != nil {
		return amount
	}
	for len(cents) < 2 {
		cents += "0"
	}
	if p.Language == states.English {
		return "€" + p.Number(n) + "." + cents
	}
	return "€ " + p.Number(n) + "," + cents
}

var months = map[states.Language][]string{
	states.Dutch:   {"jan.", "feb.", "mrt.", "apr.", "mei", "juni", "juli", "aug.", "sep.", "okt.", "nov.", "dec."},
	states.English: {"Jan", "Feb", "Mar", "Apr", "May", "June", "July", "Aug", "Sep", "Oct", "Nov", "Dec"},
}

// Date writes a day where the Netherlands' clock stands.
func (p Printer) Date(at time.Time) string {
	at = at.In(salesdock.Amsterdam)
	names := months[p.Language]
	if names == nil {
		names = months[states.Dutch]
	}
	return fmt.Sprintf("%d %s %d", at.Day(), names[at.Month()-1], at.Year())
}

// Exact writes a moment to the second.
func (p Printer) Exact(at time.Time) string {
	return p.Date(at) + " " + at.In(salesdock.Amsterdam).Format("15:04:05")
}

// withinARequest: what a request did lies that much after the moment at which its page was asked for.
const withinARequest = 5 * time.Second

// When writes a moment as people say it: zojuist, vandaag 14:02, gisteren 09:15, 3 dagen geleden, 4 mei 2026.
func (p Printer) When(at time.Time) string {
	now, then := p.Now.In(salesdock.Amsterdam), at.In(salesdock.Amsterdam)
	clock := then.Format("15:04")
	days := int(midnight(now).Sub(midnight(then)).Round(24*time.Hour) / (24 * time.Hour))
	switch since := now.Sub(then); {
	case since > -withinARequest && since < time.Minute:
		return p.T("zojuist")
	case since >= 0 && since < time.Hour:
		return p.N(int64(since.Minutes()), "%s minuut geleden", "%s minuten geleden")
	case since < 0 && since > -time.Hour:
		return p.N(max(1, int64((-since).Minutes())), "over %s minuut", "over %s minuten")
	case days == 0:
		return p.T("vandaag %s", clock)
	case days == 1:
		return p.T("gisteren %s", clock)
	case days == -1:
		return p.T("morgen %s", clock)
	case days > 1 && days < 7:
		return p.N(int64(days), "%s dag geleden", "%s dagen geleden")
	case days < 0:
		return p.Date(at) + " " + clock
	}
	return p.Date(at)
}

func midnight(at time.Time) time.Time {
	return time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, at.Location())
}

// Texts lists the catalogue, for tests.
func Texts() map[string]string { return english }
