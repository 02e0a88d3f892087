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
	"mime"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const (
	requestTimeout = 30 * time.Second
	maxAnswer      = 8 << 20  // one entity, or a page
	maxList        = 64 << 20 // a plain list has no pages
)

// Client speaks to one account of one partner with one token. It follows no redirect: a token must not leave
// the address it was entered for.
type Client struct {
	http    *http.Client
	baseURL string
	account string
	token   string
	signer  *Signer
}

// NewClient makes a client. transport decides which addresses may be called (see NewTransport).
func NewClient(transport http.RoundTripper, baseURL, account, token string) *Client {
	return &Client{
		http: &http.Client{
			Transport:     transport,
			Timeout:       requestTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		baseURL: strings.TrimRight(baseURL, "/"), account: account, token: token,
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
	response, err := c.send(ctx, r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close() //nolint:errcheck // read to its end or given up
	body, err := readAll(response.Body, r.limit)
	if err != nil {
		return nil, err
	}
	return parse(response, body)
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

func readAll(body io.Reader, limit int64) ([]byte, error) {
	if limit == 0 {
		limit = maxAnswer
	}
	data, err := io.ReadAll(withoutNUL(io.LimitReader(body, limit+1)))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrNoAnswer, err)
	case int64(len(data)) > limit:
		return nil, fmt.Errorf("%w: longer than %d bytes", ErrUnreadable, limit)
	}
	return data, nil
}

func parse(response *http.Response, body []byte) (json.RawMessage, error) {
	var envelope struct {
		Success *Flag           `json:"success"`
		Data    json.RawMessage `json:"data"`
		Message Text            `json:"message"`
		Errors  FieldErrors     `json:"errors"`
	}
	readable := json.Unmarshal(body, &envelope) == nil
	status := response.StatusCode
	if status >= 200 && status < 300 {
		if !readable || envelope.Success == nil {
			return nil, fmt.Errorf("%w: %d with %s", ErrUnreadable, status, contentKind(response))
		}
		if *envelope.Success {
			return envelope.Data, nil
		}
	}
	failure := &Error{Status: status, Message: string(envelope.Message), Fields: envelope.Errors, RetryAfter: retryAfter(response)}
	failure.Throttled = status == http.StatusTooManyRequests || !readable && bytes.Contains(body, []byte("1015"))
	if !readable && !failure.Throttled && status < 500 {
		return nil, fmt.Errorf("%w: %d with %s", ErrUnreadable, status, contentKind(response))
	}
	return nil, failure
}

func contentKind(response *http.Response) string {
	kind, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err != nil {
		return "no content type"
	}
	return kind
}

// retryAfter reads seconds or a date, and believes at most an hour.
func retryAfter(response *http.Response) time.Duration {
	text := response.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil && seconds > 0 {
		return min(time.Duration(seconds)*time.Second, time.Hour)
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(time.Until(at), 0), time.Hour)
	}
	return 0
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

// Capabilities asks what the partner offers beyond Salesdock; a stock account answers 404.
func (c *Client) Capabilities(ctx context.Context) (Capabilities, error) {
	return get[Capabilities](ctx, c, "capabilities", nil, 0)
}

// Products reads the plain list, as a stock account gives it, row by row: such a list has no pages and any
// length. It returns nil only when the list was read to its end.
func (c *Client) Products(ctx context.Context, each func(Product) error) error {
	response, err := c.send(ctx, request{method: http.MethodGet, path: "user/products"})
	if err != nil {
		return err
	}
	defer response.Body.Close() //nolint:errcheck // read to its end or given up
	if response.StatusCode != http.StatusOK {
		body, err := readAll(response.Body, maxAnswer)
		if err != nil {
			return err
		}
		if _, err = parse(response, body); err == nil {
			err = fmt.Errorf("%w: a list with status %d", ErrUnreadable, response.StatusCode)
		}
		return err
	}
	return streamList(withoutNUL(io.LimitReader(response.Body, maxList)), each)
}

// streamList walks through an envelope and hands out the rows of its data.
func streamList[T any](body io.Reader, each func(T) error) error {
	decoder := json.NewDecoder(body)
	unreadable := func(err error) error { return fmt.Errorf("%w: %w", ErrUnreadable, err) }
	if err := expect(decoder, '{'); err != nil {
		return unreadable(err)
	}
	var success Flag
	complete := false
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return unreadable(err)
		}
		switch key {
		case "success":
			err = decoder.Decode(&success)
		case "data":
			complete, err = streamRows(decoder, each)
		default:
			var ignored json.RawMessage
			err = decoder.Decode(&ignored)
		}
		if err != nil {
			return unreadable(err)
		}
	}
	if err := expect(decoder, '}'); err != nil {
		return unreadable(err)
	}
	if !bool(success) || !complete {
		return unreadable(errors.New("not a successful list"))
	}
	return nil
}

func streamRows[T any](decoder *json.Decoder, each func(T) error) (complete bool, err error) {
	if err := expect(decoder, '['); err != nil {
		return false, err
	}
	for decoder.More() {
		var row T
		if err := decoder.Decode(&row); err != nil {
			return false, err
		}
		if err := each(row); err != nil {
			return false, err
		}
	}
	return true, expect(decoder, ']')
}

func expect(decoder *json.Decoder, want json.Delim) error {
	token, err := decoder.Token()
	if err != nil {
		return err
	}
	if token != want {
		return fmt.Errorf("%v where %v belongs", token, want)
	}
	return nil
}

// Product reads one product's detail.
func (c *Client) Product(ctx context.Context, id int64) (Product, error) {
	return get[Product](ctx, c, "user/products/"+strconv.FormatInt(id, 10), nil, 0)
}

// ProductChanges reads one page of what changed since a cursor; an empty cursor reads everything.
func (c *Client) ProductChanges(ctx context.Context, cursor string) (CursorPage[Product], error) {
	return get[CursorPage[Product]](ctx, c, "user/products", url.Values{"changed_since": {cursor}, "extended": {"true"}}, maxList)
}

// SaleChanges reads one page of sales that changed since a cursor.
func (c *Client) SaleChanges(ctx context.Context, cursor string) (CursorPage[SaleUpdate], error) {
	return get[CursorPage[SaleUpdate]](ctx, c, "user/sales", url.Values{"changed_since": {cursor}, "extended": {"true"}}, maxList)
}

// SalesUpdated reads one page of the sales that were updated in a window.
func (c *Client) SalesUpdated(ctx context.Context, from, till time.Time, page int) (Page[SaleUpdate], error) {
	return c.salesInPeriod(ctx, "updated_date", from, till, page)
}

// SalesCreated reads one page of the sales that were made in a window.
func (c *Client) SalesCreated(ctx context.Context, from, till time.Time, page int) (Page[SaleUpdate], error) {
	return c.salesInPeriod(ctx, "created_date", from, till, page)
}

// SalesByIDs reads sales by their numbers; as many as fit on a page (20).
func (c *Client) SalesByIDs(ctx context.Context, ids []string) (Page[SaleUpdate], error) {
	query := url.Values{"extended": {"true"}}
	for i, id := range ids {
		query.Set("sale_ids["+strconv.Itoa(i)+"]", id)
	}
	return get[Page[SaleUpdate]](ctx, c, "user/sales", query, 0)
}

func (c *Client) salesInPeriod(ctx context.Context, on string, from, till time.Time, page int) (Page[SaleUpdate], error) {
	from, till = acrossClockChange(from, till)
	return get[Page[SaleUpdate]](ctx, c, "user/sales", url.Values{
		"period_filter_on": {on}, "period": {"custom"}, "period_start": {FormatStamp(from)}, "period_end": {FormatStamp(till)},
		"extended": {"true"}, "page": {strconv.Itoa(page)},
	}, 0)
}

// acrossClockChange makes a window reach an hour further on both sides where the clocks change near it: its ends
// are written without a zone, and in autumn an hour is written twice.
func acrossClockChange(from, till time.Time) (time.Time, time.Time) {
	_, before := from.Add(-2 * time.Hour).In(Amsterdam).Zone()
	_, after := till.Add(2 * time.Hour).In(Amsterdam).Zone()
	if before == after {
		return from, till
	}
	return from.Add(-time.Hour), till.Add(time.Hour)
}

// Repeated says whether a moment is in an hour that clocks in Amsterdam show twice: read without a zone, it may be an
// hour earlier or later.
func Repeated(at time.Time) bool {
	return !at.IsZero() && (FormatStamp(at) == FormatStamp(at.Add(time.Hour)) || FormatStamp(at) == FormatStamp(at.Add(-time.Hour)))
}

// SaleByReference finds the sale that was made under our reference, at a partner that keeps references.
func (c *Client) SaleByReference(ctx context.Context, reference string) (Page[SaleUpdate], error) {
	return get[Page[SaleUpdate]](ctx, c, "user/sales", url.Values{"external_reference": {reference}, "extended": {"true"}}, 0)
}

// Flows lists the order forms the token may sell through.
func (c *Client) Flows(ctx context.Context) ([]Flow, error) {
	return get[[]Flow](ctx, c, "user/flows", extended, maxList)
}

// Questions lists the product questions.
func (c *Client) Questions(ctx context.Context) ([]Question, error) {
	return get[[]Question](ctx, c, "user/productquestions", extended, maxList)
}

// Agreements lists the agreements.
func (c *Client) Agreements(ctx context.Context) ([]Agreement, error) {
	return get[[]Agreement](ctx, c, "user/agreements", extended, maxList)
}

// Question reads one question's detail.
func (c *Client) Question(ctx context.Context, id int64) (Question, error) {
	return get[Question](ctx, c, "user/productquestions/"+strconv.FormatInt(id, 10), nil, 0)
}

// Agreement reads one agreement's detail.
func (c *Client) Agreement(ctx context.Context, id int64) (Agreement, error) {
	return get[Agreement](ctx, c, "user/agreements/"+strconv.FormatInt(id, 10), nil, 0)
}

// Statuses lists the statuses a sale can have.
func (c *Client) Statuses(ctx context.Context) ([]Status, error) {
	return get[[]Status](ctx, c, "user/statuses", url.Values{"status_source": {"sale"}}, 0)
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
		method: http.MethodPost, path: "sales/flow/" + url.PathEscape(flowType) + "/" + url.PathEscape(flowIdentifier), body: body, header: header,
	})
	if err != nil {
		return "", err
	}
	var created SaleCreated
	if err := json.Unmarshal(data, &created); err != nil || created.SaleID == "" {
		return "", fmt.Errorf("%w: a create without a sale_id", ErrUnreadable)
	}
	return string(created.SaleID), nil
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
