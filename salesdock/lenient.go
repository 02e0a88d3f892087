package salesdock

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"koppel/linking"
	"koppel/states"
)

// Amsterdam is the zone of every time that is written without one.
var Amsterdam = linking.Amsterdam

// scalar reads text, a number, a boolean or null as text.
func scalar(data []byte) (string, error) {
	data = bytes.TrimSpace(data)
	switch {
	case len(data) == 0 || string(data) == "null":
		return "", nil
	case data[0] == '"':
		var text string
		err := json.Unmarshal(data, &text)
		return text, err
	case string(data) == "true":
		return "1", nil
	case string(data) == "false":
		return "0", nil
	case data[0] == '{' || data[0] == '[':
		return "", linking.Problem{Code: states.ProblemNotText}
	}
	return string(data), nil
}

// Text is text that may arrive as a number or boolean.
type Text string

// UnmarshalJSON reads any scalar.
func (t *Text) UnmarshalJSON(data []byte) error {
	text, err := scalar(data)
	*t = Text(text)
	return err
}

// Flag is a boolean that travels as "0"/"1", 0/1 or a boolean, and is written as "0"/"1".
type Flag bool

// UnmarshalJSON reads every spelling; null and "" are false.
func (f *Flag) UnmarshalJSON(data []byte) error {
	text, err := scalar(data)
	if err != nil {
		return err
	}
	switch strings.ToLower(text) {
	case "1", "true", "yes", "on", "ja":
		*f = true
	case "", "0", "false", "no", "off", "nee":
		*f = false
	default:
		return linking.Problem{Code: states.ProblemNotYesNo, Detail: fmt.Sprintf("%.40s", text)}
	}
	return nil
}

// MarshalJSON writes "0" or "1".
func (f Flag) MarshalJSON() ([]byte, error) {
	if f {
		return []byte(`"1"`), nil
	}
	return []byte(`"0"`), nil
}

// Bool is a Flag that is written true or false, as some resources have it.
type Bool bool

// UnmarshalJSON reads every spelling; null and "" are false.
func (b *Bool) UnmarshalJSON(data []byte) error { return (*Flag)(b).UnmarshalJSON(data) }

// NullText is Text that is written null where there is none.
type NullText string

// UnmarshalJSON reads any scalar.
func (t *NullText) UnmarshalJSON(data []byte) error { return (*Text)(t).UnmarshalJSON(data) }

// MarshalJSON writes null for nothing.
func (t NullText) MarshalJSON() ([]byte, error) {
	if t == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(t))
}

// Age is a number that is written as text, null for none.
type Age int64

// UnmarshalJSON reads a number or numeric text; null and "" are 0.
func (a *Age) UnmarshalJSON(data []byte) error { return (*Int)(a).UnmarshalJSON(data) }

// MarshalJSON writes null for none.
func (a Age) MarshalJSON() ([]byte, error) {
	if a == 0 {
		return []byte("null"), nil
	}
	return json.Marshal(strconv.FormatInt(int64(a), 10))
}

// Int is a whole number that may arrive as text.
type Int int64

// UnmarshalJSON reads a number or numeric text; null and "" are 0.
func (i *Int) UnmarshalJSON(data []byte) error {
	number, err := whole(data, linking.ReadWhole)
	*i = Int(number)
	return err
}

// Months is a number of months, which may arrive as "12 maanden".
type Months int64

// UnmarshalJSON reads a number, or a text with its unit; null and "" are 0.
func (m *Months) UnmarshalJSON(data []byte) error {
	number, err := whole(data, linking.ReadMonths)
	*m = Months(number)
	return err
}

// MarshalJSON writes null for none.
func (m Months) MarshalJSON() ([]byte, error) {
	if m == 0 {
		return []byte("null"), nil
	}
	return json.Marshal(int64(m))
}

func whole(data []byte, read func(string) (int64, error)) (int64, error) {
	text, err := scalar(data)
	if err != nil || strings.TrimSpace(text) == "" {
		return 0, err
	}
	return read(text)
}

// Lines is a list written as one text, a line each.
type Lines []string

// UnmarshalJSON reads text with any line ends, or a list.
func (l *Lines) UnmarshalJSON(data []byte) error {
	if trimmed := bytes.TrimSpace(data); len(trimmed) > 0 && trimmed[0] == '[' {
		var list []Text
		if err := json.Unmarshal(data, &list); err != nil {
			return err
		}
		*l = nil
		for _, item := range list {
			*l = append(*l, string(item))
		}
		return nil
	}
	text, err := scalar(data)
	if err != nil {
		return err
	}
	*l = SplitLines(text)
	return nil
}

// MarshalJSON writes lines with CRLF between them, as Salesdock does.
func (l Lines) MarshalJSON() ([]byte, error) { return json.Marshal(strings.Join(l, "\r\n")) }

// SplitLines splits text at its line ends and drops empty lines.
func SplitLines(text string) []string {
	var lines []string
	for line := range strings.Lines(strings.ReplaceAll(text, "\r", "\n")) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// TextMap is an object of scalars. PHP writes an empty one as a list, and null happens.
type TextMap map[string]string

// UnmarshalJSON reads an object, an empty list or null.
func (m *TextMap) UnmarshalJSON(data []byte) error {
	*m = nil
	data = bytes.TrimSpace(data)
	if string(data) == "null" || string(data) == "[]" || string(data) == `""` {
		return nil
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	*m = TextMap{}
	for name, value := range raw {
		text, err := scalar(value)
		if err != nil {
			text = string(value) // a structure inside: kept as it was written
		}
		(*m)[name] = text
	}
	return nil
}

// Stamp is a time written "2006-01-02 15:04:05" in Amsterdam, or with a zone. Of one that was read, Wall is the digits as
// they were written, kept as Wall keeps them: who wrote them without a zone may be elsewhere.
type Stamp struct {
	time.Time
	Wall  time.Time
	Zoned bool
}

// ParseStamp reads a time in every spelling that accounts have, and a date alone.
func ParseStamp(text string) (time.Time, error) {
	at, _, err := linking.ParseMoment(text)
	return at, err
}

// FormatStamp writes a time as the contract does.
func FormatStamp(at time.Time) string { return at.In(Amsterdam).Format(linking.MomentLayout) }

// UnmarshalJSON reads text; null, "" and the zero date are no time.
func (s *Stamp) UnmarshalJSON(data []byte) error {
	text, err := scalar(data)
	*s = Stamp{}
	if err != nil || linking.NoMoment(text) {
		return err
	}
	if s.Time, err = ParseStamp(text); err == nil {
		s.Wall, s.Zoned = linking.Digits(text)
	}
	return err
}

// MarshalJSON writes null for no time.
func (s Stamp) MarshalJSON() ([]byte, error) {
	if s.IsZero() {
		return []byte("null"), nil
	}
	return json.Marshal(FormatStamp(s.Time))
}

// StampOf is a Stamp for a time that may be missing.
func StampOf(at *time.Time) Stamp {
	if at == nil {
		return Stamp{}
	}
	return Stamp{Time: *at}
}

// FieldErrors are a failure's errors per field, however they are nested.
type FieldErrors map[string][]string

// UnmarshalJSON reads an object of lists or of sentences, and a bare list.
func (f *FieldErrors) UnmarshalJSON(data []byte) error {
	*f = FieldErrors{}
	var byField map[string]json.RawMessage
	if json.Unmarshal(data, &byField) == nil {
		for field, value := range byField {
			(*f)[field] = sentences(value)
		}
		return nil
	}
	if list := sentences(data); len(list) > 0 {
		(*f)[""] = list
	}
	return nil
}

func sentences(data []byte) []string {
	var list []Text
	if json.Unmarshal(data, &list) == nil {
		texts := make([]string, 0, len(list))
		for _, t := range list {
			texts = append(texts, string(t))
		}
		return texts
	}
	if text, err := scalar(data); err == nil && text != "" {
		return []string{text}
	}
	return []string{string(data)}
}
