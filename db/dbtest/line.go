package dbtest

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Line is a network between a program and a database: it can go silent, as when a machine is gone.
type Line struct {
	// URL is the database's address through the line.
	URL string

	mu     sync.Mutex
	silent chan struct{} // closed while nothing comes through
	conns  []net.Conn
}

// NewLine lays a line to a database. It goes with the test.
func NewLine(t testing.TB, address string) *Line {
	t.Helper()
	parsed, err := url.Parse(address)
	require.NoError(t, err)
	target := parsed.Host
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is closed with the test
	require.NoError(t, err)
	l := &Line{silent: make(chan struct{})}
	parsed.Host = listener.Addr().String()
	l.URL = parsed.String()
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", target) //nolint:noctx // it is closed with the test
			if err != nil {
				_ = near.Close()
				continue
			}
			l.mu.Lock()
			l.conns = append(l.conns, near, far)
			l.mu.Unlock()
			go l.carry(near, far)
			go l.carry(far, near)
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, c := range l.conns {
			_ = c.Close()
		}
	})
	return l
}

// Silence lets nothing through any more, and breaks nothing off.
func (l *Line) Silence() { l.mu.Lock(); close(l.silent); l.mu.Unlock() }

// Mend breaks off what was silent, and carries what comes after.
func (l *Line) Mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.conns {
		_ = c.Close()
	}
	l.conns, l.silent = nil, make(chan struct{})
}

func (l *Line) carry(from, to net.Conn) {
	defer func() { _ = to.Close() }()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		l.mu.Lock()
		silent := l.silent
		l.mu.Unlock()
		select {
		case <-silent: // what comes is swallowed, until the line is mended
			_, _ = io.Copy(io.Discard, from)
			return
		default:
		}
		if err != nil {
			return
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}
