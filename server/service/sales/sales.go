package sales

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"

	"koppel/db"
	"koppel/ledger"
	"koppel/linking"
	"koppel/server/service"
	"koppel/states"
)

// CreateSaleInput is a create as it came in.
type CreateSaleInput struct {
	FlowType, FlowIdentifier string
	Body                     map[string]any
	Raw                      []byte // the body's bytes: the same key must bring the same ones
	Key                      string // Idempotency-Key, or nothing
	DryRun                   bool   // check everything, and make nothing
}

// errDryRun takes a sale that was made to be checked back.
var errDryRun = errors.New("a dry run")

// KnownSale goes with a refusal: the sale that has the reference already.
type KnownSale struct {
	SaleID int64 `json:"sale_id"`
}

// CreateSale checks a sale and takes it, with the forwardings that follow from it, in one transaction. Under
// the same key the same request gives the same sale, however often and however many at once.
func (s *Sales) CreateSale(ctx context.Context, a service.Actor, in CreateSaleInput) (saleID int64, err error) {
	if len(in.Key) > 255 || !db.Storable(in.Key) {
		return 0, service.Invalid("Idempotency-Key", "field_invalid", "> 255, UTF-8")
	}
	sum := sha256.Sum256(append([]byte(in.FlowType+"/"+in.FlowIdentifier+"\n"), in.Raw...))
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		if in.Key != "" && !in.DryRun {
			known, err := s.replay(ctx, tx, a, in.Key, sum[:])
			if err != nil || known != 0 {
				saleID = known
				return err
			}
		}
		sale, err := s.createSale(ctx, tx, a, in)
		if err != nil {
			return err
		}
		if in.DryRun {
			return errDryRun
		}
		saleID = sale.ID
		if in.Key == "" {
			return nil
		}
		return tx.IdempotencyKeyInsert(ctx, db.IdempotencyKeyInsertParams{
			EnvironmentID: a.EnvironmentID, UserID: a.UserID, Key: in.Key, RequestHash: sum[:], SaleID: sale.ID, Now: s.Now(),
		})
	})
	if errors.Is(err, errDryRun) {
		err = nil
	}
	return saleID, err
}

// replay waits for a create under the same key that is under way, and gives its sale. 0: there was none.
func (s *Sales) replay(ctx context.Context, tx *db.Tx, a service.Actor, key string, hash []byte) (int64, error) {
	if err := tx.SystemIdempotencyLock(ctx, fmt.Sprintf("%d/%d/%s", a.EnvironmentID, a.UserID, key)); err != nil {
		return 0, err
	}
	known, err := tx.IdempotencyKey(ctx, db.IdempotencyKeyParams{EnvironmentID: a.EnvironmentID, UserID: a.UserID, Key: key})
	switch {
	case errors.Is(err, db.ErrNotFound):
		return 0, nil
	case err != nil:
		return 0, err
	case !slices.Equal(known.RequestHash, hash):
		return 0, service.Conflict("key_reused")
	}
	return known.SaleID, nil
}

// takenSale is a sale that was read and checked: what goes into its rows.
type takenSale struct {
	flow       db.Flow
	submission linking.Submission
	attached   Attached
	lines      []linking.SoldLine
	sold       linking.Sold
	link       *int64
	settings   linking.IncomingSettings
}

func (s *Sales) createSale(ctx context.Context, tx *db.Tx, a service.Actor, in CreateSaleInput) (sale db.Sale, err error) {
	taken, err := s.takeSale(ctx, tx, a, in)
	if err != nil {
		return sale, err
	}
	submission, settings := taken.submission, taken.settings
	status, err := ledger.Status(ctx, tx, a.EnvironmentID, initialStatus(submission, settings))
	if err != nil {
		return sale, err
	}
	params := db.SaleInsertParams{
		EnvironmentID: a.EnvironmentID, UserID: a.UserID, OrganisationID: a.OrganisationID, Type: submission.TransactionType,
		Status: status.ID, StatusType: status.Type, FlowID: taken.flow.ID, ProductID: submission.ProductID, Business: submission.Business,
		Channel: submission.Fields["sale_channel"], ExternalReference: service.Optional(taken.attached.Reference), LinkID: taken.link, Submission: submission,
		Sold: taken.sold, Now: s.Now(),
	}
	if submission.ContractPDF != nil {
		params.FinalizedAt = new(s.Now())
	}
	if sale, err = tx.SaleInsert(ctx, params); err != nil {
		return sale, service.OrTaken(err, "external_reference", taken.attached.Reference)
	}
	if err := s.attachOptin(ctx, tx, a, sale.ID, taken.attached.Concept, taken.attached.Optin); err != nil {
		return sale, err
	}
	if taken.link != nil && settings.SendConfirmationMail && submission.ContractPDF == nil {
		if err := s.confirmByMail(ctx, tx, sale); err != nil {
			return sale, err
		}
	}
	return sale, s.afterCreate(ctx, tx, a, sale, taken.lines)
}

// takeSale reads a create and holds it against what is sold here: the flow, the products, the questions and agreements.
func (s *Sales) takeSale(ctx context.Context, tx *db.Tx, a service.Actor, in CreateSaleInput) (taken takenSale, err error) {
	organisation := a.VisibleTo(true)
	if taken.flow, err = tx.FlowByIdentifier(ctx, db.FlowByIdentifierParams{
		EnvironmentID: a.EnvironmentID, Type: in.FlowType, Identifier: in.FlowIdentifier, OrganisationID: organisation,
	}); err != nil {
		return taken, service.OrNotFound(err)
	}
	var unread error
	if taken.submission, taken.attached, unread = ParseSubmission(in.Body); unread != nil && taken.submission.ProductID == 0 {
		return taken, unread
	}
	if slices.Contains(taken.submission.Chain, linking.EnvironmentName(s.PublicURL, a.Account)) {
		return taken, service.Invalid("chain", "sale_loop")
	}
	if err := referenceIsFree(ctx, tx, a, taken.attached.Reference); err != nil {
		return taken, err
	}
	intoSections(&taken.submission, taken.flow.Config)
	if taken.lines, err = s.sellableLines(ctx, tx, a, taken.flow.Config, &taken.submission, organisation); err != nil {
		return taken, cmp.Or(unread, err)
	}
	if taken.link, taken.settings, err = linkOf(ctx, tx, a); err != nil {
		return taken, err
	}
	if taken.sold, err = soldNow(ctx, tx, a.EnvironmentID, taken.flow, taken.lines); err != nil {
		return taken, err
	}
	checks := saleChecks{flow: taken.flow.Config, questions: taken.sold.Questions, agreements: taken.sold.Agreements, validateAgreements: taken.settings.ValidateAgreements,
		validateSignature: taken.settings.ValidateVerification, now: s.Now()}
	return taken, together(unread, checkSubmission(&taken.submission, taken.lines, checks))
}

// together tells everything that is wrong with a sale at once: what is missing or cannot be read, and at the other fields what
// the checks find.
func together(unread, checked error) error {
	first, isFirst := errors.AsType[*service.Error](unread)
	more, isMore := errors.AsType[*service.Error](checked)
	if !isFirst || !isMore {
		return cmp.Or(unread, checked)
	}
	all := *first
	all.Fields = maps.Clone(first.Fields)
	for field, said := range more.Fields {
		if _, told := first.Fields[field]; !told {
			all.Fields[field] = said
		}
	}
	for _, p := range more.Problems {
		if _, told := first.Fields[p.Field]; !told {
			all.Problems = append(all.Problems, p)
		}
	}
	return &all
}

// referenceIsFree refuses a reference that a sale of this user has already, and names that sale.
func referenceIsFree(ctx context.Context, tx *db.Tx, a service.Actor, reference string) error {
	if reference == "" {
		return nil
	}
	known, err := tx.SaleByExternalReference(ctx, db.SaleByExternalReferenceParams{EnvironmentID: a.EnvironmentID, UserID: a.UserID, ExternalReference: reference})
	switch {
	case errors.Is(err, db.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	refusal := service.Conflict("reference_used", known.ID)
	refusal.Data = KnownSale{known.ID}
	return refusal
}

func (s *Sales) afterCreate(ctx context.Context, tx *db.Tx, a service.Actor, sale db.Sale, lines []linking.SoldLine) error {
	for i, l := range lines {
		row := db.SaleLineInsertParams{
			EnvironmentID: a.EnvironmentID, SaleID: sale.ID, Line: int32(i), ProductID: l.ProductID, Quantity: int32(l.Quantity),
			SectionIdentifier: l.Section, Content: l.Content,
		}
		if l.IntegrationID != 0 {
			row.IntegrationID, row.PartnerProductID = &l.IntegrationID, &l.PartnerProductID
		}
		if err := tx.SaleLineInsert(ctx, row); err != nil {
			return err
		}
	}
	if err := ledger.AddHistory(ctx, tx, sale, ledger.History{Type: states.HistoryCreated, New: sale.Status, UserID: &a.UserID, At: s.Now()}); err != nil {
		return err
	}
	_, err := ledger.Consider(ctx, tx, sale, false, s.Now())
	return err
}

// confirmByMail has the customer of a sale that came in mailed, once, behind the sale's back: it is never held up.
func (s *Sales) confirmByMail(ctx context.Context, tx *db.Tx, sale db.Sale) error {
	params := db.MailInsertParams{EnvironmentID: sale.EnvironmentID, SaleID: &sale.ID, Kind: states.MailConfirmation, State: states.MailWaiting, Now: s.Now()}
	if !s.MailConfigured {
		params.State = states.MailNotConfigured
	}
	mail, err := tx.MailInsert(ctx, params)
	if err != nil || !s.MailConfigured {
		return err
	}
	return tx.Move(ctx, sale.EnvironmentID, states.OutboxMail, mail.ID, states.SignalStart, s.Now())
}

// SaleMail reads what became of the mail to a sale's customer; nil when none was asked for.
func (s *Sales) SaleMail(ctx context.Context, a service.Actor, saleID int64) (mail *db.Mail, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		row, err := tx.MailOfSale(ctx, a.EnvironmentID, saleID)
		if errors.Is(err, db.ErrNotFound) {
			return nil
		}
		mail = &row
		return err
	})
	return mail, err
}

func initialStatus(s linking.Submission, settings linking.IncomingSettings) string {
	if s.TransactionType == states.SaleOffer {
		return settings.InitialOfferStatus
	}
	return settings.InitialOrderStatus
}

// linkOf finds the incoming link that the actor is the user of, with its settings; other users get the defaults.
func linkOf(ctx context.Context, tx *db.Tx, a service.Actor) (*int64, linking.IncomingSettings, error) {
	link, err := tx.LinkByUser(ctx, a.EnvironmentID, a.UserID)
	if errors.Is(err, db.ErrNotFound) {
		return nil, linking.DefaultIncomingSettings(), nil
	}
	return &link.ID, link.Settings, err
}

// sellableLines finds the sale's products: granted, active, valid today, carried by the flow.
func (s *Sales) sellableLines(ctx context.Context, tx *db.Tx, a service.Actor, flow linking.Flow, submission *linking.Submission, organisation *int64) ([]linking.SoldLine, error) {
	wanted := append([]linking.RelatedProduct{{ProductID: submission.ProductID, Quantity: 1}}, submission.Related...)
	lines := make([]linking.SoldLine, 0, len(wanted))
	for _, w := range wanted {
		p, err := tx.ProductByID(ctx, db.ProductByIDParams{EnvironmentID: a.EnvironmentID, ID: w.ProductID, OrganisationID: organisation})
		if err != nil && !errors.Is(err, db.ErrNotFound) {
			return nil, err
		}
		if err != nil || !sellable(p, s.Now()) || !flow.Carries(p.ID, p.Content.Type) {
			refusal := service.Refuse(service.KindInvalid, "invalid_product")
			refusal.Fields = map[string]service.Sentence{"product_id": {Key: "invalid_product"}}
			return nil, refusal
		}
		line := linking.SoldLine{ProductID: p.ID, Quantity: w.Quantity, Section: w.Section, Content: p.Content}
		if p.SupplierID != nil {
			line.Content.SupplierID = *p.SupplierID
		}
		if p.IntegrationID != nil {
			line.IntegrationID, line.PartnerProductID = *p.IntegrationID, *p.PartnerProductID
		}
		lines = append(lines, line)
	}
	return lines, nil
}

func soldProduct(main linking.SoldLine) linking.SoldProduct {
	return linking.SoldProduct{
		ID: main.ProductID, Identifier: main.Content.Identifier, Name: main.Content.Name, Type: main.Content.Type,
		SupplierID: main.Content.SupplierID, SupplierName: main.Content.SupplierName,
	}
}

// soldNow freezes what the sale is sold with.
func soldNow(ctx context.Context, tx *db.Tx, environmentID int64, flow db.Flow, lines []linking.SoldLine) (linking.Sold, error) {
	main := lines[0]
	sold := linking.Sold{
		Product:   soldProduct(main),
		Flow:      linking.SoldFlow{ID: flow.ID, Type: flow.Type, Identifier: flow.Identifier, Title: flow.Title},
		Questions: []linking.Question{}, Agreements: []linking.Agreement{},
	}
	questions, err := tx.QuestionList(ctx, environmentID)
	if err != nil {
		return sold, err
	}
	for _, q := range questions {
		if q.Definition.AppliesTo(main.Content.Type) {
			q.Definition.ID = q.ID
			sold.Questions = append(sold.Questions, q.Definition)
		}
	}
	agreements, err := tx.AgreementList(ctx, environmentID)
	for _, row := range agreements {
		row.Definition.ID = row.ID
		sold.Agreements = append(sold.Agreements, row.Definition)
	}
	return sold, err
}
