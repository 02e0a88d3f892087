package salesdock

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"koppel/linking"
	"koppel/states"
)

// shown is how much of a value that cannot be read is shown.
const shown = 60

// readRow reads a row field by field, so that what is wrong with it has a name. A row of a list must say which it is; what
// answers a question about one need not.
//
// Fields can have a row tag: "private" (a customer's: its value is never told) and "spare" (the row counts without it: what
// is wrong with it goes into the row's Odd).
func readRow[T any](data []byte, listed bool) (row T, odd *Unreadable) {
	v := reflect.ValueOf(&row).Elem()
	if v.Kind() != reflect.Struct {
		r := rowReader{}
		r.value(place{}, data, v)
		return row, r.first()
	}
	fields, ok := object(data)
	if !ok {
		return row, &Unreadable{Reason: states.ProblemNotObject}
	}
	r := rowReader{about: Unreadable{ID: rowID(v, fields), Name: rowName(v, fields)}}
	if listed && r.about.ID == "" {
		r.missed(place{path: "id"}, fields["id"], states.ProblemNotWhole)
	}
	r.fields(place{}, fields, v)
	if noted := v.FieldByName("Odd"); noted.IsValid() && len(r.spare) > 0 {
		noted.Set(reflect.ValueOf(r.spare))
	}
	return row, r.first()
}

// rowReader collects what is wrong with one row.
type rowReader struct {
	about      Unreadable // the row
	odd, spare []Unreadable
}

func (r *rowReader) first() *Unreadable {
	if len(r.odd) == 0 {
		return nil
	}
	return &r.odd[0]
}

// place is where in a row a value is.
type place struct {
	path           string
	private, spare bool
}

func (p place) at(name, tag string) place {
	if p.path != "" {
		name = p.path + "." + name
	}
	return place{path: name, private: p.private || strings.Contains(tag, "private"), spare: p.spare || strings.Contains(tag, "spare")}
}

func (r *rowReader) missed(at place, raw []byte, reason states.Reason) {
	u := r.about
	u.Field, u.Reason = at.path, reason
	if !at.private {
		u.Value = show(raw)
	}
	if at.spare {
		r.spare = append(r.spare, u)
	} else {
		r.odd = append(r.odd, u)
	}
}

func (r *rowReader) fields(at place, raw map[string]json.RawMessage, v reflect.Value) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case name == "-":
		case field.Anonymous && name == "":
			if value := v.Field(i); field.Type.Kind() == reflect.Pointer && mentions(field.Type.Elem(), raw) {
				value.Set(reflect.New(field.Type.Elem()))
				r.fields(at, raw, value.Elem())
			}
		case raw[name] != nil:
			r.value(at.at(name, field.Tag.Get("row")), raw[name], v.Field(i))
		}
	}
}

// mentions says whether a row has any of a struct's fields.
func mentions(t reflect.Type, raw map[string]json.RawMessage) bool {
	return slices.ContainsFunc(reflect.VisibleFields(t), func(field reflect.StructField) bool {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		return raw[name] != nil
	})
}

func (r *rowReader) value(at place, raw json.RawMessage, v reflect.Value) {
	raw = bytes.TrimSpace(raw)
	_, ownWay := v.Addr().Interface().(json.Unmarshaler)
	switch {
	case v.Kind() == reflect.Pointer:
		if nothing(raw) {
			return
		}
		v.Set(reflect.New(v.Type().Elem()))
		r.value(at, raw, v.Elem())
	case ownWay:
		r.leaf(at, raw, v)
	case v.Kind() == reflect.Struct:
		if nothing(raw) {
			return
		}
		fields, ok := object(raw)
		if plain, takes := v.Addr().Interface().(plainReader); !ok && takes {
			fields, ok = plain.fromPlain(raw)
		}
		if !ok {
			r.missed(at, raw, states.ProblemNotObject)
			return
		}
		r.fields(at, fields, v)
	case v.Kind() == reflect.Slice:
		r.list(at, raw, v)
	default:
		r.leaf(at, raw, v)
	}
}

// plainReader is an object that some rows write as one plain value.
type plainReader interface {
	fromPlain(raw []byte) (fields map[string]json.RawMessage, ok bool)
}

func (r *rowReader) list(at place, raw json.RawMessage, v reflect.Value) {
	v.SetZero()
	if nothing(raw) {
		return
	}
	var values List[json.RawMessage] // PHP's lists with numbers for names are read here as well
	if !isList(raw) || json.Unmarshal(raw, &values) != nil {
		r.missed(at, raw, states.ProblemNotList)
		return
	}
	for n, value := range values.Rows {
		element := reflect.New(v.Type().Elem()).Elem()
		r.value(at.at(strconv.Itoa(n), ""), value, element)
		v.Set(reflect.Append(v, element))
	}
}

func (r *rowReader) leaf(at place, raw []byte, v reflect.Value) {
	if BrokenText(raw) {
		r.missed(at, raw, states.ProblemBrokenText)
		return
	}
	err := json.Unmarshal(raw, v.Addr().Interface())
	var problem linking.Problem
	switch text, isText := v.Interface().(Text); {
	case err == nil && isText && linking.TooLong(at.path, string(text)) > 0:
		r.missed(at, raw, states.ProblemTooLong)
	case err == nil:
	case errors.As(err, &problem):
		r.missed(at, raw, problem.Code)
	case v.Kind() == reflect.Bool:
		r.missed(at, raw, states.ProblemNotYesNo)
	case v.Kind() == reflect.Map:
		r.missed(at, raw, states.ProblemNotObject)
	default:
		r.missed(at, raw, states.ProblemNotText)
	}
}

// nothing is what stands for no object and no list: PHP writes an empty object as a list.
func nothing(raw []byte) bool {
	switch string(raw) {
	case "null", `""`, "false":
		return true
	}
	return len(raw) > 1 && raw[0] == '[' && len(bytes.TrimSpace(raw[1:len(raw)-1])) == 0
}

func isList(raw []byte) bool { return len(raw) > 0 && (raw[0] == '[' || raw[0] == '{') }

func object(raw []byte) (fields map[string]json.RawMessage, ok bool) {
	if trimmed := bytes.TrimSpace(raw); len(trimmed) == 0 || trimmed[0] != '{' {
		return nil, false
	}
	err := json.Unmarshal(raw, &fields)
	return fields, err == nil
}

// rowID is the number or name of a row at the partner; nothing where it has none that counts.
func rowID(v reflect.Value, fields map[string]json.RawMessage) string {
	text, err := scalar(fields["id"])
	text = strings.TrimSpace(text)
	if err != nil || text == "" || BrokenText(fields["id"]) {
		return ""
	}
	if id := v.FieldByName("ID"); id.IsValid() && id.Kind() == reflect.Int64 {
		number, err := linking.ReadWhole(text)
		if err != nil || number <= 0 {
			return ""
		}
		return strconv.FormatInt(number, 10)
	}
	if len(text) > shown {
		return ""
	}
	return text
}

// rowName is what people know a row by; of a sale that is its number.
func rowName(v reflect.Value, fields map[string]json.RawMessage) string {
	for field, name := range map[string]string{"Name": "name", "Title": "title"} {
		if v.FieldByName(field).IsValid() {
			if _, err := scalar(fields[name]); err == nil {
				return show(fields[name])
			}
		}
	}
	return ""
}

// show gives a value as people may see it: shortened, and of what is made of parts only that it is.
func show(raw []byte) string {
	raw = bytes.TrimSpace(raw)
	switch {
	case len(raw) == 0:
		return ""
	case raw[0] == '{':
		return "{…}"
	case raw[0] == '[' && !nothing(raw):
		return "[…]"
	}
	text, err := scalar(raw)
	if err != nil {
		text = string(raw)
	}
	return shorten(text)
}

func shorten(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if utf8.RuneCountInString(text) > shown {
		text = string([]rune(text)[:shown]) + "…"
	}
	return text
}
