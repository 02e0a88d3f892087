package db

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Storable says whether all text in a value (text, and objects and lists of it) can be kept: PostgreSQL takes neither a NUL
// nor broken UTF-8.
func Storable(value any) bool {
	switch v := value.(type) {
	case string:
		return !strings.ContainsRune(v, 0) && utf8.ValidString(v)
	case map[string]any:
		for name, inner := range v {
			if !Storable(name) || !Storable(inner) {
				return false
			}
		}
	case map[string][]string:
		for name, inner := range v {
			if !Storable(name) || slices.ContainsFunc(inner, func(text string) bool { return !Storable(text) }) {
				return false
			}
		}
	case []any:
		for _, inner := range v {
			if !Storable(inner) {
				return false
			}
		}
	}
	return true
}
