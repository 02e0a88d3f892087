package catalogue_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/db"
	"koppel/db/dbtest"
	"koppel/linking"
	"koppel/server/service"
	"koppel/server/service/catalogue"
	"koppel/server/service/sales"
	"koppel/server/servicetest"
	"koppel/states"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

func product(identifier string) catalogue.ProductInput {
	return catalogue.ProductInput{Content: linking.ProductContent{Name: identifier, Identifier: identifier, Type: "energy_e"}, Active: true}
}

// Who sells for an organisation sees what it is granted, and that is on.
func TestAnAgentSeesWhatIsGranted(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	ctx := t.Context()
	secret, err := s.Catalogue.CreateProduct(ctx, s.Owner, product("geheim"))
	require.NoError(t, err)
	seen := func() (ids []int64) {
		list, err := s.Catalogue.Products(ctx, s.Agent, catalogue.ProductFilter{Account: true})
		require.NoError(t, err)
		for _, p := range list {
			ids = append(ids, p.ID)
		}
		return ids
	}
	require.Equal(t, []int64{s.Product}, seen(), "the account's list is an agent's own list too")
	_, err = s.Catalogue.Product(ctx, s.Agent, secret.ID, true)
	s.Refused(service.NotFound().Key, err)
	_, err = s.Catalogue.GrantProducts(ctx, s.Owner, s.Organisation, []int64{secret.ID})
	require.NoError(t, err)
	require.Equal(t, []int64{secret.ID}, seen(), "what is not granted any more is gone")
	_, err = s.Catalogue.UpdateProduct(ctx, s.Owner, secret.ID, func(in *catalogue.ProductInput) error { in.Active = false; return nil })
	require.NoError(t, err)
	require.Empty(t, seen())
}

// A change cursor tells of what came, and of what is no longer granted or was deleted.
func TestAChangeCursorTellsOfWhatWent(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	ctx := t.Context()
	dbtest.UntilReadable(t, s.Database)
	page, cursor, _, full, err := s.Catalogue.ProductChanges(ctx, s.Agent, service.Cursor{})
	require.NoError(t, err)
	require.True(t, full)
	require.Len(t, page, 1)
	changes := func() map[int64]bool {
		dbtest.UntilReadable(t, s.Database)
		page, next, _, full, err := s.Catalogue.ProductChanges(ctx, s.Agent, cursor)
		require.NoError(t, err)
		require.False(t, full)
		cursor = next
		offered := map[int64]bool{}
		for _, p := range page {
			offered[p.ID] = p.Offered
		}
		return offered
	}
	require.Empty(t, changes())
	more, err := s.Catalogue.CreateProduct(ctx, s.Owner, product("meer"))
	require.NoError(t, err)
	require.Empty(t, changes(), "nobody was granted it")
	_, err = s.Catalogue.GrantProducts(ctx, s.Owner, s.Organisation, []int64{more.ID})
	require.NoError(t, err)
	require.Equal(t, map[int64]bool{s.Product: false, more.ID: true}, changes())
	require.NoError(t, s.Catalogue.DeleteProduct(ctx, s.Owner, more.ID))
	require.Equal(t, map[int64]bool{more.ID: false}, changes())
}

// What came over a link is the partner's: its name and price stay, its texts and its switch are ours.
func TestAnImportedProductIsThePartners(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	link, ctx := s.Link(), t.Context()
	_, err := s.Catalogue.UpdateProduct(ctx, s.Owner, link.Product, func(in *catalogue.ProductInput) error { in.Content.Name = "Van ons"; return nil })
	s.Refused("locked_field", err)
	changed, err := s.Catalogue.UpdateProduct(ctx, s.Owner, link.Product, func(in *catalogue.ProductInput) error {
		in.Own.Description, in.Active = "Van ons", false
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, "Gas", changed.Content.Name)
	require.Equal(t, "Van ons", changed.Own.Description)
	require.False(t, changed.Active)
}

// Adding never changes what is there: whatever has the identifier already keeps it, and the refusal says at which field. What
// was deleted has left it free.
func TestAddingNeverChangesWhatIsThere(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	ctx := t.Context()
	for kind, add := range map[string]func(name string) (int64, error){
		"supplier": func(name string) (int64, error) {
			row, err := s.Catalogue.SaveSupplier(ctx, s.Owner, db.Supplier{Name: name, Identifier: "zelfde"})
			return row.ID, err
		},
		"flow": func(name string) (int64, error) {
			row, err := s.Catalogue.SaveFlow(ctx, s.Owner, 0, linking.Flow{Title: name, Type: "energie", Identifier: "zelfde", TransactionType: states.SaleOffer})
			return row.ID, err
		},
		"question": func(name string) (int64, error) {
			row, err := s.Catalogue.SaveQuestion(ctx, s.Owner, 0, linking.Question{Name: name, Identifier: "zelfde", InputType: "text"}, 1)
			return row.ID, err
		},
		"agreement": func(name string) (int64, error) {
			row, err := s.Catalogue.SaveAgreement(ctx, s.Owner, 0, linking.Agreement{Name: name, Identifier: "zelfde"}, 1)
			return row.ID, err
		},
	} {
		id, err := add("Eerste")
		require.NoError(t, err, kind)
		_, err = add("Tweede")
		s.Refused("taken", err)
		s.RefusedField("identifier", "taken_by", err)
		if kind == "question" {
			require.NoError(t, s.Catalogue.DeleteQuestion(ctx, s.Owner, id))
			_, err = add("Tweede")
			require.NoError(t, err, "a deleted one has left its identifier free")
		}
	}
	_, err := s.Catalogue.SaveFlow(ctx, s.Owner, 0, linking.Flow{Title: "Ander", Type: "zon", Identifier: "zelfde", TransactionType: states.SaleOffer})
	require.NoError(t, err, "of another type")
	_, err = s.Catalogue.SaveFlow(ctx, s.Owner, 0, linking.Flow{Title: "Ander", Type: "wind", Identifier: "e", TransactionType: "koop"})
	s.RefusedField("transaction_type", "field_invalid", err)
}

// A status that is there stays as it is when one of its identifier, or of its name, is added; a sale that has a deleted one
// keeps its name too.
func TestAddingAStatusRenamesNoSale(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	ctx := t.Context()
	add := func(status linking.Status) error {
		_, err := s.Catalogue.SaveStatus(ctx, s.Owner, "", status)
		return err
	}
	first := linking.Status{ID: "onderweg", Name: "Onderweg", Type: linking.StatusTypeDefault}
	require.NoError(t, add(first))
	s.RefusedField("id", "taken_by", add(linking.Status{ID: "onderweg", Name: "Gesloten", Type: linking.StatusTypeClosed}))
	s.RefusedField("id", "taken_by", add(linking.Status{Name: "Onderweg", Type: linking.StatusTypeClosed}))
	_, err := s.Catalogue.SaveStatus(ctx, s.Owner, "onbekend", linking.Status{Name: "Onbekend"})
	s.Refused(service.NotFound().Key, err)
	list, err := s.Catalogue.Statuses(ctx, s.Owner)
	require.NoError(t, err)
	require.Contains(t, list, first)
	sale := s.Sell(s.Agent, s.Product)
	_, err = s.Sales.SetSaleStatus(ctx, s.Owner, sale, sales.StatusInput{Status: "onderweg", Account: true})
	require.NoError(t, err)
	require.NoError(t, s.Catalogue.DeleteStatus(ctx, s.Owner, "onderweg"))
	s.RefusedField("id", "taken_by", add(linking.Status{ID: "onderweg", Name: "Anders"}))
	require.NoError(t, add(first), "under its own name it comes back")
}

// A status of the system is everybody's: it is not changed, nor deleted.
func TestASystemStatusStays(t *testing.T) {
	t.Parallel()
	w := servicetest.New(t)
	_, err := w.Catalogue.SaveStatus(t.Context(), w.Owner, "", linking.Status{ID: "new", Name: "Vers"})
	w.Refused("system_status", err)
	_, err = w.Catalogue.SaveStatus(t.Context(), w.Owner, "", linking.Status{ID: "vers", Name: "Vers"})
	require.NoError(t, err)
}

// What cannot be meant is refused at its field, in the words of the field.
func TestNonsenseIsRefusedAtItsField(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	ctx := t.Context()
	_, err := s.Catalogue.SaveQuestion(ctx, s.Owner, 0, linking.Question{Name: "Betaalwijze", Identifier: "betaal", InputType: "mc-single", Options: []string{"Incasso", "Factuur"}}, 1)
	require.NoError(t, err)
	asked := func(name, operator, value string) *linking.Rule {
		return &linking.Rule{Type: linking.RuleGroup, Criterion: "ALL", Rules: []linking.Rule{
			{Type: linking.RuleCondition, Identifier: "question.identifier", Name: name, Operator: operator, Value: linking.RuleValues{value}},
		}}
	}
	product := func(change func(*linking.ProductContent)) error {
		in := product("nieuw")
		in.ByPerson = true
		change(&in.Content)
		_, err := s.Catalogue.CreateProduct(ctx, s.Owner, in)
		return err
	}
	flow := func(f linking.Flow) error {
		f.Title, f.TransactionType = "Flow", states.SaleOrder
		_, err := s.Catalogue.SaveFlow(ctx, s.Owner, 0, f)
		return err
	}
	question := func(q linking.Question) error {
		q.Name = "Vraag"
		_, err := s.Catalogue.SaveQuestion(ctx, s.Owner, 0, q, 1)
		return err
	}
	for _, c := range []struct {
		field, key string
		err        error
	}{
		{"valid_till", "ends_before_start", product(func(c *linking.ProductContent) { c.ValidFrom, c.ValidTill = "2027-02-01", "2027-01-31" })},
		{"duration", "value_between", product(func(c *linking.ProductContent) { c.Duration = -12 })},
		{"identifier", "identifier_form", product(func(c *linking.ProductContent) { c.Identifier = "met spatie" })},
		{"identifier", "identifier_form", product(func(c *linking.ProductContent) { c.Identifier = "<x>" })},
		{"identifier", "taken_by", product(func(c *linking.ProductContent) { c.Identifier = "stroom" })},
		{"documents", "not_an_address", product(func(c *linking.ProductContent) {
			c.Documents = []linking.Document{{Name: "x", Location: "javascript:alert(1)"}}
		})},
		{"identifier", "identifier_form", flow(linking.Flow{Type: "energie", Identifier: "<x>"})},
		{"type", "identifier_form", flow(linking.Flow{Type: "ener gie", Identifier: "x"})},
		{"maximum_age_customer", "ages_reversed", flow(linking.Flow{Type: "energie", Identifier: "x", MinimumAge: 80, MaximumAge: 18})},
		{"minimum_age_customer", "value_between", flow(linking.Flow{Type: "energie", Identifier: "x", MinimumAge: -1})},
		{"identifier", "identifier_form", question(linking.Question{Identifier: "meter stand", InputType: "text"})},
		{"options", "option_twice", question(linking.Question{Identifier: "m", InputType: "mc-multi", Options: []string{"A", "B", "A"}})},
		{"default_value", "not_one_of_options", question(linking.Question{Identifier: "m", InputType: "mc-single", Options: []string{"A", "B"}, DefaultValue: "C"})},
		{"rule", "condition_option", question(linking.Question{Identifier: "m", InputType: "text", Rule: asked("betaal", "=", "Acceptgiro")})},
		{"rule", "condition_question", question(linking.Question{Identifier: "m", InputType: "text", Rule: asked("weg", "=", "Ja")})},
		{"rule", "condition_subject", question(linking.Question{Identifier: "m", InputType: "text", Rule: &linking.Rule{Type: linking.RuleCondition, Identifier: "maan.stand", Operator: "="}})},
	} {
		s.RefusedField(c.field, c.key, c.err)
	}
	require.NoError(t, question(linking.Question{Identifier: "m", InputType: "text", Rule: asked("betaal", "!=", "factuur")}), "capitals are no difference to a condition")
	_, err = s.Catalogue.CreateProduct(ctx, s.Owner, catalogue.ProductInput{Content: linking.ProductContent{Name: "x", Identifier: "Met spatie (oud)", Type: "energy_e"}})
	require.NoError(t, err, "clients of a Salesdock account may have named it so")
}

// What was kept before there was a rule against it can be read, and changed without being asked about it.
func TestWhatIsOddAlreadyCanBeChanged(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	ctx := t.Context()
	dbtest.Exec(t, s.Database, `UPDATE products SET content = content || '{"identifier": "<x> y", "duration": -12, "valid_from": "2027-02-01", "valid_till": "2027-01-01"}'`)
	dbtest.Exec(t, s.Database, `UPDATE flows SET identifier = 'met spatie', config = config || '{"minimum_age_customer": 80, "maximum_age_customer": 18}'`)
	change := func(fn func(*linking.ProductContent)) error {
		_, err := s.Catalogue.UpdateProduct(ctx, s.Owner, s.Product, func(in *catalogue.ProductInput) error {
			in.ByPerson = true
			fn(&in.Content)
			return nil
		})
		return err
	}
	require.NoError(t, change(func(c *linking.ProductContent) { c.Name = "Zonnestroom" }))
	s.RefusedField("duration", "value_between", change(func(c *linking.ProductContent) { c.Duration = -24 }))
	flow, err := s.Catalogue.Flow(ctx, s.Owner, s.Flow, true)
	require.NoError(t, err)
	flow.Config.Identifier, flow.Config.Title = flow.Identifier, "Andere titel"
	_, err = s.Catalogue.SaveFlow(ctx, s.Owner, s.Flow, flow.Config)
	require.NoError(t, err)
}

// Custom fields and prices are kept as they were written.
func TestTextOfAProductIsKept(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	written := map[string]string{"code": "0012", "phone": "0612345678", "cashback": "1.10"}
	made, err := s.Catalogue.CreateProduct(t.Context(), s.Owner, catalogue.ProductInput{
		Content: linking.ProductContent{Name: "Gas", Identifier: "gas", Type: "energy_g", Price: "10.00", CustomFields: written},
	})
	require.NoError(t, err)
	kept, err := s.Catalogue.Product(t.Context(), s.Owner, made.ID, true)
	require.NoError(t, err)
	require.Equal(t, written, kept.Content.CustomFields)
	require.Equal(t, "10.00", kept.Content.Price)
}
