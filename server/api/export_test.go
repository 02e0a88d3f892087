package api

import (
	"net/http"
	"reflect"

	"github.com/gin-gonic/gin"
)

// ReadBodyForTest reads a body as a handler does.
func ReadBodyForTest(r *http.Request) (map[string]any, error) {
	body, _, err := readBody(r, fileBody)
	return body, err
}

// TakesLargerBodies says whether a route is one of the exceptions; LargerBodies counts them.
func TakesLargerBodies(r Route) bool { return r.bodyLimit() != plainBody }

// LargerBodies counts the exceptions to the usual limit.
func LargerBodies() int { return len(largerBodies) }

// ForgetActors drops what is remembered of callers for a few seconds.
func (a *API) ForgetActors() { a.actors.Clear() }

// RegisterWatched adds every route, and tells of each answer its route and the type of its data; nil: nothing.
func (a *API) RegisterWatched(engine *gin.Engine, watch func(Route, reflect.Type)) {
	routes := Routes()
	for i, r := range routes {
		routes[i].serve = func(c *call) (reply, error) {
			served, err := r.serve(c)
			switch {
			case err != nil || served.status == http.StatusNotModified:
			case served.file != nil:
				watch(r, File)
			default:
				watch(r, reflect.TypeOf(served.data))
			}
			return served, err
		}
	}
	a.register(engine, routes)
}

// AnswersOf are the types that a route says it answers with.
func AnswersOf(r Route) (types []reflect.Type) {
	if several, is := r.Answers.(oneOf); is {
		for _, answer := range several {
			types = append(types, reflect.TypeOf(answer))
		}
		return types
	}
	return []reflect.Type{reflect.TypeOf(r.Answers)}
}

// File is the type of an answer that is no JSON.
var File = reflect.TypeFor[file]()
