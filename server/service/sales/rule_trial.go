package sales

import (
	"context"

	"koppel/db"
	"koppel/ledger"
	"koppel/linking"
	"koppel/server/service"
	"koppel/states"
)

// trialSales is how many sales a rule is tried on.
const trialSales = 100

// RuleTrial says which of the newest sales a rule would let go.
type RuleTrial struct {
	Of      int // sales looked at: the newest with a product of the partner
	Unknown int // sales for which some condition is about something that is not known
	Matches []db.Sale
}

// TryRule tries a rule, as it is being made, on the newest sales of a link. It changes nothing. Automatic and
// delay do not count: a person asks what would match.
func (s *Sales) TryRule(ctx context.Context, a service.Actor, id int64, rule linking.ForwardingRule) (trial RuleTrial, err error) {
	if err := rule.Conditions.Validate(); err != nil {
		return trial, service.InvalidValue("conditions", err)
	}
	rule.Enabled = true
	settings := linking.Settings{Rules: []linking.ForwardingRule{rule}}
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		if _, err := service.IntegrationOf(ctx, tx, a, id); err != nil {
			return err
		}
		sales, err := tx.SalesOfIntegration(ctx, db.SalesOfIntegrationParams{EnvironmentID: a.EnvironmentID, IntegrationID: id, PageSize: trialSales})
		if err != nil {
			return err
		}
		trial.Of = len(sales)
		for _, sale := range sales {
			rows, err := tx.SaleLines(ctx, a.EnvironmentID, sale.ID)
			if err != nil {
				return err
			}
			verdict := settings.Qualifies(ledger.FactsOf(sale, ledger.SoldLines(rows)), true)
			switch {
			case verdict.OK:
				trial.Matches = append(trial.Matches, sale)
			case verdict.Reasons[len(verdict.Reasons)-1].Code == states.ReasonConditionKnown:
				trial.Unknown++
			}
		}
		return nil
	})
	return trial, err
}
