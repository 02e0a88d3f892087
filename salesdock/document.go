package salesdock

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// KeptDocument is a document of a product that an environment of ours keeps: it takes a token of that environment. Where
// the environment is called is not in it: that can be another address than the one by which a partner knows it.
type KeptDocument struct {
	Account string
	Path    string // below the account's address
	ID      int64
}

var keptDocument = regexp.MustCompile(`^https?://[^?#]+/api/([\w-]+)/v1/(user/products/\d+/documents/(\d+))$`)

// DocumentAt reads a document's address. ok is false for one that is kept anywhere else.
func DocumentAt(location string) (kept KeptDocument, ok bool) {
	part := keptDocument.FindStringSubmatch(location)
	if part == nil {
		return kept, false
	}
	id, err := strconv.ParseInt(part[3], 10, 64)
	return KeptDocument{Account: part[1], Path: part[2], ID: id}, err == nil
}

// DocumentURL is where an environment serves a document of its product.
func DocumentURL(baseURL, account string, productID, number int64) string {
	return fmt.Sprintf("%s/api/%s/v1/user/products/%d/documents/%d", baseURL, account, productID, number)
}

// maxDocument is the largest document that is read, in bytes.
const maxDocument = 10 << 20

// Document reads a document that the partner keeps, with the name that it has there.
func (c *Client) Document(ctx context.Context, kept KeptDocument) (name string, content []byte, err error) {
	if kept.Account != c.account {
		return "", nil, fmt.Errorf("%w: the document is not this partner's", ErrNotSent)
	}
	response, err := c.send(ctx, request{method: http.MethodGet, path: kept.Path, header: http.Header{"Accept": {"*/*"}}})
	if err != nil {
		return "", nil, err
	}
	defer response.Body.Close() //nolint:errcheck // read to its end or given up
	_, params, errName := mime.ParseMediaType(response.Header.Get("Content-Disposition"))
	if response.StatusCode != http.StatusOK || errName != nil {
		body, err := readAll(response, 0)
		if _, err = parse(response, body, err); err == nil {
			err = fmt.Errorf("%w: a document without a name", ErrUnreadable)
		}
		return "", nil, err
	}
	content, err = io.ReadAll(io.LimitReader(response.Body, maxDocument+1))
	switch {
	case err != nil:
		return "", nil, fmt.Errorf("%w: %w", ErrNoAnswer, err)
	case len(content) > maxDocument:
		return "", nil, fmt.Errorf("%w: longer than %d bytes", ErrUnreadable, maxDocument)
	}
	return strings.TrimSpace(params["filename"]), content, nil
}
