package dbtest

import "strings"

// Filled is what a test fills a field of a sale with: where the field has a form, something of that form.
func Filled(field string) string {
	switch strings.TrimPrefix(field, "connection_") {
	case "phone":
		return "0612345678"
	case "postcode":
		return "1234 AB"
	case "housenumber":
		return "1"
	}
	return "x"
}
