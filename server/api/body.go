package api

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"koppel/db"
	"koppel/server/service"
)

// bodyLimit is how much a body may hold: bytes, and values in it, which cost more than their bytes.
type bodyLimit struct {
	bytes  int64
	values int
}

// A body is small, but where a contract or a file is taken (10 MB in base64, and the rest) or a list of everything that was
// imported. A hint, which anybody can send, is smaller still.
var (
	plainBody = bodyLimit{1 << 20, 50_000}
	fileBody  = bodyLimit{16 << 20, 50_000}
	listBody  = bodyLimit{8 << 20, 1_000_000}
	hintBody  = bodyLimit{16 << 10, 100}
)

var largerBodies = map[string]bodyLimit{
	"POST " + sellPath:                 fileBody,
	"POST /account/sales/:id/optin":    fileBody,
	"POST /account/concepttransaction": fileBody,
	"POST /account/products":           fileBody,
	"PUT /account/products/:id":        fileBody,
	"POST /account/organisations":      fileBody,
	"PUT /account/organisations/:id":   fileBody,
	"PUT /user/link":                   listBody,
}

// maxFormKeys bounds what a form makes us build.
const maxFormKeys = 5000

// bodyLimit gives how much a body of this operation may hold.
func (r Route) bodyLimit() bodyLimit {
	if larger, is := largerBodies[r.Method+" "+r.Path]; is {
		return larger
	}
	return plainBody
}

// readBody reads a JSON body or a form into plain values, and keeps the bytes. No body is an empty object.
func readBody(r *http.Request, limit bodyLimit) (map[string]any, []byte, error) {
	body, raw, err := parseBody(r, limit)
	if err != nil {
		return nil, nil, service.Unreadable(err)
	}
	return body, raw, service.CheckText(body)
}

// unreadable says why a body or a query cannot be read.
func unreadable(key string, args ...any) error {
	return service.Refuse(service.KindInvalid, "unreadable_body", service.Sentence{Key: key, Args: args})
}

func parseBody(r *http.Request, limit bodyLimit) (map[string]any, []byte, error) {
	raw, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, limit.bytes))
	if err != nil {
		return nil, nil, unreadable("too_large", limit.bytes>>10)
	}
	if raw, err = unpacked(raw, r.Header.Get("Content-Encoding"), limit.bytes); err != nil {
		return nil, nil, err
	}
	text := bytes.TrimPrefix(raw, byteOrderMark)
	if trimmed := bytes.TrimSpace(text); len(trimmed) == 0 || string(trimmed) == "null" {
		return map[string]any{}, raw, nil
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		kind = "application/json"
	}
	if kind != "multipart/form-data" && isUTF16(text) {
		return nil, raw, unreadable("utf16")
	}
	var body map[string]any
	switch {
	case kind == "application/json" || strings.HasPrefix(kind, "application/") && strings.HasSuffix(kind, "+json"):
		body, err = parseJSON(text, limit.values)
	case kind == "application/x-www-form-urlencoded":
		body, err = parseForm(text, limit.values)
	case kind == "multipart/form-data":
		var values url.Values
		if values, err = multipartValues(raw, params["boundary"], limit.bytes); err == nil {
			body, err = nest(values)
		}
	default:
		err = unreadable("content_type", kind)
	}
	return body, raw, err
}

func parseForm(text []byte, values int) (map[string]any, error) {
	if bytes.Count(text, []byte("&")) >= values {
		return nil, unreadable("json_many", values)
	}
	form, err := url.ParseQuery(string(text))
	if err != nil {
		return nil, unreadable("form_unreadable")
	}
	return nest(form)
}

func parseJSON(text []byte, values int) (map[string]any, error) {
	value, err := decodeJSON(text, values)
	if err != nil {
		return nil, err
	}
	switch v := value.(type) {
	case map[string]any:
		return v, nil
	case []any:
		return map[string]any{"": v}, nil // a list as the whole body, as the mappings have it
	}
	return nil, unreadable("json_object")
}

// multipartValues reads the fields of a multipart form; a file's content counts as its field's text, in base64 when it is
// no text.
func multipartValues(raw []byte, boundary string, memory int64) (url.Values, error) {
	request := &http.Request{
		Method: http.MethodPost, Header: http.Header{"Content-Type": {"multipart/form-data; boundary=" + boundary}}, Body: io.NopCloser(bytes.NewReader(raw)),
	}
	if err := request.ParseMultipartForm(memory); err != nil {
		return nil, unreadable("form_unreadable")
	}
	values := url.Values(request.MultipartForm.Value)
	for name, files := range request.MultipartForm.File {
		for _, file := range files {
			content, err := file.Open()
			if err != nil {
				return nil, err
			}
			data, err := io.ReadAll(content)
			if err := errors.Join(err, content.Close()); err != nil {
				return nil, err
			}
			text := string(data)
			if !db.Storable(text) {
				text = base64.StdEncoding.EncodeToString(data)
			}
			values.Add(name, text)
		}
	}
	return values, nil
}

// nest turns PHP-style keys (a[b][0], a[]) into objects and lists.
func nest(values url.Values) (map[string]any, error) {
	if len(values) > maxFormKeys {
		return nil, unreadable("form_fields", maxFormKeys)
	}
	root := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		path, err := splitKey(key)
		if err != nil {
			return nil, err
		}
		for _, value := range values[key] {
			if !put(root, path, value) {
				return nil, unreadable("form_both", key)
			}
		}
	}
	listed, _ := listify(root).(map[string]any)
	if listed == nil {
		listed = map[string]any{}
	}
	return listed, nil
}

func splitKey(key string) ([]string, error) {
	name, rest, nested := strings.Cut(key, "[")
	path := []string{name}
	if !nested {
		return path, nil
	}
	for part := range strings.SplitSeq(rest, "[") {
		inner, closed := strings.CutSuffix(part, "]")
		if !closed {
			return nil, unreadable("form_key", key)
		}
		path = append(path, inner)
	}
	if len(path) > 6 {
		return nil, unreadable("form_deep", key)
	}
	return path, nil
}

// put sets a value, unless what is there is of another kind.
func put(target map[string]any, path []string, value string) bool {
	name := path[0]
	if name == "" {
		name = strconv.Itoa(len(target))
	}
	if len(path) == 1 {
		if _, isMap := target[name].(map[string]any); isMap {
			return false
		}
		target[name] = value // of a repeated plain field the last one counts, as in PHP
		return true
	}
	child, ok := target[name].(map[string]any)
	if !ok {
		if target[name] != nil {
			return false
		}
		child = map[string]any{}
		target[name] = child
	}
	return put(child, path[1:], value)
}

// listify makes lists of objects whose keys are 0, 1, 2, …
func listify(value any) any {
	object, ok := value.(map[string]any)
	if !ok {
		return value
	}
	for key, inner := range object {
		object[key] = listify(inner)
	}
	list := make([]any, len(object))
	for i := range list {
		item, ok := object[strconv.Itoa(i)]
		if !ok {
			return object
		}
		list[i] = item
	}
	if len(list) == 0 {
		return object
	}
	return list
}
