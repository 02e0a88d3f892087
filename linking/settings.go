package linking

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/nl"

	"koppel/states"
)

// Settings of an integration, as a person sets them.
type Settings struct {
	SyncIntervalMinutes int              `json:"sync_interval_minutes"`
	VanishedProducts    string           `json:"vanished_products"`
	Forwarding          Forwarding       `json:"forwarding"`
	Rules               []ForwardingRule `json:"rules"`
	StatusUpdates       bool             `json:"status_updates"`
	StatusPollMinutes   int              `json:"status_poll_minutes"`
	SendOptin           bool             `json:"send_optin"`
	// RequestsPerMinute is what the partner allows, where it is not what is known of it; 0: as known.
	RequestsPerMinute int `json:"requests_per_minute"`
}

// What happens to an imported product that vanished at the partner.
const (
	VanishedNothing    = "nothing"
	VanishedDeactivate = "deactivate"
	VanishedDelete     = "delete"
)

// Forwarding is the general setting: which sales go, and when.
type Forwarding struct {
	Enabled   bool      `json:"enabled"`
	Automatic bool      `json:"automatic"`
	Statuses  StatusSet `json:"statuses"`
	Delay     Delay     `json:"delay"`
}

// ForwardingRule accepts sales by conditions of its own, besides the general setting.
type ForwardingRule struct {
	Name       string    `json:"name"`
	Enabled    bool      `json:"enabled"`
	Automatic  bool      `json:"automatic"`
	Statuses   StatusSet `json:"statuses"`
	Conditions *Rule     `json:"conditions"`
}

// Delay counts from the moment a sale first qualifies.
type Delay struct {
	Amount int    `json:"amount"`
	Unit   string `json:"unit"`
}

// DelayUnits are the units a delay can have.
var DelayUnits = []string{"minutes", "hours", "days", "working_days"}

// workCalendar knows Dutch working days: Monday to Friday without the public holidays. Good Friday is no day
// off, and Liberation Day is one in every fifth year.
var workCalendar = func() *cal.BusinessCalendar {
	calendar := cal.NewBusinessCalendar()
	calendar.AddHoliday(nl.Nieuwjaar, nl.TweedePaasdag, nl.Koningsdag, nl.Hemelvaart, nl.TweedePinksterDag, nl.EersteKerstdag, nl.TweedeKerstdag)
	calendar.AddHoliday(&cal.Holiday{Name: "Bevrijdingsdag", Month: time.May, Day: 5, Func: func(h *cal.Holiday, year int) time.Time {
		if year%5 != 0 {
			return time.Time{}
		}
		return cal.CalcDayOfMonth(h, year)
	}})
	return calendar
}()

// After gives the moment a delay ends. Days, and working days, are counted where the Netherlands' clock stands,
// and end at the same time of day.
func (d Delay) After(from time.Time) time.Time {
	switch d.Unit {
	case "hours":
		return from.Add(time.Duration(d.Amount) * time.Hour)
	case "days":
		return from.In(Amsterdam).AddDate(0, 0, d.Amount).UTC()
	case "working_days":
		return workCalendar.WorkdaysFrom(from.In(Amsterdam), d.Amount).UTC()
	}
	return from.Add(time.Duration(d.Amount) * time.Minute)
}

// StatusSet is "all", or a list of statuses.
type StatusSet struct {
	All bool
	IDs []string
}

// UnmarshalJSON reads "all" or a list.
func (s *StatusSet) UnmarshalJSON(data []byte) error {
	var word string
	if json.Unmarshal(data, &word) == nil {
		if word != "all" {
			return oneOf("statuses", "all", "[status, …]")
		}
		*s = StatusSet{All: true}
		return nil
	}
	*s = StatusSet{}
	if err := json.Unmarshal(data, &s.IDs); err != nil {
		return oneOf("statuses", "all", "[status, …]")
	}
	return nil
}

// MarshalJSON writes "all" or the list.
func (s StatusSet) MarshalJSON() ([]byte, error) {
	if s.All {
		return []byte(`"all"`), nil
	}
	if s.IDs == nil {
		return []byte("[]"), nil
	}
	return json.Marshal(s.IDs)
}

// DefaultSettings are those of a new integration: it shows what the partner offers and sends nothing.
func DefaultSettings() Settings {
	return Settings{
		SyncIntervalMinutes: 60, VanishedProducts: VanishedNothing,
		Forwarding:        Forwarding{Statuses: StatusSet{All: true}, Delay: Delay{Unit: "minutes"}},
		Rules:             []ForwardingRule{},
		StatusUpdates:     true,
		StatusPollMinutes: 15,
	}
}

// Validate reports the first setting that cannot be meant.
func (s *Settings) Validate() error {
	switch {
	case s.SyncIntervalMinutes < 5 || s.SyncIntervalMinutes > 7*24*60:
		return between("sync_interval_minutes", "5", "10080")
	case s.StatusPollMinutes < 1 || s.StatusPollMinutes > 24*60:
		return between("status_poll_minutes", "1", "1440")
	case !slices.Contains([]string{VanishedNothing, VanishedDeactivate, VanishedDelete}, s.VanishedProducts):
		return oneOf("vanished_products", VanishedNothing, VanishedDeactivate, VanishedDelete)
	case s.Forwarding.Delay.Amount < 0 || s.Forwarding.Delay.Amount > 10_000:
		return between("forwarding.delay.amount", "0", "10000")
	case !slices.Contains(DelayUnits, s.Forwarding.Delay.Unit):
		return oneOf("forwarding.delay.unit", DelayUnits...)
	case s.RequestsPerMinute < 0 || s.RequestsPerMinute > 60_000:
		return between("requests_per_minute", "0", "60000")
	case len(s.Rules) > 200:
		return Problem{Code: states.ProblemTooMany, Field: "rules", Subject: "rules", Detail: "200"}
	}
	for i := range s.Rules {
		if s.Rules[i].Name == "" {
			return Problem{Code: states.ProblemRuleName, Field: fmt.Sprintf("rules.%d.name", i), Detail: strconv.Itoa(i + 1)}
		}
		if err := s.Rules[i].Conditions.Validate(); err != nil {
			return InField(fmt.Sprintf("rules.%d.conditions", i), err)
		}
	}
	return nil
}

// IncomingSettings are B's choices for a link, with the defaults of the Salesdock interface.
type IncomingSettings struct {
	ValidateVerification       bool   `json:"validate_verification"`
	ValidateAgreements         bool   `json:"validate_agreements"`
	InitialOfferStatus         string `json:"initial_offer_status"`
	InitialOrderStatus         string `json:"initial_order_status"`
	SendConfirmationMail       bool   `json:"send_confirmation_mail"`
	AcceptCancellationRequests bool   `json:"accept_cancellation_requests"`
}

// DefaultIncomingSettings are those of a new link.
func DefaultIncomingSettings() IncomingSettings {
	return IncomingSettings{
		ValidateVerification: true, ValidateAgreements: true,
		InitialOfferStatus: StatusOfferPending, InitialOrderStatus: StatusNew, AcceptCancellationRequests: true,
	}
}
