package access_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/stretchr/testify/require"

	"koppel/db/dbtest"
	"koppel/internal/vault"
	"koppel/server/service"
	"koppel/server/service/access"
)

// ours is what passwords are really hashed with; the tests hash with less.
var ours = *access.HashParams

func TestMain(m *testing.M) {
	access.HashParams.Memory, access.HashParams.Iterations = 64, 1
	dbtest.Main(m)
}

const password = "vier woorden zonder verband"

type door struct {
	*access.Access
	t       *testing.T
	address string // of the database
	mu      sync.Mutex
	now     time.Time
}

func setup(t *testing.T) *door {
	t.Helper()
	keys, err := vault.New(vault.NewKey("k1"))
	require.NoError(t, err)
	d := &door{t: t, address: dbtest.URL(t), now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	d.Access = &access.Access{Kernel: &service.Kernel{Store: dbtest.Open(t, d.address), Vault: keys, Now: func() time.Time {
		d.mu.Lock()
		defer d.mu.Unlock()
		return d.now
	}}}
	_, _, err = d.FirstEnvironment(t.Context(), d.SetUpCode(), "zonwijs", "Zonwijs", "eigenaar@zonwijs.example", password, netip.MustParseAddr("192.0.2.1"))
	require.NoError(t, err)
	return d
}

// The code of the first environment's maker is good still when a new key has come first since it was read.
func TestTheSetUpCodeOutlivesANewKey(t *testing.T) {
	t.Parallel()
	old, store := vault.NewKey("k1"), dbtest.New(t)
	room := func(keys string) *access.Access {
		opened, err := vault.New(keys)
		require.NoError(t, err)
		return &access.Access{Kernel: &service.Kernel{Store: store, Vault: opened, Now: time.Now}}
	}
	before, after := room(old), room(vault.NewKey("k2")+","+old)
	require.NotEqual(t, before.SetUpCode(), after.SetUpCode())
	first := func(code string) string {
		_, _, err := after.FirstEnvironment(t.Context(), code, "zonwijs", "Zonwijs", "eigenaar@zonwijs.example", password, netip.MustParseAddr("192.0.2.1"))
		return refusal(err)
	}
	require.Equal(t, "set_up_code_wrong", first(room(vault.NewKey("k3")).SetUpCode()))
	require.Empty(t, first(before.SetUpCode()))
}

func (d *door) pass(more time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = d.now.Add(more)
}

// try says what came of it: "" for a session, or the key of the refusal.
func (d *door) try(from, email, password string) string {
	_, _, err := d.SignIn(context.Background(), "zonwijs", email, password, netip.MustParseAddr(from))
	return refusal(err)
}

func refusal(err error) string {
	var refused *service.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &refused) && len(refused.Fields) == 1:
		for _, sentence := range refused.Fields {
			return sentence.Key
		}
	case refused != nil:
		return refused.Key
	}
	return err.Error()
}

const (
	wrong   = "sign_in_refused"
	seconds = "sign_in_wait_seconds"
	minutes = "sign_in_wait_minutes"
)

// Of many wrong passwords at once no more are looked at than of as many one after the other.
func TestParallelTriesAreCounted(t *testing.T) {
	t.Parallel()
	d := setup(t)
	answers := make([]string, 30)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() {
			answers[i] = d.try("198.51.100.7", "eigenaar@zonwijs.example", fmt.Sprint("een fout wachtwoord ", i))
		})
	}
	all.Wait()
	counts := map[string]int{}
	for _, answer := range answers {
		counts[answer]++
	}
	require.Equal(t, map[string]int{wrong: 5, seconds: 25}, counts)
}

// The wait doubles with each failure, up to a quarter of an hour, and is forgotten an hour after it.
func TestTheWaitGrows(t *testing.T) {
	t.Parallel()
	d := setup(t)
	const from, email = "198.51.100.7", "eigenaar@zonwijs.example"
	for range 5 {
		require.Equal(t, wrong, d.try(from, email, "fout"))
	}
	for wait := 2 * time.Second; wait < 15*time.Minute; wait *= 2 {
		d.pass(wait - time.Second)
		require.NotEqual(t, wrong, d.try(from, email, "fout"), wait)
		d.pass(time.Second)
		require.Equal(t, wrong, d.try(from, email, "fout"), wait)
	}
	require.Equal(t, minutes, d.try(from, email, password), "a right one waits as well")
	d.pass(15 * time.Minute)
	require.Empty(t, d.try(from, email, password))
	for range 5 {
		require.Equal(t, wrong, d.try(from, email, "fout"), "a right one starts anew")
	}
	d.pass(time.Hour + 3*time.Second)
	require.Equal(t, wrong, d.try(from, email, "fout"))
	require.Equal(t, wrong, d.try(from, email, "fout"), "an hour later it is forgotten")
}

// What was counted before there were waits holds nobody up.
func TestFailuresOfBeforeThereWereWaits(t *testing.T) {
	t.Parallel()
	d := setup(t)
	require.Equal(t, wrong, d.try("198.51.100.7", "eigenaar@zonwijs.example", "fout"))
	dbtest.Exec(t, d.address, `UPDATE sign_in_failures SET next_at = NULL, failures = 8`)
	require.Empty(t, d.try("198.51.100.7", "eigenaar@zonwijs.example", password))
}

// A stranger who tries a person's name, from wherever, does not lock that person out where they sign in.
func TestAStrangerLocksNobodyOut(t *testing.T) {
	t.Parallel()
	d := setup(t)
	const home, email = "203.0.113.5", "eigenaar@zonwijs.example"
	require.Empty(t, d.try(home, email, password))
	answers := map[string]int{}
	for i := range 60 {
		answers[d.try(fmt.Sprint("198.51.100.", i+1), email, "fout")]++
	}
	require.Equal(t, map[string]int{wrong: 20, seconds: 40}, answers, "all addresses together")
	require.Empty(t, d.try(home, email, password))
	require.Equal(t, seconds, d.try("203.0.113.6", email, password), "from elsewhere even the owner waits")
	d.pass(time.Minute)
	require.Empty(t, d.try("203.0.113.6", email, password))
	require.Empty(t, d.try("203.0.113.6", email, password))
}

// One address cannot try the names of everybody; a house of IPv6 is one address.
func TestOneAddressTriesSoOften(t *testing.T) {
	t.Parallel()
	d := setup(t)
	for name, from := range map[string]func(int) string{
		"IPv4": func(int) string { return "198.51.100.7" }, "IPv6": func(i int) string { return fmt.Sprintf("2001:db8::%x", i+1) },
		"IPv4 written as IPv6": func(int) string { return "::ffff:198.51.100.8" },
	} {
		answers := map[string]int{}
		for i := range 45 {
			answers[d.try(from(i), fmt.Sprintf("iemand%d@zonwijs.example", i), "fout")]++
		}
		require.Equal(t, map[string]int{wrong: 40, seconds: 5}, answers, name)
	}
}

// Who has waited too long for their turn is not hashed for; and the queue has an end.
func TestHashingWaitsItsTurn(t *testing.T) {
	t.Parallel()
	d := setup(t)
	ended, end := context.WithCancel(t.Context())
	end()
	_, _, err := d.SignIn(ended, "zonwijs", "eigenaar@zonwijs.example", password, netip.MustParseAddr("198.51.100.7"))
	require.ErrorIs(t, err, context.Canceled)
}

// A hash of other parameters is made anew with today's when its password is given.
func TestAnOldHashIsRenewed(t *testing.T) {
	t.Parallel()
	d := setup(t)
	require.Equal(t, argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}, ours)
	old, err := argon2id.CreateHash(password, &argon2id.Params{Memory: 64 * 1024, Iterations: 1, Parallelism: 2, SaltLength: 16, KeyLength: 32})
	require.NoError(t, err)
	dbtest.Exec(t, d.address, fmt.Sprintf(`UPDATE users SET password_hash = '%s'`, old))
	for range 2 {
		require.Empty(t, d.try("198.51.100.7", "eigenaar@zonwijs.example", password))
		require.Contains(t, dbtest.One(t, d.address, `SELECT password_hash FROM users`), "$argon2id$v=19$m=64,t=1,p=1$")
	}
}

// What everybody takes, and what is known of the person, is no password.
func TestEasyPasswordsAreRefused(t *testing.T) {
	t.Parallel()
	d := setup(t)
	_, a, err := d.SignIn(t.Context(), "zonwijs", "eigenaar@zonwijs.example", password, netip.MustParseAddr("192.0.2.1"))
	require.NoError(t, err)
	for easy, key := range map[string]string{
		"kort": "password_length", "passwordpassword": "password_guessed", "123456789012": "password_guessed", "qwertyuiop12": "password_guessed",
		"aaaaaaaaaaaaaaaa": "password_guessed", "eigenaar@zonwijs.example": "password_guessed", "zonwijszonwijs": "password_guessed", "Zonwijs2026!": "password_guessed",
		"welkomwelkom": "password_guessed", "Koppel2026!!": "password_guessed",
	} {
		_, err := d.ChangePassword(t.Context(), a, password, easy)
		require.Equal(t, key, refusal(err), easy)
	}
	session, err := d.ChangePassword(t.Context(), a, password, "fiets lepel maandag struik")
	require.NoError(t, err)
	_, err = d.Session(t.Context(), "zonwijs", session)
	require.NoError(t, err)
	require.Equal(t, "1", dbtest.One(t, d.address, `SELECT count(*)::text FROM sessions`), "every other session ends")
}
