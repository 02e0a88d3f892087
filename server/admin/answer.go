package admin

import (
	"net/http"
	"strings"

	"koppel/server/service/services"

	"github.com/gin-gonic/gin"
)

// answer is what a request is answered with, drawn to its end.
type answer struct {
	status int
	kind   string
	data   []byte
}

// send answers once everything has been read: a reader whose line is slow keeps no transaction open.
func (v *visit) send(status int, kind string, data []byte) error {
	v.answer = &answer{status, kind, data}
	return nil
}

func (a *Admin) handle(r Route) gin.HandlerFunc {
	return func(g *gin.Context) { a.visit(g).handle(r) }
}

func (v *visit) handle(r Route) {
	err := v.enter(r)
	if err == nil {
		err = v.serve(r)
	}
	if err != nil {
		v.fail(err)
	}
	v.finish()
}

func (v *visit) finish() {
	if v.answer != nil {
		v.gin.Data(v.answer.status, v.answer.kind, v.answer.data)
	}
}

// serve has a page look once: everything that it reads is read in one transaction, and fits together. It cannot write.
func (v *visit) serve(r Route) error {
	if r.Method != http.MethodGet || r.Right == Anyone || callsPartner[r.Path] {
		return r.serve(v)
	}
	return v.svc.Look(v.gin.Request.Context(), v.actor, func(look *services.Services) (err error) {
		v.svc = look
		defer func() { v.svc = v.Admin.svc }()
		if !strings.HasSuffix(r.Path, "/live") {
			if v.site.Waiting, err = v.svc.Overview.WaitingCount(v.gin.Request.Context(), v.actor); err != nil {
				return err
			}
		}
		return r.serve(v)
	})
}
