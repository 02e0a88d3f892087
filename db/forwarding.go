package db

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"koppel/linking"
)

// Kinds of outbox rows, and the one signal they carry.
const (
	OutboxIntegration  = "integration"
	OutboxForwarding   = "forwarding"
	OutboxNotify       = "notify"
	OutboxOperation    = "operation"
	OutboxCancellation = "cancellation"
	OutboxMail         = "mail"
	OutboxWebhook      = "webhook"
	SignalStart        = ""
	SignalLookAgain    = "look-again"
	SignalSyncNow      = "sync-now"
	SignalPartner      = "partner-changed"
	SignalSettings     = "settings-changed"
	SignalRemove       = "remove"
)

// States of a forwarding.
const (
	ForwardingWaiting        = "waiting"
	ForwardingSending        = "sending"
	ForwardingForwarded      = "forwarded"
	ForwardingActionRequired = "action_required"
	ForwardingOutcomeUnknown = "outcome_unknown"
	ForwardingWithdrawn      = "withdrawn"
	ForwardingAbandoned      = "abandoned"
)

// Whether a forwarding's sale is looked for at the partner.
const (
	LookWanted  = "wanted"
	LookLooking = "looking"
	LookDone    = "done"
)

// LookedFor says whether it is still being looked for at the partner what an attempt may have made.
func LookedFor(f Forwarding) bool {
	return f.State == ForwardingOutcomeUnknown && (f.Look == LookWanted || f.Look == LookLooking)
}

// Move asks the relay to start or signal what moves a row.
func (t *Tx) Move(ctx context.Context, environmentID int64, kind string, subjectID int64, signal string, now time.Time) error {
	return t.OutboxInsert(ctx, OutboxInsertParams{EnvironmentID: environmentID, Kind: kind, SubjectID: subjectID, Signal: signal, Now: now})
}

// SoldLines gives a sale's lines in the product's terms.
func SoldLines(lines []SaleLine) []linking.SoldLine {
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
func FactsOf(sale Sale, lines []linking.SoldLine) *linking.SaleFacts {
	facts := linking.NewSaleFacts(&sale.Submission, lines, sale.Sold.Questions)
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

// ConsiderForwarding decides, for every partner whose products a sale has, whether the sale goes there: it
// starts what qualifies and withdraws what no longer does. By hand, the sale goes now or not at all.
func (t *Tx) ConsiderForwarding(ctx context.Context, sale Sale, byHand bool, zone *time.Location, now time.Time) ([]Consideration, error) {
	rows, err := t.SaleLines(ctx, sale.EnvironmentID, sale.ID)
	if err != nil {
		return nil, err
	}
	lines := SoldLines(rows)
	facts := FactsOf(sale, lines)
	var done []Consideration
	for _, id := range integrationsOf(lines) {
		consideration, err := t.considerAt(ctx, sale, id, facts, byHand, zone, now)
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

func (t *Tx) considerAt(ctx context.Context, sale Sale, integrationID int64, facts *linking.SaleFacts, byHand bool, zone *time.Location, now time.Time) (Consideration, error) {
	result := Consideration{IntegrationID: integrationID}
	integration, err := t.IntegrationByID(ctx, sale.EnvironmentID, integrationID)
	if err != nil {
		return result, fmt.Errorf("integration of the sale's product: %w", err)
	}
	result.Verdict = integration.Settings.Qualifies(facts, byHand)
	if integration.State == "removed" {
		result.Verdict = linking.Verdict{Reasons: []linking.Problem{{Code: linking.ReasonForwardingOff, Subject: linking.GeneralSetting}}}
	}
	if !result.Verdict.OK {
		return result, t.withdraw(ctx, sale, integrationID, facts, integration.Settings, now)
	}
	due := now
	if result.Verdict.Delayed {
		due = integration.Settings.Forwarding.Delay.After(now, zone)
	}
	started, err := t.ForwardingStart(ctx, ForwardingStartParams{
		EnvironmentID: sale.EnvironmentID, IntegrationID: integrationID, SaleID: sale.ID, ByHand: byHand, DueAt: due, Now: now,
	})
	if err != nil {
		return result, err
	}
	if len(started) == 0 && byHand {
		started, err = t.ForwardingHurry(ctx, ForwardingHurryParams{Now: now, EnvironmentID: sale.EnvironmentID, IntegrationID: integrationID, SaleID: sale.ID})
		if err != nil {
			return result, err
		}
		for _, f := range started {
			result.Started = true
			if err := t.Move(ctx, f.EnvironmentID, OutboxForwarding, f.ID, SignalLookAgain, now); err != nil {
				return result, err
			}
		}
		return result, nil
	}
	for _, f := range started {
		result.Started = true
		if err := t.Move(ctx, f.EnvironmentID, OutboxForwarding, f.ID, SignalStart, now); err != nil {
			return result, err
		}
	}
	return result, nil
}

// ForwardByHandAt sends a sale to one partner as a person would, and says whether it went.
func (t *Tx) ForwardByHandAt(ctx context.Context, sale Sale, integrationID int64, zone *time.Location, now time.Time) (bool, error) {
	rows, err := t.SaleLines(ctx, sale.EnvironmentID, sale.ID)
	if err != nil {
		return false, err
	}
	done, err := t.considerAt(ctx, sale, integrationID, FactsOf(sale, SoldLines(rows)), true, zone, now)
	return done.Started, err
}

// ResumeForwarding has a forwarding that waited for a person go on.
func (t *Tx) ResumeForwarding(ctx context.Context, f Forwarding, now time.Time) error {
	_, err := t.ForwardingRelease(ctx, ForwardingReleaseParams{
		EnvironmentID: f.EnvironmentID, ID: f.ID, State: ForwardingWaiting, Cause: "", Problems: []linking.Problem{}, Now: now,
	})
	if err != nil {
		return err
	}
	return t.Move(ctx, f.EnvironmentID, OutboxForwarding, f.ID, SignalLookAgain, now)
}

// withdraw takes back what waits and no longer qualifies. What a person sent stays as long as it could be
// sent by hand.
func (t *Tx) withdraw(ctx context.Context, sale Sale, integrationID int64, facts *linking.SaleFacts, settings linking.Settings, now time.Time) error {
	f, err := t.ForwardingOfSale(ctx, ForwardingOfSaleParams{EnvironmentID: sale.EnvironmentID, IntegrationID: integrationID, SaleID: sale.ID})
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if f.State != ForwardingWaiting && f.State != ForwardingActionRequired || f.ByHand && settings.Qualifies(facts, true).OK {
		return nil
	}
	_, err = t.ForwardingRelease(ctx, ForwardingReleaseParams{
		EnvironmentID: f.EnvironmentID, ID: f.ID, State: ForwardingWithdrawn, Cause: "", Problems: []linking.Problem{}, Now: now,
	})
	if err != nil {
		return err
	}
	return t.Move(ctx, f.EnvironmentID, OutboxForwarding, f.ID, SignalLookAgain, now)
}

// StatusChange is a new status for a sale, by a person or client (UserID) or by a partner.
type StatusChange struct {
	Status        linking.Status
	Remark        string
	MarkProcessed bool
	UserID        *int64
	By            string // whose word it is, for a cancelled sale: user or partner
	Zone          *time.Location
	Now           time.Time
}

// ChangeSaleStatus sets a status with everything that follows from it: the history, the forwardings that
// start or are withdrawn, and the announcement to the environment that the sale came from.
func (t *Tx) ChangeSaleStatus(ctx context.Context, sale Sale, change StatusChange) (Sale, error) {
	updated, err := t.SaleSetStatus(ctx, SaleSetStatusParams{
		EnvironmentID: sale.EnvironmentID, ID: sale.ID, Status: change.Status.ID, StatusType: change.Status.Type, Remark: change.Remark,
		ByPerson: change.UserID != nil, CancelledBy: change.By, MarkProcessed: change.MarkProcessed, Now: change.Now,
	})
	if err != nil {
		return Sale{}, err
	}
	err = t.AddHistory(ctx, sale, History{
		Type: "status", Previous: sale.Status, New: change.Status.ID, Remark: change.Remark, UserID: change.UserID, At: change.Now,
	})
	if err != nil {
		return Sale{}, err
	}
	if _, err := t.ConsiderForwarding(ctx, updated, false, change.Zone, change.Now); err != nil {
		return Sale{}, err
	}
	if err := t.settleByStatus(ctx, updated, change); err != nil {
		return Sale{}, err
	}
	if event := saleEvent(updated); event != "" && updated.Status != sale.Status {
		err = t.WebhookEventsInsert(ctx, WebhookEventsInsertParams{EnvironmentID: sale.EnvironmentID, Event: event, SubjectIds: []int64{sale.ID}, Now: change.Now})
		if err != nil {
			return Sale{}, err
		}
	}
	return updated, t.saleChanged(ctx, updated, change.Now)
}

// saleEvent names what an account hears of a sale's new status.
func saleEvent(sale Sale) string {
	switch {
	case sale.StatusType == linking.StatusTypeCancelled:
		return EventSaleCancelled
	case sale.Status == linking.StatusOfferAccepted:
		return EventOfferAccepted
	}
	return ""
}

// History is an entry in a sale's timeline.
type History struct {
	Type, Previous, New, Remark string
	Data                        any
	UserID                      *int64
	At                          time.Time
}

// AddHistory writes an entry in a sale's timeline.
func (t *Tx) AddHistory(ctx context.Context, sale Sale, h History) error {
	data := []byte("{}")
	if h.Data != nil {
		var err error
		if data, err = json.Marshal(h.Data); err != nil {
			return fmt.Errorf("history: %w", err)
		}
	}
	return t.SaleHistoryInsert(ctx, SaleHistoryInsertParams{
		EnvironmentID: sale.EnvironmentID, SaleID: sale.ID, Type: h.Type, PreviousStatus: h.Previous, NewStatus: h.New, Remark: h.Remark,
		Data: data, UserID: h.UserID, Now: h.At,
	})
}

// Status finds a status of an environment: the system's, or one of its own.
func (t *Tx) Status(ctx context.Context, environmentID int64, id string) (linking.Status, error) {
	if status, ok := linking.SystemStatus(id); ok {
		return status, nil
	}
	row, err := t.StatusByID(ctx, environmentID, id)
	if err != nil {
		return linking.Status{}, err
	}
	return linking.Status{ID: row.ID, Name: row.Name, Text: row.Text, Type: row.Type}, nil
}

// Setup reads a partner's set-up as last seen.
func (t *Tx) Setup(ctx context.Context, environmentID, integrationID int64) (linking.PartnerSetup, error) {
	var setup linking.PartnerSetup
	for kind, target := range map[string]any{linking.PartFlows: &setup.Flows, linking.PartQuestions: &setup.Questions, linking.PartAgreements: &setup.Agreements, linking.PartStatuses: &setup.Statuses} {
		row, err := t.SnapshotLatest(ctx, SnapshotLatestParams{EnvironmentID: environmentID, IntegrationID: integrationID, Kind: kind})
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return setup, err
		}
		if err := json.Unmarshal(row.Data, target); err != nil {
			return setup, fmt.Errorf("read the partner's %s: %w", kind, err)
		}
	}
	return setup, nil
}

// SaveSetupPart keeps one part of a partner's set-up; a new version only where something differs. changed says
// that it differs from what was known before: what waits for a person may go now.
func (t *Tx) SaveSetupPart(ctx context.Context, environmentID, integrationID int64, kind string, value any, now time.Time) (changed bool, err error) {
	data, err := json.Marshal(value)
	if err != nil {
		return false, err
	}
	if err := t.IntegrationSetupRead(ctx, IntegrationSetupReadParams{EnvironmentID: environmentID, ID: integrationID, Now: &now}); err != nil {
		return false, err
	}
	last, err := t.SnapshotLatest(ctx, SnapshotLatestParams{EnvironmentID: environmentID, IntegrationID: integrationID, Kind: kind})
	if err != nil && !errors.Is(err, ErrNotFound) {
		return false, err
	}
	if err == nil && sameRows(last.Data, data) {
		return false, nil
	}
	err = t.SnapshotInsert(ctx, SnapshotInsertParams{
		EnvironmentID: environmentID, IntegrationID: integrationID, Kind: kind, Version: last.Version + 1, Data: data, Now: now,
	})
	if err != nil {
		return false, err
	}
	if err := t.MappingBaselineFirst(ctx, MappingBaselineFirstParams{EnvironmentID: environmentID, IntegrationID: integrationID, Kind: kind, Version: last.Version + 1}); err != nil {
		return false, err
	}
	err = t.SnapshotsForget(ctx, SnapshotsForgetParams{EnvironmentID: environmentID, IntegrationID: integrationID, Kind: kind, Latest: last.Version + 1})
	return last.Version > 0, err
}

// SetupAsMapped is a partner's set-up as it was when it was last mapped.
func (t *Tx) SetupAsMapped(ctx context.Context, environmentID, integrationID int64) (setup linking.PartnerSetup, err error) {
	rows, err := t.SnapshotBaselines(ctx, environmentID, integrationID)
	if err != nil {
		return setup, err
	}
	parts := map[string]any{linking.PartFlows: &setup.Flows, linking.PartQuestions: &setup.Questions, linking.PartAgreements: &setup.Agreements, linking.PartStatuses: &setup.Statuses}
	for _, row := range rows {
		if err := json.Unmarshal(row.Data, parts[row.Kind]); err != nil {
			return setup, fmt.Errorf("read the partner's %s as mapped: %w", row.Kind, err)
		}
	}
	return setup, nil
}

// sameRows compares two lists; their order tells nothing.
func sameRows(a, b []byte) bool {
	left, right := canonicalRows(a), canonicalRows(b)
	return left != nil && slices.Equal(left, right)
}

func canonicalRows(list []byte) []string {
	var rows []any
	if json.Unmarshal(list, &rows) != nil {
		return nil
	}
	texts := make([]string, len(rows))
	for i, row := range rows {
		data, _ := json.Marshal(row) //nolint:errchkjson // just decoded
		texts[i] = string(data)
	}
	slices.Sort(texts)
	return texts
}

// MappingsOf reads an integration's mappings.
func (t *Tx) MappingsOf(ctx context.Context, environmentID, integrationID int64) (linking.Mappings, error) {
	m := linking.Mappings{Flows: map[int64]int64{}, Questions: map[string]linking.QuestionMapping{}, Agreements: map[string]int64{}, Statuses: map[string]string{}}
	flows, err := t.FlowMappings(ctx, environmentID, integrationID)
	if err != nil {
		return m, err
	}
	for _, f := range flows {
		m.Flows[f.FlowID] = f.PartnerFlowID
	}
	questions, err := t.QuestionMappings(ctx, environmentID, integrationID)
	if err != nil {
		return m, err
	}
	for _, q := range questions {
		m.Questions[q.PartnerIdentifier] = linking.QuestionMapping{QuestionID: q.QuestionID, Options: q.Options}
	}
	agreements, err := t.AgreementMappings(ctx, environmentID, integrationID)
	if err != nil {
		return m, err
	}
	for _, a := range agreements {
		m.Agreements[a.PartnerIdentifier] = a.AgreementID
	}
	statuses, err := t.StatusMappings(ctx, environmentID, integrationID)
	if err != nil {
		return m, err
	}
	for _, s := range statuses {
		m.Statuses[s.PartnerStatus] = s.Status
	}
	return m, nil
}

// RecordForwarded keeps the partner's sale id: the sale is forwarded, and shows it.
func (t *Tx) RecordForwarded(ctx context.Context, f Forwarding, partnerSaleID string, now time.Time) (int64, error) {
	count, err := t.ForwardingForwarded(ctx, ForwardingForwardedParams{EnvironmentID: f.EnvironmentID, ID: f.ID, PartnerSaleID: &partnerSaleID, Now: &now})
	if err != nil || count == 0 {
		return count, err
	}
	integration, err := t.IntegrationByID(ctx, f.EnvironmentID, f.IntegrationID)
	if err != nil {
		return 0, err
	}
	if integration.PartnerKind == "stock" {
		err := t.ForwardingsForgetCandidate(ctx, ForwardingsForgetCandidateParams{EnvironmentID: f.EnvironmentID, IntegrationID: f.IntegrationID, PartnerSaleID: partnerSaleID})
		if err != nil {
			return 0, err
		}
	}
	err = t.SaleSetForwarded(ctx, SaleSetForwardedParams{
		EnvironmentID: f.EnvironmentID, ID: f.SaleID, OutgoingID: &partnerSaleID, OutgoingApp: &integration.Name, Now: &now,
	})
	if err != nil {
		return 0, err
	}
	sale := Sale{EnvironmentID: f.EnvironmentID, ID: f.SaleID}
	return count, t.AddHistory(ctx, sale, History{
		Type: "forwarded", Data: map[string]any{"integration_id": f.IntegrationID, "partner_sale_id": partnerSaleID}, At: now,
	})
}
