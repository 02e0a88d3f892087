package services_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/db/dbtest"
	"koppel/ledger"
	"koppel/linking"
	"koppel/server/service/access"
	"koppel/server/service/integrations"
	"koppel/server/service/sales"
	"koppel/server/servicetest"
	"koppel/states"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// planted is what a person says, or a secret: in any of these spellings it is nowhere in the audit log.
var planted = []string{"geplant", "0612349741", "9741", "1971", "0417164300"}

func plant(field string) string {
	switch name := strings.TrimPrefix(field, "connection_"); {
	case name == "email":
		return "geplant@voorbeeld.example"
	case strings.HasPrefix(name, "phone"), name == "mobile":
		return "0612349741"
	case name == "postcode":
		return "9741 XZ"
	case name == "housenumber":
		return "9741"
	case name == "birthdate":
		return "03-07-1971"
	case name == "gender":
		return "male"
	case name == "iban":
		return "NL91ABNA0417164300"
	case name == "company_coc":
		return "97410971"
	case name == "company_vat":
		return "NL974109710B01"
	}
	return "Geplant"
}

// Whatever is asked of the service, what a person says and what is secret stays out of the audit log: nothing takes it out again.
func TestNothingPersonalIsAudited(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	auditedSale(t, s)
	auditedPeople(t, s)
	auditedLinks(t, s)
	rows := log(t, s)
	require.Greater(t, len(rows), 25)
	for _, row := range rows {
		for _, value := range planted {
			require.NotContains(t, strings.ToLower(row), value)
		}
	}
	all := strings.Join(rows, "\n")
	for _, kept := range []string{`"lastname": "•••"`, `"role": "admin"`, `"email": "•••"`, `"granted": [1]`} {
		require.Contains(t, all, kept)
	}
}

func log(t *testing.T, s *servicetest.Shop) []string {
	t.Helper()
	return strings.Split(dbtest.One(t, s.Database, `SELECT string_agg(concat_ws(' ', action, entity, entity_id, old::text, new::text), E'\n') FROM audit_log`), "\n")
}

func auditedSale(t *testing.T, s *servicetest.Shop) {
	t.Helper()
	ctx, link := t.Context(), s.Link()
	body := s.Order(link.Product)
	for _, field := range linking.CustomerFields() {
		body[field] = plant(field)
	}
	sale, err := s.Create(s.Owner, body)
	require.NoError(t, err)
	_, err = s.Sales.CorrectSale(ctx, s.Owner, sale, sales.Correction{Customer: map[string]string{"lastname": "Geplant-Anders", "city": "Geplantstad", "birthdate": "04-07-1971"}})
	require.NoError(t, err)
	require.NoError(t, s.Sales.AddOptin(ctx, s.Owner, sale, map[string]any{
		"source": "geplant", "obtained_by": "Geplant", "obtained_system": "geplant", "remarks": "0612349741", "channels": []any{map[string]any{"type": "phone", "value": "0612349741"}}, "obtained_at": "2026-02-01 12:00:00",
	}))
	require.NoError(t, s.Sales.AbandonForwarding(ctx, s.Owner, s.Forwarding(link, sale).ID, "Geplant wil niet"))
	sent := s.Sell(s.Owner, link.Product)
	s.Sent(link, sent, "900")
	_, _ = s.Sales.RequestCancellation(ctx, s.Owner, sent, "Geplant ziet ervan af")
}

func auditedPeople(t *testing.T, s *servicetest.Shop) {
	t.Helper()
	ctx := t.Context()
	in := access.UserInput{Email: "geplant@voorbeeld.example", Firstname: "Geplant", Lastname: "Geplant", Role: states.RoleAgent, OrganisationID: &s.Organisation, Password: "vliegende9741bananenkwark"}
	user, err := s.Access.CreateUser(ctx, s.Owner, in)
	require.NoError(t, err)
	in.Firstname, in.Email, in.Role, in.Password = "Geplante", "geplant2@voorbeeld.example", states.RoleAdmin, "paarse9741olifantenjas"
	_, err = s.Access.UpdateUser(ctx, s.Owner, user.ID, in, true)
	require.NoError(t, err)
	_, err = s.Access.Invite(ctx, s.Owner, access.UserInput{Email: "geplant3@voorbeeld.example", Lastname: "Geplant", Role: states.RoleAdmin})
	require.NoError(t, err)
	token, text, err := s.Access.CreateToken(ctx, s.Owner, user.ID, access.TokenInput{Name: "laptop van Geplant", IPAllowlist: []string{"10.97.41.0/24"}})
	require.NoError(t, err)
	require.NotContains(t, strings.Join(log(t, s), "\n"), text)
	require.NoError(t, s.Access.RevokeToken(ctx, s.Owner, user.ID, token.ID))
	details := linking.OrganisationDetails{"contractor": "yes"}
	for _, field := range []string{"firstname", "lastname", "email", "phone", "city", "streetname", "postcode", "housenumber"} {
		details[field] = plant(field)
	}
	o, err := s.Access.CreateOrganisation(ctx, s.Owner, access.OrganisationInput{Name: "Bureau", Description: "van Geplant", Details: details})
	require.NoError(t, err)
	_, err = s.Access.UpdateOrganisation(ctx, s.Owner, o.ID, access.OrganisationInput{Name: "Bureau Zuid", Details: linking.OrganisationDetails{"lastname": "Geplant-Anders"}})
	require.NoError(t, err)
	require.NoError(t, s.Access.DeleteOrganisation(ctx, s.Owner, o.ID))
	_, _, err = s.Access.SignIn(ctx, "acme", "geplant2@voorbeeld.example", "paarse9741olifantenjas", netip.MustParseAddr("127.0.0.1"))
	require.NoError(t, err)
}

func auditedLinks(t *testing.T, s *servicetest.Shop) {
	t.Helper()
	ctx := t.Context()
	_, err := s.Access.UpdateUser(ctx, s.Owner, s.Agent.UserID, access.UserInput{Email: "agent@partner.example", Role: states.RoleAgent, OrganisationID: &s.Organisation}, true)
	require.NoError(t, err)
	link := s.Linked(s.Agent, "verkoper")
	_, err = s.Incoming.ResetLinkKey(ctx, s.Owner, link.ID)
	require.NoError(t, err)
	_, _, err = s.Webhooks.Subscribe(ctx, s.Owner, true, ledger.EventSaleCancelled, "http://127.0.0.1/haak/geplant?geheim=geplant")
	require.NoError(t, err)
	made := s.Link()
	_, err = s.Integrations.UpdateIntegration(ctx, s.Owner, made.ID, integrations.IntegrationPatch{Token: new("geplant-token")})
	require.NoError(t, err)
}

// A change of a kind that the table of audited fields has nothing of would be masked whole: each kind is in it.
func TestEveryAuditedKindIsDecided(t *testing.T) {
	t.Parallel()
	table, err := os.ReadFile("../audit.go")
	require.NoError(t, err)
	call, kinds := regexp.MustCompile(`(?:Audit(?:Named)?|productsChanged)\(ctx, tx, \w+, [^,]+, "(\w+)"`), 0
	files, err := filepath.Glob("../*/*.go")
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, found := range call.FindAllSubmatch(text, -1) {
			kinds++
			if kind := string(found[1]); kind != "sync_run" { // only that it was done
				require.Contains(t, string(table), `"`+kind+`"`, file)
			}
		}
	}
	require.Greater(t, kinds, 30)
}
