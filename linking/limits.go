package linking

import (
	"strings"
	"unicode/utf8"
)

// How long texts may be, in characters. The store finds rows by some of them: a row of an index holds 2,704 bytes, a character
// has up to four, and some indexes hold two texts. What is found by nothing has no limit of its own.
const (
	MaxIdentifier = 255
	MaxName       = 500
	MaxStatusID   = 63 // of our own: it is part of an address
)

// limits by a field's name, wherever it stands.
var limits = map[string]int{
	"identifier": MaxIdentifier, "partner_identifier": MaxIdentifier, "section_identifier": MaxIdentifier, "supplier_identifier": MaxIdentifier,
	"type": MaxIdentifier, "external_reference": MaxIdentifier, "reference": MaxIdentifier, "key": MaxIdentifier, "partner_sale_id": MaxIdentifier,
	"account": MaxIdentifier, "account_name": MaxIdentifier, "base_url": MaxIdentifier, "link_key": MaxIdentifier, "email": MaxIdentifier,
	"status": MaxIdentifier, "partner_status": MaxIdentifier, "source": MaxIdentifier, "source_id": MaxIdentifier,
	"name": MaxName, "title": MaxName, "supplier_name": MaxName, "firstname": MaxName, "lastname": MaxName, "company_name": MaxName,
}

// MaxLength is how many characters a field may have; 0: the store sets no limit. Of products.0.name the last part counts.
func MaxLength(field string) int { return limits[field[strings.LastIndexByte(field, '.')+1:]] }

// TooLong says how many characters a field may have when a text has more; 0 when it fits.
func TooLong(field, text string) int {
	limit := MaxLength(field)
	if limit == 0 || utf8.RuneCountInString(text) <= limit {
		return 0
	}
	return limit
}
