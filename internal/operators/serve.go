package operators

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Off as an address serves nothing.
const Off = "off"

// RetryAfter is how many seconds whoever meets a 503 is asked to wait: what is away for a restart is back then.
const RetryAfter = "5"

// Server answers operators.
type Server struct {
	Listen   string
	Health   *Health
	Registry *prometheus.Registry
	Profiles bool // pprof
	// Detail is what /health tells besides; may be nil.
	Detail func() map[string]any
}

// Start listens. The server ends with ctx.
func (s *Server) Start(ctx context.Context, setting string) error {
	if s.Listen == "" || s.Listen == Off {
		return nil
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.Listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %s for operators: something else uses that address; end it, or choose another with %s (%s for none): %w", s.Listen, setting, Off, err)
	}
	server := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute}
	go func() { _ = server.Serve(listener) }()
	context.AfterFunc(ctx, func() { _ = server.Close() })
	return nil
}

// Handler answers health, metrics and, where that is switched on, profiles.
func (s *Server) Handler() http.Handler {
	s.Registry.MustRegister(&partMetrics{s.Health})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", Alive)
	mux.HandleFunc("GET /readyz", s.Health.ServeReady)
	mux.HandleFunc("GET /health", s.serveDetail)
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.Registry, promhttp.HandlerOpts{}))
	if s.Profiles {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	return mux
}

// Alive says that the process lives.
func Alive(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("alive\n"))
}

// ServeReady answers 200 while the process can do what it is for, also when it is degraded, and 503 otherwise.
func (h *Health) ServeReady(w http.ResponseWriter, _ *http.Request) {
	report := h.Report()
	write(w, report.Status, report)
}

func (s *Server) serveDetail(w http.ResponseWriter, _ *http.Request) {
	report := s.Health.Report()
	since := map[string]time.Time{}
	for name := range report.Parts {
		if at := s.Health.WrongSince(name); !at.IsZero() {
			since[name] = at
		}
	}
	detail := map[string]any{"status": report.Status, "parts": report.Parts, "wrong_since": since}
	if s.Detail != nil {
		for name, value := range s.Detail() {
			detail[name] = value
		}
	}
	write(w, report.Status, detail)
}

func write(w http.ResponseWriter, status string, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if status == Unavailable {
		w.Header().Set("Retry-After", RetryAfter)
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(body)
}

// partMetrics tells of each part whether it is well.
type partMetrics struct{ health *Health }

var partUp = prometheus.NewDesc("koppel_up", "Whether a part that this process works with is well: 1, or 0.", []string{"part"}, nil)

// Describe implements prometheus.Collector.
func (*partMetrics) Describe(out chan<- *prometheus.Desc) { out <- partUp }

// Collect implements prometheus.Collector.
func (m *partMetrics) Collect(out chan<- prometheus.Metric) {
	for name, state := range m.health.Report().Parts {
		up := 0.0
		if state == "ok" {
			up = 1
		}
		out <- prometheus.MustNewConstMetric(partUp, prometheus.GaugeValue, up, name)
	}
}
