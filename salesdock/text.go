package salesdock

import (
	"bufio"
	"bytes"
	"io"
	"mime"
	"net/http"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
)

// byteOrderMark says that UTF-8 follows. JSON has none; some systems write it nevertheless.
const byteOrderMark = "\xef\xbb\xbf"

// noText stands in decoded text where the bytes meant nothing in their character set: no text has it, and unlike U+FFFD
// no partner can have written it.
const noText = '\uFFFF'

// utf8Body gives an answer's text in UTF-8: decoded from the character set that it declares, without a byte-order mark, and
// without escaped NULs. What is not in that set stays broken, for who reads the fields to see.
func utf8Body(response *http.Response) io.Reader {
	body := bufio.NewReader(response.Body)
	if mark, _ := body.Peek(len(byteOrderMark)); string(mark) == byteOrderMark {
		_, _ = body.Discard(len(mark)) // it is in the buffer
		return withoutNUL(body)        // the mark is surer than what is declared
	}
	_, parameters, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err != nil || parameters["charset"] == "" {
		return withoutNUL(body)
	}
	set, err := htmlindex.Get(parameters["charset"])
	if err != nil {
		return withoutNUL(body) // a set that nobody knows: fields that are not UTF-8 will be seen
	}
	if name, err := htmlindex.Name(set); err == nil && name == "utf-8" {
		return withoutNUL(body) // its decoder would repair what is broken
	}
	unmeant := runes.Map(func(r rune) rune {
		if r == utf8.RuneError {
			return noText
		}
		return r
	})
	return withoutNUL(transform.NewReader(body, transform.Chain(set.NewDecoder(), unmeant)))
}

// BrokenText says whether JSON holds text that is none: bytes that are not UTF-8, or half of a surrogate pair. Reading it
// would put U+FFFD in its place, silently.
func BrokenText(raw []byte) bool {
	return !utf8.Valid(raw) || bytes.ContainsRune(raw, noText) || halfPair(raw)
}

// halfPair finds an escaped surrogate without its other half.
func halfPair(raw []byte) bool {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		first, escaped := escapedRune(raw[i:])
		if !escaped {
			i++ // the escaped character, which may be a backslash
			continue
		}
		i += 5
		if !utf16.IsSurrogate(first) {
			continue
		}
		second, _ := escapedRune(raw[i+1:])
		if utf16.DecodeRune(first, second) == utf8.RuneError {
			return true
		}
		i += 6
	}
	return false
}

// escapedRune reads \uXXXX at the beginning of some JSON.
func escapedRune(raw []byte) (rune, bool) {
	if len(raw) < 6 || raw[0] != '\\' || raw[1] != 'u' {
		return 0, false
	}
	value, err := strconv.ParseUint(string(raw[2:6]), 16, 32)
	return rune(value), err == nil
}
