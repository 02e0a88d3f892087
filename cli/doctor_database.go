package cli

import (
	"errors"
	"fmt"
	"time"

	"koppel/db"
)

const (
	oldestPostgres = 150000 // the oldest one that the tests run on
	clockLimit     = 5 * time.Second
)

// reporting writes one line of doctor's report, and says whether it was in order.
type reporting func(part string, err error, advice string) bool

// checkDatabase looks at the database and the way to it; it says whether the rest can be looked at.
func checkDatabase(r *Run, report reporting) bool {
	found, err := db.Inspect(r.Ctx, Database(r.Config))
	if !report("database", err, "check DATABASE_URL and KOPPEL_DATABASE_PASSWORD, and that PostgreSQL runs") {
		return false
	}
	way := "directly"
	if found.Pooled {
		way = "through a pooler"
	}
	var old, apart, pending error
	if found.Number < oldestPostgres {
		old = errors.New("it is too old")
	}
	report(fmt.Sprintf("PostgreSQL %s as %s, %s", found.Version, found.User, way), old, "PostgreSQL 15 or later is needed")
	report("the database's roles "+Database(r.Config).AppRole+" and "+Database(r.Config).SystemRole, found.Roles, "run koppel migrate: it mends them, or says what an administrator can run")
	if r.Config.DatabaseDirectURL != "" {
		report("the database's direct address", found.Direct, "KOPPEL_DATABASE_DIRECT_URL is the server's own address, past the pooler")
	}
	notices := "the database tells of commits at once"
	if !found.Notices {
		notices = "commits are looked for once a second: set KOPPEL_DATABASE_DIRECT_URL to be told of them at once, and for koppel migrate"
	}
	report(notices, nil, "")
	if found.Clock.Abs()-found.Uncertain > clockLimit {
		apart = fmt.Errorf("they are %s apart", found.Clock.Abs().Round(time.Second))
	}
	report("the database's clock and ours", apart, "let both machines keep their time (NTP): ages, limits and leases are counted by both")
	if found.Pending > 0 {
		pending = fmt.Errorf("%d are not applied", found.Pending)
	}
	return report("migrations", pending, "run koppel migrate") && found.Roles == nil
}
