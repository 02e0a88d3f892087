package retention_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/db"
	"koppel/db/dbtest"
	"koppel/retention"
)

const logged = `INSERT INTO audit_log (environment_id, action, entity, entity_id, new, at, masked) `

// sealed is a database with two environments, and rows of them that are sealed.
func sealed(t *testing.T) (string, *retention.Keeper) {
	t.Helper()
	address := dbtest.URL(t)
	dbtest.Exec(t, address, `INSERT INTO environments (id, account, name, created_at) VALUES (1, 'ours', 'ours', now()), (2, 'theirs', 'theirs', now());`+
		logged+`SELECT 1 + n % 2, 'update', 'status', n::text, jsonb_build_object('name', n), now() - interval '100 days' + n * interval '1 day', true FROM generate_series(1, 100) n`)
	k := keeper(t, address)
	k.Now = time.Now
	seal(t, address, k)
	return address, k
}

func seal(t *testing.T, address string, k *retention.Keeper) {
	t.Helper()
	dbtest.UntilReadable(t, address)
	require.NoError(t, k.SealAudit(t.Context()))
	require.Equal(t, "0", dbtest.One(t, address, "SELECT count(*)::text FROM audit_log a WHERE NOT EXISTS (SELECT FROM audit_seals s WHERE s.audit_id = a.id)"))
}

func verify(t *testing.T, k *retention.Keeper, known ...retention.Seal) map[string]retention.Chain {
	t.Helper()
	chains, err := retention.VerifyAudit(t.Context(), k.Store, known, time.Now())
	require.NoError(t, err)
	found := map[string]retention.Chain{}
	for _, chain := range chains {
		found[chain.Account] = chain
	}
	return found
}

// What is as it was written is found to be so, also after what is old went; what comes later is chained to it.
func TestTheAuditLogIsAChain(t *testing.T) {
	t.Parallel()
	address, k := sealed(t)
	chain := verify(t, k)["ours"]
	require.Empty(t, chain.Wrong)
	require.EqualValues(t, 50, chain.Position)
	require.Equal(t, 50, chain.Rows)
	known := retention.Seal{Account: "ours", Position: chain.Position, Hash: chain.Hash}

	k.Days = retention.Days{Audit: 60}
	require.NoError(t, k.Sweep(t.Context()))
	chain = verify(t, k)["ours"]
	require.Empty(t, chain.Wrong, "what went by its age leaves where the chain begins")
	require.Less(t, chain.Rows, 35)
	require.Greater(t, chain.Begins, int64(15))

	dbtest.Exec(t, address, logged+`VALUES (1, 'update', 'status', 'x', NULL, now(), true)`)
	seal(t, address, k)
	chain = verify(t, k, known)["ours"]
	require.Empty(t, chain.Wrong, "what was known is in it")
	require.EqualValues(t, 51, chain.Position)

	k.Days = retention.Days{Audit: 31}
	dbtest.Exec(t, address, "UPDATE audit_log SET at = at - interval '1 year' WHERE environment_id = 2")
	require.NoError(t, k.Sweep(t.Context()))
	require.Equal(t, "1", dbtest.One(t, address, "SELECT count(*)::text FROM audit_seals WHERE environment_id = 2"), "of one whose rows are all gone, its end")
	dbtest.Exec(t, address, logged+`VALUES (2, 'update', 'status', 'x', NULL, now(), true)`)
	seal(t, address, k)
	require.EqualValues(t, 51, verify(t, k)["theirs"].Position)
}

// Whoever changes, removes or puts in a row past the service is found out, at the environment that it is of.
func TestAChangedAuditLogIsFound(t *testing.T) {
	t.Parallel()
	for what, change := range map[string]string{
		"row 50 was changed after": `UPDATE audit_log SET new = '{"name": "anders"}' WHERE id = 50`,
		"row 50 is missing":        `DELETE FROM audit_log WHERE id = 50`,
		"seals 25 to 25 are":       `DELETE FROM audit_log WHERE id = 50; DELETE FROM audit_seals WHERE audit_id = 50`,
		"does not follow":          `UPDATE audit_seals SET digest = 'x' WHERE audit_id = 50`,
		"put in afterwards":        `INSERT INTO audit_log (environment_id, action, entity, entity_id, at, changed) VALUES (1, 'x', 'x', 'x', now(), 1)`,
		"the end was cut off":      `DELETE FROM audit_log WHERE id >= 98; DELETE FROM audit_seals WHERE audit_id >= 98`,
		"the beginning was cut":    `DELETE FROM audit_log WHERE id < 90; DELETE FROM audit_seals WHERE audit_id < 90`,
		"another one than was":     `UPDATE audit_seals SET hash = 'x' WHERE environment_id = 1 AND position = 50`,
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			address, k := sealed(t)
			before := verify(t, k)
			known := retention.Seal{Account: "ours", Position: before["ours"].Position, Hash: before["ours"].Hash}
			require.Empty(t, before["ours"].Wrong)
			dbtest.Exec(t, address, change)
			after := verify(t, k, known)
			require.Contains(t, fmt.Sprint(after["ours"].Wrong), what)
			if what != "the beginning was cut" && what != "the end was cut off" {
				require.Empty(t, after["theirs"].Wrong)
			}
		})
	}
}

// A row that is committed late is sealed when nothing can come before it any more, and once, however many seal at a time.
func TestALateRowIsSealedOnce(t *testing.T) {
	t.Parallel()
	address, k := sealed(t)
	const row = `(1, 'update', 'status', 'x', NULL, now(), true)`
	late := make(chan struct{})
	var group sync.WaitGroup
	begun := make(chan struct{})
	group.Go(func() {
		_ = k.Store.WithTx(context.WithoutCancel(t.Context()), 1, func(tx *db.Tx) error {
			err := tx.AuditInsert(t.Context(), db.AuditInsertParams{EnvironmentID: 1, Action: "late", Entity: "status", Now: time.Now()})
			close(begun)
			<-late
			return err
		})
	})
	<-begun
	dbtest.Exec(t, address, logged+`VALUES `+row)
	require.NoError(t, k.SealAudit(t.Context()))
	require.Equal(t, "100", dbtest.One(t, address, "SELECT count(*)::text FROM audit_seals"), "what came after a transaction that runs waits for it")
	close(late)
	group.Wait()
	dbtest.UntilReadable(t, address)
	for range 4 {
		group.Go(func() { _ = k.SealAudit(t.Context()) })
	}
	group.Wait()
	seal(t, address, k)
	require.Equal(t, "102", dbtest.One(t, address, "SELECT count(*)::text FROM audit_seals"))
	require.Empty(t, verify(t, k)["ours"].Wrong)
}

// What a previous version wrote is masked before it is sealed: a seal is of a row as it stays.
func TestAMaskedRowIsSealedAsItStays(t *testing.T) {
	t.Parallel()
	address, k := sealed(t)
	dbtest.Exec(t, address, logged+`VALUES (1, 'update', 'user', '1', '{"lastname": "Jansen"}', now(), false)`)
	seal(t, address, k)
	require.Empty(t, verify(t, k)["ours"].Wrong)
	require.Equal(t, `{"lastname": "•••"}`, dbtest.One(t, address, "SELECT new::text FROM audit_log WHERE entity = 'user'"))
}
