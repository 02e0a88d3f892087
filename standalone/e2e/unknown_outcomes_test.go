package e2e

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestStockUnknownOutcomesAreSettledTogether: of a partner's creates some were made and answered with a page, some made
// nothing and answered 500, some were turned away with Retry-After. What was made is adopted and what was turned away
// goes, both by themselves; all the rest goes again with one action, which is refused before a look that can be trusted.
func TestStockUnknownOutcomesAreSettledTogether(t *testing.T) {
	t.Parallel()
	const sales = 40
	s := newStockLink(t, 1, "KOPPEL_LOG_LEVEL=warn", "KOPPEL_LOOK_AFTER=30s")
	const failed = "not-made-500-html"
	require.NoError(t, s.partner.SetMoods(7, map[string]float64{"made-then-504-1015": 0.1, failed: 0.1, "not-made-503-retry-after": 0.1}))
	for n := range sales {
		s.sell(n)
	}
	s.eventually("each was tried", func() bool {
		return s.number(`SELECT count(*) FROM forwarding_attempts WHERE finished_at IS NOT NULL`) >= sales
	})
	s.moods()
	lost := 0
	for _, create := range s.partner.Creates() {
		if create.Met == failed {
			lost++
		}
	}
	require.Positive(t, lost)
	first := s.reseller.post("account/forwardings/retry", object{"cause": "outcome_unknown", "integration_id": s.integration}).(object)
	require.Equal(t, "0", fmt.Sprint(first["count"]))
	require.NotEmpty(t, rows(first["held"]), "it says why not")
	s.eventually("what was made, and what was turned away, is there", func() bool { return s.forwardings("forwarded") == sales-lost })
	s.eventually("the rest is not there", func() bool {
		return s.number(`SELECT count(*) FROM forwardings WHERE look = 'not_there' AND NOT may_resend`) == int64(lost)
	})
	again := s.reseller.post("account/forwardings/settle", object{"integration_id": s.integration, "action": "resend"}).(object)
	require.Equal(t, fmt.Sprint(lost), fmt.Sprint(again["count"]))
	require.NotNil(t, again["operation_id"])
	s.eventually("all are there", func() bool { return s.forwardings("forwarded") == sales })
	require.Equal(t, sales, s.onceEach())
}
