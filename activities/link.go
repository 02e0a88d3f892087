package activities

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"time"

	"koppel/db"
	"koppel/internal/vault"
	"koppel/salesdock"
)

// tellAgainAfter is how old a partner's answer to our link may get: it says what the partner can.
const tellAgainAfter = 24 * time.Hour

// TellPartner tells a partner of ours who we are, where we listen and what we imported, and learns what it can.
// Idempotent: a link belongs to the token's user, and telling again changes nothing.
func (p *Partner) TellPartner(ctx context.Context, in IntegrationInput) (IntegrationPlan, error) {
	ref, err := p.integration(ctx, in.EnvironmentID, in.IntegrationID)
	if err != nil {
		return IntegrationPlan{}, err
	}
	secret, err := p.Vault.Open(vault.EventSecretRow(ref.EnvironmentID, ref.LinkKey), ref.EventSecretSealed)
	if err != nil {
		return IntegrationPlan{}, err
	}
	link := salesdock.Link{Account: ref.account, BaseURL: p.PublicURL, LinkKey: ref.LinkKey, Secret: string(secret), PublicKey: ref.client.PublicKey()}
	var row db.Integration
	err = p.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) (err error) {
		if row, err = tx.IntegrationByID(ctx, in.EnvironmentID, in.IntegrationID); err != nil {
			return err
		}
		link.Imported, err = tx.IntegrationImports(ctx, in.EnvironmentID, in.IntegrationID)
		return err
	})
	if err != nil {
		return IntegrationPlan{}, err
	}
	link.Imported = append([]int64{}, link.Imported...) // none, rather than not said
	answer, err := ref.client.PutLink(ctx, link)
	if err != nil {
		return IntegrationPlan{}, p.failed(ctx, ref.Integration, err)
	}
	linked := db.IntegrationLinkedParams{EnvironmentID: in.EnvironmentID, ID: in.IntegrationID, ImportsTold: row.Imports, Now: new(p.Now())}
	if answer.Capabilities != nil {
		if linked.Capabilities, err = json.Marshal(answer.Capabilities); err != nil {
			return IntegrationPlan{}, err
		}
	}
	err = p.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) error { return tx.IntegrationLinked(ctx, linked) })
	return p.plan(ctx, in, err)
}

// digest is what a list of products is told apart by; that of none is empty.
func digest(ids []int64) string {
	if len(ids) == 0 {
		return ""
	}
	sum := sha256.New()
	for _, id := range ids {
		_ = binary.Write(sum, binary.BigEndian, id) // a hash takes everything
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// EndLink tells the partner that the link ended. A partner that cannot be told keeps a link nobody uses.
func (p *Partner) EndLink(ctx context.Context, in IntegrationInput) error {
	ref, err := p.integration(ctx, in.EnvironmentID, in.IntegrationID)
	if err != nil || ref.LinkedAt == nil {
		return err
	}
	if err := ref.client.DeleteLink(ctx); err != nil {
		return p.failed(ctx, ref.Integration, err)
	}
	return nil
}
