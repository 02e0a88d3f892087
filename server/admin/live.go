package admin

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"

	"github.com/a-h/templ"

	"koppel/server/admin/views"
)

// live answers with a part of a page; a reader who has it already is told so. Each time is a request of its own, that
// the session and the rights are held against: nothing is held open (decision 22).
func (v *visit) live(part templ.Component) error {
	var buffer bytes.Buffer
	if err := part.Render(views.With(v.gin.Request.Context(), v.site), &buffer); err != nil {
		return fmt.Errorf("draw %s: %w", v.gin.FullPath(), err)
	}
	sum := sha256.Sum256(buffer.Bytes())
	tag := `"` + hex.EncodeToString(sum[:8]) + `"`
	v.gin.Header("ETag", tag)
	if v.gin.GetHeader("If-None-Match") == tag {
		v.gin.Status(http.StatusNotModified)
		return nil
	}
	return v.send(http.StatusOK, "text/html; charset=utf-8", buffer.Bytes())
}
