package salesdock

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"

	"code.dny.dev/ssrf"
)

// guard holds which addresses may be called.
type guard struct {
	hosts  []string // also host:port
	ranges []netip.Prefix
	public *ssrf.Guardian
}

func newGuard(allowed []string) *guard {
	g := &guard{}
	var v4, v6 []netip.Prefix
	for _, entry := range allowed {
		prefix, err := netip.ParsePrefix(entry)
		switch {
		case err != nil:
			g.hosts = append(g.hosts, strings.ToLower(entry))
		case prefix.Addr().Is4():
			v4 = append(v4, prefix)
		default:
			v6 = append(v6, prefix)
		}
	}
	g.ranges = slices.Concat(v4, v6)
	g.public = ssrf.New(ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...))
	return g
}

// Allowed says whether a transport would call an address, as far as that can be said before its name is resolved.
func Allowed(t Transport, address *url.URL) error {
	if guarded, is := t.(transport); is {
		return guarded.allows(address)
	}
	return nil
}

func (g *guard) allows(address *url.URL) error {
	hostPort := HostPort(address)
	switch {
	case g.named(hostPort), g.ranged(address.Hostname()):
		return nil
	case address.Scheme != "https" || !strings.HasSuffix(hostPort, ":443"):
		return fmt.Errorf("%w: only https on port 443 is", ErrAddressForbidden)
	}
	return nil
}

// HostPort is where an address is dialled: with its scheme's port, where it names none.
func HostPort(address *url.URL) string {
	port := cmp.Or(address.Port(), map[string]string{"http": "80", "https": "443"}[address.Scheme])
	return net.JoinHostPort(address.Hostname(), port)
}

func (g *guard) named(hostPort string) bool {
	host, _, err := net.SplitHostPort(hostPort)
	return slices.Contains(g.hosts, strings.ToLower(hostPort)) || err == nil && slices.Contains(g.hosts, strings.ToLower(host))
}

func (g *guard) ranged(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && slices.ContainsFunc(g.ranges, func(r netip.Prefix) bool { return r.Contains(ip.Unmap()) })
}

func (g *guard) dial(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: dialTimeout}
	if !g.named(address) {
		dialer.ControlContext = func(_ context.Context, _, resolved string, _ syscall.RawConn) error {
			endpoint, err := netip.ParseAddrPort(resolved)
			if err == nil {
				err = g.public.SafeAddr(endpoint.Addr().Unmap())
			}
			if err != nil {
				return fmt.Errorf("%w: %w", ErrAddressForbidden, err)
			}
			return nil
		}
	}
	return dialer.DialContext(ctx, network, address)
}
