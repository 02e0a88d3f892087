package cli

import (
	"fmt"
	"slices"

	"koppel/db"
	"koppel/salesdock"
	"koppel/server/service/services"
	"koppel/states"
	"koppel/words"
)

// SalesCmd is koppel sales.
type SalesCmd struct {
	Stuck SalesStuckCmd `cmd:"" help:"Count the sales that have not arrived, by environment, link and reason: those that wait, and those that need a person."`
	Retry SalesRetryCmd `cmd:"" help:"Have a sale looked at again, as the button Opnieuw does."`
}

// SalesStuckCmd is koppel sales stuck.
type SalesStuckCmd struct {
	Account string `help:"One environment's account name; by default all."`
	JSON    bool   `help:"Print JSON."`
}

// stuckSales are sales of one link with one reason.
type stuckSales struct {
	Account       string          `json:"account"`
	IntegrationID int64           `json:"integration_id"`
	Integration   string          `json:"integration"`
	Standing      string          `json:"standing"` // waiting, looking, person
	Reason        string          `json:"reason"`
	Sales         int64           `json:"sales"`
	Oldest        salesdock.Stamp `json:"oldest"`
	FirstSaleID   int64           `json:"first_sale_id"`
}

// Run counts them.
func (c *SalesStuckCmd) Run(r *Run) error {
	return asOperator(r, func(svc *services.Services) error {
		environments, err := svc.Access.Environments(r.Ctx)
		if err != nil {
			return err
		}
		if c.Account != "" {
			actor, err := inAccount(r, svc, c.Account)
			if err != nil {
				return err
			}
			environments = slices.DeleteFunc(environments, func(e db.SystemEnvironmentListRow) bool { return e.Account != actor.Account })
		}
		list, lines := []stuckSales{}, []string{"ACCOUNT\tLINK\tSTANDING\tREASON\tSALES\tOLDEST\tFIRST SALE"}
		for _, e := range environments {
			actor, err := inAccount(r, svc, e.Account)
			if err != nil {
				return err
			}
			rows, err := svc.Sales.Stuck(r.Ctx, actor)
			if err != nil {
				return err
			}
			for _, row := range rows {
				list = append(list, stuckSales{e.Account, row.IntegrationID, row.Integration, row.Standing, row.Reason, row.Sales, salesdock.Stamp{Time: row.Since}, row.FirstSaleID})
				lines = append(lines, fmt.Sprintf("%s\t%s (%d)\t%s\t%s\t%d\t%s\t%d", e.Account, row.Integration, row.IntegrationID, row.Standing, row.Reason, row.Sales, salesdock.FormatStamp(row.Since), row.FirstSaleID))
			}
		}
		if len(list) == 0 {
			lines = []string{"Nothing is stuck."}
		}
		return r.told(c.JSON, list, lines...)
	})
}

// SalesRetryCmd is koppel sales retry.
type SalesRetryCmd struct {
	Account string `required:"" help:"The environment's account name."`
	Sale    int64  `required:"" help:"The sale's number." placeholder:"ID"`
	JSON    bool   `help:"Print JSON."`
}

// Run has a sale looked at again.
func (c *SalesRetryCmd) Run(r *Run) error {
	return asOperator(r, func(svc *services.Services) error {
		actor, err := inAccount(r, svc, c.Account)
		if err != nil {
			return err
		}
		retried, err := svc.Sales.RetrySale(r.Ctx, actor, c.Sale)
		if err != nil {
			return err
		}
		held := []string{}
		for _, h := range retried.Held {
			sentence := h.Sentence()
			held = append(held, words.Say(states.English, sentence.Key, sentence.Args...))
		}
		lines := append([]string{fmt.Sprintf("%d forwardings of sale %d are looked at again.", retried.Count, c.Sale)}, held...)
		return r.told(c.JSON, map[string]any{"sale_id": c.Sale, "retried": retried.Count, "held": held}, lines...)
	})
}
