package linking

import (
	"crypto/sha256"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// ProductContent is what the owner of a product decides; on an imported product these fields follow the
// partner and are locked. Prices are exact decimals, and they and custom fields stay as they were written.
type ProductContent struct {
	Name                     string            `json:"name"`
	Identifier               string            `json:"identifier"`
	Type                     string            `json:"type"`
	SupplierID               int64             `json:"supplier_id,omitempty"`
	SupplierName             string            `json:"supplier_name,omitempty"`
	SupplierIdentifier       string            `json:"supplier_identifier,omitempty"`
	Business                 string            `json:"business"`  // "0" consumer, "1" business, "2" both
	Retention                string            `json:"retention"` // "0" new customers, "1" existing, "2" both
	Main                     bool              `json:"main"`
	Duration                 int               `json:"duration,omitempty"` // months
	ValidFrom                string            `json:"valid_from,omitempty"`
	ValidTill                string            `json:"valid_till,omitempty"`
	Price                    string            `json:"price,omitempty"`
	PriceAction              string            `json:"price_action,omitempty"`
	PriceMonthly             string            `json:"price_monthly,omitempty"`
	PriceMonthlyAction       string            `json:"price_monthly_action,omitempty"`
	PriceMonthlyActionType   string            `json:"price_monthly_action_type,omitempty"`
	PriceMonthlyActionMonths int               `json:"price_monthly_action_value,omitempty"`
	CustomFields             map[string]string `json:"customfields,omitempty"`
	Documents                []Document        `json:"documents,omitempty"`
}

// Document is an attachment by its address.
type Document struct {
	Name     string `json:"name"`
	Location string `json:"location"`
}

// ProductOwn is what stays ours on an imported product: texts for our own sellers.
type ProductOwn struct {
	USP         string `json:"usp,omitempty"`
	Description string `json:"description,omitempty"`
	CartInfo    string `json:"cart_info,omitempty"`
}

// Canonical is the one text of this content: the same content gives the same bytes, however it spells its validity.
// Identity that differs between environments (the supplier's id) is not part of it.
func (c ProductContent) Canonical() []byte {
	c.SupplierID, c.ValidFrom, c.ValidTill = 0, readable(c.ValidFrom), readable(c.ValidTill)
	data, err := json.Marshal(c)
	if err != nil {
		panic("linking: product content is plain data: " + err.Error())
	}
	return data
}

// Hash tells whether content changed.
func (c ProductContent) Hash() []byte {
	sum := sha256.Sum256(c.Canonical())
	return sum[:]
}

// FieldChange is one field's old and new value, as the sync history shows it.
type FieldChange struct {
	Field string `json:"field"`
	Old   any    `json:"old"`
	New   any    `json:"new"`
}

// Diff lists what changed, custom fields one by one, in the order of their names.
func (c ProductContent) Diff(next ProductContent) []FieldChange {
	before, after := c.flat(), next.flat()
	names := slices.Sorted(maps.Keys(after))
	for name := range before {
		if _, ok := after[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var changes []FieldChange
	for _, name := range names {
		if !reflect.DeepEqual(before[name], after[name]) {
			changes = append(changes, FieldChange{Field: name, Old: before[name], New: after[name]})
		}
	}
	return changes
}

func (c ProductContent) flat() map[string]any {
	fields := map[string]any{}
	if err := json.Unmarshal(c.Canonical(), &fields); err != nil {
		panic("linking: canonical content is JSON: " + err.Error())
	}
	delete(fields, "customfields")
	for name, value := range c.CustomFields {
		fields["customfields."+name] = value
	}
	return fields
}

// The brake: a run that would remove more than this many products and more than this share of what is
// imported waits for a person.
const (
	BrakeCount   = 20
	BrakePercent = 5
)

// BrakeNeeded says whether removing this many of the imported products needs a person's word.
func BrakeNeeded(removals, imported int) bool {
	return removals > BrakeCount && removals*100 > imported*BrakePercent
}

// Without takes changes back: every changed field gets its old value.
func (c ProductContent) Without(changes []FieldChange) ProductContent {
	fields := map[string]any{}
	supplierID := c.SupplierID
	if err := json.Unmarshal(c.Canonical(), &fields); err != nil {
		panic("linking: canonical content is JSON: " + err.Error())
	}
	custom, _ := fields["customfields"].(map[string]any)
	if custom == nil {
		custom = map[string]any{}
	}
	for _, change := range changes {
		target, name := fields, change.Field
		if inner, isCustom := strings.CutPrefix(change.Field, "customfields."); isCustom {
			target, name = custom, inner
		}
		if change.Old == nil {
			delete(target, name)
		} else {
			target[name] = change.Old
		}
	}
	fields["customfields"] = custom
	data, err := json.Marshal(fields)
	if err != nil {
		panic("linking: product content is plain data: " + err.Error())
	}
	var before ProductContent
	if err := json.Unmarshal(data, &before); err != nil {
		return c // a change that was not recorded by Diff
	}
	before.SupplierID = supplierID
	return before
}
