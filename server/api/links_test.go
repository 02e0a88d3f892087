package api_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnIncomingLinkShowsWhatWasTakenOverAndWhatIsLacking(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	admin := s.token
	link := object{"account": "reseller", "base_url": "https://reseller.example", "link_key": "k", "secret": "s"}
	put := func(with object) int64 {
		t.Helper()
		s.token = s.agent
		defer func() { s.token = admin }()
		for name, value := range with {
			link[name] = value
		}
		answer := s.must("PUT", "user/link", link).(object)
		require.Equal(t, true, answer["capabilities"].(object)["idempotency_keys"], "the answer says what we can")
		return int64(answer["link_id"].(float64))
	}
	traffic := func(id int64) object {
		return s.must("GET", fmt.Sprintf("account/incoming-links/%d", id), nil).(object)["traffic"].(object)
	}
	product := []any{object{"id": float64(s.product), "identifier": "stroom", "name": "Stroom"}}

	id := put(nil)
	got := traffic(id)
	require.Equal(t, []any{float64(1), float64(0), nil}, []any{got["offered"], got["imported"], got["imports_reported_at"]}, "it has not said what it took over")

	require.Equal(t, id, put(object{"imported_product_ids": []int64{}}))
	got = traffic(id)
	require.NotNil(t, got["imports_reported_at"])
	require.Equal(t, product, got["not_imported"])
	require.Empty(t, got["without_flow"])

	put(object{"imported_product_ids": []int64{s.product, 999}})
	got = traffic(id)
	require.Equal(t, []any{float64(1), float64(1)}, []any{got["imported"], got["withdrawn"]})
	require.Empty(t, got["not_imported"])

	put(object{"imported_product_ids": nil})
	require.Equal(t, float64(1), traffic(id)["imported"], "who does not say takes nothing back")

	s.must("PUT", fmt.Sprintf("account/organisations/%d/flows", s.organisation), object{"flow_ids": []int64{}})
	require.Equal(t, product, traffic(id)["without_flow"])

	links := 0
	for _, entry := range s.must("GET", "account/audit", nil).([]any) {
		if entry.(object)["action"] == "link" {
			links++
		}
	}
	require.Equal(t, 1, links, "saying the same again is no news")
}
