package linking_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/linking"
)

func TestTheOneCandidate(t *testing.T) {
	t.Parallel()
	weak, ours, double := linking.Candidate{PartnerSaleID: "1", Score: 1}, linking.Candidate{PartnerSaleID: "2", Score: linking.FullScore}, linking.Candidate{PartnerSaleID: "3", Score: linking.FullScore}
	taken := "9"
	free := linking.FreeCandidates([]linking.Candidate{weak, {PartnerSaleID: "9", Score: linking.FullScore}, ours}, []*string{&taken, nil})
	require.Equal(t, []linking.Candidate{ours, weak}, free, "the best first, without what was adopted")
	one, certain := linking.TheOne(free)
	require.True(t, certain)
	require.Equal(t, ours, one)
	_, certain = linking.TheOne([]linking.Candidate{ours, double})
	require.False(t, certain, "two that agree in everything")
	_, certain = linking.TheOne([]linking.Candidate{weak})
	require.False(t, certain)
	require.Len(t, linking.FreeCandidates(slices.Repeat([]linking.Candidate{weak}, 100), nil), 20)
}

// A partner that writes seconds can change a sale's status in the second that it was made.
func TestAStatusOfTheSameSecond(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	update := linking.StatusUpdate{Status: "in-behandeling", At: at, CreatedAt: at}
	decision, status := linking.DecideStatus(linking.StatusKnown{Status: "new"}, update, map[string]string{"in-behandeling": "bezig"})
	require.Equal(t, linking.StatusApply, decision)
	require.Equal(t, "bezig", status)
	decision, _ = linking.DecideStatus(linking.StatusKnown{Status: "verified"}, linking.StatusUpdate{Status: "new", At: at, CreatedAt: at}, nil)
	require.Equal(t, linking.StatusNothing, decision, "what it begins with is no change")
}
