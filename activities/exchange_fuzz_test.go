package activities

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/salesdock"
)

// exchange is what a partner does with one connection, byte by byte: it answers a read and may leave something behind, then
// it takes a create, makes the sale or not, and answers with bytes that break off somewhere.
type exchange struct {
	left string // stands on the connection behind the answer to the read
	wire string // the answer to the create
	made bool
}

// rawPartner plays one exchange after another, and counts the creates that arrived whole.
type rawPartner struct {
	mu      sync.Mutex
	plays   exchange
	creates int
	address string
}

func newRawPartner(tb testing.TB) *rawPartner {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = listener.Close() })
	p := &rawPartner{address: "http://" + listener.Addr().String()}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go p.serve(connection)
		}
	}()
	return p
}

func (p *rawPartner) serve(connection net.Conn) {
	defer connection.Close()
	in := bufio.NewReader(connection)
	for {
		request, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		_, err = io.Copy(io.Discard, request.Body)
		p.mu.Lock()
		plays := p.plays
		if request.Method == http.MethodPost && err == nil {
			p.creates++
		}
		p.mu.Unlock()
		if request.Method == http.MethodPost {
			_, _ = io.WriteString(connection, plays.wire)
			return
		}
		_, _ = io.WriteString(connection, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 26\r\n\r\n"+`{"success":true,"data":[]}`+plays.left)
	}
}

func (p *rawPartner) play(x exchange) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.plays, p.creates = x, 0
}

var statusLine = regexp.MustCompile(`^HTTP/\d\.\d +(\d{3})(\D|$)`)

// finalStatus reads the status that an answer has on the wire, behind those that only say that it is on its way.
func finalStatus(wire string) int {
	for {
		line := statusLine.FindStringSubmatch(wire)
		if line == nil {
			return 0
		}
		status, _ := strconv.Atoi(line[1]) // three digits
		end := regexp.MustCompile(`\n\r?\n`).FindStringIndex(wire)
		if status >= 200 || end == nil {
			return status
		}
		wire = wire[end[1]:]
	}
}

// saysMade says that a body tells of a sale that was made, in the contract's own shape.
func saysMade(body string) bool {
	var said struct {
		Success bool
		Data    struct {
			SaleID int64 `json:"sale_id"`
		}
	}
	return json.Unmarshal([]byte(body), &said) == nil && said.Success && said.Data.SaleID > 0
}

// FuzzExchange plays whole exchanges with a partner that knows whether it made the sale. Whatever it answers, and wherever
// that breaks off: what was made is never "certainly not made", and never sent again. A partner that made it and
// answers with a refusal, which is not in the contract, is left out, unless it says itself that it was made.
func FuzzExchange(f *testing.F) {
	const whole = 1 << 16
	asJSON := "\r\nContent-Type: application/json\r\nContent-Length: 41\r\n"
	for _, head := range []string{
		"HTTP/1.1 201 Created" + asJSON, "HTTP/1.1 504 Gateway Time-out\r\nContent-Type: text/html\r\n", "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\n", "HTTP/1.1 429 Too Many Requests" + asJSON,
		"HTTP/1.1 302 Found\r\nLocation: /thanks\r\n", "HTTP/1.1 401 Unauthorized\r\n", "HTTP/1.0 413 \r\nContent-Encoding: gzip\r\n", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 500 X\r\n", "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 403 X\r\n",
		"HTTP/1.1 204 No Content\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n", "HTTP/1.1 422 X\r\nContent-Length: 3\r\n", "nonsense\r\n", "",
	} {
		for _, body := range []string{"", ray, `{"success":true,"data":{"sale_id":12345}}`, `{"success":false,"message":"nee","code":4}`, "5\r\n{\"suc\r\n0\r\n\r\n"} {
			f.Add(head, body, "", uint16(whole-1), true)
			f.Add(head, body, "", uint16(len(head)+len(body)/2), true)
			f.Add(head, body, "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n", uint16(whole-1), true)
			f.Add(head, body, "", uint16(len(head)/2), false)
		}
	}
	partner := newRawPartner(f)
	f.Fuzz(func(t *testing.T, head, body, left string, until uint16, made bool) {
		wire := head + "\r\n" + body
		wire = wire[:min(len(wire), int(until))]
		refused := slices.Contains(refuses, finalStatus(wire))
		told := len(wire) == len(head)+2+len(body) && saysMade(body) && !strings.Contains(strings.ToLower(head), "length") && !strings.Contains(strings.ToLower(head), "encoding")
		partner.play(exchange{left, wire, made && (!refused || told)})
		client := salesdock.NewClient(salesdock.NewTransport([]string{"127.0.0.1"}, nil), partner.address, "b", "t")
		_, _ = client.Statuses(t.Context()) // it leaves a connection behind, and what the partner left on it
		id, err := client.CreateSale(t.Context(), "f", "i", []byte(`{}`), "")
		partner.mu.Lock()
		defer partner.mu.Unlock()
		require.LessOrEqual(t, partner.creates, 1, "it is sent once")
		if err == nil {
			require.NotEmpty(t, id)
			require.Contains(t, []int{200, 201, 202, 203, 206, 207, 208, 226}, finalStatus(wire))
			return
		}
		if partner.plays.made && partner.creates == 1 {
			require.Equal(t, Unknown, classify(err, asCreate).Disposition, "made, answered %q after %q: %v", wire, left, err)
		}
	})
}
