package salesdock

import (
	"encoding/json"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

func TestWithoutNUL(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		`{"a":"x\u0000y"}`:        `{"a":"xy"}`,
		`{"a":"\u0000"}`:          `{"a":""}`,
		`"\\u0000"`:               `"\\u0000"`,
		`"\\\u0000"`:              `"\\"`,
		`"\"\u0000\u0000\\u0001"`: `"\"\\u0001"`,
		`"\u000`:                  `"\u000`,
		`<html>`:                  `<html>`,
	} {
		for _, slow := range []func(io.Reader) io.Reader{func(r io.Reader) io.Reader { return r }, iotest.OneByteReader, iotest.DataErrReader} {
			got, err := io.ReadAll(withoutNUL(slow(strings.NewReader(given))))
			require.NoError(t, err)
			require.Equal(t, want, string(got), given)
		}
	}
	_, err := io.ReadAll(withoutNUL(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("abc")))))
	require.ErrorIs(t, err, iotest.ErrTimeout)
}

func FuzzWithoutNUL(f *testing.F) {
	f.Add(`"a\u0000\\u0000\\\u0000"`)
	f.Fuzz(func(t *testing.T, text string) {
		var before, after any
		if json.Unmarshal([]byte(text), &before) != nil {
			return
		}
		got, err := io.ReadAll(withoutNUL(strings.NewReader(text)))
		require.NoError(t, err)
		if json.Unmarshal(got, &after) != nil {
			t.Fatalf("%q became %q", text, got)
		}
		require.NotContains(t, string(must(json.Marshal(after))), `"\u0000"`)
		if !strings.Contains(text, "u0000") {
			require.Equal(t, before, after)
		}
	})
}

func must(data []byte, _ error) []byte { return data }
