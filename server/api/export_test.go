package api

import "net/http"

// ReadBodyForTest reads a body as a handler does.
func ReadBodyForTest(r *http.Request) (map[string]any, error) {
	body, _, err := readBody(r, maxBody)
	return body, err
}
