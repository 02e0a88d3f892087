package salesdock

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// readAll reads an answer's text to its end. What came before it broke off is given with the error. The limit is of what it
// takes to keep: the decoded text.
func readAll(response *http.Response, limit int64) ([]byte, error) {
	if limit == 0 {
		limit = maxAnswer
	}
	data, err := io.ReadAll(io.LimitReader(utf8Body(response), limit+1))
	switch {
	case err != nil:
		return data, fmt.Errorf("%w: %w", ErrNoAnswer, err)
	case int64(len(data)) > limit:
		return data, fmt.Errorf("%w: longer than %d bytes", ErrUnreadable, limit)
	}
	return data, nil
}

// Envelope is around every answer.
type Envelope struct {
	Success bool            `json:"success"`
	Data    json.RawMessage `json:"data,omitempty"`
	Message string          `json:"message"`
	Code    int             `json:"code,omitempty"`
	Errors  FieldErrors     `json:"errors,omitempty"`
}

// envelope is the contract's shape of an answer.
type envelope struct {
	Success *Flag           `json:"success"`
	Data    json.RawMessage `json:"data"`
	Message Text            `json:"message"`
	Errors  FieldErrors     `json:"errors"`
}

// parse reads an answer: the data of a success, or an Error that holds what the status line, the headers and the body
// say. broken says why the body did not come to its end; nil when it did.
func parse(response *http.Response, body []byte, broken error) (json.RawMessage, error) {
	var e envelope
	readable := broken == nil && json.Unmarshal(body, &e) == nil
	success := response.StatusCode >= 200 && response.StatusCode < 300
	if success && readable && e.Success != nil && bool(*e.Success) {
		return e.Data, nil
	}
	failure := &Error{
		Status: response.StatusCode, Kind: contentKind(response), Message: string(e.Message), Fields: e.Errors, RetryAfter: retryAfter(response, time.Now()),
		Contract: readable && (e.Success != nil || e.Message != "" || len(e.Errors) > 0),
		Claims:   claims(response, body, broken == nil), MovedTo: movedTo(response), cause: broken,
	}
	if success && broken == nil && (!readable || e.Success == nil) {
		failure.cause = ErrUnreadable
	}
	return nil, failure
}

// claim is what a text says that tells of a sale that was made.
var claim = regexp.MustCompile(`(?i)sale_?id|"success"\s*:\s*"?(1|true|yes|on)\b`)

// claims says whether a body says, or may say, that what was asked for was done, whatever its status line says. Only
// what was read to its end and says no such thing claims nothing: this makes an outcome unknown, and never certain.
func claims(response *http.Response, body []byte, complete bool) bool {
	coding := response.Header.Get("Content-Encoding") // none was asked for, and none can be looked into
	if !complete || coding != "" && !strings.EqualFold(coding, "identity") {
		return true
	}
	text := bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
	if len(text) == 0 || text[0] != '{' {
		return claim.Match(text)
	}
	var said struct {
		Success json.RawMessage `json:"success"`
		SaleID  json.RawMessage `json:"sale_id"`
		Data    json.RawMessage `json:"data"`
	}
	if json.Unmarshal(text, &said) != nil {
		return true
	}
	var success Flag
	if success.UnmarshalJSON(said.Success) != nil || bool(success) {
		return true
	}
	var data map[string]json.RawMessage
	if json.Unmarshal(said.Data, &data) != nil {
		return !empty(said.SaleID) || claim.Match(said.Data)
	}
	for name, value := range data {
		if claim.MatchString(name) && !empty(value) {
			return true
		}
	}
	return !empty(said.SaleID)
}

func empty(value json.RawMessage) bool {
	switch string(bytes.TrimSpace(value)) {
	case "", "null", `""`, "0", `"0"`, "false", "[]", "{}":
		return true
	}
	return false
}

// saleNumber is what a partner's sales are known by.
var saleNumber = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$`)

// saleID reads the number of a sale that was made. ok is false for what is no number of a sale.
func saleID(data json.RawMessage) (id string, ok bool) {
	var created struct {
		SaleID json.RawMessage `json:"sale_id"`
	}
	if json.Unmarshal(data, &created) != nil {
		return "", false
	}
	switch string(bytes.TrimSpace(created.SaleID)) {
	case "true", "false", "null", "":
		return "", false
	}
	id, err := scalar(created.SaleID)
	id = strings.TrimSpace(id)
	return id, err == nil && id != "0" && saleNumber.MatchString(id)
}

func contentKind(response *http.Response) string {
	kind, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err != nil {
		return "no content type"
	}
	return kind
}

// movedTo is where a partner says that its address went: scheme and host. The rest of a redirect is not for people.
func movedTo(response *http.Response) string {
	location, err := url.Parse(response.Header.Get("Location"))
	if err != nil || location.Host == "" {
		return ""
	}
	return location.Scheme + "://" + location.Host
}

// retryAfter reads seconds or a date, and believes at most an hour. A date is the partner's clock's: it is held
// against the answer's own Date, and against ours only when there is none.
func retryAfter(response *http.Response, now time.Time) time.Duration {
	text := strings.TrimSpace(response.Header.Get("Retry-After"))
	if seconds, err := strconv.Atoi(text); err == nil && seconds > 0 {
		return time.Duration(min(seconds, int(time.Hour/time.Second))) * time.Second
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	if theirs, err := http.ParseTime(response.Header.Get("Date")); err == nil {
		now = theirs
	}
	return min(max(at.Sub(now), 0), time.Hour)
}
