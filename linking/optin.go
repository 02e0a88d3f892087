package linking

import "time"

// Optin is a consumer's consent to be approached, as a dialer recorded it. Field names are the Salesdock API's;
// times are kept as they were written (Europe/Amsterdam unless they carry a zone).
type Optin struct {
	Source         string         `json:"source"`
	ObtainedAt     string         `json:"obtained_at"`
	ObtainedBy     string         `json:"obtained_by,omitempty"`
	ObtainedSystem string         `json:"obtained_system,omitempty"`
	ObtainedViaURL string         `json:"obtained_via_url,omitempty"`
	ClientIP       string         `json:"client_ip,omitempty"`
	ValidTill      string         `json:"valid_till,omitempty"`
	WithdrawnAt    string         `json:"withdrawn_at,omitempty"`
	Remarks        string         `json:"remarks,omitempty"`
	CampaignCode   string         `json:"campaign_code,omitempty"`
	Proof          *OptinProof    `json:"proof,omitempty"`
	Channels       []OptinChannel `json:"channels"`
}

// OptinProof is a recording or form, in base64.
type OptinProof struct {
	Content   string `json:"content"`
	Extension string `json:"extension"`
}

// OptinChannel is a way the consumer may be approached.
type OptinChannel struct {
	Type           string `json:"type"` // email or phone
	Value          string `json:"value"`
	Topic          string `json:"topic,omitempty"`
	VerifiedAt     string `json:"verified_at,omitempty"`
	VerifiedIP     string `json:"verified_ip,omitempty"`
	VerifiedMethod string `json:"verified_method,omitempty"`
}

// OptinPrefix begins the names under which opt-in data goes with a sale.
const OptinPrefix = "optin_"

// What became of a sale's opt-in data at a partner.
const (
	OptinSent      = "sent"
	OptinWithdrawn = "withdrawn"  // the consumer took it back: it stays here
	OptinNotTaken  = "not_taken"  // the partner has no place for it with a sale
	OptinExpired   = "expired"    // valid_till has passed
	OptinOff       = "switch_off" // the integration does not send opt-in data
)

// OptinFate decides whether a sale's opt-in data goes along to a partner. taken: the partner takes it with a sale.
func OptinFate(send, taken bool, withdrawnAt, validTill *time.Time, now time.Time) string {
	switch {
	case withdrawnAt != nil && !withdrawnAt.After(now):
		return OptinWithdrawn
	case validTill != nil && validTill.Before(now):
		return OptinExpired
	case !send:
		return OptinOff
	case !taken:
		return OptinNotTaken
	}
	return OptinSent
}

// fields puts opt-in data under the names that a create carries it by.
func (o *Optin) fields(body map[string]any) {
	body["optin"] = "1"
	for name, value := range map[string]string{
		"source": o.Source, "obtained_at": o.ObtainedAt, "obtained_by": o.ObtainedBy, "obtained_system": o.ObtainedSystem, "obtained_via_url": o.ObtainedViaURL,
		"client_ip": o.ClientIP, "valid_till": o.ValidTill, "withdrawn_at": o.WithdrawnAt, "remarks": o.Remarks, "campaign_code": o.CampaignCode,
	} {
		if value != "" {
			body[OptinPrefix+name] = value
		}
	}
	if o.Proof != nil {
		body[OptinPrefix+"proof"] = o.Proof
	}
	body[OptinPrefix+"channels"] = o.Channels
}
