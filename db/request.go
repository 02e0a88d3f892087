package db

import (
	"context"

	"koppel/linking"
)

// Prepared is what a forwarding would send, or why it cannot.
type Prepared struct {
	Sale     Sale
	Facts    *linking.SaleFacts
	Request  linking.PartnerRequest
	Problems []linking.Problem
}

// PrepareRequest builds the request for one partner from the sale as sold, the partner's set-up and the
// mappings. The preview and the sending both use it, so that they cannot differ.
func (t *Tx) PrepareRequest(ctx context.Context, account string, integration Integration, saleID int64) (Prepared, error) {
	sale, err := t.SaleByID(ctx, integration.EnvironmentID, saleID)
	if err != nil {
		return Prepared{}, err
	}
	rows, err := t.SaleLines(ctx, integration.EnvironmentID, saleID)
	if err != nil {
		return Prepared{}, err
	}
	setup, err := t.Setup(ctx, integration.EnvironmentID, integration.ID)
	if err != nil {
		return Prepared{}, err
	}
	mappings, err := t.MappingsOf(ctx, integration.EnvironmentID, integration.ID)
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
		return Prepared{}, ErrNotFound
	}
	request, problems := linking.BuildRequest(linking.SaleToForward{
		Reference:  linking.Reference(account, integration.ID, sale.ID),
		Submission: sale.Submission, Sold: sale.Sold, Lines: lines, CreatedAt: sale.CreatedAt,
	}, setup, mappings)
	return Prepared{Sale: sale, Facts: FactsOf(sale, all), Request: request, Problems: problems}, nil
}
