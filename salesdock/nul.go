package salesdock

import (
	"bufio"
	"io"
)

// withoutNUL leaves the escaped NULs out of JSON on its way: no database keeps them, and one in a name must not hold up
// a whole list. (An unescaped one is no JSON.)
func withoutNUL(body io.Reader) io.Reader { return &nulFilter{from: bufio.NewReader(body)} }

type nulFilter struct {
	from    *bufio.Reader
	escaped bool  // the last byte given was a backslash that begins an escape
	err     error // how the body ended; told once all before it was given
}

const escapedNUL = `\u0000`

func (f *nulFilter) Read(into []byte) (n int, _ error) {
	for n < len(into) && f.err == nil {
		var b byte
		if b, f.err = f.from.ReadByte(); f.err != nil {
			break
		}
		if b == '\\' && !f.escaped {
			if rest, _ := f.from.Peek(len(escapedNUL) - 1); string(rest) == escapedNUL[1:] {
				_, _ = f.from.Discard(len(rest)) // it is in the buffer
				continue
			}
		}
		f.escaped = b == '\\' && !f.escaped
		into[n] = b
		n++
	}
	if n == 0 && len(into) > 0 {
		return 0, f.err
	}
	return n, nil
}
