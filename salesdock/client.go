package salesdock

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// RequestTimeout is how long a request to a partner may take, with its answer. Who stops must allow for it.
const RequestTimeout = 25 * time.Second

const (
	maxAnswer = 8 << 20  // one entity, or a page
	maxList   = 64 << 20 // a plain list has no pages
)

// Client speaks to one account of one partner with one token. It follows no redirect: a token must not leave
// the address it was entered for.
type Client struct {
	http    *http.Client
	baseURL string
	account string
	token   string
	signer  *Signer
	now     func() time.Time
	heard   func(ctx context.Context, ahead time.Duration) // see Clocked
	ahead   *time.Duration
}

// NewClient makes a client. transport decides which addresses may be called (see NewTransport).
func NewClient(transport http.RoundTripper, baseURL, account, token string) *Client {
	return &Client{
		http: &http.Client{
			Transport:     transport,
			Timeout:       RequestTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		baseURL: strings.TrimRight(baseURL, "/"), account: account, token: token, now: time.Now,
	}
}

// SignedBy makes the client sign its requests; nil leaves them unsigned. A stock account has no use for it.
func (c *Client) SignedBy(signer *Signer) *Client {
	c.signer = signer
	return c
}

// PublicKey is the key that requests are signed with, in base64; nothing for a client that signs none.
func (c *Client) PublicKey() string {
	if c.signer == nil {
		return ""
	}
	return base64.StdEncoding.EncodeToString(c.signer.PublicKey())
}

type request struct {
	method, path string
	query        url.Values
	body         []byte
	header       http.Header
	limit        int64
	alone        bool // on a connection of its own
}

func (c *Client) url(r request) string {
	address := c.baseURL + "/api/" + url.PathEscape(c.account) + "/v1/" + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	return address
}

// do sends one request and gives the answer's data, or a typed error.
func (c *Client) do(ctx context.Context, r request) (json.RawMessage, error) {
	asked := c.now()
	response, err := c.send(ctx, r)
	if err != nil {
		return nil, err
	}
	answered := c.now()
	defer response.Body.Close() //nolint:errcheck // read to its end or given up
	body, err := readAll(response, r.limit)
	data, err := parse(response, body, err)
	if err == nil {
		c.hear(ctx, r, response, asked, answered)
	}
	return data, err
}

func (c *Client) send(ctx context.Context, r request) (*http.Response, error) {
	// From the moment there is a connection, bytes may have left.
	var connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }})
	req, err := http.NewRequestWithContext(ctx, r.method, c.url(r), bytes.NewReader(r.body))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	// Without GetBody the transport never sends a body twice by itself: every attempt is ours, and on record.
	req.GetBody = nil
	req.Close = r.alone
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "Koppel/1")
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if len(r.body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, values := range r.header {
		req.Header[name] = values
	}
	if c.signer != nil {
		if err := c.signer.Sign(req, r.body, time.Now()); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrNotSent, err)
		}
	}
	response, err := c.http.Do(req)
	switch {
	case err == nil:
		return response, nil
	case errors.Is(err, ErrAddressForbidden):
		return nil, ErrAddressForbidden
	case !connected.Load():
		return nil, fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	return nil, fmt.Errorf("%w: %w", ErrNoAnswer, err)
}

func get[T any](ctx context.Context, c *Client, path string, query url.Values, limit int64) (T, error) {
	return ask[T](ctx, c, request{method: http.MethodGet, path: path, query: query, limit: limit})
}

func ask[T any](ctx context.Context, c *Client, r request) (result T, err error) {
	data, err := c.do(ctx, r)
	if err != nil {
		return result, err
	}
	if err := json.Unmarshal(data, &result); err != nil {
		return result, fmt.Errorf("%w: %s: %w", ErrUnreadable, r.path, err)
	}
	return result, nil
}

// getRow reads one row. That it cannot be read is an Unreadable.
func getRow[T any](ctx context.Context, c *Client, path string) (row T, err error) {
	data, err := c.do(ctx, request{method: http.MethodGet, path: path})
	if err != nil {
		return row, err
	}
	row, odd := readRow[T](data, false)
	if odd != nil {
		return row, *odd
	}
	return row, nil
}

// Capabilities asks what the partner offers beyond Salesdock; a stock account answers 404.
func (c *Client) Capabilities(ctx context.Context) (Capabilities, error) {
	return get[Capabilities](ctx, c, "capabilities", nil, 0)
}

// Products reads the plain list, as a stock account gives it, row by row: such a list has no pages and any
// length. It returns nil only when the list was read to its end.
func (c *Client) Products(ctx context.Context, each func(Product) error, aside func(Unreadable) error) error {
	response, err := c.send(ctx, request{method: http.MethodGet, path: "user/products"})
	if err != nil {
		return err
	}
	defer response.Body.Close() //nolint:errcheck // read to its end or given up
	if response.StatusCode != http.StatusOK {
		body, err := readAll(response, maxAnswer)
		if _, err = parse(response, body, err); err == nil {
			err = fmt.Errorf("%w: a list with status %d", ErrUnreadable, response.StatusCode)
		}
		return err
	}
	return streamList(io.LimitReader(utf8Body(response), maxList), each, aside)
}

// Product reads one product's detail.
func (c *Client) Product(ctx context.Context, id int64) (Product, error) {
	return getRow[Product](ctx, c, "user/products/"+strconv.FormatInt(id, 10))
}

// ProductChanges reads one page of what changed since a cursor; an empty cursor reads everything.
func (c *Client) ProductChanges(ctx context.Context, cursor string) (CursorPage[Product], error) {
	return get[CursorPage[Product]](ctx, c, "user/products", url.Values{"changed_since": {cursor}, "extended": {"true"}}, maxList)
}

// SaleChanges reads one page of sales that changed since a cursor.
func (c *Client) SaleChanges(ctx context.Context, cursor string) (CursorPage[SaleUpdate], error) {
	return get[CursorPage[SaleUpdate]](ctx, c, "user/sales", url.Values{"changed_since": {cursor}, "extended": {"true"}}, maxList)
}

// SalesByIDs reads sales by their numbers; as many as fit on a page (20).
func (c *Client) SalesByIDs(ctx context.Context, ids []string) (Page[SaleUpdate], error) {
	query := url.Values{"extended": {"true"}}
	for i, id := range ids {
		query.Set("sale_ids["+strconv.Itoa(i)+"]", id)
	}
	return get[Page[SaleUpdate]](ctx, c, "user/sales", query, 0)
}

// Sale reads one sale by its number.
func (c *Client) Sale(ctx context.Context, id string) (SaleUpdate, error) {
	return getRow[SaleUpdate](ctx, c, "user/sales/"+url.PathEscape(id))
}

// SaleByReference finds the sale that was made under our reference, at a partner that keeps references.
func (c *Client) SaleByReference(ctx context.Context, reference string) (Page[SaleUpdate], error) {
	return get[Page[SaleUpdate]](ctx, c, "user/sales", url.Values{"external_reference": {reference}, "extended": {"true"}}, 0)
}

// Flows lists the order forms the token may sell through.
func (c *Client) Flows(ctx context.Context) (List[Flow], error) {
	return get[List[Flow]](ctx, c, "user/flows", extended, maxList)
}

// Questions lists the product questions.
func (c *Client) Questions(ctx context.Context) (List[Question], error) {
	return get[List[Question]](ctx, c, "user/productquestions", extended, maxList)
}

// Agreements lists the agreements.
func (c *Client) Agreements(ctx context.Context) (List[Agreement], error) {
	return get[List[Agreement]](ctx, c, "user/agreements", extended, maxList)
}

// Question reads one question's detail.
func (c *Client) Question(ctx context.Context, id int64) (Question, error) {
	return getRow[Question](ctx, c, "user/productquestions/"+strconv.FormatInt(id, 10))
}

// Agreement reads one agreement's detail.
func (c *Client) Agreement(ctx context.Context, id int64) (Agreement, error) {
	return getRow[Agreement](ctx, c, "user/agreements/"+strconv.FormatInt(id, 10))
}

// Statuses lists the statuses a sale can have.
func (c *Client) Statuses(ctx context.Context) (List[Status], error) {
	return get[List[Status]](ctx, c, "user/statuses", url.Values{"status_source": {"sale"}}, 0)
}

// TokenAccepted asks for something small that every account has: an error says why the token gives no access to it.
func (c *Client) TokenAccepted(ctx context.Context) error {
	_, err := c.do(ctx, request{method: http.MethodGet, path: "user/statuses", query: url.Values{"status_source": {"sale"}}})
	return err
}

// extended asks a partner of ours for the details with a list; a stock account ignores it.
var extended = url.Values{"extended": {"true"}}

// CreateSale sends a stored request. Scope of its idempotency: with a key, the partner's user (a partner of
// ours answers the same key with the same sale for 30 days); a stock account knows no key, gets none, and a
// create whose answer is lost may have happened.
func (c *Client) CreateSale(ctx context.Context, flowType, flowIdentifier string, body []byte, key string) (string, error) {
	header := http.Header{}
	if key != "" {
		header.Set("Idempotency-Key", key)
	}
	data, err := c.do(ctx, request{
		method: http.MethodPost, path: "sales/flow/" + url.PathEscape(flowType) + "/" + url.PathEscape(flowIdentifier), body: body, header: header, alone: key == "",
	})
	if err != nil {
		return "", err
	}
	id, ok := saleID(data)
	if !ok {
		return "", fmt.Errorf("%w: a create without a sale_id", ErrUnreadable)
	}
	return id, nil
}

// AskCancellation asks a partner of ours to cancel a sale that it has. Scope of its idempotency: the request's
// reference, for that sale; the same one again gives where it stands.
func (c *Client) AskCancellation(ctx context.Context, saleID string, in CancellationRequest) (CancellationState, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return CancellationState{}, err
	}
	return c.cancellation(ctx, request{method: http.MethodPut, path: cancellationPath(saleID), body: body})
}

// Cancellation asks where a request stands.
func (c *Client) Cancellation(ctx context.Context, saleID, reference string) (CancellationState, error) {
	return c.cancellation(ctx, request{method: http.MethodGet, path: cancellationPath(saleID), query: url.Values{"reference": {reference}}})
}

// WithdrawCancellation takes a request back, and gives where it stands: its answer may have been first. Repeating it
// changes nothing.
func (c *Client) WithdrawCancellation(ctx context.Context, saleID, reference string) (CancellationState, error) {
	return c.cancellation(ctx, request{method: http.MethodDelete, path: cancellationPath(saleID), query: url.Values{"reference": {reference}}})
}

func cancellationPath(saleID string) string {
	return "user/sales/" + url.PathEscape(saleID) + "/cancellation-request"
}

func (c *Client) cancellation(ctx context.Context, r request) (state CancellationState, err error) {
	data, err := c.do(ctx, r)
	if err != nil {
		return state, err
	}
	if err := json.Unmarshal(data, &state); err != nil || state.State == "" {
		return state, fmt.Errorf("%w: a cancellation request without a state", ErrUnreadable)
	}
	return state, nil
}

// PutLink tells the partner who we are, where we listen and what we took over. Repeating it changes nothing: a link belongs to the token's user.
func (c *Client) PutLink(ctx context.Context, link Link) (answer LinkAnswer, err error) {
	body, err := json.Marshal(link) //nolint:gosec // G117: the secret is what the partner is told, over its own address
	if err != nil {
		return answer, err
	}
	return ask[LinkAnswer](ctx, c, request{method: http.MethodPut, path: "user/link", body: body})
}

// DeleteLink tells the partner that the link ended. Repeating it changes nothing.
func (c *Client) DeleteLink(ctx context.Context) error {
	_, err := c.do(ctx, request{method: http.MethodDelete, path: "user/link"})
	return err
}

// SignatureHeader carries a link event's signature.
const SignatureHeader = "X-Koppel-Signature"

// PostLinkEvent tells A that something changed. Repeating it changes nothing: it is a hint with a sequence number.
func (c *Client) PostLinkEvent(ctx context.Context, event LinkEvent, secret []byte) error {
	body, err := json.Marshal(event)
	if err != nil {
		return err
	}
	_, err = c.do(ctx, request{
		method: http.MethodPost, path: "link-events", body: body, header: http.Header{SignatureHeader: {Sign(secret, body)}},
	})
	return err
}

// Sign is the HMAC-SHA256 of a body, in hexadecimal.
func Sign(secret, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}
