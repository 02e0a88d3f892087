package salesdock

// CancellationRequest is what A asks of B: to cancel a sale that B has.
type CancellationRequest struct {
	Reference string `json:"reference"` // A's name for the request
	Reason    string `json:"reason"`
	ExpiresAt Stamp  `json:"expires_at"`
}

// CancellationState is where a request stands at B.
type CancellationState struct {
	Reference Text `json:"reference"`
	State     Text `json:"state"` // open, accepted, rejected, withdrawn, expired
	Answer    Text `json:"answer"`
}
