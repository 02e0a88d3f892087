package db

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ErrRoles is of a database whose owner cannot work as our roles. The text says what to do.
var ErrRoles = errors.New("the roles of this deployment cannot be used")

// Since this version being a member of a role, and being allowed to become it, are two things.
const setIsApart = 160000

// role is what the server knows of one of ours.
type role struct {
	// there: it exists; may: we may become it; mighty: row-level security does not hold it, or it may become one that it does not hold.
	there, may, mighty bool
}

// prepareRoles makes sure that there are two roles that the user of conn may become, and that they are as weak as they
// must be. What it cannot mend it refuses, with the statements that an administrator of the server can run.
func prepareRoles(ctx context.Context, conn *pgx.Conn, o Options, version int) error {
	for _, name := range []string{o.AppRole, o.SystemRole} {
		err := retried(ctx, func() error { return prepareRole(ctx, conn, name, version) })
		if err != nil {
			return o.refused(conn, version, err)
		}
	}
	app, err := lookUp(ctx, conn, o.AppRole, o.SystemRole, version)
	if err != nil {
		return err
	}
	if app.mighty {
		return fmt.Errorf("%w: %s is kept inside one environment by row-level security, but it may see everything: it is a superuser, has BYPASSRLS, or is a member of %s or of the owner. "+
			"Take that away from it, or choose another role (KOPPEL_DATABASE_APP_ROLE)", ErrRoles, o.AppRole, o.SystemRole)
	}
	return becomes(ctx, conn, o)
}

func prepareRole(ctx context.Context, conn *pgx.Conn, name string, version int) error {
	r, err := lookUp(ctx, conn, name, "", version)
	if err != nil {
		return err
	}
	if !r.there {
		if _, err := conn.Exec(ctx, "CREATE ROLE "+name+" NOLOGIN"); err != nil {
			return err
		}
		if r, err = lookUp(ctx, conn, name, "", version); err != nil {
			return err
		}
	} else if !r.may {
		if err := elsewhere(ctx, conn, name); err != nil {
			return err
		}
	}
	if r.may {
		return nil
	}
	grant := "GRANT " + name + " TO " + pgx.Identifier{conn.Config().User}.Sanitize()
	if version >= setIsApart {
		grant += " WITH SET TRUE, INHERIT FALSE"
	}
	_, err = conn.Exec(ctx, grant)
	return err
}

func lookUp(ctx context.Context, conn *pgx.Conn, name, stronger string, version int) (r role, err error) {
	right := "MEMBER"
	if version >= setIsApart {
		right = "SET"
	}
	err = conn.QueryRow(ctx, `SELECT pg_has_role(current_user, r.oid, $2), r.rolsuper OR r.rolbypassrls OR EXISTS (
		SELECT FROM pg_roles o WHERE (o.rolname = $3 OR o.rolname = current_user) AND pg_has_role(r.oid, o.oid, 'MEMBER'))
		FROM pg_roles r WHERE r.rolname = $1`, name, right, stronger).Scan(&r.may, &r.mighty)
	if errors.Is(err, pgx.ErrNoRows) {
		return r, nil
	}
	r.there = true
	return r, err
}

// elsewhere refuses to take a role over that another deployment uses: whoever may become it sees what that one keeps.
func elsewhere(ctx context.Context, conn *pgx.Conn, name string) error {
	var database string
	err := conn.QueryRow(ctx, `SELECT b.datname FROM pg_shdepend d JOIN pg_database b ON b.oid = d.dbid JOIN pg_roles r ON r.oid = d.refobjid
		WHERE d.refclassid = 'pg_authid'::regclass AND r.rolname = $1 AND b.datname <> current_database() LIMIT 1`, name).Scan(&database)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err == nil {
		err = fmt.Errorf("another database of this server, %s, uses the role %s: choose names of your own with KOPPEL_DATABASE_APP_ROLE and KOPPEL_DATABASE_SYSTEM_ROLE", database, name)
	}
	return err
}

// becomes is the proof: a transaction as each of them.
func becomes(ctx context.Context, conn *pgx.Conn, o Options) error {
	for _, name := range []string{o.AppRole, o.SystemRole} {
		_, err := conn.Exec(ctx, "BEGIN; SET LOCAL ROLE "+name+"; COMMIT")
		if err != nil {
			_, _ = conn.Exec(ctx, "ROLLBACK")
			return fmt.Errorf("%w: to become %s: %w", ErrRoles, name, err)
		}
	}
	return nil
}

func (o Options) refused(conn *pgx.Conn, version int, err error) error {
	user, with := pgx.Identifier{conn.Config().User}.Sanitize(), ""
	if version >= setIsApart {
		with = " WITH SET TRUE, INHERIT FALSE"
	}
	return fmt.Errorf(`%w: %w. Have an administrator of the server run this once, and then koppel migrate again:
  CREATE ROLE %[3]s NOLOGIN;
  CREATE ROLE %[4]s NOLOGIN;
  GRANT %[3]s, %[4]s TO %[5]s%[6]s;
Or give %[5]s the right CREATEROLE, and it makes them by itself`, ErrRoles, err, o.AppRole, o.SystemRole, user, with)
}

// Two deployments may prepare a role at the same moment: the lock on migrations is a database's, roles are the server's.
var together = []string{"23505", "42710", "XX000"} // made, named, or changed by another one

func retried(ctx context.Context, do func() error) error {
	const tries = 5
	for try := 1; ; try++ {
		err := do()
		var pg *pgconn.PgError
		if err == nil || try == tries || !errors.As(err, &pg) || !slices.Contains(together, pg.Code) {
			return err
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
