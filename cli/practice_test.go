package cli_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"

	"koppel/cli"
	"koppel/salesdock/practice"
)

// practising is what a practice partner is started with.
type practising struct {
	Practice cli.PracticeCmd `cmd:"" name:"practice-partner"`
}

func parse(t *testing.T, out io.Writer, args ...string) (*kong.Context, error) {
	t.Helper()
	parser, err := kong.New(&practising{}, kong.Name("koppel"), kong.Writers(out, out), kong.Exit(func(int) {}))
	require.NoError(t, err)
	return parser.Parse(append([]string{"practice-partner"}, args...))
}

func TestPracticePartnerListsItsMoods(t *testing.T) {
	t.Parallel()
	var help bytes.Buffer
	_, _ = parse(t, &help, "--help") // it is written before what is missing is told
	for _, mood := range practice.All() {
		require.Contains(t, help.String(), mood.Name)
	}
}

// It starts in the moods that it is given, says how to ask for them, and refuses one that it does not know.
func TestPracticePartnersMoods(t *testing.T) {
	t.Parallel()
	chosen, err := parse(t, io.Discard, "--mood", "nonsense=0.5")
	require.NoError(t, err)
	require.ErrorContains(t, chosen.Run(&cli.Run{Ctx: t.Context(), Out: io.Discard}), `"nonsense"`)
	chosen, err = parse(t, io.Discard, "--address", "127.0.0.1:0", "--mood", "html-errors=1", "--mood", "made-then-reset=0.25", "--seed", "7")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, said := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- chosen.Run(&cli.Run{Ctx: ctx, Out: said}) }()
	start := make([]byte, 4096)
	n, err := out.Read(start)
	require.NoError(t, err)
	address := regexp.MustCompile(`curl -X PUT (\S+)/practice/moods`).FindSubmatch(start[:n])
	require.NotNil(t, address, string(start[:n]))
	response, err := http.Get(string(address[1]) + "/practice/moods")
	require.NoError(t, err)
	defer response.Body.Close()
	listed, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Contains(t, strings.ReplaceAll(string(listed), " ", ""), `"seed":7,"moods":{"html-errors":1,"made-then-reset":0.25}`)
	stop()
	require.NoError(t, <-ended)
}
