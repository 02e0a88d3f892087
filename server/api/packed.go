package api

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"io"
	"strings"
)

// unpacked gives a body's bytes as they were before they were packed, no more of them than a body may have.
func unpacked(raw []byte, encoding string, limit int64) ([]byte, error) {
	encoding = strings.ToLower(strings.TrimSpace(encoding))
	var reader io.Reader
	var err error
	switch encoding {
	case "", "identity":
		return raw, nil
	case "gzip", "x-gzip":
		reader, err = gzip.NewReader(bytes.NewReader(raw))
	case "deflate":
		reader, err = zlib.NewReader(bytes.NewReader(raw))
	default:
		return nil, unreadable("content_encoding", encoding)
	}
	if err != nil {
		return nil, unreadable("not_packed", encoding)
	}
	text, err := io.ReadAll(io.LimitReader(reader, limit+1))
	switch {
	case int64(len(text)) > limit:
		return nil, unreadable("too_large", limit>>10)
	case err != nil:
		return nil, unreadable("not_packed", encoding)
	}
	return text, nil
}
