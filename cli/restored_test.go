package cli_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/db/dbtest"
	"koppel/safekeeping"
	"koppel/server/servicetest"
)

// A database that was restored to a moment is told so once nothing works on it, and what waits for its turn is looked for from then on.
func TestADatabaseIsToldThatItWasRestored(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	link := s.Link()
	s.Sell(s.Owner, link.Product)
	o := at(t, s.World)
	o.does("environment", "list")
	o.refused("within the last minute", "restored", "--to", "2026-01-31T14:05:00Z")
	dbtest.Exec(t, s.Database, "UPDATE encryption_keys SET seen_at = seen_at - interval '2 minutes'")
	o.refused("yet to come", "restored", "--to", "2999-01-31T14:05:00Z")
	var restored safekeeping.Restored
	o.reads(&restored, "restored", "--to", "2026-01-31T14:05:00Z")
	require.Equal(t, safekeeping.Counts{Environments: 1, Products: 2, Sales: 1, Forwardings: 1}, restored.Counts)
	require.Equal(t, "1", dbtest.One(t, s.Database, "SELECT count(*)::text FROM restorations r JOIN sales s ON s.id <= r.sales_to"))
	require.Contains(t, o.does("restored", "--to", "2026-01-31T14:05:00Z"), "numbers begin after a gap", "told twice there is another gap, and no more")
}
