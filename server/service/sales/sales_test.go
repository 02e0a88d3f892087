package sales_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/db/dbtest"
	"koppel/linking"
	"koppel/server/service"
	"koppel/server/service/sales"
	"koppel/server/servicetest"
	"koppel/states"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// The same request under the same key is one sale, however many come at once; another request under it is refused.
func TestAKeyIsOneSale(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	in := sales.CreateSaleInput{FlowType: "energie", FlowIdentifier: "e", Body: s.Order(s.Product), Raw: []byte("een"), Key: "k"}
	made := make([]int64, 8)
	var group sync.WaitGroup
	for i := range made {
		group.Go(func() { made[i], _ = s.Sales.CreateSale(t.Context(), s.Agent, in) })
	}
	group.Wait()
	for _, id := range made {
		require.Equal(t, made[0], id)
		require.NotZero(t, id)
	}
	in.Raw = []byte("twee")
	_, err := s.Sales.CreateSale(t.Context(), s.Agent, in)
	s.Refused("key_reused", err)
	other, err := s.Sales.CreateSale(t.Context(), s.Owner, in)
	require.NoError(t, err, "another's key is another key")
	require.NotEqual(t, made[0], other)
}

// A refusal frees the key: the corrected sale goes under the same one.
func TestARefusalFreesTheKey(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	in := sales.CreateSaleInput{FlowType: "energie", FlowIdentifier: "e", Body: s.Order(s.Product), Raw: []byte("een"), Key: "k"}
	in.Body["email"] = "nee"
	_, err := s.Sales.CreateSale(t.Context(), s.Agent, in)
	s.RefusedField("email", "not_an_email", err)
	in.Body["email"], in.Raw = "jan@voorbeeld.example", []byte("twee")
	_, err = s.Sales.CreateSale(t.Context(), s.Agent, in)
	require.NoError(t, err)
}

// A reference is one sale's, and the refusal names that sale.
func TestAReferenceIsOneSale(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	order := s.Order(s.Product)
	order["external_reference"] = "R-1"
	first, err := s.Create(s.Agent, order)
	require.NoError(t, err)
	_, err = s.Create(s.Agent, order)
	require.Equal(t, sales.KnownSale{SaleID: first}, s.Refused("reference_used", err).Data)
	_, err = s.Create(s.Owner, order)
	require.NoError(t, err, "another's reference")
}

// A dry run checks everything, makes nothing, and uses no key up.
func TestADryRunMakesNothing(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	in := sales.CreateSaleInput{FlowType: "energie", FlowIdentifier: "e", Body: s.Order(s.Product), Key: "k", DryRun: true}
	id, err := s.Sales.CreateSale(t.Context(), s.Agent, in)
	require.NoError(t, err)
	require.Zero(t, id)
	_, total, err := s.Sales.List(t.Context(), s.Owner, sales.SaleFilter{Account: true, Page: 1, PerPage: 10})
	require.NoError(t, err)
	require.Zero(t, total)
	in.Body["email"] = "geen adres"
	_, err = s.Sales.CreateSale(t.Context(), s.Agent, in)
	s.RefusedField("email", "not_an_email", err)
	in.Body["email"], in.DryRun = "jan@voorbeeld.example", false
	id, err = s.Sales.CreateSale(t.Context(), s.Agent, in)
	require.NoError(t, err)
	require.NotZero(t, id)
}

// What is not granted, is off, or is not carried by the flow cannot be sold; nor what came by here before.
func TestWhatCannotBeSold(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	link := s.Link()
	_, err := s.Create(s.Agent, s.Order(link.Product))
	s.RefusedField("product_id", "invalid_product", err)
	_, err = s.Create(s.Agent, s.Order(999))
	s.RefusedField("product_id", "invalid_product", err)
	order := s.Order(s.Product)
	order["chain"] = []any{"https://elders.example/a", linking.EnvironmentName(s.PublicURL, "acme")}
	_, err = s.Create(s.Agent, order)
	s.RefusedField("chain", "sale_loop", err)
	_, err = s.Catalogue.SaveFlow(t.Context(), s.Owner, s.Flow, linking.Flow{Title: "Zon", Type: "energie", Identifier: "e", TransactionType: states.SaleOffer, ProductTypes: []string{"solar"}})
	require.NoError(t, err)
	_, err = s.Create(s.Agent, s.Order(s.Product))
	s.RefusedField("product_id", "invalid_product", err)
	_, err = s.Catalogue.SaveFlow(t.Context(), s.Owner, s.Flow, linking.Flow{Title: "Energie", Type: "energie", Identifier: "e", TransactionType: states.SaleOffer})
	require.NoError(t, err)
	_, err = s.Create(s.Agent, s.Order(s.Product))
	s.RefusedField("transaction_type", "value_of", err)
}

// A sale is its seller's and the admins': another agent neither sees nor changes it.
func TestASaleIsItsSellers(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	sale := s.Sell(s.Agent, s.Product)
	other := s.User("ander@partner.example", states.RoleAgent)
	_, err := s.Sales.Sale(t.Context(), other, sale, true)
	s.Refused(service.NotFound().Key, err)
	_, err = s.Sales.SetSaleStatus(t.Context(), other, sale, sales.StatusInput{Status: "verified", Account: true})
	s.Refused(service.NotFound().Key, err)
	_, err = s.Sales.SetSaleStatus(t.Context(), s.Owner, sale, sales.StatusInput{Status: "verified"})
	s.Refused(service.NotFound().Key, err)
	changed, err := s.Sales.SetSaleStatus(t.Context(), s.Owner, sale, sales.StatusInput{Status: " Verified ", Account: true})
	require.NoError(t, err)
	require.Equal(t, "verified", changed.Status)
	_, err = s.Sales.SetSaleStatus(t.Context(), s.Agent, sale, sales.StatusInput{Status: "verified", MustCancel: true})
	s.RefusedField("status", "status_not_cancelled", err)
}

// A correction leaves the original, and is refused once a partner may have the sale.
func TestACorrectionKeepsTheOriginal(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	link := s.Link()
	sale := s.Sell(s.Owner, link.Product)
	_, err := s.Sales.CorrectSale(t.Context(), s.Owner, sale, sales.Correction{Customer: map[string]string{"lastname": ""}})
	s.RefusedField("lastname", "field_required", err)
	view, err := s.Sales.CorrectSale(t.Context(), s.Owner, sale, sales.Correction{Customer: map[string]string{"city": "Zeist"}})
	require.NoError(t, err)
	require.Equal(t, "Zeist", view.Submission.Fields["city"])
	log, err := s.AuditLog(t.Context(), s.Owner, "sale")
	require.NoError(t, err)
	require.Equal(t, "correct", log[0].Action)
	require.JSONEq(t, `{"fields": {"city": "•••"}}`, string(log[0].Old), "which fields; what they held is the sale's")
	s.Sent(link, sale, "900")
	_, err = s.Sales.CorrectSale(t.Context(), s.Owner, sale, sales.Correction{Customer: map[string]string{"city": "Utrecht"}})
	s.Refused("sale_forwarded", err)
}

// A cancellation is asked of a partner that has the sale and takes requests; here it is a status.
func TestWhoIsAskedToCancel(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	link := s.Link()
	sale := s.Sell(s.Owner, link.Product)
	_, err := s.Sales.RequestCancellation(t.Context(), s.Owner, sale, "Klant ziet ervan af")
	s.Refused("cancellation_not_forwarded", err)
	s.Sent(link, sale, "900")
	_, err = s.Sales.RequestCancellation(t.Context(), s.Owner, sale, "Klant ziet ervan af")
	s.Refused("cancellation_stock", err)
	_, err = s.Sales.RequestCancellation(t.Context(), s.Owner, sale, " ")
	s.RefusedField("reason", "field_required", err)
}

// A deleted product is not sold any more, and what was sold of it stays readable.
func TestADeletedProductKeepsItsSales(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	sale := s.Sell(s.Owner, s.Product)
	require.NoError(t, s.Catalogue.DeleteProduct(t.Context(), s.Owner, s.Product))
	view, err := s.Sales.Sale(t.Context(), s.Owner, sale, true)
	require.NoError(t, err)
	require.Equal(t, "Stroom", view.Sold.Product.Name)
	_, err = s.Create(s.Owner, s.Order(s.Product))
	s.RefusedField("product_id", "invalid_product", err)
}

// A product is sold on the days that it is valid, whatever its partner writes.
func TestWhatIsNotValidIsNotSold(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	today := time.Now().In(linking.Amsterdam)
	for _, c := range []struct {
		field, value string
		sold         bool
	}{
		{"valid_from", today.Format(time.DateOnly), true},
		{"valid_from", today.Format(time.DateOnly) + " 23:59:59", true},
		{"valid_from", today.AddDate(0, 0, 1).Format("02-01-2006"), false},
		{"valid_from", today.AddDate(0, 0, -1).Format("02-01-2006"), true},
		{"valid_from", "0000-00-00", true},
		{"valid_till", "0000-00-00 00:00:00", true},
		{"valid_till", today.Format(time.DateOnly) + " 00:00:00", true},
		{"valid_till", today.AddDate(0, 0, -1).Format("02-01-2006"), false},
		{"valid_till", "ooit", false},
	} {
		dbtest.Exec(t, s.Database, fmt.Sprintf(`UPDATE products SET content = content - 'valid_from' - 'valid_till' || '{"%s": "%s"}' WHERE id = %d`, c.field, c.value, s.Product))
		_, err := s.Create(s.Owner, s.Order(s.Product))
		require.Equal(t, c.sold, err == nil, "%s %s: %v", c.field, c.value, err)
	}
}

// Who is eighteen today is eighteen, also when the year of birth had one day more.
func TestABirthdayCounts(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	_, err := s.Catalogue.SaveFlow(t.Context(), s.Owner, s.Flow, linking.Flow{Title: "Energie", Type: "energie", Identifier: "e", TransactionType: states.EverySaleType, MinimumAge: 18})
	require.NoError(t, err)
	s.Now = func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }
	order := s.Order(s.Product)
	order["birthdate"] = "01-03-2008"
	_, err = s.Create(s.Owner, order)
	require.NoError(t, err)
	order["birthdate"] = "02-03-2008"
	_, err = s.Create(s.Owner, order)
	s.RefusedField("birthdate", "too_young", err)
}

// A sale of a product that the partner no longer offers says so before it is sent; another of the same partner and type takes its
// place, and the original is kept.
func TestAProductThatIsGoneIsExchanged(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	link, ctx := s.Link(), t.Context()
	sale := s.Sell(s.Owner, link.Product)
	problems := func() (codes []states.Reason) {
		list, err := s.Sales.PreviewForwarding(ctx, s.Owner, sale)
		require.NoError(t, err)
		for _, p := range list[0].Problems {
			codes = append(codes, p.Code)
		}
		return codes
	}
	require.Empty(t, problems())
	s.Import(link.ID, 71, linking.ProductContent{Name: "Gas lang", Identifier: "gas-lang", Type: "energy_g"})
	s.Import(link.ID, 72, linking.ProductContent{Name: "Zon", Identifier: "zon", Type: "solar"})
	dbtest.Exec(t, s.Database, `UPDATE integration_products SET offered = false WHERE partner_product_id = 70`)
	require.Equal(t, []states.Reason{states.ProblemProductGone}, problems())
	list, gone, err := s.Sales.Exchangeable(ctx, s.Owner, sale)
	require.NoError(t, err)
	require.True(t, gone)
	require.Len(t, list, 1, "of the same type, and offered")
	require.Equal(t, "Gas lang", list[0].Name)
	_, err = s.Sales.CorrectSale(ctx, s.Owner, sale, sales.Correction{ProductID: s.Product})
	s.RefusedField("product_id", "not_exchangeable", err)
	view, err := s.Sales.CorrectSale(ctx, s.Owner, sale, sales.Correction{ProductID: list[0].ID})
	require.NoError(t, err)
	require.Equal(t, "Gas lang", view.Sold.Product.Name)
	require.EqualValues(t, 71, view.Lines[0].PartnerProductID)
	require.Contains(t, string(view.Original), fmt.Sprintf(`"product_id": %d`, link.Product))
	require.Empty(t, problems())
}

// Everything that is wrong with an order is told at once: what is missing, and what its product asks.
func TestAllThatIsWrongIsToldAtOnce(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	_, err := s.Catalogue.SaveQuestion(t.Context(), s.Owner, 0, linking.Question{Name: "Meter", Identifier: "meter", InputType: "text", Required: true, Visible: true}, 1)
	require.NoError(t, err)
	_, err = s.Create(s.Owner, map[string]any{
		"transaction_type": "order", "product_id": fmt.Sprint(s.Product), "business": "0", "electricity_ean": "123", "questionData": map[string]any{}, "agreements": map[string]any{},
	})
	var refusal *service.Error
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, service.KindIncomplete, refusal.Kind)
	require.Equal(t, "field_required", refusal.Fields["email"].Key, "missing, not no address")
	told := map[string]states.Reason{}
	for _, p := range refusal.Problems {
		told[p.Field] = p.Code
	}
	require.Equal(t, map[string]states.Reason{"electricity_ean": states.ProblemEAN, "questionData.meter": states.ProblemRequired}, told)
}
