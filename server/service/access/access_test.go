package access_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/db/dbtest"
	"koppel/linking"
	"koppel/salesdock"
	"koppel/server/service"
	"koppel/server/service/access"
	"koppel/server/servicetest"
	"koppel/states"
)

var anywhere = netip.MustParseAddr("127.0.0.1")

// An admin does what an owner does, but to owners: makes none, changes none, and makes no token for one.
func TestAnAdminIsNoOwner(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	admin, ctx := s.User("admin@acme.example", states.RoleAdmin), t.Context()
	_, err := s.Access.CreateUser(ctx, admin, access.UserInput{Email: "baas@acme.example", Role: states.RoleOwner})
	s.Refused(service.Forbidden().Key, err)
	_, err = s.Access.UpdateUser(ctx, admin, s.Owner.UserID, access.UserInput{Email: "owner@acme.example", Role: states.RoleAdmin}, true)
	s.Refused(service.Forbidden().Key, err)
	_, _, err = s.Access.CreateToken(ctx, admin, s.Owner.UserID, access.TokenInput{Name: "t"})
	s.Refused(service.Forbidden().Key, err)
	_, err = s.Access.CreateUser(ctx, admin, access.UserInput{Email: "ander@acme.example", Role: states.RoleAdmin})
	require.NoError(t, err)
}

// A change of somebody's access is an action of its own in the log, and is mailed to the address that they had. Nobody below
// an owner changes an owner's, and a token, which proves no password, changes only what is below its user.
func TestAChangeOfAccessIsTold(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	s.MailConfigured = true
	ctx, admin := t.Context(), s.User("admin@acme.example", states.RoleAdmin)
	other := s.User("ander@acme.example", states.RoleAdmin)
	in := access.UserInput{Email: "nieuw@partner.example", Role: states.RoleTeamleader, OrganisationID: &s.Organisation, Password: "vliegende bananenkwark 7"}
	_, err := s.Access.UpdateUser(ctx, admin, s.Agent.UserID, in, false)
	require.NoError(t, err)
	in.Password = ""
	_, err = s.Access.UpdateUser(ctx, admin, s.Agent.UserID, in, true)
	require.NoError(t, err)
	token, _, err := s.Access.CreateToken(ctx, admin, s.Agent.UserID, access.TokenInput{Name: "t"})
	require.NoError(t, err)
	require.NoError(t, s.Access.RevokeToken(ctx, admin, s.Agent.UserID, token.ID))
	told := dbtest.One(t, s.Database, fmt.Sprintf(`SELECT string_agg(action, ' ' ORDER BY id) FROM audit_log WHERE entity = 'user' AND entity_id = '%d' AND user_id = %d AND action NOT IN ('create', 'update')`, s.Agent.UserID, admin.UserID))
	require.Equal(t, "set_password change_email change_role switch_off switch_on make_token revoke_token", told)
	require.Equal(t, strings.Join(states.Texts(states.AccessChanges...), " "), told, "each change there is")
	require.Equal(t, fmt.Sprint(len(states.AccessChanges)), dbtest.One(t, s.Database, fmt.Sprintf(`SELECT count(*)::text FROM mails WHERE kind = 'access' AND user_id = %d`, s.Agent.UserID)))

	owners, err := s.Access.Tokens(ctx, s.Owner, s.Owner.UserID)
	require.NoError(t, err)
	s.Refused(service.Forbidden().Key, s.Access.RevokeToken(ctx, admin, s.Owner.UserID, owners[0].ID))
	byToken := admin
	byToken.TokenID = 1
	_, _, err = s.Access.CreateToken(ctx, byToken, other.UserID, access.TokenInput{Name: "t"})
	s.Refused(service.Forbidden().Key, err)
	_, err = s.Access.CreateUser(ctx, byToken, access.UserInput{Email: "derde@acme.example", Role: states.RoleAdmin})
	s.Refused(service.Forbidden().Key, err)
	_, err = s.Access.InviteUser(ctx, byToken, other.UserID)
	s.Refused(service.Forbidden().Key, err)
	_, _, err = s.Access.CreateToken(ctx, byToken, s.Agent.UserID, access.TokenInput{Name: "t"})
	require.NoError(t, err)
}

// Who is not let in is kept, with from where; what they typed is not.
func TestWhoIsNotLetInIsAudited(t *testing.T) {
	t.Parallel()
	w := servicetest.New(t)
	ctx := service.WithOrigin(t.Context(), service.Origin{Address: "192.0.2.7", Request: "ABC"})
	for _, try := range [][2]string{{"acme", "owner@acme.example"}, {"acme", "geheim@acme.example"}, {"nergens", "owner@acme.example"}} {
		_, _, err := w.Access.SignIn(ctx, try[0], try[1], "geraden wachtwoord", anywhere)
		w.Refused("sign_in_refused", err)
	}
	w.RefusedField("your_password", "password_wrong", w.Access.ConfirmPassword(ctx, w.Owner, "geraden wachtwoord"))
	owner := fmt.Sprint(w.Owner.UserID)
	require.Equal(t, "sign_in_failed/user/"+owner+"//192.0.2.7/ABC sign_in_failed/user///192.0.2.7/ABC confirm_failed/user/"+owner+"//192.0.2.7/ABC",
		dbtest.One(t, w.Database, `SELECT string_agg(concat_ws('/', action, entity, entity_id, coalesce(user_id::text, ''), address, request), ' ' ORDER BY id) FROM audit_log WHERE action LIKE '%failed'`))
}

// An environment keeps an active owner, whether the last one is switched off or made an admin.
func TestAnEnvironmentKeepsAnOwner(t *testing.T) {
	t.Parallel()
	w := servicetest.New(t)
	owner := access.UserInput{Email: "owner@acme.example", Role: states.RoleOwner}
	_, err := w.Access.UpdateUser(t.Context(), w.Owner, w.Owner.UserID, owner, false)
	w.Refused("last_owner", err)
	_, err = w.Access.UpdateUser(t.Context(), w.Owner, w.Owner.UserID, access.UserInput{Email: owner.Email, Role: states.RoleAdmin}, true)
	w.Refused("last_owner", err)
	_, err = w.Access.CreateUser(t.Context(), w.Owner, access.UserInput{Email: "tweede@acme.example", Role: states.RoleOwner})
	require.NoError(t, err)
	_, err = w.Access.UpdateUser(t.Context(), w.Owner, w.Owner.UserID, owner, false)
	require.NoError(t, err)
}

// A token opens its own account, from where it may, until it expires, is revoked, or its user is switched off.
func TestWhatATokenOpens(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	s.Environment("other")
	ctx := t.Context()
	agent := access.UserInput{Email: "agent@partner.example", Role: states.RoleAgent, OrganisationID: &s.Organisation}
	token, text, err := s.Access.CreateToken(ctx, s.Owner, s.Agent.UserID, access.TokenInput{Name: "t", IPAllowlist: []string{"10.0.0.0/8"}, ExpiresAt: new(s.Now().Add(time.Hour))})
	require.NoError(t, err)
	opens := func(account, text, from string) error {
		_, err := s.Access.Authenticate(ctx, account, text, netip.MustParseAddr(from))
		return err
	}
	require.NoError(t, opens("acme", text, "10.1.2.3"))
	require.NoError(t, opens("acme", text, "::ffff:10.1.2.3"), "the same address, written otherwise")
	s.Refused("address_not_allowed", opens("acme", text, "192.0.2.1"))
	s.Refused("account_not_of_token", opens("other", text, "10.1.2.3"))
	s.Refused("bad_token", opens("acme", text+"x", "10.1.2.3"))
	_, err = s.Access.UpdateUser(ctx, s.Owner, s.Agent.UserID, agent, false)
	require.NoError(t, err)
	s.Refused("bad_token", opens("acme", text, "10.1.2.3"))
	_, err = s.Access.UpdateUser(ctx, s.Owner, s.Agent.UserID, agent, true)
	require.NoError(t, err)
	s.Ahead = 2 * time.Hour
	s.Refused("bad_token", opens("acme", text, "10.1.2.3"))
	s.Ahead = 0
	require.NoError(t, opens("acme", text, "10.1.2.3"))
	require.NoError(t, s.Access.RevokeToken(ctx, s.Owner, s.Agent.UserID, token.ID))
	s.Refused("bad_token", opens("acme", text, "10.1.2.3"))
}

// A token may be bound to addresses and ranges, of either family.
func TestAddressesOfATokenAreHeld(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	for allowed, opens := range map[string]bool{
		"127.0.0.1": true, "127.0.0.0/8": true, "::1/128,127.0.0.1": true, "::ffff:127.0.0.1": true, "192.0.2.0/24": false, "2001:db8::/32": false,
	} {
		_, text, err := s.Access.CreateToken(t.Context(), s.Owner, s.Agent.UserID, access.TokenInput{Name: "t", IPAllowlist: strings.Split(allowed, ",")})
		require.NoError(t, err)
		_, err = s.Access.Authenticate(t.Context(), "acme", text, anywhere)
		require.Equal(t, opens, err == nil, "%s: %v", allowed, err)
	}
}

// The first key that signs for a link is its key. No other one and no bare token opens it, until an admin has it forgotten.
func TestALinkIsPinnedToItsFirstKey(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	ctx := t.Context()
	_, text, err := s.Access.CreateToken(ctx, s.Owner, s.Agent.UserID, access.TokenInput{Name: "t", Integration: true})
	require.NoError(t, err)
	link := s.Linked(s.Agent, "reseller")
	call := func(key string) error {
		actor, err := s.Access.Authenticate(ctx, "acme", text, anywhere)
		require.NoError(t, err)
		var signed *salesdock.Signature
		if key != "" {
			signed = &salesdock.Signature{Key: []byte(key), Nonce: "n"}
		}
		return s.Access.CheckSignature(ctx, actor, signed, false)
	}
	require.NoError(t, call("first"))
	require.NoError(t, call("first"))
	s.Refused("signed_by_another", call("second"))
	s.Refused("not_signed", call(""))
	_, err = s.Incoming.ResetLinkKey(ctx, s.Owner, link.ID)
	require.NoError(t, err)
	require.NoError(t, call("second"))
	s.Refused("signed_by_another", call("first"))
}

// An organisation that has users stays.
func TestAnOrganisationWithUsersStays(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	s.Refused("organisation_in_use", s.Access.DeleteOrganisation(t.Context(), s.Owner, s.Organisation))
	empty, err := s.Access.CreateOrganisation(t.Context(), s.Owner, access.OrganisationInput{Name: "Leeg"})
	require.NoError(t, err)
	require.NoError(t, s.Access.DeleteOrganisation(t.Context(), s.Owner, empty.ID))
}

// A token that has expired already opens nothing, and an organisation has an identifier, an IBAN and a website that there can be.
func TestNonsenseIsRefusedAtItsField(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	ctx := t.Context()
	_, _, err := s.Access.CreateToken(ctx, s.Owner, s.Agent.UserID, access.TokenInput{Name: "t", ExpiresAt: new(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC))})
	s.RefusedField("expires_at", "expires_past", err)
	organisation := func(identifier string, byPerson bool, details linking.OrganisationDetails) error {
		_, err := s.Access.CreateOrganisation(ctx, s.Owner, access.OrganisationInput{Name: "Partner", Identifier: identifier, ByPerson: byPerson, Details: details})
		return err
	}
	s.RefusedField("identifier", "identifier_form", organisation("met spatie", true, nil))
	require.NoError(t, organisation("met spatie", false, nil), "clients of a Salesdock account may have named it so")
	s.RefusedField("identifier", "identifier_readable", organisation("<x>", false, nil))
	s.RefusedField("website", "not_an_address", organisation("", true, linking.OrganisationDetails{"website": "geen idee"}))
	require.NoError(t, organisation("", true, linking.OrganisationDetails{"website": "www.voorbeeld.example"}))
	var refusal *service.Error
	require.ErrorAs(t, organisation("", true, linking.OrganisationDetails{"iban": "NL91ABNA0417164301"}), &refusal)
	require.Equal(t, states.ProblemIBANCheck, refusal.Problems[0].Code)

	dbtest.Exec(t, s.Database, fmt.Sprintf(`UPDATE organisations SET identifier = '<x>' WHERE id = %d`, s.Organisation))
	_, err = s.Access.UpdateOrganisation(ctx, s.Owner, s.Organisation, access.OrganisationInput{Name: "Anders", Identifier: "<x>", ByPerson: true})
	require.NoError(t, err, "what is kept already is not asked about")
}
