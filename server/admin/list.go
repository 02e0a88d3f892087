package admin

import (
	"strings"

	"koppel/server/admin/views"
	"koppel/server/service"
)

// listOf gives the page of a list that was asked for: what has every word of the search in its texts, after the
// row that the last page ended with. It is for lists that an environment has some hundreds of at most; longer
// ones are searched by the database.
func listOf[T any](v *visit, rows []T, key func(T) string, texts func(T) string) views.List[T] {
	words, after := strings.Fields(strings.ToLower(v.q("q"))), v.q("after")
	list := views.List[T]{ListInfo: views.ListInfo{First: after == "", Filtered: len(words) > 0 || v.q("role") != ""}}
	reached := after == ""
	for _, row := range rows {
		if !reached {
			reached = key(row) == after
			continue
		}
		if !hasAll(strings.ToLower(texts(row)), words) {
			continue
		}
		if len(list.Rows) == service.PageSize {
			list.Next = key(list.Rows[len(list.Rows)-1])
			break
		}
		list.Rows = append(list.Rows, row)
	}
	return list
}

func hasAll(text string, words []string) bool {
	for _, word := range words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}
