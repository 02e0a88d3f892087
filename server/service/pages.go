package service

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"

	"koppel/db"
	"koppel/linking"
)

// PageSize is how many rows a page for people has.
const PageSize = 50

// Page is a piece of a list that is read by key: the next page begins after the last row.
type Page[T any] struct {
	Rows []T
	More bool
}

func pageOf[T any](rows []T, err error) (Page[T], error) {
	if len(rows) > PageSize {
		return Page[T]{rows[:PageSize], true}, err
	}
	return Page[T]{rows, false}, err
}

// SaleSearch narrows the list of sales for people.
type SaleSearch struct {
	Q, Type, Status, Forwarding string
	OrganisationID              *int64
	BeforeID                    int64 // 0: from the newest
}

// SaleRow is a sale in the list, with what became of it at partners.
type SaleRow struct {
	db.SalePageRow
	StatusName  string
	Forwardings []db.ForwardingsOfSalesRow
}

// SalePage reads a page of the sales that the actor may see: an admin the account's, others their own.
func (s *Service) SalePage(ctx context.Context, a Actor, f SaleSearch) (page Page[SaleRow], err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		params := db.SalePageParams{
			EnvironmentID: a.EnvironmentID, BeforeID: f.BeforeID, Type: optional(f.Type), Status: optional(f.Status), Forwarding: optional(f.Forwarding),
			OrganisationID: f.OrganisationID, PageSize: PageSize + 1,
		}
		if params.BeforeID == 0 {
			params.BeforeID = math.MaxInt64
		}
		if !a.Admin() {
			params.UserID = &a.UserID
		}
		if words := searchWords(f.Q); words != "" {
			if params.SaleIds, err = tx.EnvironmentSaleIDsMatching(ctx, words); err != nil {
				return err
			}
			params.SaleIds = append([]int64{}, params.SaleIds...) // nothing found is not: no filter
		}
		rows, err := pageOf(tx.SalePage(ctx, params))
		if err != nil {
			return err
		}
		page, err = s.saleRows(ctx, tx, a, rows)
		return err
	})
	return page, err
}

func (s *Service) saleRows(ctx context.Context, tx *db.Tx, a Actor, rows Page[db.SalePageRow]) (Page[SaleRow], error) {
	page := Page[SaleRow]{More: rows.More}
	names, err := statusNames(ctx, tx, a)
	if err != nil {
		return page, err
	}
	var ids []int64
	for _, r := range rows.Rows {
		ids = append(ids, r.ID)
		name := names[r.Status]
		if name == "" {
			name = r.Status
		}
		page.Rows = append(page.Rows, SaleRow{SalePageRow: r, StatusName: name})
	}
	forwardings, err := tx.ForwardingsOfSales(ctx, a.EnvironmentID, ids)
	for _, f := range forwardings {
		i := slices.Index(ids, f.SaleID)
		page.Rows[i].Forwardings = append(page.Rows[i].Forwardings, f)
	}
	return page, err
}

func statusNames(ctx context.Context, tx *db.Tx, a Actor) (map[string]string, error) {
	names := map[string]string{}
	for _, status := range linking.SystemStatuses {
		names[status.ID] = status.Name
	}
	rows, err := tx.StatusList(ctx, a.EnvironmentID)
	for _, r := range rows {
		names[r.ID] = r.Name
	}
	return names, err
}

// searchWords makes what a person typed a query of words that all begin so. It splits as the index does:
// at everything of ASCII that is no letter or digit.
func searchWords(typed string) string {
	words := strings.FieldsFunc(typed, func(r rune) bool {
		return r < 128 && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
	if len(words) > 8 {
		words = words[:8]
	}
	for i, word := range words {
		words[i] = "'" + word + "':*"
	}
	return strings.Join(words, " & ")
}

// ProductSearch narrows the list of products for people.
type ProductSearch struct {
	Q, Type   string
	Active    *bool
	Imported  *bool
	AfterName string
	AfterID   int64
}

// ProductPage reads a page of products by name: an admin sees the account's, others what their organisation
// may sell now.
func (s *Service) ProductPage(ctx context.Context, a Actor, f ProductSearch) (page Page[db.Product], types []string, err error) {
	params := db.ProductSearchParams{
		EnvironmentID: a.EnvironmentID, OrganisationID: a.visibleTo(true), AfterName: f.AfterName, AfterID: f.AfterID, Active: f.Active, Imported: f.Imported,
		Type: optional(f.Type), Q: optional(f.Q), PageSize: PageSize + 1,
	}
	if !a.Admin() {
		params.Active = new(true)
	}
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		if page, err = pageOf(tx.ProductSearch(ctx, params)); err != nil {
			return err
		}
		types, err = tx.ProductTypes(ctx, a.EnvironmentID)
		return err
	})
	return page, types, err
}

// OfferSearch narrows the list of what a partner offers.
type OfferSearch struct {
	Q, State string
	AfterID  int64
}

// OfferedPage reads a page of what a partner offers, and how many products are in each state.
func (s *Service) OfferedPage(ctx context.Context, a Actor, id int64, f OfferSearch) (page Page[db.IntegrationProductPageRow], states map[string]int64, err error) {
	states = map[string]int64{}
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		if _, err := integration(ctx, tx, a, id); err != nil {
			return err
		}
		rows, err := tx.IntegrationProductStates(ctx, a.EnvironmentID, id)
		if err != nil {
			return err
		}
		for _, r := range rows {
			states[r.State] = r.Products
		}
		page, err = pageOf(tx.IntegrationProductPage(ctx, f.params(a, id, PageSize+1)))
		return err
	})
	return page, states, err
}

func (f OfferSearch) params(a Actor, id int64, size int32) db.IntegrationProductPageParams {
	return db.IntegrationProductPageParams{
		EnvironmentID: a.EnvironmentID, IntegrationID: id, Q: optional(f.Q), State: optional(f.State), AfterID: f.AfterID, PageSize: size,
	}
}

// SelectMatching adds to, or removes from, the selection everything that a search finds.
func (s *Service) SelectMatching(ctx context.Context, a Actor, id int64, f OfferSearch, remove bool) (run db.SyncRun, count int, err error) {
	var ids []int64
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		f.AfterID = 0
		rows, err := tx.IntegrationProductPage(ctx, f.params(a, id, math.MaxInt32))
		for _, r := range rows {
			ids = append(ids, r.PartnerProductID)
		}
		return err
	})
	if err != nil {
		return run, 0, err
	}
	selection := Selection{Add: ids}
	if remove {
		selection = Selection{Remove: ids}
	}
	run, err = s.SelectProducts(ctx, a, id, selection)
	return run, len(ids), err
}

// ForwardingSearch narrows the list of forwardings for people.
type ForwardingSearch struct {
	IntegrationID *int64
	States        []string
	Cause         string
	Code, Subject *string // of the first problem
	BeforeID      int64
}

// ForwardingPage reads a page of forwardings, newest first.
func (s *Service) ForwardingPage(ctx context.Context, a Actor, f ForwardingSearch) (page Page[db.ForwardingPageRow], err error) {
	params := db.ForwardingPageParams{
		EnvironmentID: a.EnvironmentID, IntegrationID: f.IntegrationID, States: f.States, Cause: optional(f.Cause), Code: f.Code, Subject: f.Subject,
		BeforeID: f.BeforeID, PageSize: PageSize + 1,
	}
	if params.BeforeID == 0 {
		params.BeforeID = math.MaxInt64
	}
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		page, err = pageOf(tx.ForwardingPage(ctx, params))
		return err
	})
	return page, err
}

// ForwardingStates counts a link's forwardings by state.
func (s *Service) ForwardingStates(ctx context.Context, a Actor, id int64) (states map[string]int64, err error) {
	states = map[string]int64{}
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		rows, err := tx.ForwardingStates(ctx, a.EnvironmentID, id)
		for _, r := range rows {
			states[r.State] = r.Sales
		}
		return err
	})
	return states, err
}

// SyncRunLast gives the last run of a link that ended, or nothing.
func (s *Service) SyncRunLast(ctx context.Context, a Actor, id int64) (run *db.SyncRun, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		run, err = maybe(tx.SyncRunLast(ctx, a.EnvironmentID, id))
		return err
	})
	return run, err
}

// Vanishing is what a run that the brake stopped would take away.
func (s *Service) Vanishing(ctx context.Context, a Actor, id int64) (v db.IntegrationProductsVanishingRow, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		v, err = tx.IntegrationProductsVanishing(ctx, a.EnvironmentID, id)
		return err
	})
	return v, err
}

// AuditOf lists who changed one thing, newest first.
func (s *Service) AuditOf(ctx context.Context, a Actor, entity, id string) (list []db.AuditOfRow, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		list, err = tx.AuditOf(ctx, db.AuditOfParams{EnvironmentID: a.EnvironmentID, Entity: entity, EntityID: id})
		return err
	})
	return list, err
}

// OrganisationCounts says what is granted to each organisation, and how many users it has.
func (s *Service) OrganisationCounts(ctx context.Context, a Actor) (counts map[int64]db.OrganisationCountsRow, err error) {
	counts = map[int64]db.OrganisationCountsRow{}
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		rows, err := tx.OrganisationCounts(ctx, a.EnvironmentID)
		for _, r := range rows {
			counts[r.ID] = r
		}
		return err
	})
	return counts, err
}

// GrantSearch narrows the list of an organisation's products.
type GrantSearch struct {
	Q       string
	Granted *bool
	AfterID int64
}

func (f GrantSearch) params(a Actor, organisationID int64, size int32) db.OrganisationProductPageParams {
	return db.OrganisationProductPageParams{
		EnvironmentID: a.EnvironmentID, OrganisationID: organisationID, AfterID: f.AfterID, Granted: f.Granted, Q: optional(f.Q), PageSize: size,
	}
}

// GrantPage reads a page of products with whether an organisation may sell them.
func (s *Service) GrantPage(ctx context.Context, a Actor, organisationID int64, f GrantSearch) (page Page[db.OrganisationProductPageRow], err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		page, err = pageOf(tx.OrganisationProductPage(ctx, f.params(a, organisationID, PageSize+1)))
		return err
	})
	return page, err
}

// ChangeGrants grants products to an organisation, or withdraws them: these, or (ids nil) all that a search
// finds. It says how many.
func (s *Service) ChangeGrants(ctx context.Context, a Actor, organisationID int64, ids []int64, f GrantSearch, withdraw bool) (count int, err error) {
	current, err := s.OrganisationProducts(ctx, a, organisationID)
	if err != nil {
		return 0, err
	}
	if ids == nil {
		f.AfterID = 0
		err = s.tx(ctx, a, func(tx *db.Tx) error {
			rows, err := tx.OrganisationProductPage(ctx, f.params(a, organisationID, math.MaxInt32))
			for _, r := range rows {
				ids = append(ids, r.ID)
			}
			return err
		})
		if err != nil {
			return 0, err
		}
	}
	chosen := make(map[int64]bool, len(ids))
	for _, id := range ids {
		chosen[id] = true
	}
	wanted := slices.DeleteFunc(slices.Clone(current), func(id int64) bool { return chosen[id] })
	if !withdraw {
		wanted = append(wanted, ids...)
	}
	after, err := s.GrantProducts(ctx, a, organisationID, append([]int64{}, wanted...))
	if err != nil {
		return 0, err
	}
	return max(len(after)-len(current), len(current)-len(after)), nil
}

// SaleForwarding is a sale's forwarding at one partner, with its attempts.
type SaleForwarding struct {
	db.Forwarding
	Partner  db.Integration
	Attempts []db.ForwardingAttempt
	// Workflow names the workflow that moves it, for operators.
	Workflow string
}

// SaleForwardings reads what became of a sale at every partner.
func (s *Service) SaleForwardings(ctx context.Context, a Actor, saleID int64) (list []SaleForwarding, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		rows, err := tx.ForwardingsOfSale(ctx, a.EnvironmentID, saleID)
		if err != nil {
			return err
		}
		for _, f := range rows {
			entry := SaleForwarding{Forwarding: f, Workflow: WorkflowID(f)}
			if entry.Partner, err = tx.IntegrationByID(ctx, a.EnvironmentID, f.IntegrationID); err != nil {
				return err
			}
			if entry.Attempts, err = tx.ForwardingAttempts(ctx, a.EnvironmentID, f.ID); err != nil {
				return err
			}
			list = append(list, entry)
		}
		return nil
	})
	return list, err
}

// SaleByNumber finds a sale that a person may see by its number, for the search that jumps.
func (s *Service) SaleByNumber(ctx context.Context, a Actor, id int64) (bool, error) {
	_, err := s.Sale(ctx, a, id, true)
	var refusal *Error
	if errors.As(err, &refusal) {
		return false, nil
	}
	return err == nil, err
}

// LinkHead counts what the pages of one link show above everything.
func (s *Service) LinkHead(ctx context.Context, a Actor, id int64) (row db.Integration, head db.IntegrationHeadRow, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		if row, err = tx.IntegrationByID(ctx, a.EnvironmentID, id); err != nil {
			return orNotFound(err)
		}
		if row.State == "removed" {
			return notFound()
		}
		head, err = tx.IntegrationHead(ctx, a.EnvironmentID, id)
		return err
	})
	return row, head, err
}

// ProductTypes lists the types of the environment's products.
func (s *Service) ProductTypes(ctx context.Context, a Actor) (types []string, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		types, err = tx.ProductTypes(ctx, a.EnvironmentID)
		return err
	})
	return types, err
}

// QuestionPairs gives a link's question mappings as they are kept, by the partner's identifier.
func (s *Service) QuestionPairs(ctx context.Context, a Actor, id int64) (pairs map[string]QuestionPair, err error) {
	pairs = map[string]QuestionPair{}
	err = s.mapping(ctx, a, id, func(_ *db.Tx, setup linking.PartnerSetup, m linking.Mappings) error {
		for _, q := range setup.Questions { // of a question that is gone the mapping goes too
			if kept, ok := m.Questions[q.Identifier]; ok {
				pairs[q.Identifier] = QuestionPair{PartnerIdentifier: q.Identifier, QuestionID: kept.QuestionID, Options: kept.Options}
			}
		}
		return nil
	})
	return pairs, err
}

// IntegrationName is what a link is called, ended or not.
func (s *Service) IntegrationName(ctx context.Context, a Actor, id int64) (name string, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		row, err := tx.IntegrationByID(ctx, a.EnvironmentID, id)
		name = row.Name
		return err
	})
	return name, orNotFound(err)
}
