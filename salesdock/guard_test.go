package salesdock_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/salesdock"
)

// Nothing but https on port 443 at a public address is called, whatever a name resolves to or an address translates into.
func TestOnlyPublicAddressesAreCalled(t *testing.T) {
	t.Parallel()
	called := false
	open := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
	t.Cleanup(open.Close)
	transport := salesdock.NewTransport(nil, nil)
	for _, address := range []string{
		open.URL, strings.Replace(open.URL, "127.0.0.1", "localhost", 1), strings.Replace(open.URL, "http:", "https:", 1),
		"http://partner.example", "https://partner.example:8443", "https://partner.example:22", "http://partner.example:443", "ftp://partner.example",
		"https://localhost", "https://127.0.0.1", "https://127.8.8.8", "https://[::1]", "https://0.0.0.0", "https://0.1.2.3", "https://[::]",
		"https://10.0.0.1", "https://172.16.0.1", "https://192.168.1.1", "https://100.64.0.1", "https://169.254.169.254", "https://192.0.0.8", "https://198.18.0.1",
		"https://224.0.0.1", "https://240.0.0.1", "https://255.255.255.255", "https://192.88.99.1",
		"https://[fe80::1]", "https://[fc00::1]", "https://[fd12::1]", "https://[fec0::1]", "https://[ff02::1]", "https://[2001:db8::1]",
		"https://[::ffff:127.0.0.1]", "https://[::127.0.0.1]", "https://[64:ff9b::7f00:1]", "https://[64:ff9b:1::7f00:1]", "https://[2002:7f00:1::]", "https://[2001::7f00:1]",
	} {
		_, err := salesdock.NewClient(transport, address, "a", "t").Capabilities(t.Context())
		require.ErrorIs(t, err, salesdock.ErrAddressForbidden, address)
	}
	require.False(t, called)
}

// What is allowed is called: a host at every port, a host at one port, a range of addresses.
func TestAllowedAddressesAreCalled(t *testing.T) {
	t.Parallel()
	called := 0
	open := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called++ }))
	t.Cleanup(open.Close)
	host := strings.TrimPrefix(open.URL, "http://")
	for i, allowed := range [][]string{{"127.0.0.1"}, {host}, {"127.0.0.0/8"}, {"10.0.0.0/8", "127.0.0.1/32"}} {
		_, err := salesdock.NewClient(salesdock.NewTransport(allowed, nil), open.URL, "a", "t").Capabilities(t.Context())
		require.NotErrorIs(t, err, salesdock.ErrAddressForbidden, allowed)
		require.Equal(t, i+1, called)
	}
	for _, allowed := range [][]string{{"127.0.0.1:1"}, {"10.0.0.0/8"}, {"localhost"}} {
		_, err := salesdock.NewClient(salesdock.NewTransport(allowed, nil), open.URL, "a", "t").Capabilities(t.Context())
		require.ErrorIs(t, err, salesdock.ErrAddressForbidden, allowed)
	}
}

// Through a proxy the connections are the proxy's; what is not https is still not called.
func TestCallsGoThroughTheProxy(t *testing.T) {
	t.Parallel()
	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.Host)
		w.WriteHeader(http.StatusForbidden)
	}))
	t.Cleanup(proxy.Close)
	address, err := url.Parse(proxy.URL)
	require.NoError(t, err)
	transport := salesdock.NewTransport(nil, address)
	_, err = salesdock.NewClient(transport, "https://partner.example", "a", "t").Capabilities(t.Context())
	require.Error(t, err)
	require.Equal(t, []string{"CONNECT partner.example:443"}, asked)
	_, err = salesdock.NewClient(transport, "http://partner.example", "a", "t").Capabilities(t.Context())
	require.ErrorIs(t, err, salesdock.ErrAddressForbidden)
}
