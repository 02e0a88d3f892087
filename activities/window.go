package activities

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// window is a stretch of a stock partner's updates, and the page that is read next.
type window struct {
	from, till time.Time
	page       int
}

// parseWindow reads where a poll stands: "until:<unix>" after a window was read to its end, or
// "<from>:<till>:<page>" in the middle of one. Windows overlap; what comes twice does nothing.
func parseWindow(cursor string, since, now time.Time) window {
	parts := strings.Split(cursor, ":")
	numbers := make([]int64, 0, len(parts))
	for _, part := range parts {
		if n, err := strconv.ParseInt(part, 10, 64); err == nil {
			numbers = append(numbers, n)
		}
	}
	switch {
	case parts[0] == "until" && len(numbers) == 1:
		return window{time.Unix(numbers[0], 0).Add(-pollOverlap), now, 1}
	case len(numbers) == 3:
		return window{time.Unix(numbers[0], 0), time.Unix(numbers[1], 0), int(numbers[2])}
	}
	return window{since.Add(-pollOverlap), now, 1}
}

func (w window) next(more bool) string {
	if more {
		return fmt.Sprintf("%d:%d:%d", w.from.Unix(), w.till.Unix(), w.page+1)
	}
	return fmt.Sprintf("until:%d", w.till.Unix())
}
