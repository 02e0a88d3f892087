package main

import (
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// known is a database that knows of one vulnerability, in every version of a module.
func known(t *testing.T, module string) string {
	t.Helper()
	const modified = "2026-01-01T00:00:00Z"
	files := map[string]string{
		"/index/db.json":      fmt.Sprintf(`{"modified": %q}`, modified),
		"/index/modules.json": fmt.Sprintf(`[{"path": %q, "vulns": [{"id": "GO-2026-0001", "modified": %q}]}]`, module, modified),
		"/index/vulns.json":   fmt.Sprintf(`[{"id": "GO-2026-0001", "modified": %q}]`, modified),
		"/ID/GO-2026-0001.json": fmt.Sprintf(`{"schema_version": "1.3.1", "id": "GO-2026-0001", "modified": %q, "published": %q, "details": "made up",
			"affected": [{"package": {"name": %q, "ecosystem": "Go"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}], "ecosystem_specific": {}}],
			"database_specific": {"url": "https://pkg.go.dev/vuln/GO-2026-0001", "review_status": "REVIEWED"}}`, modified, modified, module),
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, packed := strings.CutSuffix(r.URL.Path, ".gz")
		content, there := files[name]
		switch {
		case !there:
			http.NotFound(w, r)
		case packed:
			zipped := gzip.NewWriter(w)
			_, _ = zipped.Write([]byte(content))
			_ = zipped.Close()
		default:
			_, _ = w.Write([]byte(content))
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// program is one of ours that is soon built: what reads YAML.
func program(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "openapi")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, "../openapi").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

// A vulnerability in what a program was built from fails, one in something else does not.
func TestAVulnerabilityFails(t *testing.T) {
	path := program(t)
	var said strings.Builder
	if err := run(t.Context(), known(t, "go.yaml.in/yaml/v3"), []string{path}, &said); err == nil || !strings.Contains(said.String(), "GO-2026-0001") {
		t.Errorf("%v: %s", err, &said)
	}
	said.Reset()
	if err := run(t.Context(), known(t, "example.com/other"), []string{path}, &said); err != nil {
		t.Errorf("%v: %s", err, &said)
	}
}

// A database that is not there, or a network that answers in its place, is said and fails nothing.
func TestWhatCannotBeReachedIsSaid(t *testing.T) {
	captive := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>Log in</html>")) }))
	t.Cleanup(captive.Close)
	for _, from := range []string{"http://127.0.0.1:1", captive.URL} {
		var said strings.Builder
		if err := run(t.Context(), from, []string{"none"}, &said); err != nil || !strings.Contains(said.String(), "NOT LOOKED FOR VULNERABILITIES") {
			t.Errorf("%s: %v: %s", from, err, &said)
		}
	}
}
