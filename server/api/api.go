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
	"koppel/server/service/access"
	"koppel/server/service/services"
	"koppel/states"
	"koppel/words"
)

// API serves environments.
type API struct {
	svc    *services.Services
	log    *zap.Logger
	actors sync.Map // token at account from address → cachedActor
	rates  *access.Throttle

	strangers strangers
}

// New makes the API.
func New(svc *services.Services, log *zap.Logger) *API {
	return &API{svc: svc, log: log, rates: access.NewThrottle(svc.Store, svc.Now)}
}

// Register adds every route.
func (a *API) Register(engine *gin.Engine) {
	a.register(engine, Routes())
}

func (a *API) register(engine *gin.Engine, routes []Route) {
	engine.UseRawPath = true // a principal's number may have a slash in it, written %2F
	for _, r := range routes {
		engine.Handle(r.Method, "/api/:account/v1"+r.Path, a.handle(r))
		if r.Method == http.MethodGet {
			engine.HEAD("/api/:account/v1"+r.Path, a.handle(r))
		}
	}
	engine.POST("/api/:account/v1/link-events", a.linkEvent)
	engine.GET("/openapi.json", func(c *gin.Context) { c.Data(http.StatusOK, "application/json", salesdock.OpenAPI) })
}

// NotFound answers for an address, or a method at an address, that is not there.
func (a *API) NotFound(c *gin.Context) {
	if c.Writer.Status() == http.StatusMethodNotAllowed {
		refuse(c, httperr.WrongMethod(states.Dutch))
		return
	}
	a.fail(c, states.Dutch, service.Refuse(service.KindNotFound, "no_such_url"))
}

func (a *API) handle(r Route) gin.HandlerFunc {
	return func(g *gin.Context) {
		language := states.Dutch
		actor, err := a.authenticate(g)
		if err == nil {
			language = actor.Language
			err = a.allowed(g, r, actor)
		}
		if err == nil {
			actor.SignedBy, err = a.signed(g, r, actor)
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
			return reply{}, service.NotFound()
		}
	}
	g.Request.URL.RawQuery = readableQuery(g.Request.URL.RawQuery)
	query, err := nest(g.Request.URL.Query())
	if err == nil {
		err = service.CheckText(query)
	}
	if err != nil {
		return reply{}, err
	}
	return r.serve(&call{svc: a.svc, actor: actor, account: r.account(), gin: g, query: query, limit: r.bodyLimit()})
}

func (a *API) fail(g *gin.Context, language states.Language, err error) {
	ctx := g.Request.Context()
	failure := httperr.From(ctx, language, err)
	if failure.Internal {
		a.log.Error("request.failed", zap.String(logging.KeyRequest, httperr.RequestOf(ctx)), zap.String("route", g.FullPath()), zap.Error(err))
	}
	failure.Wait(g.Writer.Header())
	refuse(g, failure)
}

func refuse(g *gin.Context, f httperr.Failure) {
	g.AbortWithStatusJSON(f.Status, f.JSON(g.Request.Context()))
}

type cachedActor struct {
	actor service.Actor
	until time.Time
}

// authenticate finds the actor behind the token. Good tokens are remembered for a moment: a revoked one stops
// working soon after.
func (a *API) authenticate(g *gin.Context) (service.Actor, error) {
	token := g.GetHeader("Authorization")
	if scheme, given, ok := strings.Cut(token, " "); ok && strings.EqualFold(scheme, "Bearer") { // RFC 9110: in any case
		token = given
	}
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
	if err := a.holdOff(remote, key); err != nil {
		return service.Actor{}, err
	}
	actor, err := a.svc.Access.Authenticate(g.Request.Context(), g.Param("account"), token, remote)
	if err != nil {
		a.actors.Delete(key)
		return actor, a.refusedTo(g.Request.Context(), remote, err)
	}
	a.letIn(key)
	if !actor.Integration { // what becomes of a link, or of its key, holds at its next call
		a.actors.Store(key, cachedActor{actor, now.Add(config.TokenCacheExpiry)})
	}
	return actor, nil
}

// signed gives the key that a call between environments is signed with.
func (a *API) signed(g *gin.Context, r Route, actor service.Actor) ([]byte, error) {
	if !actor.Integration {
		return nil, nil
	}
	raw, err := io.ReadAll(http.MaxBytesReader(g.Writer, g.Request.Body, r.bodyLimit().bytes))
	if err != nil {
		return nil, unreadable("too_large", r.bodyLimit().bytes>>10)
	}
	g.Request.Body = io.NopCloser(bytes.NewReader(raw))
	by, err := salesdock.VerifyRequest(g.Request, raw, a.svc.Now())
	if errors.Is(err, salesdock.ErrNotSigned) {
		return nil, a.svc.Access.CheckSignature(g.Request.Context(), actor, nil, false)
	}
	if err != nil {
		return nil, &service.Error{Kind: service.KindUnidentified, Key: "bad_signature", Fields: map[string]service.Sentence{"signature": {Key: "bad_signature"}}}
	}
	// A call that changes something is taken once: by its key where that is kept, or else by its signature's nonce.
	once := g.Request.Method != http.MethodGet && g.Request.Method != http.MethodHead && (!r.keepsKeys() || g.GetHeader("Idempotency-Key") == "")
	return by.Key, a.svc.Access.CheckSignature(g.Request.Context(), actor, &by, once)
}

// allowed holds rights and the rate.
func (a *API) allowed(g *gin.Context, r Route, actor service.Actor) error {
	switch {
	case r.account() && !actor.Admin():
		return service.Refuse(service.KindForbidden, "scope_not_allowed")
	case actor.Integration && !r.BetweenEnvironments:
		return service.Refuse(service.KindForbidden, "integration_token")
	}
	perMinute := a.svc.RequestsPerMinute
	if perMinute == 0 {
		return nil
	}
	remote, err := netip.ParseAddr(g.ClientIP())
	if err != nil {
		return fmt.Errorf("address of the caller: %w", err)
	}
	allowance, err := a.rates.Take(g.Request.Context(), perMinute, access.Subjects(actor, remote))
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
	return service.Refuse(service.KindTooOften, "throttled", perMinute, seconds)
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
			a.strangers.forget(a.svc.Now())
			if err := a.rates.Forget(ctx); err != nil && ctx.Err() == nil {
				a.log.Warn("rates.forget.failed", zap.Error(err))
			}
		}
	}
}

// linkEvent takes a partner's hint. It carries no token: the link's own secret signs it.
func (a *API) linkEvent(g *gin.Context) {
	if err := a.takeHint(g); err != nil {
		a.fail(g, states.Dutch, err)
		return
	}
	g.JSON(http.StatusAccepted, envelope{Success: true, Message: words.Say(states.Dutch, "accepted")})
}

func (a *API) takeHint(g *gin.Context) error {
	remote, err := netip.ParseAddr(g.ClientIP())
	if err != nil {
		return fmt.Errorf("address of the caller: %w", err)
	}
	who := g.Param("account") + "\n" + remote.String() + "\nhint"
	if err := a.holdOff(remote, who); err != nil {
		return err
	}
	_, raw, err := readBody(g.Request, hintBody)
	if err != nil {
		return err
	}
	if err := a.svc.Incoming.ReceiveLinkEvent(g.Request.Context(), g.Param("account"), raw, g.GetHeader(salesdock.SignatureHeader)); err != nil {
		return a.refusedTo(g.Request.Context(), remote, err)
	}
	a.letIn(who)
	return nil
}

// Identify gives every request a number, which its answer, an error, its lines in the log and in the audit log have.
func Identify(g *gin.Context) {
	ctx, number := httperr.WithRequest(g.Request.Context())
	g.Request = g.Request.WithContext(service.WithOrigin(ctx, service.Origin{Address: g.ClientIP(), Request: number}))
	g.Header(httperr.RequestHeader, number)
}

// Log writes one line for every request, without anything personal: the route, never the path or query.
func Log(log *zap.Logger) gin.HandlerFunc {
	return func(g *gin.Context) {
		began := time.Now()
		g.Next()
		log.Debug("request.served", zap.String(logging.KeyRequest, httperr.RequestOf(g.Request.Context())), zap.String("method", Method(g.Request.Method)), zap.String("route", g.FullPath()),
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
			a.fail(g, states.Dutch, fmt.Errorf("panic: %v", cause))
		}
	}()
	g.Next()
}
