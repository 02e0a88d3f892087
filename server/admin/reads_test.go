package admin_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/db"
	"koppel/server/admin"
	"koppel/server/api"
	"koppel/server/service/access"
	"koppel/server/service/services"
	"koppel/states"
)

var apiPlaceholder = regexp.MustCompile(`/([\w-]+)/:\w+`)

// reads gives every address that is asked for with GET, of the interface and of the API, by its route.
func (w *world) reads(account string) map[string]string {
	list := map[string]string{}
	for _, r := range admin.Routes() {
		if r.Method == http.MethodGet && r.Right != admin.Anyone {
			list["interface "+r.Path] = regexp.MustCompile(`:\w+`).ReplaceAllString(w.address(r, account), "1")
		}
	}
	for _, r := range api.Routes() {
		if r.Method == http.MethodGet {
			list["api "+r.Path] = "/api/" + account + "/v1" + apiPlaceholder.ReplaceAllStringFunc(r.Path, func(part string) string {
				kind, _, _ := strings.Cut(part[1:], "/:")
				return fmt.Sprintf("/%s/%d", kind, max(w.ids[kind], 1))
			})
		}
	}
	return list
}

// first gives the status of an answer once its first byte is there: a live part goes on.
func (p *person) first(ctx context.Context, address, token string) (status int, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.base+address, nil)
	require.NoError(p.t, err)
	request.Header.Set("Authorization", "Bearer "+token)
	for name, value := range p.cookie {
		request.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	response, err := p.client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusOK {
		_, err = response.Body.Read(make([]byte, 1))
	}
	if errors.Is(err, io.EOF) {
		err = nil // a live part with nothing to say
	}
	return response.StatusCode, err
}

// Whoever writes to a link holds its row for as long as that takes. Nobody who only reads waits for it.
func TestNoReadWaitsForAWriterOfTheLink(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.fill()
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	_, token, err := w.svc.Access.CreateToken(t.Context(), w.owner, w.owner.UserID, access.TokenInput{Name: "lezer"})
	require.NoError(t, err)
	var waited []string
	require.NoError(t, w.svc.Store.WithTx(t.Context(), w.owner.EnvironmentID, func(tx *db.Tx) error {
		_, err := tx.IntegrationLock(t.Context(), w.owner.EnvironmentID, w.ids["integrations"])
		require.NoError(t, err)
		for route, address := range w.reads("zonwijs") {
			ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
			status, err := p.first(ctx, address, token)
			cancel()
			if err != nil {
				waited = append(waited, fmt.Sprintf("%s: %v", route, err))
				continue
			}
			require.NotContains(t, []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusInternalServerError}, status, address)
			if strings.Contains(route, "/integrations") {
				require.Equal(t, http.StatusOK, status, "%s at %s", route, address)
			}
		}
		return nil
	}))
	require.Empty(t, waited)
}

// A page is one look: besides the session, everything that it shows is read in one transaction, so that it fits together.
func TestAPageIsOneLook(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.fill()
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	for _, r := range admin.Routes() {
		if r.Method != http.MethodGet {
			continue
		}
		address := w.address(r, "zonwijs")
		if r.Right == admin.Anyone {
			address = strings.NewReplacer(":account", "zonwijs", ":text", "onbekend").Replace(r.Path)
		}
		before := w.svc.Store.Transactions()
		a := p.get(address)
		require.Less(t, a.status, http.StatusInternalServerError, "%s: %s", address, a.body)
		looks := int64(2)
		if r.Path == "/environments" {
			looks = 3 // other environments are seen by the system alone
		}
		require.LessOrEqual(t, w.svc.Store.Transactions()-before, looks, address)
	}
}

// What a page reads is of one moment, whatever is written while it is read; and a page cannot write.
func TestALookIsOfOneMoment(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.fill()
	ctx := t.Context()
	require.NoError(t, w.svc.Look(ctx, w.owner, func(look *services.Services) error {
		before, err := look.Integrations.Integration(ctx, w.owner, w.ids["integrations"])
		require.NoError(t, err)
		require.NoError(t, w.svc.Integrations.PauseIntegration(ctx, w.owner, w.ids["integrations"]))
		state, err := look.Integrations.IntegrationState(ctx, w.owner, w.ids["integrations"])
		require.NoError(t, err)
		require.Equal(t, before, state.Integration)
		_, err = look.Integrations.List(ctx, w.provider)
		require.NoError(t, err, "another environment is read as itself")
		return nil
	}))
	now, err := w.svc.Integrations.Integration(ctx, w.owner, w.ids["integrations"])
	require.NoError(t, err)
	require.Equal(t, states.IntegrationPaused, now.State)
	err = w.svc.Look(ctx, w.owner, func(look *services.Services) error {
		return look.Integrations.ResumeIntegration(ctx, w.owner, w.ids["integrations"])
	})
	require.ErrorContains(t, err, "read-only transaction")
}
