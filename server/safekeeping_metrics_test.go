package server

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/db/dbtest"
)

// The metrics tell how old the last backup and the last drill are, and whether one failed since.
func TestSafekeepingMetrics(t *testing.T) {
	t.Parallel()
	now := time.Now()
	values := func(address string) map[string]float64 {
		return gathered(t, observed{dbtest.Open(t, address), func() time.Time { return now }, noAge, 0}, "koppel_safekeeping")
	}
	address := dbtest.URL(t)
	require.Equal(t, map[string]float64{
		"koppel_safekeeping_age_seconds kind=backup": -1, "koppel_safekeeping_age_seconds kind=drill": -1, "koppel_safekeeping_failing kind=backup": 0, "koppel_safekeeping_failing kind=drill": 0,
	}, values(address))
	dbtest.Exec(t, address, "INSERT INTO safekeeping (kind, succeeded_at, failed_at) VALUES ('backup', now() - interval '1 day', NULL), ('drill', NULL, now())")
	seen := values(address)
	require.InDelta(t, 86400, seen["koppel_safekeeping_age_seconds kind=backup"], 60)
	delete(seen, "koppel_safekeeping_age_seconds kind=backup")
	require.Equal(t, map[string]float64{"koppel_safekeeping_age_seconds kind=drill": -1, "koppel_safekeeping_failing kind=backup": 0, "koppel_safekeeping_failing kind=drill": 1}, seen)
}
