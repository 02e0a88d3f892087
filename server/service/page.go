package service

import (
	"context"
	"regexp"
	"strconv"
	"strings"

	"koppel/db"
)

// PageSize is how many rows a page for people has.
const PageSize = 50

// Page is a piece of a list that is read by key: the next page begins after the last row.
type Page[T any] struct {
	Rows []T
	More bool
}

// PageOf makes a page of rows, of which one more than fits was read.
func PageOf[T any](rows []T, err error) (Page[T], error) {
	if len(rows) > PageSize {
		return Page[T]{rows[:PageSize], true}, err
	}
	return Page[T]{rows, false}, err
}

var postcodeTyped = regexp.MustCompile(`^([1-9][0-9]{3})([A-Za-z]{2})$`)

// BeginsSo finds words that begin with one. A postcode is found with and without its space, however it is kept.
func BeginsSo(word string) string {
	begins := func(word string) string { return "'" + strings.ToValidUTF8(word[:min(len(word), maxWord)], "") + "':*" }
	if parts := postcodeTyped.FindStringSubmatch(word); parts != nil {
		return "(" + begins(word) + " | " + begins(parts[1]) + " & " + begins(parts[2]) + ")"
	}
	return begins(word)
}

// maxWord is what a search takes of a word, in bytes.
const maxWord = 200

// Cursor is a place in the changes of an environment. While pages are read, Since and Horizon stay and After
// moves; at the end Since becomes Horizon.
type Cursor struct{ Since, Horizon, After int64 }

// String writes the cursor as callers keep it.
func (c Cursor) String() string {
	return strconv.FormatInt(c.Since, 36) + "." + strconv.FormatInt(c.Horizon, 36) + "." + strconv.FormatInt(c.After, 36)
}

// ParseCursor reads a cursor; nothing is the beginning.
func ParseCursor(text string) (Cursor, error) {
	if text == "" {
		return Cursor{}, nil
	}
	parts := strings.Split(text, ".")
	var numbers [3]int64
	for i := range numbers {
		if len(parts) != 3 {
			return Cursor{}, Invalid("changed_since", "field_invalid", text)
		}
		n, err := strconv.ParseInt(parts[i], 36, 64)
		if err != nil || n < 0 {
			return Cursor{}, Invalid("changed_since", "field_invalid", text)
		}
		numbers[i] = n
	}
	return Cursor{numbers[0], numbers[1], numbers[2]}, nil
}

// Open fixes what this reading covers. A cursor of time that a restore of the database lost starts from the beginning.
func (c *Cursor) Open(ctx context.Context, tx *db.Tx) error {
	horizon, err := tx.SystemChangeHorizon(ctx)
	if err != nil {
		return err
	}
	lost := c.Since > horizon || c.Horizon > horizon
	for _, at := range []int64{c.Since, c.Horizon} {
		if lost || at == 0 {
			continue
		}
		if lost, err = tx.SystemChangeLost(ctx, at); err != nil {
			return err
		}
	}
	if lost {
		*c = Cursor{}
	}
	if c.Horizon == 0 {
		c.Horizon = horizon
	}
	return nil
}

// Advance gives the cursor after a page, and whether there is more.
func (c Cursor) Advance(rows, pageSize int, last int64) (Cursor, bool) {
	if rows == pageSize {
		return Cursor{c.Since, c.Horizon, last}, true
	}
	return Cursor{Since: c.Horizon}, false
}

// ChangePageSize is how many rows a change page has.
const ChangePageSize = 2000

// VersionAfter gives what a list's last change is told apart by; nothing while an older transaction runs.
func (s *Kernel) VersionAfter(ctx context.Context, a Actor, last func(*db.Tx) (int64, error)) (version string, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		horizon, err := tx.SystemChangeHorizon(ctx)
		if err != nil {
			return err
		}
		changed, err := last(tx)
		if err == nil && changed < horizon { // an older transaction that still runs could change something unseen
			version = strconv.FormatInt(changed, 36)
		}
		return err
	})
	return version, err
}
