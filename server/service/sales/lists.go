package sales

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"

	"koppel/db"
	"koppel/linking"
	"koppel/server/service"
	"koppel/states"
)

// SaleSearch narrows the list of sales for people.
type SaleSearch struct {
	Q, Status, Forwarding string
	Type                  states.SaleType
	OrganisationID        *int64
	BeforeID              int64 // 0: from the newest
}

// SaleRow is a sale in the list, with what became of it at partners.
type SaleRow struct {
	db.SalePageRow
	StatusName  string
	Forwardings []db.ForwardingsOfSalesRow
}

// SalePage reads a page of the sales that the actor may see: an admin the account's, others their own.
func (s *Sales) SalePage(ctx context.Context, a service.Actor, f SaleSearch) (page service.Page[SaleRow], err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		params := db.SalePageParams{
			EnvironmentID: a.EnvironmentID, BeforeID: f.BeforeID, Type: service.Optional(string(f.Type)), Status: service.Optional(f.Status), Forwarding: service.Optional(f.Forwarding),
			OrganisationID: f.OrganisationID, PageSize: service.PageSize + 1,
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
		rows, err := service.PageOf(tx.SalePage(ctx, params))
		if err != nil {
			return err
		}
		page, err = s.SaleRows(ctx, tx, a, rows)
		return err
	})
	return page, err
}

// SaleRows gives a page's sales the names that are shown with them.
func (s *Sales) SaleRows(ctx context.Context, tx *db.Tx, a service.Actor, rows service.Page[db.SalePageRow]) (service.Page[SaleRow], error) {
	page := service.Page[SaleRow]{More: rows.More}
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

func statusNames(ctx context.Context, tx *db.Tx, a service.Actor) (map[string]string, error) {
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
	joined := strings.Join(words, "")
	for i, word := range words {
		words[i] = service.BeginsSo(word)
	}
	query := strings.Join(words, " & ")
	if len(words) > 1 && strings.ContainsAny(joined, "0123456789") { // 06-12345678 is kept as 0612345678
		query = "(" + query + ") | " + service.BeginsSo(joined)
	}
	return query
}

// ForwardingSearch narrows the list of forwardings for people.
type ForwardingSearch struct {
	IntegrationID *int64
	States        []string
	Cause         states.Reason
	Code, Subject *string // of the first problem
	BeforeID      int64
}

// ForwardingPage reads a page of forwardings, newest first.
func (s *Sales) ForwardingPage(ctx context.Context, a service.Actor, f ForwardingSearch) (page service.Page[db.ForwardingPageRow], err error) {
	params := db.ForwardingPageParams{
		EnvironmentID: a.EnvironmentID, IntegrationID: f.IntegrationID, States: f.States, Cause: service.Optional(string(f.Cause)), Code: f.Code, Subject: f.Subject,
		BeforeID: f.BeforeID, PageSize: service.PageSize + 1,
	}
	if params.BeforeID == 0 {
		params.BeforeID = math.MaxInt64
	}
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		page, err = service.PageOf(tx.ForwardingPage(ctx, params))
		return err
	})
	return page, err
}

// ForwardingStates counts a link's forwardings by state.
func (s *Sales) ForwardingStates(ctx context.Context, a service.Actor, id int64) (counts map[states.ForwardingState]int64, err error) {
	counts = map[states.ForwardingState]int64{}
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		rows, err := tx.ForwardingStates(ctx, a.EnvironmentID, id)
		for _, r := range rows {
			counts[r.State] = r.Sales
		}
		return err
	})
	return counts, err
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
func (s *Sales) SaleForwardings(ctx context.Context, a service.Actor, saleID int64) (list []SaleForwarding, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
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
func (s *Sales) SaleByNumber(ctx context.Context, a service.Actor, id int64) (bool, error) {
	_, err := s.Sale(ctx, a, id, true)
	var refusal *service.Error
	if errors.As(err, &refusal) {
		return false, nil
	}
	return err == nil, err
}

// SalesVersion is the same for the actor's own sales, or the account's.
func (s *Sales) SalesVersion(ctx context.Context, a service.Actor, account bool) (version string, err error) {
	user := &a.UserID
	if account && a.Admin() {
		user = nil
	}
	return s.VersionAfter(ctx, a, func(tx *db.Tx) (int64, error) { return tx.SalesVersion(ctx, user, a.EnvironmentID) })
}
