package admin_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/db/dbtest"
)

// Overzicht tells owners when the last backup and the last drill succeeded, in both languages, and what is wrong with them. Where nothing of a
// standalone is kept nobody is told of backups, and of the whole installation nobody but an owner is told anything.
func TestOwnersSeeHowBackupsFare(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.fill()
	owner, page := w.person().signIn("zonwijs", "owner@zonwijs.example"), "/o/zonwijs"
	require.NotContains(t, owner.get(page).body, "Reservekopie")
	w.svc.Overview.Standalone = true
	require.Contains(t, owner.get(page).body, "Er is nog geen reservekopie gemaakt.")
	for _, c := range []struct{ rows, says string }{
		{"('backup', now(), NULL), ('drill', now(), NULL)", ""},
		{"('backup', now(), now()), ('drill', now(), NULL)", "De laatste reservekopie is mislukt."},
		{"('backup', now(), NULL), ('drill', now(), now())", "De laatste reservekopie kon bij een oefening niet worden teruggezet."},
		{"('backup', now() - interval '4 days', NULL), ('drill', now(), NULL)", "De laatste reservekopie of oefening is te lang geleden."},
	} {
		dbtest.Exec(t, w.database, "DELETE FROM safekeeping; INSERT INTO safekeeping (kind, succeeded_at, failed_at) VALUES "+c.rows)
		body := owner.get(page).body
		require.Contains(t, body, "Laatste reservekopie:")
		require.Contains(t, body, "Met succes geoefend met terugzetten:")
		require.Contains(t, body, c.says)
		if c.says == "" {
			require.NotContains(t, body, "Meld het bij het beheer.")
		}
		owner.cookie["__Host-koppel-language"] = "en"
		require.Contains(t, owner.get(page).body, "Last backup:")
		delete(owner.cookie, "__Host-koppel-language")
	}
	w.missing.Range(func(text, _ any) bool { t.Errorf("no English for %q", text); return true })
	dbtest.Exec(t, w.database, "UPDATE users SET role = 'admin' WHERE email = 'owner@zonwijs.example'")
	require.NotContains(t, owner.get(page).body, "reservekopie")
}
