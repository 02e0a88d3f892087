package db_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/db"
	"koppel/db/dbtest"
	"koppel/linking"
)

// What no column or index takes is one error, wherever in a statement it comes up: nobody asks for it for ever.
func TestWhatCannotBeKeptIsOneError(t *testing.T) {
	t.Parallel()
	store := dbtest.New(t)
	env := environment(t, store, "acme")
	random := rand.New(rand.NewPCG(1, 2))
	long := make([]byte, 3000)
	for i := range long {
		long[i] = byte('!' + random.IntN(90))
	}
	product := func(content linking.ProductContent) func(*db.Tx) error {
		return func(tx *db.Tx) error {
			_, err := tx.ProductInsert(t.Context(), db.ProductInsertParams{EnvironmentID: env.ID, Content: content, Active: true, Now: now})
			return err
		}
	}
	for name, write := range map[string]func(*db.Tx) error{
		"an index's row":      product(linking.ProductContent{Name: string(long), Identifier: "x", Type: "simple"}),
		"a number":            product(linking.ProductContent{Name: "x", Identifier: "x", Type: "simple", Price: "12345678901234567890"}),
		"no number":           product(linking.ProductContent{Name: "x", Identifier: "x", Type: "simple", Price: "6,99"}),
		"a NUL in a document": product(linking.ProductContent{Name: "a\x00b", Identifier: "x", Type: "simple"}),
		"a NUL": func(tx *db.Tx) error {
			_, err := tx.OrganisationInsert(t.Context(), db.OrganisationInsertParams{EnvironmentID: env.ID, Name: "a\x00b", Now: now})
			return err
		},
		"no UTF-8": func(tx *db.Tx) error {
			_, err := tx.OrganisationList(t.Context(), env.ID)
			require.NoError(t, err)
			_, err = tx.FlowByIdentifier(t.Context(), db.FlowByIdentifierParams{EnvironmentID: env.ID, Type: "\xff", Identifier: "x"})
			return err
		},
	} {
		err := store.WithTx(t.Context(), env.ID, write)
		require.ErrorIs(t, err, db.ErrUnstorable, name)
		require.NotContains(t, err.Error(), "6,99", "a message may quote what a customer wrote")
	}
}

// A search takes what somebody types as it is: % and _ are characters, not patterns.
func TestASearchHasNoWildcards(t *testing.T) {
	t.Parallel()
	store := dbtest.New(t)
	env := environment(t, store, "acme")
	names := []string{"Nep stroom", "100% groen", `Rug\rug`, "n_p str", "Énergie", "kale naam"}
	var organisation int64
	require.NoError(t, store.WithTx(t.Context(), env.ID, func(tx *db.Tx) error {
		o, err := tx.OrganisationInsert(t.Context(), db.OrganisationInsertParams{EnvironmentID: env.ID, Name: "x", Now: now})
		organisation = o.ID
		for _, name := range names {
			if err == nil {
				_, err = tx.ProductInsert(t.Context(), db.ProductInsertParams{EnvironmentID: env.ID, Content: linking.ProductContent{Name: name, Identifier: "x", Type: "simple"}, Active: true, Now: now})
			}
		}
		return err
	}))
	for q, expected := range map[string][]string{
		"%": {"100% groen"}, "_": {"n_p str"}, "n_p str": {"n_p str"}, "N_P": {"n_p str"}, `\`: {`Rug\rug`}, `g\r`: {`Rug\rug`}, "%_": nil, "k%n": nil,
		"STROOM": {"Nep stroom"}, "0% G": {"100% groen"}, "é": {"Énergie"}, " ": {"Nep stroom", "100% groen", "n_p str", "kale naam"}, "": names,
	} {
		require.NoError(t, store.WithTx(t.Context(), env.ID, func(tx *db.Tx) error {
			found := map[string][]string{}
			products, err := tx.ProductList(t.Context(), db.ProductListParams{EnvironmentID: env.ID, Q: &q})
			require.NoError(t, err)
			for _, p := range products {
				found["ProductList"] = append(found["ProductList"], p.Name)
			}
			page, err := tx.ProductSearch(t.Context(), db.ProductSearchParams{EnvironmentID: env.ID, Q: &q, PageSize: 100})
			require.NoError(t, err)
			for _, p := range page {
				found["ProductSearch"] = append(found["ProductSearch"], p.Name)
			}
			grants, err := tx.OrganisationProductPage(t.Context(), db.OrganisationProductPageParams{EnvironmentID: env.ID, OrganisationID: organisation, Q: &q, PageSize: 100})
			require.NoError(t, err)
			for _, p := range grants {
				found["OrganisationProductPage"] = append(found["OrganisationProductPage"], p.Name)
			}
			require.Len(t, found, 3*min(1, len(expected)))
			for query, got := range found {
				require.ElementsMatch(t, expected, got, "%s %q", query, q)
			}
			return nil
		}))
	}
}

// The other searches are the same: a query with a pattern in it takes somebody's text for one.
func TestNoQueryHasAPattern(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("queries/*.sql")
	require.NoError(t, err)
	searches := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		searches += strings.Count(string(text), "koppel_contains(")
		for line := range strings.Lines(string(text)) {
			if !strings.HasPrefix(strings.TrimSpace(line), "--") {
				require.NotRegexp(t, pattern, line, file)
			}
		}
	}
	require.Greater(t, searches, 6)
}

var pattern = regexp.MustCompile(`(?i)\bI?LIKE\b|\bSIMILAR TO\b|~~|\s~\*?\s`)
