package linking_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/linking"
)

func TestTheOneCandidate(t *testing.T) {
	t.Parallel()
	full := func(id string) linking.Candidate {
		return linking.Candidate{PartnerSaleID: id, Score: linking.FullScore, Product: true, Timely: true}
	}
	weak, ours, double, taken := linking.Candidate{PartnerSaleID: "1", Score: 1}, full("2"), full("3"), "9"
	free := linking.FreeCandidates([]linking.Candidate{weak, full("9"), ours}, []*string{&taken, nil})
	require.Equal(t, []linking.Candidate{ours, weak}, free, "the best first, without what was adopted")
	one, certain := linking.TheOne(free)
	require.True(t, certain)
	require.Equal(t, ours, one)
	require.Len(t, linking.FreeCandidates(slices.Repeat([]linking.Candidate{weak}, 100), nil), 20)
	late, other := ours, ours
	late.Timely, other.Product = false, false
	for name, candidates := range map[string][]linking.Candidate{
		"two that agree in everything": {ours, double}, "one that hardly does": {weak}, "made at another time": {late}, "of another product": {other},
		"the same at another time beside it": {double, late}, "none": nil,
	} {
		_, certain := linking.TheOne(candidates)
		require.False(t, certain, name)
	}
}

func TestTheOnlyCandidate(t *testing.T) {
	t.Parallel()
	full := linking.Candidate{PartnerSaleID: "3", Score: linking.FullScore, Product: true}
	two := linking.Candidate{PartnerSaleID: "1", Score: 2, Product: true}
	one, other, fullOther := two, two, full
	one.Score, other.Product, fullOther.Product = 1, false, false
	for name, candidates := range map[string][]linking.Candidate{
		"alone, and most agrees": {two}, "everything agrees": {full}, "weaker ones beside it": {full, two, one}, "another product beside it": {full, fullOther},
	} {
		chosen, ok := linking.TheOnly(candidates)
		require.True(t, ok, name)
		require.Equal(t, candidates[0], chosen, name)
	}
	for name, candidates := range map[string][]linking.Candidate{
		"none": nil, "two of one strength": {two, two}, "a weaker one beside what is not all": {two, one}, "little agrees": {one},
		"of another product": {other}, "two on which everything agrees": {full, full}, "everything agrees, of another product": {fullOther},
	} {
		_, ok := linking.TheOnly(candidates)
		require.False(t, ok, name)
	}
}

// However people and systems write a customer, it is the same one; and what cannot be compared is not another.
func TestCompareCustomer(t *testing.T) {
	t.Parallel()
	sent := map[string]string{"email": "Jan.Jansen@voorbeeld.example", "lastname": "van der Böhm", "birthdate": "01-02-1980"}
	emails := []string{"jan.jansen@voorbeeld.example", " JAN.JANSEN@VOORBEELD.EXAMPLE ", "Jan.Jansen@voorbeeld.example\u00a0"}
	names := []string{"van der Böhm", "Van Der  Böhm ", "VAN DER BÖHM", "van der Bo\u0308hm", "vander Böhm"}
	for _, email := range emails {
		for _, name := range names {
			for _, day := range []string{"01-02-1980", "1-2-1980", "1980-02-01", "1980-02-01 00:00:00", "1980-01-31T23:00:00Z", "1980-02-01T00:00:00+0100", "1980-02-01T00:00:00+01:00", "01-02-1980 00:00"} {
				agree, compared := linking.CompareCustomer(sent, email, name, day)
				require.Equal(t, []int{3, 3}, []int{agree, compared}, "%q %q %q", email, name, day)
			}
		}
	}
	for _, c := range []struct {
		email, name, day string
		agree, compared  int
	}{
		{"", "", "", 0, 0},
		{"", "", "0000-00-00", 0, 0},
		{"", "", "onbekend", 0, 0},
		{"", "", "01/02/1980", 0, 0}, // whose month comes first?
		{"piet@voorbeeld.example", "Pietersen", "02-01-1980", 0, 3},
		{"", "van der Böhm", "", 1, 1},
		{"jan.jansen@voorbeeld.example", "Pietersen", "0000-00-00 00:00:00", 1, 2},
	} {
		agree, compared := linking.CompareCustomer(sent, c.email, c.name, c.day)
		require.Equal(t, []int{c.agree, c.compared}, []int{agree, compared}, "%+v", c)
	}
	agree, compared := linking.CompareCustomer(map[string]string{}, "a@b.example", "x", "01-02-1980")
	require.Equal(t, []int{0, 0}, []int{agree, compared}, "nothing of ours to compare with")
}
