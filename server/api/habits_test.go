package api_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func zipped(t *testing.T, data []byte, by func(io.Writer) io.WriteCloser) []byte {
	t.Helper()
	var packed bytes.Buffer
	w := by(&packed)
	_, err := w.Write(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return packed.Bytes()
}

func gzipWriter(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }

func zlibWriter(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }

// Programs have habits that HTTP allows: the scheme in any case, HEAD wherever there is GET, bodies that are packed.
func TestHabitsOfClients(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for _, scheme := range []string{"bearer ", "BEARER ", "Bearer  "} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.base+"/api/acme/v1/user/products", nil)
		require.NoError(t, err)
		request.Header.Set("Authorization", scheme+s.token)
		status, _ := s.send(request)
		require.Equal(t, 200, status, scheme)
	}
	for path, want := range map[string]int{"user/products": 200, "account/products/999": 404, "account/sales/1/forward": 405} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodHead, s.base+"/api/acme/v1/"+path, nil)
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer "+s.token)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, want, response.StatusCode, path)
		if want == 200 {
			require.NotEmpty(t, response.Header.Get("ETag"))
			require.Positive(t, response.ContentLength)
		}
	}
	sale, err := json.Marshal(s.sale())
	require.NoError(t, err)
	for encoding, body := range map[string][]byte{
		"gzip": zipped(t, sale, gzipWriter), "x-gzip": zipped(t, sale, gzipWriter), "deflate": zipped(t, sale, zlibWriter), "identity": sale, "GZIP": zipped(t, sale, gzipWriter),
	} {
		status, answered := s.packed(sell, encoding, body)
		require.Equal(t, 201, status, "%s: %v", encoding, answered)
	}
}

// packed sends a body as it is, and says how it is packed.
func (s *shop) packed(path, encoding string, body []byte) (int, object) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.base+"/api/acme/v1/"+path, bytes.NewReader(body))
	require.NoError(s.t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Content-Encoding", encoding)
	return s.send(request)
}

// A packed body holds no more than any other, and one that cannot be unpacked is refused in words.
func TestPackedBodiesHaveLimits(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	sale, err := json.Marshal(s.sale())
	require.NoError(t, err)
	bomb := zipped(t, []byte(`{"name": "`+strings.Repeat("x", 2<<20)+`"}`), gzipWriter)
	for name, c := range map[string]struct {
		path, encoding string
		body           []byte
	}{
		"a bomb": {"account/suppliers", "gzip", bomb}, "half": {sell, "gzip", zipped(t, sale, gzipWriter)[:80]}, "none": {sell, "gzip", sale},
		"another": {sell, "br", sale}, "two": {sell, "gzip, gzip", zipped(t, sale, gzipWriter)},
	} {
		status, answered := s.packed(c.path, c.encoding, c.body)
		require.Equal(t, 400, status, "%s: %v", name, answered)
		require.NotEmpty(t, answered["message"], name)
	}
}
