// Package api is the Salesdock API of our environments and the management API: it binds, calls the service
// once, and renders.
package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"go.uber.org/zap"

	"koppel/db"
	"koppel/internal/config"
	"koppel/internal/logging"
	"koppel/salesdock"
	"koppel/server/httperr"
	"koppel/server/service"
	"koppel/server/words"
)

// API serves environments.
type API struct {
	svc    *service.Service
	log    *zap.Logger
	actors sync.Map // token at account from address → cachedActor
	rates  *service.Throttle
}

// New makes the API.
func New(svc *service.Service, log *zap.Logger) *API {
	return &API{svc: svc, log: log, rates: service.NewThrottle(svc.Store, svc.Now)}
}

// Register adds every route.
func (a *API) Register(engine *gin.Engine) {
	for _, r := range Routes() {
		engine.Handle(r.Method, "/api/:account/v1"+r.Path, a.handle(r))
	}
	engine.POST("/api/:account/v1/link-events", a.linkEvent)
	engine.GET("/openapi.json", func(c *gin.Context) { c.Data(http.StatusOK, "application/json", salesdock.OpenAPI) })
}

// NotFound answers for an address, or a method at an address, that is not there.
func (a *API) NotFound(c *gin.Context) {
	if c.Writer.Status() == http.StatusMethodNotAllowed {
		a.fail(c, "nl", &service.Error{Status: http.StatusMethodNotAllowed, Key: "wrong_method"})
		return
	}
	a.fail(c, "nl", &service.Error{Status: http.StatusNotFound, Key: "no_such_url"})
}

func (a *API) handle(r Route) gin.HandlerFunc {
	return func(g *gin.Context) {
		language := "nl"
		actor, err := a.authenticate(g)
		if err == nil {
			language = actor.Language
			err = a.allowed(g, r, actor)
		}
		if err == nil {
			actor.SignedBy, err = a.signed(g, actor)
		}
		var served reply
		if err == nil {
			served, err = a.serve(g, r, actor)
		}
		if err != nil {
			a.fail(g, language, err)
			return
		}
		if err := answer(g, language, served); err != nil {
			a.fail(g, language, err)
		}
	}
}

func (a *API) serve(g *gin.Context, r Route, actor service.Actor) (reply, error) {
	for _, p := range g.Params {
		if !db.Storable(p.Value) {
			return reply{}, &service.Error{Status: http.StatusNotFound, Key: "not_found"}
		}
	}
	query, err := nest(g.Request.URL.Query())
	if err == nil && !db.Storable(query) {
		return reply{}, &service.Error{Status: http.StatusBadRequest, Key: "unstorable_text"}
	}
	if err != nil {
		return reply{}, err
	}
	return r.serve(&call{svc: a.svc, actor: actor, account: r.account(), gin: g, query: query})
}

func (a *API) fail(g *gin.Context, language string, err error) {
	failure := httperr.From(language, err)
	if failure.Number != "" {
		a.log.Error("request.failed", zap.String("number", failure.Number), zap.String("route", g.FullPath()), zap.Error(err))
	}
	g.AbortWithStatusJSON(failure.Status, failure.JSON())
}

type cachedActor struct {
	actor service.Actor
	until time.Time
}

// authenticate finds the actor behind the token. Good tokens are remembered for a moment: a revoked one stops
// working soon after.
func (a *API) authenticate(g *gin.Context) (service.Actor, error) {
	token, _ := strings.CutPrefix(g.GetHeader("Authorization"), "Bearer ")
	token = strings.TrimSpace(token)
	remote, err := netip.ParseAddr(g.ClientIP())
	if err != nil {
		return service.Actor{}, fmt.Errorf("address of the caller: %w", err)
	}
	key := g.Param("account") + "\n" + remote.String() + "\n" + token
	now := time.Now()
	if cached, hit := a.actors.Load(key); hit && cached.(cachedActor).until.After(now) {
		return cached.(cachedActor).actor, nil
	}
	actor, err := a.svc.Authenticate(g.Request.Context(), g.Param("account"), token, remote)
	if err != nil {
		a.actors.Delete(key)
		return actor, err
	}
	a.actors.Store(key, cachedActor{actor, now.Add(config.TokenCacheExpiry)})
	return actor, nil
}

// signed gives the key that a call between environments is signed with.
func (a *API) signed(g *gin.Context, actor service.Actor) ([]byte, error) {
	if !actor.Integration {
		return nil, nil
	}
	raw, err := io.ReadAll(http.MaxBytesReader(g.Writer, g.Request.Body, maxBody))
	if err != nil {
		return nil, unreadable("too_large", maxBody>>10)
	}
	g.Request.Body = io.NopCloser(bytes.NewReader(raw))
	key, err := salesdock.VerifyRequest(g.Request, raw, a.svc.Now())
	if err != nil && !errors.Is(err, salesdock.ErrNotSigned) {
		return nil, &service.Error{Status: http.StatusUnauthorized, Key: "bad_signature", Fields: map[string]service.Sentence{"signature": {Key: "bad_signature"}}}
	}
	return key, a.svc.CheckSignature(g.Request.Context(), actor, key)
}

// allowed holds rights and the rate.
func (a *API) allowed(g *gin.Context, r Route, actor service.Actor) error {
	switch {
	case r.account() && !actor.Admin():
		return &service.Error{Status: http.StatusForbidden, Key: "scope_not_allowed"}
	case actor.Integration && !r.BetweenEnvironments:
		return &service.Error{Status: http.StatusForbidden, Key: "integration_token"}
	}
	perMinute := a.svc.RequestsPerMinute
	if perMinute == 0 {
		return nil
	}
	remote, err := netip.ParseAddr(g.ClientIP())
	if err != nil {
		return fmt.Errorf("address of the caller: %w", err)
	}
	allowance, err := a.rates.Take(g.Request.Context(), perMinute, service.Subjects(actor, remote))
	if err != nil {
		return err
	}
	g.Header("X-RateLimit-Limit", strconv.Itoa(allowance.Limit))
	g.Header("X-RateLimit-Remaining", strconv.Itoa(allowance.Remaining))
	if allowance.Wait == 0 {
		return nil
	}
	seconds := int(math.Ceil(allowance.Wait.Seconds()))
	g.Header("Retry-After", strconv.Itoa(seconds))
	return &service.Error{Status: http.StatusTooManyRequests, Key: "throttled", Args: []any{perMinute, seconds}}
}

// Forget drops what was remembered of callers that have been quiet, so that memory stays small. It runs until
// ctx ends.
func (a *API) Forget(ctx context.Context) {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			a.actors.Range(func(key, value any) bool {
				if value.(cachedActor).until.Before(now) {
					a.actors.Delete(key)
				}
				return true
			})
			if err := a.rates.Forget(ctx); err != nil && ctx.Err() == nil {
				a.log.Warn("rates.forget.failed", zap.Error(err))
			}
		}
	}
}

// linkEvent takes a partner's hint. It carries no token: the link's own secret signs it.
func (a *API) linkEvent(g *gin.Context) {
	_, raw, err := readBody(g.Request, maxEvent)
	if err == nil {
		err = a.svc.ReceiveLinkEvent(g.Request.Context(), g.Param("account"), raw, g.GetHeader(salesdock.SignatureHeader))
	}
	if err != nil {
		a.fail(g, "nl", err)
		return
	}
	g.JSON(http.StatusAccepted, gin.H{"success": true, "data": nil, "message": words.Say("nl", "accepted")})
}

// Log writes one line for every request, without anything personal: the route, never the path or query.
func Log(log *zap.Logger) gin.HandlerFunc {
	return func(g *gin.Context) {
		began := time.Now()
		g.Next()
		log.Debug("request.served", zap.String("method", g.Request.Method), zap.String("route", g.FullPath()),
			zap.Int(logging.KeyStatus, g.Writer.Status()), zap.Duration(logging.KeyDuration, time.Since(began)))
	}
}

// Recover answers a panic as an internal error.
func (a *API) Recover(g *gin.Context) {
	defer func() {
		if cause := recover(); cause != nil {
			if err, isError := cause.(error); isError && errors.Is(err, http.ErrAbortHandler) {
				panic(cause)
			}
			var closed *net.OpError
			if err, isError := cause.(error); isError && errors.As(err, &closed) {
				g.Abort()
				return
			}
			a.fail(g, "nl", fmt.Errorf("panic: %v", cause))
		}
	}()
	g.Next()
}
