package api

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"koppel/server/httperr"
	"koppel/states"
)

// methods are those that some address has, or that a client may well try.
var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}

// Method is a request's method as logs and metrics have it: a caller may invent methods, of any length.
func Method(given string) string {
	if slices.Contains(methods, given) {
		return given
	}
	return "other"
}

// KnownMethods refuses an invented method before anything else looks at the request.
func (*API) KnownMethods(g *gin.Context) {
	if !slices.Contains(methods, g.Request.Method) {
		refuse(g, httperr.UnknownMethod(states.Dutch))
	}
}
