package db

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Storable says whether all text in a value (text, and objects and lists of it) can be kept: PostgreSQL takes neither a NUL
// nor broken UTF-8.
func Storable(value any) bool {
	_, bad := Unstorable(value)
	return !bad
}

// Unstorable finds the first text in a value that cannot be kept, and the field it is in: the names down to it, with points
// between. Of a name that cannot be kept it gives the field around it.
func Unstorable(value any) (field string, bad bool) {
	switch v := value.(type) {
	case string:
		return "", strings.ContainsRune(v, 0) || !utf8.ValidString(v)
	case map[string]any:
		return unstorableIn(slices.Sorted(maps.Keys(v)), func(name string) any { return v[name] })
	case map[string][]string:
		return unstorableIn(slices.Sorted(maps.Keys(v)), func(name string) any { return strings.Join(v[name], "\n") })
	case []any:
		for i, inner := range v {
			if field, bad := Unstorable(inner); bad {
				return strings.TrimRight(strconv.Itoa(i)+"."+field, "."), true
			}
		}
	}
	return "", false
}

func unstorableIn(names []string, value func(name string) any) (field string, bad bool) {
	for _, name := range names {
		if _, bad := Unstorable(name); bad {
			return "", true
		}
		if field, bad := Unstorable(value(name)); bad {
			return strings.TrimRight(name+"."+field, "."), true
		}
	}
	return "", false
}
