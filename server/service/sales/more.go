package sales

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"koppel/linking"
)

const (
	// maxMore is how much may come along with a sale that means nothing to us, in bytes: what any other body may hold.
	maxMore = 1 << 20
	// The store writes a number out: 1e200000 would be as many digits, and more of them do not fit.
	maxDigits   = 100
	maxExponent = 100
)

// nested are the fields of a create that are read in a way of their own.
var nested = []string{
	"transaction_type", "product_id", "business", "questionData", "agreements", "related_products", "contract_pdf", "chain", "external_reference", "concept_transaction",
	"optin", "optin_channels", "optin_proof",
}

// notOfASale is what frameworks put into a form beside its fields. A credential least of all is kept or sent on.
var notOfASale = []string{"", "api_token", "_token", "_method"}

// fields reads the plain fields of a create, under the contract's names.
func (p *submissionParser) fields(extra ...string) map[string]string {
	fields := map[string]string{}
	for _, name := range slices.Concat(linking.OptionalFields, slices.Collect(maps.Keys(linking.InventedNames)), extra) {
		if value := p.text(name, false); value != "" {
			fields[name] = value
		}
	}
	linking.ContractNames(fields)
	return fields
}

// more is what came along under other names, as it was written.
func (p *submissionParser) more() map[string]json.RawMessage {
	more, size := map[string]json.RawMessage{}, 0
	for _, name := range slices.Sorted(maps.Keys(p.body)) {
		if p.reads(name) {
			continue
		}
		raw, err := json.Marshal(p.body[name])
		size += len(name) + len(raw)
		number, fits := numbersFit(p.body[name])
		switch {
		case err != nil:
			p.kind(name, "kind_text")
		case len(more) == maxAnswers:
			p.say(name, "too_many_values", maxAnswers)
			return nil
		case utf8.RuneCountInString(name) > linking.MaxIdentifier:
			p.say(name, "too_long", linking.MaxIdentifier)
		case size > maxMore:
			p.say(name, "too_long", maxMore)
			return nil
		case !fits:
			p.bad(name, number[:min(len(number), maxDigits)])
		}
		more[name] = raw
	}
	return more
}

// reads says whether a field has a meaning here, or is none of the sale.
func (p *submissionParser) reads(name string) bool {
	_, invented := linking.InventedNames[name]
	return invented || slices.Contains(nested, name) || slices.Contains(notOfASale, name) || slices.Contains(optinFields, name) ||
		slices.Contains(linking.RequiredFields, name) || slices.Contains(linking.RequiredBusinessFields, name) || slices.Contains(linking.OptionalFields, name)
}

// numbersFit gives a number in a value that the store does not keep as it is written.
func numbersFit(value any) (number string, fit bool) {
	switch v := value.(type) {
	case json.Number:
		digits, exponent, _ := strings.Cut(strings.ToLower(v.String()), "e")
		power, err := strconv.Atoi("0" + strings.TrimLeft(exponent, "+-"))
		return v.String(), len(digits) <= maxDigits && err == nil && power <= maxExponent
	case map[string]any:
		for _, inner := range v {
			if number, fit := numbersFit(inner); !fit {
				return number, false
			}
		}
	case []any:
		for _, inner := range v {
			if number, fit := numbersFit(inner); !fit {
				return number, false
			}
		}
	}
	return "", true
}
