package admin_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/db"
	"koppel/db/dbtest"
	"koppel/server/service/access"
	"koppel/states"
)

func TestAnotherWebsiteCannotPost(t *testing.T) {
	w := setup(t)
	w.fill()
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	address := fmt.Sprintf("/o/zonwijs/integrations/%d/pause", w.ids["integrations"])
	a := p.do(http.MethodPost, address, url.Values{}, "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example")
	require.Equal(t, http.StatusForbidden, a.status)
	link, err := w.svc.Integrations.Integration(t.Context(), w.owner, w.ids["integrations"])
	require.NoError(t, err)
	require.Equal(t, states.IntegrationActive, link.State)
	a = p.do(http.MethodPost, address, url.Values{}, "Sec-Fetch-Site", "same-origin")
	require.Equal(t, http.StatusSeeOther, a.status)
	require.Contains(t, p.get(a.location).body, "De integratie staat op pauze.")
	require.NotContains(t, p.get(a.location).body, "De integratie staat op pauze.", "said once")
}

func TestSigningIn(t *testing.T) {
	w := setup(t)
	w.environment("zonwijs")
	var clock sync.Mutex
	ahead := time.Duration(0)
	w.now = func() time.Time { clock.Lock(); defer clock.Unlock(); return time.Now().Add(ahead) }
	skip := func(d time.Duration) { clock.Lock(); ahead += d; clock.Unlock() }

	p := w.person()
	const wrong = "Account, e-mailadres of wachtwoord klopt niet."
	for _, tried := range [][3]string{{"zonwijs", "owner@zonwijs.example", "verkeerd"}, {"zonwijs", "niemand@zonwijs.example", password}, {"bestaatniet", "owner@zonwijs.example", password}} {
		a := p.post("/sign-in", "account", tried[0], "email", tried[1], "password", tried[2])
		require.Equal(t, http.StatusUnprocessableEntity, a.status)
		require.Contains(t, a.body, wrong)
		require.NotContains(t, a.body, tried[2], "a password does not come back")
	}
	require.Equal(t, "/o/zonwijs/users?role=agent", p.post("/sign-in", "account", "Zonwijs", "email", "OWNER@zonwijs.example", "password", password, "return", "/o/zonwijs/users?role=agent").location)
	require.Equal(t, "/o/zonwijs", p.get("/").location)
	other := w.person()
	for _, elsewhere := range []string{
		"https://evil.example", "//evil.example", "/o/zonwijs/../../evil", "/o/zonwijs/..//evil.example", "/o/zonwijs/%2e%2e/x", "/o/zonwijs/\\evil.example", "/o/zonwijs/\t/evil",
		"/o/anders/sales", "/o/zonwijs//evil.example", "https:/o/zonwijs/x", "javascript:alert(1)",
	} {
		require.Equal(t, "/o/zonwijs", other.post("/sign-in", "account", "zonwijs", "email", "owner@zonwijs.example", "password", password, "return", elsewhere).location, elsewhere)
	}

	skip(11 * time.Hour)
	require.Equal(t, http.StatusOK, p.get("/o/zonwijs").status)
	skip(11 * time.Hour)
	require.Equal(t, http.StatusOK, p.get("/o/zonwijs").status, "who works stays signed in")
	skip(13 * time.Hour)
	a := p.get("/o/zonwijs/users")
	require.Equal(t, "/sign-in?account=zonwijs&return=%2Fo%2Fzonwijs%2Fusers", a.location, "idle too long")
	require.NoError(t, w.svc.Access.ExpireSessions(t.Context()))

	p.signIn("zonwijs", "owner@zonwijs.example")
	stolen := p.cookie["__Host-koppel-zonwijs"]
	p.post("/o/zonwijs/sign-out")
	p.cookie["__Host-koppel-zonwijs"] = stolen
	require.Equal(t, http.StatusSeeOther, p.get("/o/zonwijs").status, "signed out is signed out")

	for range 8 {
		p.post("/sign-in", "account", "zonwijs", "email", "owner@zonwijs.example", "password", "raden")
	}
	a = p.post("/sign-in", "account", "zonwijs", "email", "owner@zonwijs.example", "password", password)
	require.Equal(t, http.StatusTooManyRequests, a.status)
	require.Contains(t, a.body, "Te vaak geprobeerd.")
	skip(16 * time.Minute)
	p.signIn("zonwijs", "owner@zonwijs.example")
}

const newPassword = "een ander lang wachtwoord"

func TestPasswordAndSwitchingOffEndSessions(t *testing.T) {
	w := setup(t)
	w.fill()
	here, there := w.person().signIn("zonwijs", "owner@zonwijs.example"), w.person().signIn("zonwijs", "owner@zonwijs.example")
	a := here.post("/o/zonwijs/me", "your_password", password, "password", "kort")
	require.Equal(t, http.StatusUnprocessableEntity, a.status)
	require.Contains(t, a.body, "minstens 12 tekens")
	require.Equal(t, http.StatusSeeOther, here.post("/o/zonwijs/me", "your_password", password, "password", newPassword).status)
	require.Equal(t, http.StatusOK, here.get("/o/zonwijs").status)
	require.Equal(t, http.StatusSeeOther, there.get("/o/zonwijs").status)

	agent := w.person().signIn("zonwijs", "agent@partner.example")
	require.Equal(t, http.StatusOK, agent.get("/o/zonwijs/sales").status)
	user := fmt.Sprintf("/o/zonwijs/users/%d", w.ids["users"])
	require.Equal(t, http.StatusSeeOther, here.post(user, "email", "agent@partner.example", "role", "agent", "organisation_id", fmt.Sprint(w.ids["organisations"]), "your_password", newPassword).status)
	require.Equal(t, http.StatusSeeOther, agent.get("/o/zonwijs/sales").status, "switched off")
	a = here.post(fmt.Sprintf("/o/zonwijs/users/%d", w.owner.UserID), "email", "owner@zonwijs.example", "role", "owner", "your_password", newPassword)
	require.Equal(t, http.StatusUnprocessableEntity, a.status)
	require.Contains(t, a.body, "Een omgeving houdt altijd een actieve eigenaar.")
}

// What changes somebody's access is done by who proves who they are, and stands in the log as what it is.
func TestAccessOfOthersAsksForThePassword(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.fill()
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	user, organisation := fmt.Sprintf("/o/zonwijs/users/%d", w.ids["users"]), fmt.Sprint(w.ids["organisations"])
	as := func(changed ...string) []string {
		return append([]string{"email", "agent@partner.example", "role", "agent", "organisation_id", organisation, "active", "1"}, changed...)
	}
	tokens := func() []db.Token {
		list, err := w.svc.Access.Tokens(t.Context(), w.owner, w.ids["users"])
		require.NoError(t, err)
		return list
	}
	first, ahead := tokens()[0].ID, time.Duration(0)
	w.now = func() time.Time { return time.Now().Add(ahead) }
	for name, change := range map[string]struct {
		to     string
		fields []string
	}{
		"set_password": {user, as("password", "vliegende bananenkwark 7")},
		"change_email": {user, []string{"email", "ander@partner.example", "role", "agent", "organisation_id", organisation, "active", "1"}},
		"change_role":  {user, []string{"email", "agent@partner.example", "role", "admin", "organisation_id", organisation, "active", "1"}},
		"switch_off":   {user, as()[:6]},
		"make_token":   {user + "/tokens", []string{"name", "t"}},
		"revoke_token": {fmt.Sprintf("%s/tokens/%d/revoke", user, first), nil},
		"invite":       {user + "/invite", nil},
		"create":       {"/o/zonwijs/users/new", []string{"email", "baas@zonwijs.example", "role", "admin"}},
	} {
		logged := func() string {
			return dbtest.One(t, w.database, `SELECT count(*)::text FROM audit_log WHERE entity = 'user' AND action = '`+name+`'`)
		}
		before, had := logged(), len(tokens())
		a := p.post(change.to, append(change.fields, "your_password", "fout")...)
		require.Contains(t, []int{http.StatusUnprocessableEntity, http.StatusSeeOther}, a.status, name)
		require.Equal(t, before, logged(), name)
		require.Len(t, tokens(), had)
		require.Nil(t, tokens()[0].RevokedAt)
		ahead += 16 * time.Minute // so often may be tried
	}
	require.Equal(t, http.StatusSeeOther, p.post(user, as("firstname", "Annie")...).status, "a name is no access")
	require.Equal(t, http.StatusSeeOther, p.post(user, as("password", "vliegende bananenkwark 7", "your_password", password)...).status)
	require.Contains(t, p.get(user).body, "Wachtwoord gewijzigd")
	require.Equal(t, http.StatusSeeOther, p.post(fmt.Sprintf("%s/tokens/%d/revoke", user, first), "your_password", password).status)
	require.NotNil(t, tokens()[0].RevokedAt)
}

func TestATokenAsksForThePassword(t *testing.T) {
	w := setup(t)
	w.fill()
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	tokens := fmt.Sprintf("/o/zonwijs/users/%d/tokens", w.ids["users"])
	a := p.post(tokens, "name", "Nieuw", "integration", "1", "ip_allowlist", "10.0.0.1\n2001:db8::/32", "your_password", "fout")
	require.Equal(t, http.StatusUnprocessableEntity, a.status)
	require.Contains(t, a.body, "Dit is niet je wachtwoord.")
	require.Contains(t, a.body, "2001:db8::/32", "what was typed is kept")
	require.NotRegexp(t, `value="kpl_`, a.body)
	a = p.post(tokens, "name", "Nieuw", "integration", "1", "ip_allowlist", "10.0.0.1\n2001:db8::/32", "expires_at", "2099-01-31", "your_password", password)
	require.Equal(t, http.StatusOK, a.status)
	text := regexp.MustCompile(`value="(kpl_[^"]+)"`).FindStringSubmatch(a.body)
	require.NotNil(t, text)
	require.NotContains(t, p.get(tokens).body, text[1])
	_, err := w.svc.Access.Authenticate(t.Context(), "zonwijs", text[1], netip.MustParseAddr("10.0.0.1"))
	require.NoError(t, err)
	_, err = w.svc.Access.Authenticate(t.Context(), "zonwijs", text[1], netip.MustParseAddr("10.0.0.2"))
	require.Error(t, err)
}

func TestFirstRunSetUp(t *testing.T) {
	w := setup(t)
	p := w.person()
	require.Equal(t, "/set-up", p.get("/").location)
	fields := []string{"account", "zonwijs", "name", "Zonwijs", "email", "ik@zonwijs.example", "password", password}
	a := p.post("/set-up", append(fields, "code", "RADEN")...)
	require.Equal(t, http.StatusUnprocessableEntity, a.status)
	require.Contains(t, a.body, "Deze code klopt niet.")
	require.Contains(t, a.body, "ik@zonwijs.example", "what was typed is kept")
	a = p.post("/set-up", append(fields, "code", w.svc.Access.SetUpCode())...)
	require.Equal(t, "/o/zonwijs", a.location)
	require.Contains(t, p.get("/o/zonwijs").body, "Welkom")
	require.Equal(t, http.StatusNotFound, w.person().get("/set-up").status)
	a = w.person().post("/set-up", append(fields, "code", w.svc.Access.SetUpCode())...)
	require.Equal(t, http.StatusNotFound, a.status, "once only")
}

// Somebody who was invited chooses a password, once, and signs in with it.
func TestInvitation(t *testing.T) {
	t.Parallel()
	w := setup(t)
	owner := w.environment("voltera")
	invitation, err := w.svc.Access.Invite(t.Context(), owner, access.UserInput{Email: "nieuw@voltera.example", Role: states.RoleAdmin})
	require.NoError(t, err)
	p, address := w.person(), strings.TrimPrefix(invitation.URL, w.svc.PublicURL)
	require.Contains(t, p.get(address).body, "nieuw@voltera.example")
	require.Contains(t, p.post(address, "password", "kort").body, "12 tekens")
	require.Equal(t, "/sign-in", p.post(address, "password", password).location)
	require.Equal(t, http.StatusNotFound, p.get(address).status, "an invitation is good for one password")
	require.Equal(t, http.StatusNotFound, p.post(address, "password", password).status)
	require.Equal(t, "/o/voltera", p.post("/sign-in", "account", "voltera", "email", "nieuw@voltera.example", "password", password).location)

	// A forgotten password: the last link works, and ends what the old password opened.
	boss, user := w.person().signIn("voltera", "owner@voltera.example"), fmt.Sprintf("/o/voltera/users/%d", invitation.User.ID)
	require.Contains(t, boss.get(user).body, "Wachtwoord vergeten?")
	link := regexp.MustCompile(`value="[^"]+(/invitation/voltera/\w+)"`)
	first := link.FindStringSubmatch(boss.post(user+"/invite", "your_password", password).body)
	shown := boss.post(user+"/invite", "your_password", password).body
	last := link.FindStringSubmatch(shown)
	require.Contains(t, shown, "geef hem zelf door", "there is no mail server")
	require.Regexp(t, `href="`+user+`"\s+aria-current="page"`, shown, "it is the user's page")
	require.Equal(t, http.StatusNotFound, w.person().get(first[1]).status, "one link works")
	require.Equal(t, http.StatusOK, p.get(user).status)
	require.Equal(t, "/sign-in", w.person().post(last[1], "password", password+"2").location)
	require.NotEqual(t, http.StatusOK, p.get(user).status)
	require.Equal(t, "/o/voltera", p.post("/sign-in", "account", "voltera", "email", "nieuw@voltera.example", "password", password+"2").location)
	require.Equal(t, http.StatusForbidden, p.post(fmt.Sprintf("/o/voltera/users/%d/invite", owner.UserID), "your_password", password+"2").status, "only an owner has an owner choose a password")
	require.Equal(t, http.StatusNotFound, w.person().get(strings.Replace(address, "/voltera/", "/elders/", 1)).status)
}
