package activities

import (
	"context"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/salesdock"
	"koppel/salesdock/practice"
)

const rightOrder = `{"transaction_type": "order", "product_id": 1000, "business": 0, "firstname": "A", "lastname": "B", "email": "a@b.example", "phone": "1", "birthdate": "01-02-1980",
	"postcode": "1234AB", "housenumber": "1", "streetname": "S", "city": "C", "connection_postcode": "1234AB", "connection_housenumber": "1", "connection_streetname": "S", "connection_city": "C",
	"questionData": {"betaalwijze": "Incasso"}, "agreements": {"voorwaarden": "1"}}`

// TestEveryMoodOfACreate holds what an answer proves against the ledger of a partner in each of its moods: what it made is
// taken or unknown, and never sent again or called refused; what it refuses is called so.
func TestEveryMoodOfACreate(t *testing.T) {
	t.Parallel()
	moods := 0
	for _, mood := range practice.All() {
		made, refused := strings.HasPrefix(mood.Name, "made-"), strings.HasPrefix(mood.Name, "refused-")
		if !made && !refused && !strings.HasPrefix(mood.Name, "not-made-") {
			continue
		}
		moods++
		t.Run(mood.Name, func(t *testing.T) {
			t.Parallel()
			partner := practice.New(practice.Config{Account: "oefen", Products: 1})
			require.NoError(t, partner.SetMoods(1, map[string]float64{mood.Name: 1}))
			server := httptest.NewServer(partner)
			t.Cleanup(server.Close)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if strings.HasSuffix(mood.Name, "-silent") { // waited for until the sale is made, and no longer
				go func() {
					for len(partner.Ledger()) == 0 && ctx.Err() == nil {
						runtime.Gosched()
					}
					cancel()
				}()
			}
			client := salesdock.NewClient(salesdock.NewTransport([]string{"127.0.0.1"}, nil), server.URL, "oefen", partner.Token())
			_, err := client.CreateSale(ctx, "energie-consument", "oefen", []byte(rightOrder), "")
			require.Equal(t, made, len(partner.Ledger()) == 1, "%v", err)
			if err == nil {
				require.True(t, made, "taken for made")
				return
			}
			got := classify(err, asCreate).Disposition
			switch {
			case made:
				require.Equal(t, Unknown, got, "%v", err)
			case refused:
				require.Contains(t, []Disposition{Person, Pause, Retry}, got, "%v", err)
				require.Equal(t, strings.Contains(mood.Name, "429"), got == Retry, "the same request would be refused again: %v", err)
			default:
				require.Equal(t, Unknown, got, "nobody can know: %v", err)
			}
		})
	}
	require.Greater(t, moods, 50)
}
