package catalogue_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/db/dbtest"
	"koppel/linking"
	"koppel/server/service"
	"koppel/server/service/catalogue"
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

// An identifier is one flow's, question's or agreement's; a deleted one is free again.
func TestAnIdentifierIsUsedOnce(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	ctx := t.Context()
	question := linking.Question{Name: "Meter", Identifier: "meter", InputType: "text", Visible: true}
	first, err := s.Catalogue.SaveQuestion(ctx, s.Owner, 0, question, 1)
	require.NoError(t, err)
	_, err = s.Catalogue.SaveQuestion(ctx, s.Owner, 0, question, 2)
	s.Refused("conflict", err)
	require.NoError(t, s.Catalogue.DeleteQuestion(ctx, s.Owner, first.ID))
	_, err = s.Catalogue.SaveQuestion(ctx, s.Owner, 0, question, 2)
	require.NoError(t, err)
	_, err = s.Catalogue.SaveFlow(ctx, s.Owner, 0, linking.Flow{Title: "Ander", Type: "energie", Identifier: "e", TransactionType: states.SaleOffer})
	s.Refused("conflict", err)
	_, err = s.Catalogue.SaveFlow(ctx, s.Owner, 0, linking.Flow{Title: "Ander", Type: "zon", Identifier: "e", TransactionType: states.SaleOffer})
	require.NoError(t, err, "of another type")
	_, err = s.Catalogue.SaveFlow(ctx, s.Owner, 0, linking.Flow{Title: "Ander", Type: "wind", Identifier: "e", TransactionType: "koop"})
	s.RefusedField("transaction_type", "field_invalid", err)
}

// A status of the system is everybody's: it is not changed, nor deleted.
func TestASystemStatusStays(t *testing.T) {
	t.Parallel()
	w := servicetest.New(t)
	_, err := w.Catalogue.SaveStatus(t.Context(), w.Owner, linking.Status{ID: "new", Name: "Vers"})
	w.Refused("system_status", err)
	_, err = w.Catalogue.SaveStatus(t.Context(), w.Owner, linking.Status{ID: "vers", Name: "Vers"})
	require.NoError(t, err)
}
