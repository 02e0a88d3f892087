// Package sealing knows everything that is sealed in the database, with which key, and seals it anew with the first key, so that an
// earlier one can go.
package sealing

import (
	"context"

	"koppel/db"
	"koppel/internal/vault"
	"koppel/states"
)

// kind is a column with sealed values.
type kind struct {
	name string // table.column, as the queries call it
	row  func(v db.SystemSealedOtherwiseRow) string
	put  func(tx *db.Tx, ctx context.Context, values replaced) (int64, error)
}

// replaced are values, each with what takes its place.
type replaced struct {
	ids        []int64
	was, fresh [][]byte
}

// params are those of each query that puts values in their place.
type params interface {
	~struct {
		Ids   []int64 //nolint:revive // as it is named in what sqlc writes
		Was   [][]byte
		Fresh [][]byte
	}
}

func with[P params](query func(tx *db.Tx, ctx context.Context, arg P) (int64, error)) func(*db.Tx, context.Context, replaced) (int64, error) {
	return func(tx *db.Tx, ctx context.Context, v replaced) (int64, error) {
		return query(tx, ctx, P(struct {
			Ids   []int64 //nolint:revive // the same
			Was   [][]byte
			Fresh [][]byte
		}{v.ids, v.was, v.fresh}))
	}
}

const keyCheckRow = "key_checks/1"

// kinds are all of them. What a start looks at comes last: until then the earlier keys are asked for.
var kinds = []kind{
	{"integrations.token_sealed", func(v db.SystemSealedOtherwiseRow) string { return vault.TokenRow(v.EnvironmentID, v.Name) }, with((*db.Tx).SystemIntegrationTokensSeal)},
	{"integrations.event_secret_sealed", func(v db.SystemSealedOtherwiseRow) string { return vault.EventSecretRow(v.EnvironmentID, v.Name) }, with((*db.Tx).SystemIntegrationSecretsSeal)},
	{"incoming_links.event_secret_sealed", func(v db.SystemSealedOtherwiseRow) string { return vault.LinkSecretRow(v.EnvironmentID, v.UserID) }, with((*db.Tx).SystemLinkSecretsSeal)},
	{"forwardings.request_sealed", func(v db.SystemSealedOtherwiseRow) string { return vault.RequestRow(v.EnvironmentID, v.ID) }, with((*db.Tx).SystemRequestsSeal)},
	{"environment_keys.seed_sealed", func(v db.SystemSealedOtherwiseRow) string { return vault.SigningKeyRow(v.EnvironmentID) }, with((*db.Tx).SystemSeedsSeal)},
	{"webhooks.secret_sealed", func(v db.SystemSealedOtherwiseRow) string { return vault.WebhookRow(v.EnvironmentID, v.Name) }, with((*db.Tx).SystemWebhookSecretsSeal)},
	{"mails.secret_sealed", mailRow, with((*db.Tx).SystemMailSecretsSeal)},
	{"key_checks.sealed", func(db.SystemSealedOtherwiseRow) string { return keyCheckRow }, with((*db.Tx).SystemKeyCheckSeal)},
}

func mailRow(v db.SystemSealedOtherwiseRow) string {
	if states.MailKind(v.Name) == states.MailAccess {
		return vault.AccessMailRow(v.EnvironmentID, v.UserID)
	}
	return vault.InvitationRow(v.EnvironmentID, v.UserID)
}

// Kinds names every column that a rotation covers.
func Kinds() (names []string) {
	for _, k := range kinds {
		names = append(names, k.name)
	}
	return names
}
