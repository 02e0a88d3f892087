package salesdock

import (
	"net"
	"net/http"
	"net/url"
	"time"
)

const dialTimeout = 10 * time.Second

// Transport carries requests to partners.
type Transport = http.RoundTripper

// NewTransport makes the transport for calls to partners and webhooks. Without being allowed to it calls https on port 443 at
// public addresses only: what is in IANA's registers of special purposes (private, loopback, link-local, metadata, what
// translates into them) is refused at dial time, when the name has been resolved. allowed has hosts for which that
// does not hold, host:port for one port of them, and ranges such as 10.1.0.0/16, which may be dialled. egress, where it is
// not nil, is a proxy that makes the connections: it resolves names, and has to hold what addresses they may have.
func NewTransport(allowed []string, egress *url.URL) Transport {
	g := newGuard(allowed)
	kept := &http.Transport{
		DialContext:           g.dial,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   32,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: RequestTimeout,
		DisableCompression:    true, // a small answer must stay small
	}
	if egress != nil {
		kept.Proxy = http.ProxyURL(egress)
		kept.DialContext = (&net.Dialer{Timeout: dialTimeout}).DialContext
	}
	fresh := kept.Clone()
	fresh.DisableKeepAlives = true
	return transport{g, kept, fresh}
}

// transport makes a request that closes its connection on one of its own. What a partner left on a connection that was kept
// could be taken for the answer, and a request on one is sent again by itself when it was just closed: neither may happen to
// a create that nobody can tell apart from another.
type transport struct {
	*guard
	kept, fresh *http.Transport
}

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := t.allows(r.URL); err != nil {
		return nil, err
	}
	if r.Close {
		return t.fresh.RoundTrip(r)
	}
	return t.kept.RoundTrip(r)
}
