package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"koppel/db"
	"koppel/linking"
	"koppel/states"
)

// Prepared is what a forwarding would send, or why it cannot.
type Prepared struct {
	Sale     db.Sale
	Facts    *linking.SaleFacts
	Request  linking.PartnerRequest
	Problems []linking.Problem
	Optin    string // what becomes of the sale's opt-in data: linking.OptinSent and its like, or nothing
}

// PrepareRequest builds the request for one partner from the sale as sold, the partner's set-up and the
// mappings. The preview and the sending both use it, so that they cannot differ.
func PrepareRequest(ctx context.Context, tx *db.Tx, from Sender, integration db.Integration, saleID int64) (Prepared, error) {
	sale, err := tx.SaleByID(ctx, integration.EnvironmentID, saleID)
	if err != nil {
		return Prepared{}, err
	}
	rows, err := tx.SaleLines(ctx, integration.EnvironmentID, saleID)
	if err != nil {
		return Prepared{}, err
	}
	setup, err := Setup(ctx, tx, integration.EnvironmentID, integration.ID)
	if err != nil {
		return Prepared{}, err
	}
	mappings, err := MappingsOf(ctx, tx, integration.EnvironmentID, integration.ID)
	if err != nil {
		return Prepared{}, err
	}
	all := SoldLines(rows)
	var lines []linking.SoldLine
	for _, l := range all {
		if l.IntegrationID == integration.ID {
			lines = append(lines, l)
		}
	}
	if len(lines) == 0 {
		return Prepared{}, db.ErrNotFound
	}
	origin, err := origin(ctx, tx, from, sale)
	if err != nil {
		return Prepared{}, err
	}
	optin, fate, err := optinFor(ctx, tx, integration, sale, from.Now)
	if err != nil {
		return Prepared{}, err
	}
	gone, err := GoneProducts(ctx, tx, integration.EnvironmentID, integration.ID, lines)
	if err != nil {
		return Prepared{}, err
	}
	request, problems := linking.BuildRequest(linking.SaleToForward{
		Reference:  linking.Reference(from.Account, integration.ID, sale.ID),
		Submission: sale.Submission, Sold: sale.Sold, Lines: lines, Origin: origin, Gone: gone, Keyed: integration.PartnerKind == states.PartnerKoppel, Optin: optin,
		Self: linking.EnvironmentName(from.PublicURL, from.Account), Partner: linking.EnvironmentName(integration.BaseURL, integration.AccountName),
	}, setup, mappings)
	if sale.ErasedAt != nil {
		problems = []linking.Problem{{Code: states.ReasonErased, Subject: linking.GeneralSetting}}
	}
	return Prepared{Sale: sale, Facts: FactsOf(sale, all), Request: request, Problems: problems, Optin: fate}, nil
}

// GoneProducts lists the partner's products among a sale's lines that the partner no longer offers.
func GoneProducts(ctx context.Context, tx *db.Tx, environmentID, integrationID int64, lines []linking.SoldLine) ([]int64, error) {
	ids := make([]int64, len(lines))
	for i, l := range lines {
		ids[i] = l.PartnerProductID
	}
	return tx.IntegrationProductsAway(ctx, db.IntegrationProductsAwayParams{EnvironmentID: environmentID, IntegrationID: integrationID, Ids: ids})
}

// optinFor gives the opt-in data that goes to a partner with a sale, and what becomes of what the sale has.
func optinFor(ctx context.Context, tx *db.Tx, integration db.Integration, sale db.Sale, now time.Time) (*linking.Optin, string, error) {
	row, err := tx.OptinOfSale(ctx, sale.EnvironmentID, sale.ID)
	if errors.Is(err, db.ErrNotFound) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	var partner struct {
		Optin bool `json:"optin"`
	}
	if err := json.Unmarshal(integration.Capabilities, &partner); err != nil {
		return nil, "", fmt.Errorf("capabilities: %w", err)
	}
	fate := linking.OptinFate(integration.Settings.SendOptin, partner.Optin, row.WithdrawnAt, row.ValidTill, now)
	if fate != linking.OptinSent {
		return nil, fate, nil
	}
	return &row.Optin, fate, nil
}

// Sender is who forwards.
type Sender struct {
	Account, Name, PublicURL string
	Now                      time.Time
}

// origin says who made a sale first, and when: for a partner that shows it, and passes it on.
func origin(ctx context.Context, tx *db.Tx, from Sender, sale db.Sale) (map[string]string, error) {
	user, err := tx.UserByID(ctx, sale.EnvironmentID, sale.UserID)
	if err != nil {
		return nil, err
	}
	name := from.Name
	if sale.OrganisationID != nil {
		organisation, err := tx.OrganisationByID(ctx, sale.EnvironmentID, *sale.OrganisationID)
		if err != nil {
			return nil, err
		}
		name = organisation.Name
	}
	origin := map[string]string{
		"initial_user_firstname": user.Firstname, "initial_user_lastname": user.Lastname, "initial_organisation_name": name,
		"initial_created_at": sale.CreatedAt.In(linking.Amsterdam).Format(time.DateTime),
	}
	maps.DeleteFunc(origin, func(_, value string) bool { return value == "" })
	return origin, nil
}
