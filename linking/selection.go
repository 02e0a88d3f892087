package linking

import (
	"time"

	"koppel/states"
)

// Selection says which sales of a link a bulk operation is about.
type Selection struct {
	From     *time.Time    `json:"from,omitempty"`     // made since then
	Statuses []string      `json:"statuses,omitempty"` // in one of these; empty: in any
	Reason   string        `json:"reason,omitempty"`   // why they are given up
	Cause    states.Reason `json:"cause,omitempty"`    // that wait for a person because of this; empty: whatever the cause
}

// OnlyCause is the cause, or nil for any.
func (s Selection) OnlyCause() *string {
	if s.Cause == "" {
		return nil
	}
	return new(string(s.Cause))
}
