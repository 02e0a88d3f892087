package activities

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"koppel/db"
	"koppel/internal/vault"
	"koppel/salesdock"
)

// IntegrationInput names an integration.
type IntegrationInput struct {
	EnvironmentID int64
	IntegrationID int64
}

// IntegrationPlan is what an integration has to do next. It is read from rows, so that signals need carry
// nothing.
type IntegrationPlan struct {
	State      string // active, paused, removed
	LimitGroup string
	RunID      int64     // a run that is queued or under way; 0 for none
	CheckAt    time.Time // zero: never
	PollAt     time.Time // zero: never
	SweepAt    time.Time // zero: never
	LookAt     time.Time // unknown outcomes are looked for then; zero: there are none
	Linked     bool      // the partner knows who we are
	Untold     bool      // it does not know what we imported since, or was not spoken to for long
}

// PlanIntegration reads what an integration has to do.
func (r *Records) PlanIntegration(ctx context.Context, in IntegrationInput) (plan IntegrationPlan, err error) {
	err = r.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) error {
		plan, err = readPlan(ctx, tx, in, r.Now())
		return err
	})
	return plan, err
}

func readPlan(ctx context.Context, tx *db.Tx, in IntegrationInput, now time.Time) (IntegrationPlan, error) {
	row, err := tx.IntegrationByID(ctx, in.EnvironmentID, in.IntegrationID)
	if err != nil {
		return IntegrationPlan{}, err
	}
	plan := IntegrationPlan{State: row.State, LimitGroup: row.LimitGroup, CheckAt: row.NextSyncAt, PollAt: row.NextPollAt}
	if row.LookAt != nil {
		plan.LookAt = *row.LookAt
	}
	plan.Linked = row.PartnerKind != "koppel" || row.LinkedAt != nil
	plan.Untold = row.PartnerKind == "koppel" && row.LinkedAt != nil && (row.Imports != row.ImportsTold || row.ToldAt == nil || now.Sub(*row.ToldAt) > tellAgainAfter)
	if row.ProductsHint {
		plan.CheckAt = now
	}
	if row.SalesHint {
		plan.PollAt = now
	}
	if row.PartnerKind == "stock" {
		plan.SweepAt = row.SweepAt
	}
	if !row.Settings.StatusUpdates {
		plan.PollAt, plan.SweepAt = time.Time{}, time.Time{}
	}
	for _, read := range []func(context.Context, int64, int64) (db.SyncRun, error){tx.SyncRunRunning, tx.SyncRunQueued} {
		run, err := read(ctx, in.EnvironmentID, in.IntegrationID)
		if err == nil {
			plan.RunID = run.ID
			break
		}
		if !errors.Is(err, db.ErrNotFound) {
			return plan, err
		}
	}
	return plan, nil
}

// setupMaxAge is how long a partner's questions, flows and statuses may go unread when nothing announces a
// change.
const setupMaxAge = 6 * time.Hour

// CheckProducts asks a partner of ours whether anything changed. When something did, when it said so itself,
// or when the partner cannot tell, a run is queued; otherwise one request was all. Idempotent: reading, and at
// most one queued run.
func (p *Partner) CheckProducts(ctx context.Context, in IntegrationInput) (IntegrationPlan, error) {
	ref, err := p.integration(ctx, in.EnvironmentID, in.IntegrationID)
	if err != nil || ref.State != "active" {
		return p.plan(ctx, in, err)
	}
	trigger, nothing, cursor := "schedule", false, ref.ProductCursor
	if ref.ProductsHint {
		trigger = "partner"
	} else if keyed(ref.Integration) && ref.ProductCursor != "" {
		page, err := ref.client.ProductChanges(ctx, ref.ProductCursor)
		if err != nil {
			return p.checkFailed(ctx, ref, err)
		}
		nothing, cursor = len(page.Data) == 0 && !page.Full, page.NextCursor
	}
	next := p.Now().Add(time.Duration(ref.Settings.SyncIntervalMinutes) * time.Minute)
	var plan IntegrationPlan
	err = p.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) error {
		if err := p.afterCheck(ctx, tx, ref, trigger, nothing && !p.setupIsOld(ref.Integration), cursor, next); err != nil {
			return err
		}
		var err error
		plan, err = readPlan(ctx, tx, in, p.Now())
		return err
	})
	return plan, err
}

func (p *Partner) afterCheck(ctx context.Context, tx *db.Tx, ref integrationRef, trigger string, nothing bool, cursor string, next time.Time) error {
	if nothing {
		return tx.IntegrationChecked(ctx, db.IntegrationCheckedParams{
			EnvironmentID: ref.EnvironmentID, ID: ref.ID, ProductCursor: cursor, Now: ptr(p.Now()), NextSyncAt: next,
		})
	}
	if err := tx.IntegrationTakeProductsHint(ctx, ref.EnvironmentID, ref.ID); err != nil {
		return err
	}
	if _, err := tx.SyncRunInsert(ctx, db.SyncRunInsertParams{EnvironmentID: ref.EnvironmentID, IntegrationID: ref.ID, Trigger: trigger, Now: p.Now()}); err != nil {
		return err
	}
	return tx.IntegrationCheckFailed(ctx, db.IntegrationCheckFailedParams{EnvironmentID: ref.EnvironmentID, ID: ref.ID, LastError: ref.LastError, NextSyncAt: next})
}

func (p *Partner) setupIsOld(i db.Integration) bool {
	return i.SetupReadAt == nil || p.Now().Sub(*i.SetupReadAt) > setupMaxAge
}

// plan gives the current plan, also where an integration may not be called.
func (p *Partner) plan(ctx context.Context, in IntegrationInput, err error) (plan IntegrationPlan, _ error) {
	if err != nil {
		return plan, err
	}
	err = p.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) error {
		plan, err = readPlan(ctx, tx, in, p.Now())
		return err
	})
	return plan, err
}

// checkFailed writes the reason down, and tries again a while later; a refused token pauses.
func (p *Partner) checkFailed(ctx context.Context, ref integrationRef, cause error) (IntegrationPlan, error) {
	c, err := p.noted(ctx, ref.Integration, cause)
	if err != nil {
		return IntegrationPlan{}, err
	}
	next := p.Now().Add(min(afterFailure, time.Duration(ref.Settings.SyncIntervalMinutes)*time.Minute))
	if c.Delay > 0 {
		next = p.Now().Add(c.Delay)
	}
	err = p.Store.WithTx(ctx, ref.EnvironmentID, func(tx *db.Tx) error {
		return tx.IntegrationCheckFailed(ctx, db.IntegrationCheckFailedParams{EnvironmentID: ref.EnvironmentID, ID: ref.ID, LastError: c.Reason, NextSyncAt: next})
	})
	return p.plan(ctx, IntegrationInput{ref.EnvironmentID, ref.ID}, err)
}

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
	linked := db.IntegrationLinkedParams{EnvironmentID: in.EnvironmentID, ID: in.IntegrationID, ImportsTold: row.Imports, Now: ptr(p.Now())}
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

// AnnounceInput names an incoming link.
type AnnounceInput struct {
	EnvironmentID int64
	LinkID        int64
}

// AnnounceResult says whether there is more to tell.
type AnnounceResult struct{ More bool }

// visibleLink reads a link once its changes can be read by a change cursor: told any earlier, the partner
// would look, find nothing, and not look again. Any older transaction that still runs holds them back.
func (p *Partner) visibleLink(ctx context.Context, in AnnounceInput) (link db.IncomingLink, err error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for {
		var horizon int64
		err = p.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) (err error) {
			if link, err = tx.LinkByID(ctx, in.EnvironmentID, in.LinkID); err != nil {
				return err
			}
			horizon, err = tx.SystemChangeHorizon(ctx)
			return err
		})
		if err != nil || link.Changed < horizon {
			return link, err
		}
		select {
		case <-ctx.Done():
			return link, ctx.Err()
		case <-tick.C:
		}
	}
}

// Announce tells a linked environment that something changed. Idempotent: a hint with a sequence number.
func (p *Partner) Announce(ctx context.Context, in AnnounceInput) (AnnounceResult, error) {
	link, err := p.visibleLink(ctx, in)
	if err != nil || link.State != "active" {
		return AnnounceResult{}, err
	}
	event := salesdock.LinkEvent{
		LinkKey: link.PartnerLinkKey, Sequence: link.ProductsSeq + link.SalesSeq,
		Products: link.ProductsSeq > link.ProductsAnnounced, Sales: link.SalesSeq > link.SalesAnnounced,
	}
	if !event.Products && !event.Sales {
		return AnnounceResult{}, nil
	}
	secret, err := p.Vault.Open(vault.LinkSecretRow(link.EnvironmentID, link.UserID), link.EventSecretSealed)
	if err != nil {
		return AnnounceResult{}, err
	}
	client := salesdock.NewClient(p.Transport, link.PartnerBaseURL, link.PartnerAccount, "")
	if err := client.PostLinkEvent(ctx, event, secret); err != nil {
		return AnnounceResult{}, classify(err, false).asError()
	}
	err = p.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) error {
		err := tx.LinkAnnounced(ctx, db.LinkAnnouncedParams{EnvironmentID: in.EnvironmentID, ID: in.LinkID, ProductsSeq: link.ProductsSeq, SalesSeq: link.SalesSeq})
		if err != nil {
			return err
		}
		link, err = tx.LinkByID(ctx, in.EnvironmentID, in.LinkID)
		return err
	})
	return AnnounceResult{More: link.ProductsSeq > link.ProductsAnnounced || link.SalesSeq > link.SalesAnnounced}, err
}
