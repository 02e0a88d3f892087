package salesdock

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// WebhookSecretMark begins a webhook's secret, by the Standard Webhooks specification.
const WebhookSecretMark = "whsec_"

const webhookTimeout = 15 * time.Second

// WebhookMessage is what a webhook's receiver gets.
type WebhookMessage struct {
	Type      string         `json:"type"`
	Event     string         `json:"event"` // the same, as Salesdock names it
	Timestamp time.Time      `json:"timestamp"`
	Account   string         `json:"account"`
	Data      map[string]any `json:"data"`
}

// PostWebhook delivers one message, signed by the Standard Webhooks specification, and gives the receiver's HTTP status.
// Repeating it is for the receiver to see by its id. No redirect is followed.
func PostWebhook(ctx context.Context, transport http.RoundTripper, target, id string, message WebhookMessage, secret []byte, now time.Time) (int, error) {
	body, err := json.Marshal(message)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, webhookTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	request.GetBody = nil
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "Koppel/1")
	request.Header.Set("Webhook-Id", id)
	request.Header.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
	request.Header.Set("Webhook-Signature", SignWebhook(id, now, body, secret))
	response, err := transport.RoundTrip(request)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrNoAnswer, err)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10)) // what it says is not read
	_ = response.Body.Close()
	return response.StatusCode, nil
}

// SignWebhook is a message's signature: HMAC-SHA256 over its id, time and body.
func SignWebhook(id string, at time.Time, body, secret []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write(fmt.Appendf(nil, "%s.%d.", id, at.Unix()))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
