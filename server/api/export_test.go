package api

import "net/http"

// ReadBodyForTest reads a body as a handler does.
func ReadBodyForTest(r *http.Request) (map[string]any, error) {
	body, _, err := readBody(r, maxBody)
	return body, err
}

// ForgetActors drops what is remembered of callers for a few seconds.
func (a *API) ForgetActors() { a.actors.Clear() }
