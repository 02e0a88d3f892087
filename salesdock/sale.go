package salesdock

import (
	"encoding/json"
	"slices"
	"strings"

	"koppel/states"
)

// Status is a row of the status list.
type Status struct {
	Source     Text            `json:"source"`
	ID         Text            `json:"id"`
	Name       Text            `json:"name"`
	Text       Text            `json:"text"`
	Type       Text            `json:"type"`
	SourceData json.RawMessage `json:"source_data"`
}

// SaleStatus is a sale's status in an extended row.
type SaleStatus struct {
	StatusIdentifier Text `json:"status_identifier"`
	Status           Text `json:"status"`
	StatusRemark     Text `json:"status_remark" row:"private"`
}

// fromPlain reads a status that is written as in a plain row: its identifier alone.
func (SaleStatus) fromPlain(raw []byte) (map[string]json.RawMessage, bool) {
	if len(raw) == 0 || raw[0] == '[' {
		return nil, false
	}
	return map[string]json.RawMessage{"status_identifier": raw}, true
}

// SaleUpdate is the part of an extended sale row that status updates read, and that tells a sale apart: two uses, and what
// one cannot read need not concern the other. Odd is what could not be read.
type SaleUpdate struct {
	ID              Text       `json:"id"`
	Status          SaleStatus `json:"status" row:"spare"`
	CreatedAt       Stamp      `json:"created_at" row:"spare"`
	UpdatedAt       Stamp      `json:"updated_at" row:"spare"`
	StatusChangedAt Stamp      `json:"status_changed_at" row:"spare"` // our extension, with fractions of a second
	Customer        struct {
		Firstname Text `json:"firstname"`
		Lastname  Text `json:"lastname"`
		Email     Text `json:"email"`
		Birthdate Text `json:"birthdate"`
	} `json:"customer" row:"spare,private"`
	Product struct {
		ID Int `json:"id"`
	} `json:"product" row:"spare"`
	CancellationRequest *CancellationState `json:"cancellation_request" row:"spare,private"` // our extension: the last one that was made for it

	Odd []Unreadable `json:"-"`
}

// ChangedAt is when the status changed, as far as the partner tells.
func (u *SaleUpdate) ChangedAt() Stamp {
	if u.StatusChangedAt.IsZero() {
		return u.UpdatedAt
	}
	return u.StatusChangedAt
}

// StatusOdd is what keeps its status from being followed; nil: nothing does.
func (u *SaleUpdate) StatusOdd() *Unreadable {
	if odd := u.oddIn("status.status_identifier", "updated_at", "status_changed_at"); odd != nil {
		return odd
	}
	switch {
	case u.Status.StatusIdentifier == "":
		return &Unreadable{ID: string(u.ID), Field: "status", Reason: states.ProblemRequired}
	case u.ChangedAt().IsZero():
		return &Unreadable{ID: string(u.ID), Field: "updated_at", Reason: states.ProblemRequired}
	}
	return nil
}

// IdentityOdd is what keeps it from being told apart from other sales; nil: nothing does.
func (u *SaleUpdate) IdentityOdd() *Unreadable { return u.oddIn("customer", "product", "created_at") }

// oddIn is the first thing that could not be read of some fields, what is in them, and what they are in.
func (u *SaleUpdate) oddIn(fields ...string) *Unreadable {
	for i := range u.Odd {
		odd := u.Odd[i].Field + "."
		if slices.ContainsFunc(fields, func(field string) bool {
			return strings.HasPrefix(odd, field+".") || strings.HasPrefix(field+".", odd)
		}) {
			return &u.Odd[i]
		}
	}
	return nil
}

// SaleCreated is the answer to a create.
type SaleCreated struct {
	SaleID Text `json:"sale_id"`
}
