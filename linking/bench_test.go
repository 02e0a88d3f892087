package linking_test

import (
	"fmt"
	"testing"

	"koppel/linking"
	"koppel/states"
)

// BenchmarkRules tests 1,000 sales against a link with 50 rules of four conditions each, of which the last one
// accepts: the time of one is that of one sale.
func BenchmarkRules(b *testing.B) {
	var settings linking.Settings
	for n := range 50 {
		condition := func(identifier, operator, value string) linking.Rule {
			return linking.Rule{Type: linking.RuleCondition, Identifier: identifier, Operator: operator, Value: linking.RuleValues{value}}
		}
		settings.Rules = append(settings.Rules, linking.ForwardingRule{
			Name: fmt.Sprintf("Regel %d", n), Enabled: true, Automatic: true, Statuses: linking.StatusSet{All: true},
			Conditions: &linking.Rule{Type: linking.RuleGroup, Criterion: "ALL", Rules: []linking.Rule{
				condition("product.type", "=", "energy_e"), {Type: linking.RuleGroup, Criterion: "ANY", Rules: []linking.Rule{
					condition("product.id", "=", fmt.Sprint(1000+n)), condition("supplier.id", "=", fmt.Sprint(n)),
				}}, condition("profile.type", "=", "consumer"),
			}},
		})
	}
	sales := make([]*linking.SaleFacts, 1000)
	for n := range sales {
		submission := &linking.Submission{TransactionType: states.SaleOrder, Fields: map[string]string{}, Answers: map[string]linking.Answer{"betaalwijze": linking.TextAnswer("Incasso")}}
		line := linking.SoldLine{ProductID: 1049, Quantity: 1, Content: linking.ProductContent{Type: "energy_e", SupplierID: 99}}
		sales[n] = linking.NewSaleFacts(submission, []linking.SoldLine{line}, nil)
		sales[n].Status = "new"
	}
	if !settings.Qualifies(sales[0], false).OK {
		b.Fatal("the last rule accepts the sale")
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		settings.Qualifies(sales[n%len(sales)], false)
	}
}
