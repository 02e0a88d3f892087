package vault

import "fmt"

// TokenRow names an integration's partner token.
func TokenRow(environmentID int64, linkKey string) string {
	return fmt.Sprintf("integration/%d/%s/token", environmentID, linkKey)
}

// EventSecretRow names the secret that a partner signs its announcements to an integration with.
func EventSecretRow(environmentID int64, linkKey string) string {
	return fmt.Sprintf("integration/%d/%s/events", environmentID, linkKey)
}

// LinkSecretRow names the secret that we sign announcements to a linked environment with.
func LinkSecretRow(environmentID, userID int64) string {
	return fmt.Sprintf("link/%d/%d/events", environmentID, userID)
}

// RequestRow names the stored request of a forwarding.
func RequestRow(environmentID, forwardingID int64) string {
	return fmt.Sprintf("forwarding/%d/%d/request", environmentID, forwardingID)
}

// WebhookRow names the secret that deliveries to a webhook are signed with.
func WebhookRow(environmentID int64, uuid string) string {
	return fmt.Sprintf("webhook/%d/%s", environmentID, uuid)
}

// InvitationRow names the text of a link with which a user chooses a password.
func InvitationRow(environmentID, userID int64) string {
	return fmt.Sprintf("user/%d/%d/invitation", environmentID, userID)
}

// AccessMailRow names what a mail says of a change of access.
func AccessMailRow(environmentID, userID int64) string {
	return fmt.Sprintf("user/%d/%d/access", environmentID, userID)
}

// SigningKeyRow names the key that an environment signs its requests to partners with.
func SigningKeyRow(environmentID int64) string {
	return fmt.Sprintf("environment/%d/signing", environmentID)
}
