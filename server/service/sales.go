package service

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"koppel/db"
	"koppel/linking"
	"koppel/salesdock"
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

// CreateSale checks a sale and takes it, with the forwardings that follow from it, in one transaction. Under
// the same key the same request gives the same sale, however often and however many at once.
func (s *Service) CreateSale(ctx context.Context, a Actor, in CreateSaleInput) (saleID int64, err error) {
	if len(in.Key) > 255 || !db.Storable(in.Key) {
		return 0, invalid("Idempotency-Key", "field_invalid", "> 255, UTF-8")
	}
	sum := sha256.Sum256(append([]byte(in.FlowType+"/"+in.FlowIdentifier+"\n"), in.Raw...))
	err = s.tx(ctx, a, func(tx *db.Tx) error {
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
func (s *Service) replay(ctx context.Context, tx *db.Tx, a Actor, key string, hash []byte) (int64, error) {
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
		return 0, conflict("key_reused")
	}
	return known.SaleID, nil
}

func (s *Service) createSale(ctx context.Context, tx *db.Tx, a Actor, in CreateSaleInput) (sale db.Sale, err error) {
	organisation := a.visibleTo(true)
	flow, err := tx.FlowByIdentifier(ctx, db.FlowByIdentifierParams{
		EnvironmentID: a.EnvironmentID, Type: in.FlowType, Identifier: in.FlowIdentifier, OrganisationID: organisation,
	})
	if err != nil {
		return sale, orNotFound(err)
	}
	submission, attached, err := ParseSubmission(in.Body)
	if err == nil && slices.Contains(submission.Chain, linking.EnvironmentName(s.PublicURL, a.Account)) {
		err = invalid("chain", "sale_loop")
	}
	if err != nil {
		return sale, err
	}
	if attached.Reference != "" {
		known, err := tx.SaleByExternalReference(ctx, db.SaleByExternalReferenceParams{EnvironmentID: a.EnvironmentID, UserID: a.UserID, ExternalReference: attached.Reference})
		if err == nil {
			refusal := conflict("reference_used", known.ID)
			refusal.Data = map[string]any{"sale_id": known.ID}
			return sale, refusal
		}
		if !errors.Is(err, db.ErrNotFound) {
			return sale, err
		}
	}
	lines, err := s.sellableLines(ctx, tx, a, flow.Config, &submission, organisation)
	if err != nil {
		return sale, err
	}
	link, settings, err := linkOf(ctx, tx, a)
	if err != nil {
		return sale, err
	}
	sold, err := soldNow(ctx, tx, a.EnvironmentID, flow, lines)
	if err != nil {
		return sale, err
	}
	checks := saleChecks{flow: flow.Config, questions: sold.Questions, agreements: sold.Agreements, validateAgreements: settings.ValidateAgreements,
		validateSignature: settings.ValidateVerification, now: s.Now()}
	if err := checkSubmission(&submission, lines, checks); err != nil {
		return sale, err
	}
	status, err := tx.Status(ctx, a.EnvironmentID, initialStatus(submission, settings))
	if err != nil {
		return sale, err
	}
	params := db.SaleInsertParams{
		EnvironmentID: a.EnvironmentID, UserID: a.UserID, OrganisationID: a.OrganisationID, Type: submission.TransactionType,
		Status: status.ID, StatusType: status.Type, FlowID: flow.ID, ProductID: submission.ProductID, Business: submission.Business,
		Channel: submission.Fields["sale_channel"], ExternalReference: optional(attached.Reference), LinkID: link, Submission: submission, Sold: sold, Now: s.Now(),
	}
	if submission.ContractPDF != nil {
		params.FinalizedAt = new(s.Now())
	}
	if sale, err = tx.SaleInsert(ctx, params); err != nil {
		if errors.Is(err, db.ErrConflict) {
			return sale, conflict("conflict")
		}
		return sale, err
	}
	if err := s.attachOptin(ctx, tx, a, sale.ID, attached.Concept, attached.Optin); err != nil {
		return sale, err
	}
	if link != nil && settings.SendConfirmationMail && submission.ContractPDF == nil {
		if err := s.confirmByMail(ctx, tx, sale); err != nil {
			return sale, err
		}
	}
	return sale, s.afterCreate(ctx, tx, a, sale, lines)
}

func (s *Service) afterCreate(ctx context.Context, tx *db.Tx, a Actor, sale db.Sale, lines []linking.SoldLine) error {
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
	if err := tx.AddHistory(ctx, sale, db.History{Type: "created", New: sale.Status, UserID: &a.UserID, At: s.Now()}); err != nil {
		return err
	}
	_, err := tx.ConsiderForwarding(ctx, sale, false, salesdock.Amsterdam, s.Now())
	return err
}

// confirmByMail has the customer of a sale that came in mailed, once, behind the sale's back: it is never held up.
func (s *Service) confirmByMail(ctx context.Context, tx *db.Tx, sale db.Sale) error {
	params := db.MailInsertParams{EnvironmentID: sale.EnvironmentID, SaleID: &sale.ID, Kind: "confirmation", State: "waiting", Now: s.Now()}
	if !s.MailConfigured {
		params.State = "not_configured"
	}
	mail, err := tx.MailInsert(ctx, params)
	if err != nil || !s.MailConfigured {
		return err
	}
	return tx.Move(ctx, sale.EnvironmentID, db.OutboxMail, mail.ID, db.SignalStart, s.Now())
}

// SaleMail reads what became of the mail to a sale's customer; nil when none was asked for.
func (s *Service) SaleMail(ctx context.Context, a Actor, saleID int64) (mail *db.Mail, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
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
	if s.TransactionType == "offer" {
		return settings.InitialOfferStatus
	}
	return settings.InitialOrderStatus
}

// linkOf finds the incoming link that the actor is the user of, with its settings; other users get the defaults.
func linkOf(ctx context.Context, tx *db.Tx, a Actor) (*int64, linking.IncomingSettings, error) {
	link, err := tx.LinkByUser(ctx, a.EnvironmentID, a.UserID)
	if errors.Is(err, db.ErrNotFound) {
		return nil, linking.DefaultIncomingSettings(), nil
	}
	return &link.ID, link.Settings, err
}

// sellableLines finds the sale's products: granted, active, valid today, carried by the flow.
func (s *Service) sellableLines(ctx context.Context, tx *db.Tx, a Actor, flow linking.Flow, submission *linking.Submission, organisation *int64) ([]linking.SoldLine, error) {
	wanted := append([]linking.RelatedProduct{{ProductID: submission.ProductID, Quantity: 1}}, submission.Related...)
	lines := make([]linking.SoldLine, 0, len(wanted))
	for _, w := range wanted {
		p, err := tx.ProductByID(ctx, db.ProductByIDParams{EnvironmentID: a.EnvironmentID, ID: w.ProductID, OrganisationID: organisation})
		if err != nil && !errors.Is(err, db.ErrNotFound) {
			return nil, err
		}
		if err != nil || !sellable(p, s.Now().In(salesdock.Amsterdam)) || !flow.Carries(p.ID, p.Content.Type) {
			refusal := refuse(http.StatusBadRequest, "invalid_product")
			refusal.Fields = map[string]Sentence{"product_id": {Key: "invalid_product"}}
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

// soldNow freezes what the sale is sold with.
func soldNow(ctx context.Context, tx *db.Tx, environmentID int64, flow db.Flow, lines []linking.SoldLine) (linking.Sold, error) {
	main := lines[0]
	sold := linking.Sold{
		Product: linking.SoldProduct{
			ID: main.ProductID, Identifier: main.Content.Identifier, Name: main.Content.Name, Type: main.Content.Type,
			SupplierID: main.Content.SupplierID, SupplierName: main.Content.SupplierName,
		},
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

// SaleFilter narrows a list of sales.
type SaleFilter struct {
	Account                               bool
	Type, PeriodOn, ExternalReference     string
	FlowID, SupplierID                    *int64
	Statuses, OfferStatuses, ProductTypes []string
	SaleIDs, Organisations                []int64
	From, Till                            *time.Time
	Page, PerPage                         int
}

// SaleView is a sale with what its readers want beside it.
type SaleView struct {
	db.Sale
	Lines        []linking.SoldLine
	StatusName   string
	User         db.User
	Organisation string
	Cancellation *db.CancellationRequest // the last one that a linked environment made for it
}

// Sales reads a page of sales, newest first, and how many there are.
func (s *Service) Sales(ctx context.Context, a Actor, f SaleFilter) (page []SaleView, total int, err error) {
	count := db.SaleCountParams{
		EnvironmentID: a.EnvironmentID, Type: optional(f.Type), FlowID: f.FlowID, SupplierID: f.SupplierID, Statuses: f.Statuses, OfferStatuses: f.OfferStatuses,
		ProductTypes: f.ProductTypes, SaleIds: f.SaleIDs, Organisations: f.Organisations, ExternalReference: optional(f.ExternalReference),
		PeriodColumn: f.PeriodOn, PeriodFrom: f.From, PeriodTill: f.Till,
	}
	if !f.Account || !a.Admin() {
		count.UserID = &a.UserID
	}
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		n, err := tx.SaleCount(ctx, count)
		if err != nil {
			return err
		}
		total = int(n)
		rows, err := tx.SaleList(ctx, db.SaleListParams{
			EnvironmentID: count.EnvironmentID, UserID: count.UserID, Type: count.Type, FlowID: count.FlowID, SupplierID: count.SupplierID, Statuses: count.Statuses,
			OfferStatuses: count.OfferStatuses, ProductTypes: count.ProductTypes, SaleIds: count.SaleIds, Organisations: count.Organisations,
			ExternalReference: count.ExternalReference, PeriodColumn: count.PeriodColumn, PeriodFrom: count.PeriodFrom, PeriodTill: count.PeriodTill,
			PageSize: int32(f.PerPage), Skip: int32((f.Page - 1) * f.PerPage),
		})
		if err != nil {
			return err
		}
		page, err = s.viewSales(ctx, tx, a, rows)
		return err
	})
	return page, total, err
}

// SaleChanges reads a page of the actor's sales that changed since a cursor.
func (s *Service) SaleChanges(ctx context.Context, a Actor, cursor Cursor) (page []SaleView, next Cursor, more bool, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		horizon, err := tx.SystemChangeHorizon(ctx)
		if err != nil {
			return err
		}
		cursor.open(horizon)
		rows, err := tx.SaleChanges(ctx, db.SaleChangesParams{
			EnvironmentID: a.EnvironmentID, UserID: a.UserID, Since: cursor.Since, Horizon: cursor.Horizon, AfterID: cursor.After, PageSize: ChangePageSize,
		})
		if err != nil {
			return err
		}
		var last int64
		if len(rows) > 0 {
			last = rows[len(rows)-1].ID
		}
		next, more = cursor.advance(len(rows), ChangePageSize, last)
		page, err = s.viewSales(ctx, tx, a, rows)
		return err
	})
	return page, next, more, err
}

// Sale reads one sale as the actor may see it.
func (s *Service) Sale(ctx context.Context, a Actor, id int64, account bool) (view SaleView, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		sale, err := tx.SaleByID(ctx, a.EnvironmentID, id)
		if err != nil {
			return err
		}
		if sale.UserID != a.UserID && (!account || !a.Admin()) {
			return db.ErrNotFound
		}
		views, err := s.viewSales(ctx, tx, a, []db.Sale{sale})
		if err != nil {
			return err
		}
		view = views[0]
		rows, err := tx.SaleLines(ctx, a.EnvironmentID, id)
		view.Lines = db.SoldLines(rows)
		return err
	})
	return view, orNotFound(err)
}

func (s *Service) viewSales(ctx context.Context, tx *db.Tx, a Actor, rows []db.Sale) ([]SaleView, error) {
	users, organisations, statuses := map[int64]db.User{}, map[int64]string{}, map[string]string{}
	ids := make([]int64, len(rows))
	for i, sale := range rows {
		ids[i] = sale.ID
	}
	requests, err := tx.CancellationsOfSales(ctx, a.EnvironmentID, ids)
	if err != nil {
		return nil, err
	}
	cancellations := map[int64]*db.CancellationRequest{}
	for i := range requests {
		cancellations[requests[i].SaleID] = &requests[i]
	}
	views := make([]SaleView, 0, len(rows))
	for _, sale := range rows {
		if _, ok := users[sale.UserID]; !ok {
			user, err := tx.UserByID(ctx, a.EnvironmentID, sale.UserID)
			if err != nil {
				return nil, err
			}
			users[sale.UserID] = user
		}
		view := SaleView{Sale: sale, User: users[sale.UserID], Cancellation: cancellations[sale.ID]}
		if sale.OrganisationID != nil {
			name, ok := organisations[*sale.OrganisationID]
			if !ok {
				o, err := tx.OrganisationByID(ctx, a.EnvironmentID, *sale.OrganisationID)
				if err != nil && !errors.Is(err, db.ErrNotFound) {
					return nil, err
				}
				name = o.Name
				organisations[*sale.OrganisationID] = name
			}
			view.Organisation = name
		}
		if _, ok := statuses[sale.Status]; !ok {
			status, err := tx.Status(ctx, a.EnvironmentID, sale.Status)
			if err != nil && !errors.Is(err, db.ErrNotFound) {
				return nil, err
			}
			statuses[sale.Status] = status.Name
		}
		view.StatusName = statuses[sale.Status]
		views = append(views, view)
	}
	return views, nil
}

// SaleHistory reads a sale's timeline.
func (s *Service) SaleHistory(ctx context.Context, a Actor, id int64) (list []db.SaleHistory, users map[int64]string, err error) {
	users = map[int64]string{}
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		if _, err := tx.SaleByID(ctx, a.EnvironmentID, id); err != nil {
			return err
		}
		if list, err = tx.SaleHistory(ctx, a.EnvironmentID, id); err != nil {
			return err
		}
		for _, h := range list {
			if h.UserID == nil || users[*h.UserID] != "" {
				continue
			}
			user, err := tx.UserByID(ctx, a.EnvironmentID, *h.UserID)
			if err != nil {
				return err
			}
			users[user.ID] = strings.TrimSpace(user.Firstname + " " + user.Lastname)
		}
		return nil
	})
	return list, users, orNotFound(err)
}

// StatusInput is a status that a person or client sets.
type StatusInput struct {
	Status, Remark string
	MarkProcessed  bool
	MustCancel     bool // only a status of type cancelled will do
	Account        bool
}

// SetSaleStatus sets a sale's status.
func (s *Service) SetSaleStatus(ctx context.Context, a Actor, id int64, in StatusInput) (sale db.Sale, err error) {
	if missing := required(map[string]string{"status": in.Status}); missing != nil {
		return sale, missing
	}
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		before, err := tx.SaleLock(ctx, a.EnvironmentID, id)
		if err != nil {
			return err
		}
		if before.UserID != a.UserID && (!in.Account || !a.Admin()) {
			return db.ErrNotFound
		}
		status, err := tx.Status(ctx, a.EnvironmentID, in.Status)
		if errors.Is(err, db.ErrNotFound) {
			return invalid("status", "field_invalid", in.Status)
		}
		if err != nil {
			return err
		}
		if in.MustCancel && status.Type != linking.StatusTypeCancelled {
			return invalid("status", "status_not_cancelled")
		}
		sale, err = tx.ChangeSaleStatus(ctx, before, db.StatusChange{
			Status: status, Remark: in.Remark, MarkProcessed: in.MarkProcessed, UserID: &a.UserID, By: "user", Zone: salesdock.Amsterdam, Now: s.Now(),
		})
		return err
	})
	return sale, orNotFound(err)
}

// SaleIDByIncoming finds the sale that a principal knows under its own number.
func (s *Service) SaleIDByIncoming(ctx context.Context, a Actor, incomingID string) (id int64, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		sale, err := tx.SaleByIncomingID(ctx, a.EnvironmentID, &incomingID)
		id = sale.ID
		return err
	})
	return id, orNotFound(err)
}

// CorrectSale changes customer data and answers of a sale that no partner has yet; the original is kept.
func (s *Service) CorrectSale(ctx context.Context, a Actor, id int64, customer map[string]string, answers map[string]linking.Answer) (view SaleView, err error) {
	allowed := linking.CustomerFields()
	for field := range customer {
		if !slices.Contains(allowed, field) {
			return view, invalid("customer."+field, "field_invalid", field)
		}
	}
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		sale, err := tx.SaleLock(ctx, a.EnvironmentID, id)
		if err != nil {
			return err
		}
		forwardings, err := tx.ForwardingsOfSale(ctx, a.EnvironmentID, id)
		if err != nil {
			return err
		}
		for _, f := range forwardings {
			if f.State == db.ForwardingForwarded || f.State == db.ForwardingSending || f.State == db.ForwardingOutcomeUnknown {
				return conflict("sale_forwarded")
			}
		}
		corrected := sale.Submission
		corrected.Fields, corrected.Answers = maps.Clone(corrected.Fields), maps.Clone(corrected.Answers)
		maps.Copy(corrected.Fields, customer)
		maps.Copy(corrected.Answers, answers)
		needed := map[string]string{}
		for _, field := range requiredFields(corrected.Business) {
			needed[field] = corrected.Fields[field]
		}
		if missing := required(needed); missing != nil {
			return missing
		}
		rows, err := tx.SaleLines(ctx, a.EnvironmentID, id)
		if err != nil {
			return err
		}
		flow := linking.Flow{TransactionType: "all"}
		checks := saleChecks{flow: flow, questions: sale.Sold.Questions, agreements: sale.Sold.Agreements, now: s.Now()}
		checked := corrected
		checked.Related = nil // products cannot be corrected, and their sections were checked when the sale was made
		if err := checkSubmission(&checked, db.SoldLines(rows), checks); err != nil {
			return err
		}
		if _, err := tx.SaleCorrect(ctx, db.SaleCorrectParams{EnvironmentID: a.EnvironmentID, ID: id, Submission: corrected, Now: s.Now()}); err != nil {
			return err
		}
		if err := tx.AddHistory(ctx, sale, db.History{Type: "corrected", UserID: &a.UserID, At: s.Now()}); err != nil {
			return err
		}
		if err := s.audit(ctx, tx, a, "correct", "sale", id, sale.Submission, corrected); err != nil {
			return err
		}
		for _, f := range forwardings {
			if err := tx.Move(ctx, a.EnvironmentID, db.OutboxForwarding, f.ID, db.SignalLookAgain, s.Now()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return view, orNotFound(err)
	}
	return s.Sale(ctx, a, id, true)
}
