package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"koppel/server/api"
)

// broken are the ways in which a text arrives damaged, as they stand in JSON.
var broken = map[string]string{
	"Latin-1": "B\xf6hmer", "cut off": "Jos\xc3", "a stray byte": "\x80", "overlong": "\xc0\xaf", "a surrogate in UTF-8": "\xed\xa0\x80", "beyond Unicode": "\xf5\x80\x80\x80",
	"half a pair": `\ud800`, "the other half": `a\udc00b`, "two first halves": `\ud800\ud800`, "a half and a letter": `\ud83dx`, "halves the wrong way round": `\ude00\ud83d`, "capitals": `\uD83D`,
}

// A text that is damaged is refused where it stands, and never repaired: "B\ufffdhmer" is another name.
func TestDamagedTextIsRefusedAtItsField(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	order, err := json.Marshal(s.sale())
	require.NoError(t, err)
	ask := func(address, kind string, body []byte) (int, object) {
		request, err := http.NewRequestWithContext(t.Context(), "POST", s.base+"/api/acme/v1/"+address, bytes.NewReader(body))
		require.NoError(t, err)
		request.Header.Set("Content-Type", kind)
		return s.send(request)
	}
	sales := func() string { return s.one(`SELECT count(*)::text FROM sales`) }
	refused := func(what, field, key string, status int, answer object) {
		require.Equal(t, http.StatusBadRequest, status, "%s: %v", what, answer)
		require.Contains(t, answer["errors"], field, what)
		require.True(t, says(key, answer["errors"].(object)[field].([]any)[0]), "%s: %v", what, answer)
		require.Equal(t, "0", sales(), what)
	}
	for name, text := range broken {
		for place, field := range map[string]string{`"Jansen"`: "lastname", `"Incasso"`: "questionData.betaal", `"Utrecht"`: "city"} {
			body := strings.Replace(string(order), place, `"`+text+`"`, 1)
			for _, kind := range []string{"application/json", "application/json; charset=utf-8", "application/vnd.api+json", ""} {
				status, answer := ask(sell, kind, []byte(body))
				refused(name, field, "broken_text", status, answer)
			}
		}
		status, answer := ask(sell, "application/json", []byte(strings.Replace(string(order), `"betaal"`, `"`+text+`"`, 1)))
		refused(name+" in a name", "questionData", "broken_text", status, answer)
		status, answer = ask("account/suppliers", "application/json", []byte(`{"name":"x","`+text+`":1}`))
		require.Equal(t, http.StatusBadRequest, status, answer)
		if strings.Contains(text, `\u`) {
			continue // an escape of JSON is plain text elsewhere
		}
		form := url.Values{"name": {"x"}, "description": {text}}
		status, answer = ask("account/suppliers", "application/x-www-form-urlencoded", []byte(form.Encode()))
		refused(name, "description", "unstorable_text", status, answer)
		var parts bytes.Buffer
		writer := multipart.NewWriter(&parts)
		require.NoError(t, writer.WriteField("name", "x"))
		require.NoError(t, writer.WriteField("description", text))
		require.NoError(t, writer.Close())
		status, answer = ask("account/suppliers", writer.FormDataContentType(), parts.Bytes())
		refused(name, "description", "unstorable_text", status, answer)
		status, answer = s.call("GET", "account/products?q="+url.QueryEscape(text), nil)
		refused(name, "q", "unstorable_text", status, answer)
	}
}

// What is whole is kept as it is: beyond the first plane, escaped or not, and U+FFFD where somebody wrote it.
func TestWholeTextIsKeptAsItIs(t *testing.T) {
	t.Parallel()
	for in, out := range map[string]string{
		"Böhmer": "Böhmer", `B\u00f6hmer`: "Böhmer", `\ud83d\ude00`: "😀", `\uD83D\uDE00`: "😀", "😀": "😀", `\\ud800`: `\ud800`, `\"\\\ud83d\ude00`: `"\😀`, "\ufffd": "\ufffd", `\ufffd`: "\ufffd",
		"\U000f0000": "\U000f0000", "e\u0301": "e\u0301", "한글": "한글", `\n\/`: "\n/",
	} {
		for _, mark := range []string{"", "\xef\xbb\xbf"} {
			request := httptest.NewRequest("POST", "/", strings.NewReader(mark+`{"name": "`+in+`"}`))
			body, err := api.ReadBodyForTest(request)
			require.NoError(t, err, in)
			require.Equal(t, object{"name": out}, body)
		}
	}
}

// A byte-order mark is read over in JSON and in a form; UTF-16 is refused in words.
func TestAByteOrderMarkIsReadOver(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	order, err := json.Marshal(s.sale())
	require.NoError(t, err)
	ask := func(address, kind, body string) (int, object) {
		request, err := http.NewRequestWithContext(t.Context(), "POST", s.base+"/api/acme/v1/"+address, strings.NewReader(body))
		require.NoError(t, err)
		request.Header.Set("Content-Type", kind)
		return s.send(request)
	}
	status, answer := ask(sell, "application/json", "\xef\xbb\xbf"+string(order))
	require.Equal(t, http.StatusCreated, status, answer)
	status, answer = ask("account/suppliers", "application/x-www-form-urlencoded", "\xef\xbb\xbfname=Anders")
	require.Equal(t, http.StatusCreated, status, answer)
	wide := func(text string, little, mark bool) string {
		units := utf16.Encode([]rune(text))
		if mark {
			units = append([]uint16{0xfeff}, units...)
		}
		var out []byte
		for _, unit := range units {
			if little {
				out = append(out, byte(unit), byte(unit>>8))
			} else {
				out = append(out, byte(unit>>8), byte(unit))
			}
		}
		return string(out)
	}
	for _, little := range []bool{true, false} {
		for _, mark := range []bool{true, false} {
			for kind, text := range map[string]string{"application/json": string(order), "application/x-www-form-urlencoded": "name=x"} {
				status, answer := ask(sell, kind, wide(text, little, mark))
				require.Equal(t, http.StatusBadRequest, status, answer)
				require.Contains(t, fmt.Sprint(answer["message"]), "UTF-16")
			}
		}
	}
}

// FuzzText: whatever bytes come in, what is taken is what plain decoding gives, and nothing was repaired on the way.
func FuzzText(f *testing.F) {
	for _, text := range broken {
		f.Add([]byte(`{"a": "` + text + `"}`))
	}
	f.Add([]byte(`{"a": "\\ud800 \ud83d\ude00 B` + "\xf6" + `hmer", "b": ["x"]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		body, err := api.ReadBodyForTest(httptest.NewRequest("POST", "/", bytes.NewReader(raw)))
		if err != nil || len(body) == 0 || body[""] != nil {
			return
		}
		var plain object
		decoder := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))))
		decoder.UseNumber()
		require.NoError(t, decoder.Decode(&plain))
		require.Equal(t, plain, body)
		if !bytes.Contains(raw, []byte("\ufffd")) && !bytes.Contains(bytes.ToLower(raw), []byte(`\ufffd`)) {
			require.NotContains(t, fmt.Sprint(body), "\ufffd")
		}
	})
}
