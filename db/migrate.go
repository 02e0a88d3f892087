package db

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib" // goose works on database/sql
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// A migration that waits for a table holds up everything that comes after it, so it gives way soon, and tries again.
const (
	lockTimeout    = 3 * time.Second
	lockPause      = 2 * time.Second
	lockTries      = 100
	migrationsWait = 30 * 60 // seconds that another process's migrations are waited for
)

// ErrPooled means that only a pooler is known, and migrations need a session.
var ErrPooled = errors.New("DATABASE_URL is a pooler, and migrations need the server itself: set KOPPEL_DATABASE_DIRECT_URL to its address")

// Migrate brings the schema up to date, as the user of the (direct) address: it must own the schema, and may make
// roles or has been given them. Several at once go one after the other.
func Migrate(ctx context.Context, o Options) error { return MigrateTo(ctx, o, goose.MaxVersion) }

// MigrateTo makes the schema of a version, for what was written with it.
func MigrateTo(ctx context.Context, o Options, version int64) error {
	o, err := o.check()
	if err != nil {
		return err
	}
	cfg, err := o.direct()
	if err != nil {
		return err
	}
	if err := o.prepare(ctx, cfg); err != nil {
		return fmt.Errorf("prepare the database: %w", err)
	}
	cfg = cfg.Copy()
	cfg.RuntimeParams["lock_timeout"] = strconv.FormatInt(lockTimeout.Milliseconds(), 10)
	conn := stdlib.OpenDB(*cfg)
	defer conn.Close() //nolint:errcheck // nothing is lost with it
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, migrationsWait))
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, conn, o.migrations(), goose.WithSlog(slog.New(slog.DiscardHandler)), goose.WithSessionLocker(locker))
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	for try := 1; ; try++ {
		_, err := provider.UpTo(ctx, version)
		if err == nil {
			return nil
		}
		var pg *pgconn.PgError
		if try == lockTries || !errors.As(err, &pg) || pg.Code != "55P03" {
			return fmt.Errorf("migrate the database: %w", err)
		}
		if err := pause(ctx, lockPause); err != nil {
			return fmt.Errorf("migrate the database: %w", err)
		}
	}
}

// prepare makes sure of what the migrations take for granted, and says what is wrong in words before the first of them runs.
func (o Options) prepare(ctx context.Context, cfg *pgx.ConnConfig) error {
	cfg = cfg.Copy()
	cfg.DefaultQueryExecMode = pgx.QueryExecModeExec // it may be a pooler, which is then refused
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is lost with it
	server, err := asked(ctx, conn)
	if err != nil {
		return err
	}
	if server.pooled {
		return ErrPooled
	}
	if err := mayMake(ctx, conn); err != nil {
		return err
	}
	if err := o.sameRoles(ctx, conn); err != nil {
		return err
	}
	return prepareRoles(ctx, conn, o, server.version)
}

func mayMake(ctx context.Context, conn *pgx.Conn) error {
	var may bool
	err := conn.QueryRow(ctx, "SELECT coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)").Scan(&may)
	if err == nil && !may {
		err = fmt.Errorf("%s may make no tables in database %s: make it the owner of the database, or have an administrator run GRANT CREATE, USAGE ON SCHEMA public TO %[3]s there",
			conn.Config().User, conn.Config().Database, pgx.Identifier{conn.Config().User}.Sanitize())
	}
	return err
}

// sameRoles refuses other roles than those that the schema was made for: they would be given nothing of what is there.
func (o Options) sameRoles(ctx context.Context, conn *pgx.Conn) error {
	for policy, name := range map[string]string{"tenant": o.AppRole, "system": o.SystemRole} {
		var made string
		err := conn.QueryRow(ctx, "SELECT roles[1]::text FROM pg_policies WHERE schemaname = current_schema() AND tablename = 'sales' AND policyname = $1", policy).Scan(&made)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
		case err != nil:
			return err
		case made != name:
			return fmt.Errorf("%w: this database was made for the role %s, not for %s: set KOPPEL_DATABASE_APP_ROLE and KOPPEL_DATABASE_SYSTEM_ROLE as they were, or have an administrator rename the role (ALTER ROLE %[2]s RENAME TO %[3]s)", ErrRoles, made, name)
		}
	}
	return nil
}

// Pending says how many migrations the database still lacks. It writes nothing.
func (s *Store) Pending(ctx context.Context) (int, error) {
	var there bool
	if err := s.system.QueryRow(ctx, "SELECT to_regclass('goose_db_version') IS NOT NULL").Scan(&there); err != nil {
		return 0, fmt.Errorf("read the database's version: %w", err)
	}
	var applied int64
	if there {
		if err := s.system.QueryRow(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version").Scan(&applied); err != nil {
			return 0, fmt.Errorf("read the database's version: %w", err)
		}
	}
	pending := 0
	for _, version := range versions() {
		if version > applied {
			pending++
		}
	}
	return pending, nil
}

// Version is the newest schema that this program knows.
func Version() int64 { return slices.Max(versions()) }

func versions() (numbers []int64) {
	files, _ := fs.Glob(migrationFiles, "migrations/*.sql") // they are in the program
	for _, file := range files {
		version, _, _ := strings.Cut(strings.TrimPrefix(file, "migrations/"), "_")
		if number, err := strconv.ParseInt(version, 10, 64); err == nil {
			numbers = append(numbers, number)
		}
	}
	return numbers
}

// migrations are the files, with the roles by the names that they have here.
func (o Options) migrations() fs.FS {
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		panic(err) // the folder is in the program
	}
	return renaming{files, o}
}

var ourRoles = regexp.MustCompile(`\b(` + DefaultAppRole + `|` + DefaultSystemRole + `)\b`)

type renaming struct {
	fs.FS
	names Options
}

func (r renaming) Open(name string) (fs.File, error) {
	file, err := r.FS.Open(name)
	if err != nil || !strings.HasSuffix(name, ".sql") {
		return file, err
	}
	text, err := io.ReadAll(file)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	renamed := ourRoles.ReplaceAllFunc(text, func(found []byte) []byte {
		if string(found) == DefaultAppRole {
			return []byte(r.names.AppRole)
		}
		return []byte(r.names.SystemRole)
	})
	return renamedFile{file, bytes.NewReader(renamed)}, nil
}

type renamedFile struct {
	fs.File
	text *bytes.Reader
}

func (f renamedFile) Read(into []byte) (int, error) { return f.text.Read(into) }
