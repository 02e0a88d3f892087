// Package admin is the interface: pages for people. It binds what a form brings, calls the service, and draws
// a page from one look at the rows; what a person may do is decided by the service and by the table of routes.
package admin

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"

	"koppel/server/service/services"

	"github.com/gin-gonic/gin"
	"go.uber.org/zap"
)

//go:embed static
var static embed.FS

// Admin serves the interface.
type Admin struct {
	svc         *services.Services
	log         *zap.Logger
	assets      map[string]asset  // by its address
	addresses   map[string]string // of each asset, by its name
	crossSite   *http.CrossOriginProtection
	temporalUI  string
	namespace   string
	standsStill func() time.Time
	// Missing is told of a text that the English catalogue lacks; for tests.
	Missing func(text string)
}

type asset struct {
	kind string
	data []byte
}

// Config of the interface.
type Config struct {
	Service    *services.Services
	Log        *zap.Logger
	TemporalUI string // address of Temporal's Web UI, for operators; may be empty
	Namespace  string
	// StandsStillSince says since when nothing is moved, because Temporal does not answer; zero while it does. May be nil.
	StandsStillSince func() time.Time
}

// New makes the interface.
func New(cfg Config) (*Admin, error) {
	a := &Admin{
		svc: cfg.Service, log: cfg.Log, temporalUI: cfg.TemporalUI, namespace: cfg.Namespace, standsStill: cfg.StandsStillSince,
		assets: map[string]asset{}, addresses: map[string]string{}, crossSite: http.NewCrossOriginProtection(),
	}
	if a.standsStill == nil {
		a.standsStill = func() time.Time { return time.Time{} }
	}
	names, err := fs.Glob(static, "static/*")
	if err != nil {
		return nil, fmt.Errorf("assets: %w", err)
	}
	for _, name := range names {
		data, err := static.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("assets: %w", err)
		}
		sum := sha256.Sum256(data)
		base := path.Base(name)
		address := "/assets/" + hex.EncodeToString(sum[:8]) + "/" + base
		a.assets[address] = asset{mime.TypeByExtension(path.Ext(base)), data}
		a.addresses[base] = address
	}
	return a, nil
}

// Register adds every page.
func (a *Admin) Register(engine *gin.Engine) {
	for _, r := range Routes() {
		address := r.Path
		if r.Right != Anyone {
			address = "/o/:account" + r.Path
		}
		engine.Handle(r.Method, address, a.handle(r))
	}
	engine.GET("/assets/*path", a.serveAsset)
}

// NotFound answers for an address that is not there.
func (a *Admin) NotFound(g *gin.Context) {
	v := a.visit(g)
	v.fail(notFound())
	v.finish()
}

// Owns says whether an address is one of the interface's: its errors are pages.
func Owns(path string) bool {
	return path == "/" || strings.HasPrefix(path, "/o/") || strings.HasPrefix(path, "/invitation/")
}

// serveAsset answers with a file whose address has its checksum: it never changes.
func (a *Admin) serveAsset(g *gin.Context) {
	found, ok := a.assets[g.Request.URL.Path]
	if !ok {
		g.String(http.StatusNotFound, "not found\n")
		return
	}
	g.Header("Cache-Control", "public, max-age=31536000, immutable")
	g.Data(http.StatusOK, found.kind, found.data)
}
