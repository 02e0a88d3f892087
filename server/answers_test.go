package server

import (
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"
)

// Whatever is answered is taken for what it says it is, and kept by nobody unless it says so; TLS is asked for where there is some.
func TestAnswersAreData(t *testing.T) {
	t.Parallel()
	for publicURL, secure := range map[string]string{"https://koppel.example": "max-age=31536000", "http://127.0.0.1:8080": ""} {
		engine := gin.New()
		engine.Use(answersAreData(publicURL))
		engine.GET("/data", func(c *gin.Context) { c.JSON(200, "x") })
		engine.GET("/kept", func(c *gin.Context) { c.Header("Cache-Control", "private, no-cache") })
		for path, kept := range map[string]string{"/data": "no-store", "/kept": "private, no-cache", "/nowhere": "no-store"} {
			w := httptest.NewRecorder()
			engine.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
			require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"), path)
			require.Equal(t, kept, w.Header().Get("Cache-Control"), path)
			require.Equal(t, secure, w.Header().Get("Strict-Transport-Security"), path)
		}
	}
}
