package linking_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/linking"
	"koppel/states"
)

func rule(t *testing.T, text string) *linking.Rule {
	t.Helper()
	r, err := linking.ParseRule([]byte(text))
	require.NoError(t, err)
	return r
}

func leaf(identifier, name, operator, value string) string {
	data, _ := json.Marshal(map[string]string{"type": "condition", "identifier": identifier, "name": name, "operator": operator, "value": value})
	return string(data)
}

func group(criterion string, rules ...string) string {
	text := `{"type": "condition_group", "criterion": "` + criterion + `", "visibility": true, "rules": [`
	for i, r := range rules {
		if i > 0 {
			text += ","
		}
		text += r
	}
	return text + "]}"
}

var facts = &linking.SaleFacts{
	Status: "new", Business: true, ProductIDs: []int64{7}, ProductTypes: []string{"energy_e"}, Suppliers: []string{"voltera", "3"},
	Answers:       map[string]linking.Answer{"panelen": linking.TextAnswer("12"), "diensten": {Values: []string{"a", "b"}, Multi: true}, "leeg": linking.TextAnswer(" ")},
	QuestionNames: map[string]string{"Aantal panelen": "panelen", "Diensten": "diensten", "Leeg": "leeg"},
}

func TestConditions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rule string
		want linking.Truth
	}{
		{leaf("product.type", "", "=", "energy_e"), linking.True},
		{leaf("product.type", "", "!=", "energy_e"), linking.False},
		{leaf("product.id", "", "=", "7"), linking.True},
		{leaf("product.id", "", "=", "7.0"), linking.True},
		{leaf("profile.type", "", "=", "business"), linking.True},
		{leaf("supplier.id", "", "=", "VOLTERA"), linking.True},
		{leaf("question.id", "Aantal panelen", ">", "9"), linking.True},
		{leaf("question.id", "Aantal panelen", "<", "9"), linking.False},
		{leaf("question.id", "Aantal panelen", ">", "veel"), linking.Unknown},
		{leaf("question.id", "Diensten", "=", "b"), linking.True},
		{leaf("question.id", "Diensten", "contains", "A"), linking.True},
		{leaf("question.id", "Leeg", "=", ""), linking.True},
		{leaf("question.id", "Leeg", "empty", ""), linking.True},
		{leaf("question.id", "Nooit gevraagd", "=", "x"), linking.Unknown},
		{leaf("moon.phase", "", "=", "full"), linking.Unknown},
		{leaf("product.type", "", "resembles", "energy_e"), linking.Unknown},
		{group("ALL"), linking.True},
		{group("ALL", leaf("product.id", "", "=", "7"), leaf("moon.phase", "", "=", "x")), linking.Unknown},
		{group("ALL", leaf("product.id", "", "=", "8"), leaf("moon.phase", "", "=", "x")), linking.False},
		{group("ANY", leaf("product.id", "", "=", "7"), leaf("moon.phase", "", "=", "x")), linking.True},
		{group("ANY", leaf("product.id", "", "=", "8"), leaf("moon.phase", "", "=", "x")), linking.Unknown},
		{group("SOME", leaf("product.id", "", "=", "7")), linking.Unknown},
		{`{"type": "condition", "identifier": "product.type", "operator": "in", "value": ["telecom_3p", "energy_e"]}`, linking.True},
		{`{"type": "condition", "identifier": "product.id", "operator": "=", "value": 7}`, linking.True},
		{`"{\"type\": \"condition\", \"identifier\": \"product.id\", \"operator\": \"=\", \"value\": 7}"`, linking.True},
		{"null", linking.True}, {"[]", linking.True}, {`""`, linking.True},
	} {
		require.Equal(t, c.want, rule(t, c.rule).Evaluate(facts), c.rule)
	}
}

func FuzzRule(f *testing.F) {
	f.Add([]byte(group("ANY", leaf("question.id", "x", "<=", "3"), group("ALL", leaf("product.id", "", "in", "1")))))
	f.Add([]byte(`{"type":"condition","identifier":"product.id","operator":">","value":"1e999999999"}`))
	f.Fuzz(func(_ *testing.T, data []byte) {
		r, err := linking.ParseRule(data)
		if err != nil {
			return
		}
		r.Evaluate(facts)
		r.FirstFailing(facts)
		_ = r.Validate()
	})
}

func TestQualifies(t *testing.T) {
	t.Parallel()
	settings := linking.DefaultSettings()
	sale := *facts
	verdict := func() linking.Verdict { return settings.Qualifies(&sale, false) }
	require.Equal(t, states.ReasonForwardingOff, verdict().Reasons[0].Code)
	settings.Forwarding.Enabled = true
	require.Equal(t, states.ReasonByHandOnly, verdict().Reasons[0].Code)
	require.True(t, settings.Qualifies(&sale, true).OK, "by hand, automatic does not matter")
	settings.Forwarding.Automatic = true
	require.Equal(t, linking.GeneralSetting, verdict().By)
	sale.Status = "concept"
	require.False(t, verdict().OK, "every status leaves out concept")
	sale.Status, sale.StatusType = "eigen", linking.StatusTypeCancelled
	require.False(t, verdict().OK, "and the cancelled types")
	settings.Forwarding.Statuses = linking.StatusSet{IDs: []string{"verified"}}
	sale.Status, sale.StatusType = "new", "default"
	require.Equal(t, states.ReasonStatus, verdict().Reasons[0].Code)
	require.False(t, settings.Qualifies(&sale, true).OK, "the status counts by hand too")
	settings.Rules = []linking.ForwardingRule{
		{Name: "maan", Enabled: true, Automatic: true, Statuses: linking.StatusSet{All: true}, Conditions: rule(t, leaf("moon.phase", "", "=", "x"))},
		{Name: "stroom", Enabled: true, Automatic: true, Statuses: linking.StatusSet{All: true}, Conditions: rule(t, leaf("product.type", "", "=", "energy_e"))},
	}
	require.Equal(t, "stroom", verdict().By)
	settings.Rules = settings.Rules[:1]
	reasons := verdict().Reasons
	require.Equal(t, states.ReasonConditionKnown, reasons[len(reasons)-1].Code, "what is not known makes a rule not apply, and says so")
}

func TestDelayCountsCalendarDays(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Europe/Amsterdam")
	require.NoError(t, err)
	from := time.Date(2026, 3, 28, 12, 0, 0, 0, zone) // the clock goes forward in the night
	require.Equal(t, time.Date(2026, 3, 29, 12, 0, 0, 0, zone).UTC(), linking.Delay{Amount: 1, Unit: "days"}.After(from).UTC())
	require.Equal(t, from.Add(90*time.Minute), linking.Delay{Amount: 90, Unit: "minutes"}.After(from))
}

func TestProductHashMeansTheSameContent(t *testing.T) {
	t.Parallel()
	a := linking.ProductContent{Name: "Stroom", Type: "energy_e", SupplierID: 1, CustomFields: map[string]string{"tariff_single": "0.25", "cashback": "50"}}
	b := a
	b.SupplierID = 99
	b.CustomFields = map[string]string{"cashback": "50", "tariff_single": "0.25"}
	require.Equal(t, a.Hash(), b.Hash(), "order and the environment's own ids do not count")
	require.Empty(t, a.Diff(b))
	b.CustomFields["tariff_single"] = "0.26"
	b.Duration = 12
	require.NotEqual(t, a.Hash(), b.Hash())
	changes := a.Diff(b)
	require.Equal(t, []linking.FieldChange{{Field: "customfields.tariff_single", Old: "0.25", New: "0.26"}, {Field: "duration", Old: nil, New: 12.0}}, changes)
	require.Empty(t, a.Diff(b.Without(changes)), "undone")
	for text, want := range map[string]string{"0.250": "0.25", "6.990": "6.99", "": "", "12": "12", "-1.50": "-1.5"} {
		amount, err := linking.ParseAmount(text)
		require.NoError(t, err)
		require.Equal(t, want, amount)
	}
	_, err := linking.ParseAmount("1e9")
	require.Error(t, err)
}

func TestBrake(t *testing.T) {
	t.Parallel()
	require.False(t, linking.BrakeNeeded(20, 30), "at most 20 is never too many")
	require.True(t, linking.BrakeNeeded(21, 100))
	require.False(t, linking.BrakeNeeded(50, 1000), "5 % is allowed")
	require.True(t, linking.BrakeNeeded(51, 1000))
}

func TestStatusDecisions(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	known := linking.StatusKnown{Status: "new", PartnerStatus: "sent", PartnerAt: at}
	mapping := map[string]string{"eigen": "netto", "verified": "sent"}
	decide := func(known linking.StatusKnown, status string, when time.Time) (string, string) {
		return linking.DecideStatus(known, linking.StatusUpdate{Status: status, At: when, CreatedAt: at.Add(-time.Hour)}, mapping)
	}
	for _, c := range []struct {
		status   string
		when     time.Time
		decision string
		target   string
	}{
		{"netto", at.Add(time.Second), linking.StatusApply, "netto"},
		{"netto", at, linking.StatusApply, "netto"},              // equally old and different
		{"sent", at, linking.StatusNothing, ""},                  // seen before
		{"netto", at.Add(-time.Second), linking.StatusOlder, ""}, // came late
		{"eigen", at.Add(time.Second), linking.StatusApply, "netto"},
		{"verified", at.Add(time.Second), linking.StatusApply, "sent"}, // a system status, overridden
		{"onbekend", at.Add(time.Second), linking.StatusUnmapped, ""},
		{"new", at.Add(time.Second), linking.StatusNothing, "new"}, // we have it already
	} {
		decision, target := decide(known, c.status, c.when)
		require.Equal(t, []string{c.decision, c.target}, []string{decision, target}, c.status)
	}
	cancelled := known
	cancelled.CancelledByPerson = true
	decision, _ := decide(cancelled, "netto", at.Add(time.Second))
	require.Equal(t, linking.StatusStaysGone, decision)
	decision, _ = decide(linking.StatusKnown{Status: "verified"}, "new", at.Add(-time.Hour))
	require.Equal(t, linking.StatusNothing, decision, "what the partner's sale began with changes nothing")
}

func TestBuildRequest(t *testing.T) {
	t.Parallel()
	theirs := linking.PartnerSetup{
		Flows: []linking.Flow{{ID: 5, Type: "energie", Identifier: "e"}},
		Questions: []linking.Question{
			{Name: "Payment", Identifier: "pay", InputType: "mc-single", Options: []string{"Incasso", "Invoice"}, Required: true, Visible: true},
			{Name: "Services", Identifier: "services", InputType: "mc-multi", Options: []string{"A", "B"}, Visible: true},
			{Name: "Invoice mail", Identifier: "mail", InputType: "email", Visible: true, RuleRequired: true, Rule: rule(t, leaf("question.id", "Payment", "=", "Invoice"))},
			{Name: "Other type", Identifier: "tv", InputType: "text", Required: true, Visible: true, ProductTypes: []string{"telecom_3p"}},
		},
		Agreements: []linking.Agreement{{Identifier: "terms", Name: "Terms", Required: true, Visible: true}},
	}
	mappings := linking.Mappings{
		Flows: map[int64]int64{1: 5}, Agreements: map[string]int64{"terms": 30},
		Questions: map[string]linking.QuestionMapping{"pay": {QuestionID: 10, Options: linking.Options{"Automatisch": "Incasso", "Nota": "Invoice"}}, "services": {QuestionID: 11}},
	}
	sale := linking.SaleToForward{Self: "https://wij.example/a", Partner: "https://zij.example/b",
		Reference: "a/1/2",
		Submission: linking.Submission{
			TransactionType: states.SaleOrder, Fields: map[string]string{"firstname": "Jan"}, Agreements: map[string]bool{"av": true},
			Answers: map[string]linking.Answer{"betaal": linking.TextAnswer("Automatisch"), "diensten": {Values: []string{"A", "B"}, Multi: true}},
		},
		Sold: linking.Sold{
			Flow:       linking.SoldFlow{ID: 1, Title: "Energie"},
			Questions:  []linking.Question{{ID: 10, Name: "Betaalwijze", Identifier: "betaal"}, {ID: 11, Name: "Diensten", Identifier: "diensten"}},
			Agreements: []linking.Agreement{{ID: 30, Identifier: "av", Name: "Voorwaarden"}},
		},
		Lines: []linking.SoldLine{{ProductID: 70, PartnerProductID: 700, Content: linking.ProductContent{Type: "energy_e"}}},
	}
	request, problems := linking.BuildRequest(sale, theirs, mappings)
	require.Empty(t, problems)
	require.Equal(t, "energie", request.FlowType)
	body, err := json.Marshal(request.Body)
	require.NoError(t, err)
	require.JSONEq(t, `{"transaction_type": "order", "product_id": 700, "business": 0, "firstname": "Jan", "suffix": null, "connection_suffix": null, "external_reference": "a/1/2",
		"questionData": {"pay": "Incasso", "services": ["A", "B"]}, "agreements": {"terms": "1"}}`, string(body))

	code := func(change func()) string {
		change()
		_, problems := linking.BuildRequest(sale, theirs, mappings)
		require.NotEmpty(t, problems)
		return string(problems[0].Code) + " " + problems[0].Subject
	}
	require.Equal(t, "required Invoice mail", func() string {
		sale.Submission.Answers["betaal"] = linking.TextAnswer("Nota")
		mappings.Questions["mail"] = linking.QuestionMapping{QuestionID: 10}
		delete(mappings.Questions, "mail")
		_, problems := linking.BuildRequest(sale, theirs, mappings)
		return "required " + problems[0].Subject
	}(), "B's rule is worked out at A")
	require.Equal(t, "option_unmapped Betaalwijze", code(func() { sale.Submission.Answers["betaal"] = linking.TextAnswer("Acceptgiro") }))
	require.Equal(t, "question_unmapped Payment", code(func() { delete(mappings.Questions, "pay") }))
	require.Equal(t, "flow_unmapped Energie", code(func() { delete(mappings.Flows, 1) }))
}

// In the hour that clocks show twice a time without a zone may be an hour off: another status is not taken for older.
func TestStatusInTheRepeatedHour(t *testing.T) {
	t.Parallel()
	seen := time.Date(2026, 10, 25, 0, 50, 0, 0, time.UTC)
	known := linking.StatusKnown{Status: "sent", PartnerStatus: "sent", PartnerAt: seen}
	update := linking.StatusUpdate{Status: "netto", At: seen.Add(-40 * time.Minute), CreatedAt: seen.Add(-time.Hour)}
	decision, _ := linking.DecideStatus(known, update, nil)
	require.Equal(t, linking.StatusOlder, decision)
	update.Repeated = true
	decision, status := linking.DecideStatus(known, update, nil)
	require.Equal(t, linking.StatusApply, decision)
	require.Equal(t, "netto", status)
}
