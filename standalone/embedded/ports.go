package embedded

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"time"
)

// CheckFree says whether an address can be listened on, and splits it. The error names what wanted the
// address and what to do.
func CheckFree(what, address string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, fmt.Errorf("%s: %q is not an address such as 127.0.0.1:8080", what, address)
	}
	port, err = strconv.Atoi(text)
	if err != nil {
		return "", 0, fmt.Errorf("%s: %q is not a port number", what, text)
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", address)
	if err != nil {
		return "", 0, fmt.Errorf("%s cannot listen on %s: something else uses that address; end it, or choose another address (koppel-standalone --help): %w", what, address, err)
	}
	return host, port, listener.Close()
}

// Ports that are handed out lie below those that systems give to outgoing connections (from 32768 on Linux,
// from 49152 elsewhere): between the asking and the listening, no connection takes one.
const (
	firstPort = 20000
	lastPort  = 32000
)

// FreePort finds a port nobody listens on at host.
func FreePort(host string) (int, error) {
	var last error
	for range 200 {
		port := firstPort + rand.IntN(lastPort-firstPort) //nolint:gosec // any port will do
		listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err != nil {
			last = err
			continue
		}
		return port, listener.Close()
	}
	return 0, fmt.Errorf("find a free port between %d and %d: %w", firstPort, lastPort, last)
}

// ResolvePort turns port 0 into a free port, so that the address can be shown and handed on.
func ResolvePort(address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", fmt.Errorf("%q is not an address such as 127.0.0.1:8080: %w", address, err)
	}
	if port != "0" {
		return address, nil
	}
	free, err := FreePort(host)
	if err != nil {
		return "", err
	}
	return net.JoinHostPort(host, strconv.Itoa(free)), nil
}

func waitForPort(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("nothing answers on %s: %w", address, err)
		case <-tick.C:
		}
	}
}
