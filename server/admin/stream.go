package admin

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"

	"koppel/server/admin/views"
)

type drawn = templ.Component

// How often a stream looks, and how long it lasts; the browser opens the next one by itself.
const (
	lookBusy   = 500 * time.Millisecond
	lookQuiet  = 3 * time.Second
	streamLife = 5 * time.Minute
)

// stream sends a part of a page whenever it is drawn differently (server-sent events). Everything it shows is
// read from rows, so it tells the same from every server.
func (v *visit) stream(draw func() (part drawn, busy bool, err error)) error {
	controller := http.NewResponseController(v.gin.Writer)
	if err := controller.SetWriteDeadline(time.Now().Add(streamLife + time.Minute)); err != nil {
		return fmt.Errorf("stream: %w", err)
	}
	ctx, cancel := context.WithTimeout(v.gin.Request.Context(), streamLife)
	defer cancel()
	defer context.AfterFunc(v.stopping, cancel)()
	header := v.gin.Writer.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("X-Accel-Buffering", "no")
	v.gin.Writer.WriteHeader(http.StatusOK)
	var last string
	for {
		v.site.Now = v.svc.Now()
		part, busy, err := draw()
		if err != nil || ctx.Err() != nil {
			return nil // the stream has begun: the browser asks again, and gets the error as a page
		}
		var buffer bytes.Buffer
		if err := part.Render(views.With(ctx, v.site), &buffer); err != nil {
			return fmt.Errorf("draw %s: %w", v.gin.FullPath(), err)
		}
		if text := strings.ReplaceAll(buffer.String(), "\n", " "); text != last {
			last = text
			if _, err := fmt.Fprintf(v.gin.Writer, "data: %s\n\n", text); err != nil {
				return nil // the reader has gone
			}
			v.gin.Writer.Flush()
		}
		pause := lookQuiet
		if busy {
			pause = lookBusy
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}
