package linking_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/linking"
	"koppel/states"
)

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

func TestWorkingDays(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Europe/Amsterdam")
	require.NoError(t, err)
	at := func(year int, month time.Month, day, hour int) time.Time {
		return time.Date(year, month, day, hour, 30, 0, 0, zone)
	}
	for name, c := range map[string]struct {
		from, till time.Time
		days       int
	}{
		"over a weekend":                     {at(2026, 5, 8, 14), at(2026, 5, 11, 14), 1},
		"from a Saturday":                    {at(2026, 5, 9, 14), at(2026, 5, 11, 14), 1},
		"Good Friday works, Easter does not": {at(2026, 4, 2, 14), at(2026, 4, 7, 14), 2},
		"the King's day":                     {at(2026, 4, 24, 9), at(2026, 4, 28, 9), 1},
		"the King's day, moved to Saturday":  {at(2025, 4, 25, 9), at(2025, 4, 28, 9), 1},
		"Liberation Day in a fifth year":     {at(2025, 5, 2, 9), at(2025, 5, 6, 9), 1},
		"Liberation Day in another year":     {at(2026, 5, 4, 9), at(2026, 5, 5, 9), 1},
		"summer time begins":                 {at(2026, 3, 27, 12), at(2026, 3, 30, 12), 1},
		"Christmas and New Year":             {at(2026, 12, 24, 16), at(2027, 1, 4, 16), 5},
		"none":                               {at(2026, 5, 9, 14), at(2026, 5, 9, 14), 0},
	} {
		require.Equal(t, c.till.UTC(), linking.Delay{Amount: c.days, Unit: "working_days"}.After(c.from).UTC(), name)
	}
}

// A further product goes into the section of the partner's flow that offers it, whatever the section is called here.
func TestSectionsAreThePartners(t *testing.T) {
	t.Parallel()
	sale := linking.SaleToForward{
		Self: "https://wij.example/a", Partner: "https://zij.example/b", Sold: linking.Sold{Flow: linking.SoldFlow{ID: 1}},
		Lines: []linking.SoldLine{{PartnerProductID: 70, Quantity: 1}, {PartnerProductID: 71, Quantity: 2, Section: "extra"}, {PartnerProductID: 72, Quantity: 1, Section: "los"}},
	}
	setup := linking.PartnerSetup{Flows: []linking.Flow{{ID: 5, Type: "default", Identifier: "f", Sections: []linking.Section{
		{Identifier: "toebehoren", Products: []linking.SectionProduct{{ID: 71}}},
	}}}}
	request, problems := linking.BuildRequest(sale, setup, linking.Mappings{Flows: map[int64]int64{1: 5}})
	require.Empty(t, problems)
	require.Equal(t, []map[string]any{
		{"product_id": int64(71), "quantity": 2, "section_identifier": "toebehoren"}, {"product_id": int64(72), "quantity": 1, "section_identifier": "los"},
	}, request.Body["related_products"])
}

// Opt-in data goes along only with the switch on, to a partner that takes it, while it is valid and not withdrawn.
func TestOptinFate(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 31, 12, 0, 0, 0, time.UTC)
	before, after := now.Add(-time.Hour), now.Add(time.Hour)
	for name, test := range map[string]struct {
		send, taken      bool
		withdrawn, until *time.Time
		want             string
	}{
		"sent":                  {true, true, nil, nil, linking.OptinSent},
		"valid for a while yet": {true, true, nil, &after, linking.OptinSent},
		"switched off":          {false, true, nil, nil, linking.OptinOff},
		"a stock account":       {true, false, nil, nil, linking.OptinNotTaken},
		"withdrawn":             {true, true, &before, nil, linking.OptinWithdrawn},
		"expired":               {true, true, nil, &before, linking.OptinExpired},
	} {
		require.Equal(t, test.want, linking.OptinFate(test.send, test.taken, test.withdrawn, test.until, now), name)
	}
}

// A sale that came in before forms were checked goes on in the known form, and waits for a person where it has none.
func TestKnownFormsBeforeForwarding(t *testing.T) {
	t.Parallel()
	sale := linking.SaleToForward{
		Self: "https://wij.example/a", Partner: "https://zij.example/b", Lines: []linking.SoldLine{{PartnerProductID: 70, Quantity: 1}},
		Sold: linking.Sold{Flow: linking.SoldFlow{ID: 1}, Questions: []linking.Question{{ID: 7, Identifier: "rekening", Name: "Rekening", InputType: "text"}}},
		Submission: linking.Submission{
			Fields:  map[string]string{"iban": "nl91 abna 0417 1643 00", "phone": "+31 6 12345678", "postcode": "1234ab", "onbekend": "x"},
			Answers: map[string]linking.Answer{"rekening": linking.TextAnswer("be68 5390 0754 7034")},
		},
	}
	setup := linking.PartnerSetup{Flows: []linking.Flow{{ID: 5, Type: "default", Identifier: "f"}}, Questions: []linking.Question{{Identifier: "iban2", Name: "IBAN", InputType: "text", Visible: true, Validator: "iban"}}}
	mappings := linking.Mappings{Flows: map[int64]int64{1: 5}, Questions: map[string]linking.QuestionMapping{"iban2": {QuestionID: 7}}}
	request, problems := linking.BuildRequest(sale, setup, mappings)
	require.Empty(t, problems)
	require.Equal(t, []any{"NL91ABNA0417164300", "0612345678", "1234 AB", "x"}, []any{request.Body["iban"], request.Body["phone"], request.Body["postcode"], request.Body["onbekend"]})
	require.Equal(t, map[string]any{"iban2": linking.TextAnswer("BE68539007547034")}, request.Body["questionData"])
	require.Equal(t, "nl91 abna 0417 1643 00", sale.Submission.Fields["iban"], "what was kept stays as it was")

	sale.Submission.Fields["iban"], sale.Submission.Fields["gas_ean"] = "NL00BANK0123456789", "8,71687E+17"
	_, problems = linking.BuildRequest(sale, setup, mappings)
	require.Equal(t, []linking.Problem{{Code: states.ProblemIBANCheck, Field: "iban", Detail: "NL00BANK0123456789"}}, problems, "only what a person can correct keeps a sale")
}
