package sealing_test

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"koppel/db"
	"koppel/db/dbtest"
	"koppel/internal/vault"
	"koppel/sealing"
	"koppel/server/servicetest"
	"koppel/states"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// A column with sealed values that is added later and forgotten fails here.
func TestARotationCoversEverySealedColumn(t *testing.T) {
	t.Parallel()
	columns := dbtest.One(t, dbtest.URL(t), `SELECT string_agg(table_name || '.' || column_name, ' ' ORDER BY table_name, column_name)
		FROM information_schema.columns WHERE data_type = 'bytea' AND column_name LIKE '%sealed%' AND table_schema = 'public'`)
	require.ElementsMatch(t, strings.Fields(columns), sealing.Kinds())
}

// What is sealed is bound to a row's name. A name that no kind asks for could not be opened by a rotation.
func TestEveryRowNameIsAskedFor(t *testing.T) {
	t.Parallel()
	names, err := os.ReadFile("../internal/vault/rows.go")
	require.NoError(t, err)
	kinds, err := os.ReadFile("kinds.go")
	require.NoError(t, err)
	functions := regexp.MustCompile(`(?m)^func (\w+Row)\(`).FindAllStringSubmatch(string(names), -1)
	require.Greater(t, len(functions), 5)
	for _, function := range functions {
		require.Contains(t, string(kinds), "vault."+function[1]+"(")
	}
}

// keysOf are the keys of a process that has these, over the world's database.
func keysOf(t *testing.T, w *servicetest.World, keys ...string) *sealing.Keys {
	t.Helper()
	opened, err := vault.New(strings.Join(keys, ","))
	require.NoError(t, err)
	return &sealing.Keys{Store: w.Store, Vault: opened, Log: zap.NewNop()}
}

// longAgo has nobody have said for a while that they seal with a key.
func longAgo(t *testing.T, w *servicetest.World) {
	t.Helper()
	dbtest.Exec(t, w.Database, "UPDATE encryption_keys SET seen_at = seen_at - interval '2 minutes'")
}

// values says how many are sealed with a key.
func values(t *testing.T, keys *sealing.Keys, name string) int64 {
	t.Helper()
	uses, err := keys.Uses(t.Context())
	require.NoError(t, err)
	for _, use := range uses {
		if use.Key == name {
			return use.Values
		}
	}
	return 0
}

// A key is asked for at a start for as long as something may be sealed with it, whichever of two comes first where.
func TestAStartWantsEveryKeyThatIsUsed(t *testing.T) {
	t.Parallel()
	w := servicetest.New(t)
	ctx, fresh := t.Context(), vault.NewKey("k2")
	before, both, after := keysOf(t, w, w.Key), keysOf(t, w, fresh, w.Key), keysOf(t, w, fresh)
	require.NoError(t, before.Check(ctx, false), "nothing is sealed yet, and a look writes nothing")
	require.Equal(t, "0", dbtest.One(t, w.Database, "SELECT (SELECT count(*) FROM key_checks) + (SELECT count(*) FROM encryption_keys)"))
	require.NoError(t, before.Check(ctx, true))
	var missing *sealing.MissingError
	require.ErrorAs(t, after.Check(ctx, true), &missing)
	require.Equal(t, []string{"k1"}, missing.Names)
	require.ErrorAs(t, keysOf(t, w, vault.NewKey("k1")).Check(ctx, true), &missing, "a key of the same name with another secret")
	require.NoError(t, both.Check(ctx, true))
	require.ErrorAs(t, before.Check(ctx, true), &missing, "another process seals with the new key from now on")
	require.Equal(t, []string{"k2"}, missing.Names)
	_, err := both.Rotate(ctx)
	require.NoError(t, err)
	require.NoError(t, both.Forget(ctx))
	require.ErrorAs(t, after.Check(ctx, true), &missing, "a process that seals with the old key was there a moment ago")
	longAgo(t, w)
	require.NoError(t, both.Forget(ctx))
	require.NoError(t, after.Check(ctx, true))
	require.NoError(t, keysOf(t, w, w.Key, fresh).Check(ctx, true))
	require.ErrorAs(t, after.Check(ctx, true), &missing, "somebody put the old key first again")
}

// A rotation does not begin while another process seals with an earlier key: it would seal after it. One that was ended is not waited
// for longer than it may be silent.
func TestAKeyInUseIsNotTakenAway(t *testing.T) {
	t.Parallel()
	w := servicetest.New(t)
	ctx, fresh := t.Context(), vault.NewKey("k2")
	other, ours := keysOf(t, w, w.Key, fresh), keysOf(t, w, fresh, w.Key)
	require.NoError(t, other.Check(ctx, true))
	require.NoError(t, ours.Check(ctx, true))
	var inUse *sealing.InUseError
	require.ErrorAs(t, ours.Unused(ctx, func(*sealing.InUseError) { require.NoError(t, other.Check(ctx, true)) }), &inUse)
	require.Equal(t, "k1", inUse.Name)
	waited := 0
	require.NoError(t, ours.Unused(ctx, func(*sealing.InUseError) {
		if waited++; waited == 2 {
			dbtest.Exec(t, w.Database, "DELETE FROM encryption_keys WHERE name = 'k1'") // a minute passes
		}
	}))
	require.Equal(t, 2, waited)
}

// Broken off, it goes on where it was; done again, it does nothing. What nobody can open is said, and the earlier keys are asked for still.
func TestARotationGoesOn(t *testing.T) {
	t.Parallel()
	w := servicetest.New(t)
	ctx, fresh := t.Context(), vault.NewKey("k2")
	const mails = 1200
	user := w.Owner.UserID
	w.Tx(func(tx *db.Tx) error {
		for i := range mails {
			sealed := w.Vault.Seal(vault.InvitationRow(w.Owner.EnvironmentID, user), fmt.Append(nil, "text ", i))
			_, err := tx.MailInsert(ctx, db.MailInsertParams{EnvironmentID: w.Owner.EnvironmentID, UserID: &user, SecretSealed: sealed, Kind: states.MailInvitation, State: states.MailWaiting, Now: w.Now()})
			require.NoError(t, err)
		}
		return nil
	})
	require.NoError(t, keysOf(t, w, w.Key).Check(ctx, true))
	both := keysOf(t, w, fresh, w.Key)
	half, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		_, err := both.Rotate(half)
		ended <- err
	}()
	require.Eventually(t, func() bool { return values(t, both, "k2") > 0 }, 30*time.Second, time.Millisecond)
	stop()
	if err := <-ended; err != nil {
		require.ErrorIs(t, err, context.Canceled)
	}
	done, err := both.Rotate(ctx)
	require.NoError(t, err)
	require.Len(t, done, len(sealing.Kinds()))
	require.EqualValues(t, mails+1, values(t, both, "k2"))
	require.Zero(t, values(t, both, "k1"))
	done, err = both.Rotate(ctx)
	require.NoError(t, err)
	for _, kind := range done {
		require.Zero(t, kind.Sealed, kind.Kind)
	}
	dbtest.Exec(t, w.Database, `UPDATE mails SET secret_sealed = '\x026b3100' WHERE id = (SELECT min(id) FROM mails)`)
	third := keysOf(t, w, vault.NewKey("k3"), fresh)
	done, err = third.Rotate(ctx)
	require.ErrorIs(t, err, sealing.ErrUnreadable)
	require.ErrorContains(t, err, "1 of mails.secret_sealed")
	require.EqualValues(t, mails-1, values(t, third, "k3"))
	require.EqualValues(t, 1, values(t, third, "k2"), "what a start looks at")
	require.Equal(t, "key_checks.sealed", done[len(done)-1].Kind)
}

// A row that somebody writes to for long is waited for by nobody: everything else is sealed meanwhile, and it comes last.
func TestARowThatIsWrittenToIsLeftUntilLater(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	ctx, link, fresh := t.Context(), s.Link(), vault.NewKey("k2")
	both := keysOf(t, s.World, fresh, s.Key)
	require.NoError(t, both.Check(ctx, true))
	held, release, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	var writing sync.WaitGroup
	writing.Go(func() {
		s.Tx(func(tx *db.Tx) error {
			_, err := tx.IntegrationLock(ctx, s.Owner.EnvironmentID, link.ID)
			close(held)
			<-release
			return err
		})
	})
	<-held
	s.Linked(s.Agent, "zonwijs")
	go func() {
		_, err := both.Rotate(ctx)
		ended <- err
	}()
	require.Eventually(t, func() bool { return values(t, both, "k1") == 2 }, 30*time.Second, 10*time.Millisecond, "the token and the secret of the link alone")
	require.Empty(t, ended)
	close(release)
	writing.Wait()
	require.NoError(t, <-ended)
	require.Zero(t, values(t, both, "k1"))
}
