package api

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"koppel/salesdock"
	"koppel/states"
	"koppel/words"
)

// unchanged says whether the caller has this version of what it asks for already (If-None-Match): then nothing is read.
// Without a version, which is while something is being written, the answer itself decides.
func (c *call) unchanged(version string) bool {
	if version == "" {
		return false
	}
	day := ""
	if c.q("period") != "" { // most periods end with the day
		day = c.svc.Now().In(salesdock.Amsterdam).Format(time.DateOnly)
	}
	tag := entityTag([]byte(fmt.Sprintf("%s\n%d\n%s\n%s", version, c.actor.UserID, day, c.gin.Request.URL.RequestURI())))
	c.gin.Header("ETag", tag)
	return matches(c.gin.GetHeader("If-None-Match"), tag)
}

func notModified() (reply, error) { return reply{status: http.StatusNotModified}, nil }

func entityTag(of []byte) string {
	sum := sha256.Sum256(of)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}

// matches reads If-None-Match (RFC 9110, 13.1.2): a list of tags, weak ones included, or *.
func matches(header, tag string) bool {
	for candidate := range strings.SplitSeq(header, ",") {
		candidate = strings.TrimPrefix(strings.TrimSpace(candidate), "W/")
		if candidate == tag || candidate == "*" {
			return true
		}
	}
	return false
}

// envelope is around every answer that is a success; httperr has the one of the others.
type envelope struct {
	Success bool   `json:"success"`
	Data    any    `json:"data"`
	Message string `json:"message"`
}

// answer writes a success. What is read carries a tag, and is not sent to who has it.
func answer(g *gin.Context, language states.Language, r reply) error {
	if r.status == http.StatusNotModified {
		g.Status(r.status)
		g.Writer.WriteHeaderNow()
		return nil
	}
	if r.file != nil {
		kind := mime.TypeByExtension("." + r.file.Extension)
		if kind == "" {
			kind = "application/octet-stream"
		}
		g.Data(r.status, kind, r.file.Content)
		return nil
	}
	body, err := json.Marshal(envelope{Success: true, Data: r.data, Message: words.Say(language, r.message)})
	if err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	if g.Request.Method == http.MethodGet || g.Request.Method == http.MethodHead {
		tag := g.Writer.Header().Get("ETag")
		if tag == "" {
			tag = entityTag(body)
			g.Header("ETag", tag)
		}
		g.Header("Cache-Control", "private, no-cache")
		if matches(g.GetHeader("If-None-Match"), tag) {
			g.Status(http.StatusNotModified)
			g.Writer.WriteHeaderNow()
			return nil
		}
	}
	g.Data(r.status, "application/json; charset=utf-8", body)
	return nil
}
