package salesdock

import "encoding/json"

// Capabilities is what a partner that runs this project offers beyond Salesdock.
type Capabilities struct {
	Product              string            `json:"product"`
	Version              string            `json:"version"`
	Account              string            `json:"account"`
	Name                 string            `json:"name"`
	IdempotencyKeys      bool              `json:"idempotency_keys"`
	ExternalReference    bool              `json:"external_reference"`
	ChangeCursors        bool              `json:"change_cursors"`
	LinkEvents           bool              `json:"link_events"`
	Optin                bool              `json:"optin"` // opt-in data is taken with a sale
	Webhooks             bool              `json:"webhooks"`
	ConditionalReads     bool              `json:"conditional_reads"`
	DryRun               bool              `json:"dry_run"` // a create with ?dry_run=1 is checked, and makes nothing
	CancellationRequests bool              `json:"cancellation_requests"`
	RequestsPerMinute    int               `json:"requests_per_minute"`
	LimitsByTokenAlone   bool              `json:"limits_by_token_alone"`
	Token                *TokenDescription `json:"token,omitempty"`
}

// UnmarshalJSON reads what a partner says of itself. A pace that nobody means is the fastest that we keep.
func (c *Capabilities) UnmarshalJSON(data []byte) error {
	type said Capabilities
	if err := json.Unmarshal(data, (*said)(c)); err != nil {
		return err
	}
	c.RequestsPerMinute = min(max(c.RequestsPerMinute, 0), fastestPace)
	return nil
}

const fastestPace = 60_000

// TokenDescription tells a caller about the token it used.
type TokenDescription struct {
	Integration bool `json:"integration"`
	User        Text `json:"user"`
}

// Link is what A tells B when an integration is saved.
type Link struct {
	Account string `json:"account"`
	BaseURL string `json:"base_url"`
	LinkKey string `json:"link_key"`
	Secret  string `json:"secret"`
	// PublicKey is the key that A signs with (ed25519, base64). It is the one that signs the call that tells it.
	PublicKey string `json:"public_key,omitempty"`
	// Imported are B's ids of the products that A took over and sells; nil: A does not say.
	Imported []int64 `json:"imported_product_ids"`
}

// LinkAnswer is what B answers to a link: what it can, so that what it learned since is put to use.
type LinkAnswer struct {
	LinkID       int64         `json:"link_id"`
	Capabilities *Capabilities `json:"capabilities"`
}

// LinkEvent is a hint from B: something changed, look. Its sequence number only grows.
type LinkEvent struct {
	LinkKey  string `json:"link_key"`
	Sequence int64  `json:"sequence"`
	Products bool   `json:"products"`
	Sales    bool   `json:"sales"`
}
