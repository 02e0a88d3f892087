package server

import (
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"koppel/internal/tracing"
	"koppel/server/api"
)

// traced makes a request a span. Health and files are asked for all the time and lead to nothing.
func traced(t *tracing.Tracing) gin.HandlerFunc {
	return func(c *gin.Context) {
		route := c.FullPath()
		if route == "" || route == "/healthz" || route == "/readyz" || route == "/assets/*path" {
			return
		}
		ctx, span := t.Request(c.Request.Context(), c.Request.Header, c.Request.Method, route)
		defer func() { tracing.Answered(span, c.Writer.Status()) }()
		c.Request = c.Request.WithContext(ctx)
		c.Next()
	}
}

// measure counts requests and their time. Its labels are words of ours: a text of the caller's would be a series of its own,
// for as long as the process lives.
func measure(registry *prometheus.Registry) gin.HandlerFunc {
	requests := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "koppel_http_request_duration_seconds", Help: "Time to answer, by method, route and status.", Buckets: prometheus.DefBuckets,
	}, []string{"method", "route", "status"})
	registry.MustRegister(requests)
	return func(c *gin.Context) {
		began := time.Now()
		c.Next()
		requests.WithLabelValues(api.Method(c.Request.Method), c.FullPath(), strconv.Itoa(c.Writer.Status())).Observe(time.Since(began).Seconds())
	}
}

// answersAreData has browsers take answers for what they say they are, keep none of them, and come back by TLS only where
// this deployment is reached so. What may be kept says so itself.
func answersAreData(publicURL string) gin.HandlerFunc {
	secure := strings.HasPrefix(publicURL, "https://")
	return func(c *gin.Context) {
		c.Header("X-Content-Type-Options", "nosniff")
		c.Header("Cache-Control", "no-store")
		if secure {
			c.Header("Strict-Transport-Security", "max-age=31536000")
		}
	}
}
