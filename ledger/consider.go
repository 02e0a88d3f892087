package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"koppel/db"
	"koppel/linking"
	"koppel/states"
)

// SoldLines gives a sale's lines in the product's terms.
func SoldLines(lines []db.SaleLine) []linking.SoldLine {
	sold := make([]linking.SoldLine, len(lines))
	for i, l := range lines {
		sold[i] = linking.SoldLine{ProductID: l.ProductID, Quantity: int(l.Quantity), Section: l.SectionIdentifier, Content: l.Content}
		if l.IntegrationID != nil && l.PartnerProductID != nil {
			sold[i].IntegrationID, sold[i].PartnerProductID = *l.IntegrationID, *l.PartnerProductID
		}
	}
	return sold
}

// FactsOf collects what conditions may ask about a stored sale.
func FactsOf(sale db.Sale, lines []linking.SoldLine) *linking.SaleFacts {
	facts := linking.NewSaleFacts(&sale.Submission, lines, sale.Sold.Questions)
	facts.Erased = sale.ErasedAt != nil
	facts.Status, facts.StatusType, facts.Flow = sale.Status, sale.StatusType, sale.Sold.Flow
	if sale.OrganisationID != nil {
		facts.OrganisationID = *sale.OrganisationID
	}
	return facts
}

// Consideration is what became of a sale at one integration.
type Consideration struct {
	IntegrationID int64
	Verdict       linking.Verdict
	Started       bool
}

// Consider decides, for every partner whose products a sale has, whether the sale goes there: it
// starts what qualifies and withdraws what no longer does. By hand, the sale goes now or not at all.
func Consider(ctx context.Context, tx *db.Tx, sale db.Sale, byHand bool, now time.Time) ([]Consideration, error) {
	rows, err := tx.SaleLines(ctx, sale.EnvironmentID, sale.ID)
	if err != nil {
		return nil, err
	}
	lines := SoldLines(rows)
	facts := FactsOf(sale, lines)
	var done []Consideration
	for _, id := range integrationsOf(lines) {
		consideration, err := considerAt(ctx, tx, sale, id, facts, byHand, now)
		if err != nil {
			return nil, err
		}
		done = append(done, consideration)
	}
	return done, nil
}

func integrationsOf(lines []linking.SoldLine) []int64 {
	var ids []int64
	for _, l := range lines {
		if l.IntegrationID != 0 && !slices.Contains(ids, l.IntegrationID) {
			ids = append(ids, l.IntegrationID)
		}
	}
	return ids
}

func considerAt(ctx context.Context, tx *db.Tx, sale db.Sale, integrationID int64, facts *linking.SaleFacts, byHand bool, now time.Time) (Consideration, error) {
	result := Consideration{IntegrationID: integrationID}
	integration, err := tx.IntegrationByID(ctx, sale.EnvironmentID, integrationID)
	if err != nil {
		return result, fmt.Errorf("integration of the sale's product: %w", err)
	}
	result.Verdict = integration.Settings.Qualifies(facts, byHand)
	if integration.State == states.IntegrationRemoved {
		result.Verdict = linking.Verdict{Reasons: []linking.Problem{{Code: states.ReasonForwardingOff, Subject: linking.GeneralSetting}}}
	}
	if !result.Verdict.OK {
		return result, withdraw(ctx, tx, sale, integrationID, facts, integration.Settings, now)
	}
	due := now
	if result.Verdict.Delayed {
		due = integration.Settings.Forwarding.Delay.After(now)
	}
	started, err := tx.ForwardingStart(ctx, db.ForwardingStartParams{
		EnvironmentID: sale.EnvironmentID, IntegrationID: integrationID, SaleID: sale.ID, ByHand: byHand, DueAt: due, Now: now,
	})
	if err != nil {
		return result, err
	}
	if len(started) == 0 && byHand {
		started, err = tx.ForwardingHurry(ctx, db.ForwardingHurryParams{Now: now, EnvironmentID: sale.EnvironmentID, IntegrationID: integrationID, SaleID: sale.ID})
		if err != nil {
			return result, err
		}
		for _, f := range started {
			result.Started = true
			if err := tx.Move(ctx, f.EnvironmentID, states.OutboxForwarding, f.ID, states.SignalLookAgain, now); err != nil {
				return result, err
			}
		}
		return result, nil
	}
	for _, f := range started {
		result.Started = true
		if err := tx.Move(ctx, f.EnvironmentID, states.OutboxForwarding, f.ID, states.SignalStart, now); err != nil {
			return result, err
		}
	}
	return result, nil
}

// ForwardByHand sends a sale to one partner as a person would, and says whether it went.
func ForwardByHand(ctx context.Context, tx *db.Tx, sale db.Sale, integrationID int64, now time.Time) (bool, error) {
	rows, err := tx.SaleLines(ctx, sale.EnvironmentID, sale.ID)
	if err != nil {
		return false, err
	}
	done, err := considerAt(ctx, tx, sale, integrationID, FactsOf(sale, SoldLines(rows)), true, now)
	return done.Started, err
}

// Resume has a forwarding that waited for a person go on.
func Resume(ctx context.Context, tx *db.Tx, f db.Forwarding, now time.Time) error {
	_, err := tx.ForwardingRelease(ctx, db.ForwardingReleaseParams{
		EnvironmentID: f.EnvironmentID, ID: f.ID, State: states.ForwardingWaiting, Cause: "", Problems: []linking.Problem{}, Now: now,
	})
	if err != nil {
		return err
	}
	return tx.Move(ctx, f.EnvironmentID, states.OutboxForwarding, f.ID, states.SignalLookAgain, now)
}

// withdraw takes back what waits and no longer qualifies. What a person sent stays as long as it could be
// sent by hand.
func withdraw(ctx context.Context, tx *db.Tx, sale db.Sale, integrationID int64, facts *linking.SaleFacts, settings linking.Settings, now time.Time) error {
	f, err := tx.ForwardingOfSale(ctx, db.ForwardingOfSaleParams{EnvironmentID: sale.EnvironmentID, IntegrationID: integrationID, SaleID: sale.ID})
	if errors.Is(err, db.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if f.State != states.ForwardingWaiting && f.State != states.ForwardingActionRequired || f.ByHand && settings.Qualifies(facts, true).OK {
		return nil
	}
	_, err = tx.ForwardingRelease(ctx, db.ForwardingReleaseParams{
		EnvironmentID: f.EnvironmentID, ID: f.ID, State: states.ForwardingWithdrawn, Cause: "", Problems: []linking.Problem{}, Now: now,
	})
	if err != nil {
		return err
	}
	return tx.Move(ctx, f.EnvironmentID, states.OutboxForwarding, f.ID, states.SignalLookAgain, now)
}

// RecordForwarded keeps the partner's sale id: the sale is forwarded, and shows it.
func RecordForwarded(ctx context.Context, tx *db.Tx, f db.Forwarding, partnerSaleID string, now time.Time) (int64, error) {
	count, err := tx.ForwardingForwarded(ctx, db.ForwardingForwardedParams{EnvironmentID: f.EnvironmentID, ID: f.ID, PartnerSaleID: &partnerSaleID, Now: &now})
	if err != nil || count == 0 {
		return count, err
	}
	integration, err := tx.IntegrationByID(ctx, f.EnvironmentID, f.IntegrationID)
	if err != nil {
		return 0, err
	}
	if integration.PartnerKind == states.PartnerStock {
		if err := tx.ForgetCandidate(ctx, f, partnerSaleID, now); err != nil {
			return 0, err
		}
	}
	err = tx.SaleSetForwarded(ctx, db.SaleSetForwardedParams{
		EnvironmentID: f.EnvironmentID, ID: f.SaleID, OutgoingID: &partnerSaleID, OutgoingApp: &integration.Name, Now: &now,
	})
	if err != nil {
		return 0, err
	}
	sale := db.Sale{EnvironmentID: f.EnvironmentID, ID: f.SaleID}
	return count, AddHistory(ctx, tx, sale, History{
		Type: states.HistoryForwarded, Data: map[string]any{"integration_id": f.IntegrationID, "partner_sale_id": partnerSaleID}, At: now,
	})
}
