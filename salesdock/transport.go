package salesdock

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"
)

// carrierNAT is shared address space, private in all but name (RFC 6598).
var carrierNAT = netip.MustParsePrefix("100.64.0.0/10")

// NewTransport makes the transport for calls to partners. It refuses private, loopback, link-local and
// metadata addresses at dial time, when the name has been resolved, unless the host is allowed: a host name,
// host:port, or an address range such as 10.1.0.0/16.
func NewTransport(allowed []string) *http.Transport {
	return &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			dialer := net.Dialer{Timeout: 10 * time.Second}
			if !hostAllowed(allowed, address) {
				dialer.ControlContext = func(_ context.Context, _, resolved string, _ syscall.RawConn) error {
					return checkAddress(allowed, resolved)
				}
			}
			return dialer.DialContext(ctx, network, address)
		},
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   32,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: requestTimeout,
		DisableCompression:    true, // a small answer must stay small
	}
}

func hostAllowed(allowed []string, address string) bool {
	host, _, err := net.SplitHostPort(address)
	return slices.Contains(allowed, address) || err == nil && slices.Contains(allowed, host)
}

func checkAddress(allowed []string, resolved string) error {
	endpoint, err := netip.ParseAddrPort(resolved)
	if err != nil {
		return fmt.Errorf("%w: %s", ErrAddressForbidden, resolved)
	}
	ip := endpoint.Addr().Unmap()
	for _, entry := range allowed {
		if !strings.Contains(entry, "/") {
			continue
		}
		if prefix, err := netip.ParsePrefix(entry); err == nil && prefix.Contains(ip) {
			return nil
		}
	}
	if ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip.IsUnspecified() || carrierNAT.Contains(ip) {
		return ErrAddressForbidden
	}
	return nil
}
