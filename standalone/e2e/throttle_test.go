package e2e

import (
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// Three servers of one deployment let through what one would, within 10 %, whoever asks which; each refusal says when to
// come back.
func TestServersShareTheThrottle(t *testing.T) {
	t.Parallel()
	const limit = 600
	d := deploy(t, "KOPPEL_REQUESTS_PER_MINUTE="+strconv.Itoa(limit))
	user := d.environment("acme")
	servers := []string{d.base}
	for range 2 {
		address := freeAddress(t)
		own := *d
		own.base, own.operators, own.env = "http://"+address, "http://"+freeAddress(t), append([]string{"KOPPEL_PUBLIC_URL=" + d.base}, d.env...)
		own.startServer()
		own.waitReady()
		servers = append(servers, own.base)
	}
	var taken, refused atomic.Int64
	var asking sync.WaitGroup
	for _, server := range servers {
		asking.Go(func() {
			for ended := 0; ended < 50; { // what is refused once may have a share left by another's
				request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server+"/api/acme/v1/user/suppliers", nil)
				if err != nil {
					t.Error(err)
					return
				}
				request.Header.Set("Authorization", "Bearer "+user.token)
				response, err := http.DefaultClient.Do(request)
				if err != nil {
					t.Error(err)
					return
				}
				_ = response.Body.Close()
				switch seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); {
				case response.StatusCode == http.StatusOK:
					taken.Add(1)
				case response.StatusCode == http.StatusTooManyRequests && err == nil && seconds > 0:
					refused.Add(1)
					ended++
				default:
					t.Errorf("%s answered %d, Retry-After %q", server, response.StatusCode, response.Header.Get("Retry-After"))
					return
				}
			}
		})
	}
	asking.Wait()
	require.InDelta(t, limit, taken.Load(), limit/10)
	require.EqualValues(t, 50*len(servers), refused.Load())
}
