package salesdock

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"koppel/linking"
	"koppel/states"
)

// Unreadable is a row of a partner's that could not be read: which one, and what is wrong with it. It is an error too,
// whose text tells no values.
type Unreadable struct { //nolint:errname // a row first of all
	ID     string // the partner's; nothing where even that cannot be read
	Name   string // what people know it by, where it says; never a customer's
	Field  string // such as status.status_identifier; nothing when the row is no row at all
	Value  string // what was given, shortened; never a customer's
	Reason states.Reason
}

func (u Unreadable) Error() string { return fmt.Sprintf("row %s: %s: %s", u.ID, u.Field, u.Reason) }

// Unwrap makes it an ErrUnreadable, and a problem with a value.
func (u Unreadable) Unwrap() []error {
	return []error{ErrUnreadable, linking.Problem{Code: u.Reason, Field: u.Field, Detail: u.Value}}
}

// meansNothing is a row whose fields can be read, and one of which has no meaning here.
func meansNothing(id int64, name Text, err error) error {
	u := Unreadable{ID: strconv.FormatInt(id, 10), Name: shorten(string(name)), Reason: states.ProblemNotText}
	var problem linking.Problem
	if errors.As(err, &problem) {
		u.Field, u.Value, u.Reason = problem.Field, shorten(problem.Detail), problem.Code
	}
	return u
}

// List is a partner's list, read row by row: what cannot be read spoils nothing else.
type List[T any] struct {
	Rows       []T
	Unreadable []Unreadable
}

// UnmarshalJSON reads a list; null is an empty one.
func (l *List[T]) UnmarshalJSON(data []byte) error {
	*l = List[T]{}
	if string(bytes.TrimSpace(data)) == "null" {
		return nil
	}
	return streamRows(json.NewDecoder(bytes.NewReader(data)), l.take, l.setAside)
}

func (l *List[T]) take(row T) error { l.Rows = append(l.Rows, row); return nil }

func (l *List[T]) setAside(row Unreadable) error {
	l.Unreadable = append(l.Unreadable, row)
	return nil
}

// UnmarshalJSON reads a page's rows one by one. Of its links only the next page is read: the others are nobody's.
func (p *Page[T]) UnmarshalJSON(data []byte) error {
	type plain Page[T]
	page := struct {
		*plain
		Data  List[T]         `json:"data"`
		Links json.RawMessage `json:"links"`
	}{plain: (*plain)(p)}
	err := json.Unmarshal(data, &page)
	p.Data, p.Unreadable = page.Data.Rows, page.Data.Unreadable
	return err
}

// UnmarshalJSON reads a page's rows one by one.
func (p *CursorPage[T]) UnmarshalJSON(data []byte) error {
	type plain CursorPage[T]
	page := struct {
		*plain
		Data List[T] `json:"data"`
	}{plain: (*plain)(p)}
	err := json.Unmarshal(data, &page)
	p.Data, p.Unreadable = page.Data.Rows, page.Data.Unreadable
	return err
}

// streamList walks through an envelope and hands out the rows of its data.
func streamList[T any](body io.Reader, each func(T) error, aside func(Unreadable) error) error {
	decoder := json.NewDecoder(body)
	unreadable := func(err error) error { return fmt.Errorf("%w: %w", ErrUnreadable, err) }
	if _, err := expect(decoder, "{"); err != nil {
		return unreadable(err)
	}
	var success Flag
	complete := false
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return unreadable(err)
		}
		switch key {
		case "success":
			err = decoder.Decode(&success)
		case "data":
			err = streamRows(decoder, each, aside)
			complete = err == nil
		default:
			var ignored json.RawMessage
			err = decoder.Decode(&ignored)
		}
		if err != nil {
			return unreadable(err)
		}
	}
	if _, err := expect(decoder, "}"); err != nil {
		return unreadable(err)
	}
	if !bool(success) || !complete {
		return unreadable(errors.New("not a successful list"))
	}
	return nil
}

// streamRows hands out the rows of a list. PHP writes one of which rows were left out as an object with numbers for names.
func streamRows[T any](decoder *json.Decoder, each func(T) error, aside func(Unreadable) error) error {
	opening, err := expect(decoder, "[{")
	if err != nil {
		return err
	}
	for decoder.More() {
		if opening == '{' {
			if err := expectNumber(decoder); err != nil {
				return err
			}
		}
		var raw json.RawMessage
		if err := decoder.Decode(&raw); err != nil {
			return err
		}
		row, odd := readRow[T](raw, true)
		if odd != nil {
			err = aside(*odd)
		} else {
			err = each(row)
		}
		if err != nil {
			return err
		}
	}
	_, err = expect(decoder, "]}")
	return err
}

// expect reads one of some brackets; that they are paired the decoder sees to.
func expect(decoder *json.Decoder, brackets string) (json.Delim, error) {
	token, err := decoder.Token()
	if err != nil {
		return 0, err
	}
	if delim, ok := token.(json.Delim); ok && bytes.ContainsRune([]byte(brackets), rune(delim)) {
		return delim, nil
	}
	return 0, fmt.Errorf("%T where one of %s belongs", token, brackets) // its value stays out of every log
}

func expectNumber(decoder *json.Decoder) error {
	token, err := decoder.Token()
	if err != nil {
		return err
	}
	name, _ := token.(string)
	if _, err := strconv.Atoi(name); err != nil {
		return errors.New("an object where a list belongs")
	}
	return nil
}
