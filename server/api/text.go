package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"koppel/server/service"
)

// byteOrderMark is what some programs put before their UTF-8. It says nothing, and is read over.
var byteOrderMark = []byte("\xef\xbb\xbf")

// isUTF16 says whether JSON or a form is written in UTF-16: with its mark, or a NUL beside its first character.
func isUTF16(raw []byte) bool {
	return bytes.HasPrefix(raw, []byte("\xfe\xff")) || bytes.HasPrefix(raw, []byte("\xff\xfe")) || len(raw) > 1 && (raw[0] == 0 || raw[1] == 0)
}

// decodeJSON reads one JSON value of so many values at most, with its numbers as they are written. The decoder puts U+FFFD
// where UTF-8 is broken and for half a surrogate pair: a customer's name would be kept, and sent on, as another. Here it is
// refused, at its field.
func decodeJSON(raw []byte, values int) (any, error) {
	marked, mark := markBroken(raw)
	reader := jsonReader{json.NewDecoder(bytes.NewReader(marked)), values, values}
	reader.UseNumber()
	value, err := reader.value(maxDepth)
	switch {
	case errors.Is(err, io.EOF):
		return nil, io.ErrUnexpectedEOF
	case err != nil:
		return nil, err
	}
	if _, err := reader.Token(); !errors.Is(err, io.EOF) {
		return nil, unreadable("json_more")
	}
	if mark == "" {
		return value, nil
	}
	refusal := service.Refuse(service.KindInvalid, "broken_text")
	for _, field := range marks(value, mark, nil) {
		if refusal.Fields == nil {
			refusal.Key, refusal.Fields = "invalid", map[string]service.Sentence{}
		}
		refusal.Fields[field] = service.Sentence{Key: "broken_text"}
	}
	return nil, refusal
}

// maxDepth is how deep objects and lists may lie in each other.
const maxDepth = 64

// jsonReader reads JSON that means one thing only, and is not larger than what it is for: no name twice in an object (which
// of the two counts differs by reader), not too deep, not too many values.
type jsonReader struct {
	*json.Decoder
	left, most int
}

func (r *jsonReader) value(depth int) (any, error) {
	if r.left--; r.left < 0 {
		return nil, unreadable("json_many", r.most)
	}
	token, err := r.Token()
	if err != nil {
		return nil, err
	}
	delim, nests := token.(json.Delim)
	switch {
	case !nests:
		return token, nil
	case depth == 0:
		return nil, unreadable("json_deep", maxDepth)
	case delim == '{':
		return r.object(depth)
	}
	list := []any{}
	for r.More() {
		item, err := r.value(depth - 1)
		if err != nil {
			return nil, err
		}
		list = append(list, item)
	}
	_, err = r.Token()
	return list, err
}

func (r *jsonReader) object(depth int) (any, error) {
	object := map[string]any{}
	for r.More() {
		token, err := r.Token()
		if err != nil {
			return nil, err
		}
		name := token.(string) //nolint:forcetypeassert // the decoder gives nothing else there
		if _, twice := object[name]; twice {
			return nil, service.Invalid(strings.ToValidUTF8(name, "?"), "json_twice")
		}
		if object[name], err = r.value(depth - 1); err != nil {
			return nil, err
		}
	}
	_, err := r.Token()
	return object, err
}

// markBroken puts a mark, which stands nowhere else in the text, where UTF-8 is broken and for half a surrogate pair.
// Without either the text stays as it is, and there is no mark.
func markBroken(raw []byte) (marked []byte, mark string) {
	if utf8.Valid(raw) && !bytes.Contains(raw, []byte(`\u`)) {
		return raw, ""
	}
	for r := rune(0xf0000); mark == "" || bytes.Contains(raw, []byte(mark)); r++ { // of a private area: there is one that is free
		mark = string(r)
	}
	broken := false
	for i := 0; i < len(raw); {
		width, whole := character(raw[i:])
		if whole {
			marked = append(marked, raw[i:i+width]...)
		} else {
			marked, broken = append(marked, mark...), true
		}
		i += width
	}
	if !broken {
		return raw, ""
	}
	return marked, mark
}

// character measures the first character of JSON, an escape included, and says whether it is a whole one.
func character(raw []byte) (width int, whole bool) {
	if raw[0] != '\\' {
		r, width := utf8.DecodeRune(raw)
		return width, r != utf8.RuneError || width > 1
	}
	first, ok := escaped(raw)
	if !ok {
		return min(2, len(raw)), len(raw) < 2 || raw[1] < utf8.RuneSelf
	}
	if !utf16.IsSurrogate(first) {
		return 6, true
	}
	if second, ok := escaped(raw[6:]); ok && utf16.DecodeRune(first, second) != utf8.RuneError {
		return 12, true
	}
	return 6, false
}

// escaped reads an escape of four hexadecimal digits at the beginning of a text.
func escaped(raw []byte) (rune, bool) {
	if len(raw) < 6 || raw[0] != '\\' || raw[1] != 'u' {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(raw[2:6]), 16, 16)
	return rune(unit), err == nil
}

// marks lists the fields that have a mark in their text; of a name with one the field it stands in.
func marks(value any, mark string, path []string) (fields []string) {
	at := strings.Join(path, ".")
	switch v := value.(type) {
	case string:
		if strings.Contains(v, mark) {
			return []string{at}
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if strings.Contains(name, mark) {
				fields = append(fields, at)
				continue
			}
			fields = append(fields, marks(v[name], mark, append(slices.Clone(path), name))...)
		}
	case []any:
		for i, inner := range v {
			fields = append(fields, marks(inner, mark, append(slices.Clone(path), strconv.Itoa(i)))...)
		}
	}
	return slices.DeleteFunc(fields, func(field string) bool { return field == "" })
}
