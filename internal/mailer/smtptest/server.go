// Package smtptest is a mail server for tests: it takes mail, or refuses it in the ways that servers do.
package smtptest

import (
	"bufio"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Ways in which the server does not take a mail.
const (
	Takes    = ""
	Busy     = "busy"     // 451 to the recipient: try again
	Refuses  = "refuses"  // 550 to the recipient: never
	Vanishes = "vanishes" // takes the content, and says nothing
)

// Server is a mail server.
type Server struct {
	URL string

	mu    sync.Mutex
	mode  string
	mails []string
	heard []string
}

// New starts one; it goes with the test.
func New(t testing.TB) *Server {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	s := &Server{URL: "smtp://" + listener.Addr().String()}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go s.serve(connection)
		}
	}()
	return s
}

// Mode sets how the server behaves from now on.
func (s *Server) Mode(mode string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mode = mode
}

// Mails are those whose content arrived.
func (s *Server) Mails() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.mails...)
}

// Heard are the words that commands began with, in order.
func (s *Server) Heard() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.heard...)
}

func (s *Server) serve(connection net.Conn) {
	defer connection.Close() //nolint:errcheck // a test's connection
	reader := bufio.NewReader(connection)
	say := func(line string) { _, _ = connection.Write([]byte(line + "\r\n")) }
	say("220 test")
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			return
		}
		s.mu.Lock()
		mode := s.mode
		s.heard = append(s.heard, strings.ToUpper(strings.Fields(line + " -")[0]))
		s.mu.Unlock()
		switch verb := strings.ToUpper(strings.TrimSpace(line)); {
		case strings.HasPrefix(verb, "EHLO"), strings.HasPrefix(verb, "HELO"):
			say("250 test")
		case strings.HasPrefix(verb, "RCPT") && mode == Busy:
			say("451 later")
		case strings.HasPrefix(verb, "RCPT") && mode == Refuses:
			say("550 no such person")
		case verb == "DATA":
			say("354 go on")
			var content strings.Builder
			for {
				line, err := reader.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				content.WriteString(line)
			}
			s.mu.Lock()
			s.mails = append(s.mails, content.String())
			s.mu.Unlock()
			if mode == Vanishes {
				return
			}
			say("250 taken")
		case verb == "QUIT":
			say("221 bye")
			return
		default:
			say("250 fine")
		}
	}
}
