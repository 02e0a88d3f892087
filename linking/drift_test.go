package linking_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/linking"
)

func TestDrift(t *testing.T) {
	t.Parallel()
	before := linking.PartnerSetup{
		Flows:      []linking.Flow{{ID: 1, Title: "Energie", Type: "e", Identifier: "energie"}, {ID: 2, Title: "Anders", Type: "e", Identifier: "anders"}},
		Questions:  []linking.Question{{Identifier: "betaalwijze", Name: "Betaalwijze", InputType: "mc-single", Options: []string{"Incasso", "Factuur", "Contant"}, Visible: true}},
		Agreements: []linking.Agreement{{Identifier: "voorwaarden", Name: "Voorwaarden", Text: "Akkoord.", Required: true, Visible: true}},
		Statuses:   []linking.Status{{ID: "eigen", Name: "Eigen", Type: "default"}, {ID: "new", Name: "Nieuw", Type: "default"}},
	}
	mappings := linking.Mappings{
		Flows: map[int64]int64{10: 1}, Agreements: map[string]int64{"voorwaarden": 30}, Statuses: map[string]string{"eigen": "new"},
		Questions: map[string]linking.QuestionMapping{"betaalwijze": {QuestionID: 20, Options: linking.Options{"Automatisch": "Incasso"}}},
	}
	ours := []linking.Question{{ID: 20, Name: "Betaalwijze", Options: []string{"Automatisch", "Factuur"}}}
	for name, c := range map[string]struct {
		change func(*linking.PartnerSetup)
		want   []string // part change class
	}{
		"nothing":                    {func(*linking.PartnerSetup) {}, nil},
		"another order":              {func(s *linking.PartnerSetup) { slices.Reverse(s.Flows); slices.Reverse(s.Statuses) }, nil},
		"a system status is renamed": {func(s *linking.PartnerSetup) { s.Statuses[1].Name = "Vers" }, nil},
		"a mapped flow went":         {func(s *linking.PartnerSetup) { s.Flows = s.Flows[1:] }, []string{"flows removed breaking"}},
		"another flow went":          {func(s *linking.PartnerSetup) { s.Flows = s.Flows[:1] }, []string{"flows removed safe"}},
		"a flow asks for an IBAN":    {func(s *linking.PartnerSetup) { s.Flows[0].ConsumerOrderIBANRequired = true }, []string{"flows iban_required breaking"}},
		"a flow got another address": {func(s *linking.PartnerSetup) { s.Flows[0].Identifier = "energie-2" }, []string{"flows type safe"}},
		"a used option went":         {func(s *linking.PartnerSetup) { s.Questions[0].Options = []string{"Factuur", "Contant"} }, []string{"questions options_removed breaking"}},
		"an unused option went":      {func(s *linking.PartnerSetup) { s.Questions[0].Options = []string{"Incasso", "Factuur"} }, []string{"questions options_removed safe"}},
		"an option more": {func(s *linking.PartnerSetup) {
			s.Questions[0].Options = append(slices.Clone(s.Questions[0].Options), "iDEAL")
		}, []string{"questions options_added safe"}},
		"options in another order":  {func(s *linking.PartnerSetup) { s.Questions[0].Options = []string{"Contant", "Factuur", "Incasso"} }, nil},
		"another type":              {func(s *linking.PartnerSetup) { s.Questions[0].InputType = "text" }, []string{"questions type breaking"}},
		"ours need not be answered": {func(s *linking.PartnerSetup) { s.Questions[0].Required = true }, []string{"questions required needs_mapping"}},
		"a validator":               {func(s *linking.PartnerSetup) { s.Questions[0].Validator = "iban" }, []string{"questions validator breaking"}},
		"a new question that is required": {func(s *linking.PartnerSetup) {
			s.Questions = append(s.Questions, linking.Question{Identifier: "meter", Name: "Meter", InputType: "text", Required: true, Visible: true})
		}, []string{"questions added needs_mapping"}},
		"a new question of another product": {func(s *linking.PartnerSetup) {
			s.Questions = append(s.Questions, linking.Question{Identifier: "tv", InputType: "text", Required: true, Visible: true, ProductTypes: []string{"telecom_3p"}})
		}, nil},
		"a heading": {func(s *linking.PartnerSetup) {
			s.Questions = append(s.Questions, linking.Question{Identifier: "kop", InputType: "h2"})
		}, nil},
		"a consent says otherwise": {func(s *linking.PartnerSetup) { s.Agreements[0].Text = "Anders." }, []string{"agreements text needs_mapping"}},
		"a consent was archived":   {func(s *linking.PartnerSetup) { s.Agreements[0].Archive = true }, []string{"agreements removed safe"}},
		"a custom status more": {func(s *linking.PartnerSetup) {
			s.Statuses = append(s.Statuses, linking.Status{ID: "vers", Name: "Vers", Type: "default"})
		}, []string{"statuses added needs_mapping"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := linking.PartnerSetup{
				Flows: slices.Clone(before.Flows), Questions: slices.Clone(before.Questions), Agreements: slices.Clone(before.Agreements), Statuses: slices.Clone(before.Statuses),
			}
			c.change(&now)
			var got []string
			for _, d := range linking.DriftOf(before, now, mappings, ours, []string{"energy_e"}) {
				got = append(got, string(d.Part)+" "+d.Change+" "+d.Class)
			}
			require.Equal(t, c.want, got)
		})
	}
}
