package db_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"koppel/db"
	"koppel/db/dbtest"
)

// before is the last migration from before the rule (decision 27).
const before = 24

// hazards are what a migration does not do to a table that is there already, while the previous version's processes work on it.
var hazards = []struct{ is, instead string }{
	{`(?i)\bCREATE (UNIQUE )?INDEX (?-i:[^C])`, "CREATE INDEX CONCURRENTLY, in a migration with NO TRANSACTION, after DROP INDEX CONCURRENTLY IF EXISTS"},
	{`(?i)\bALTER (COLUMN )?\w+ (SET DATA )?TYPE\b`, "a type that changes rewrites the table: add a column, write both, then read the new one"},
	{`(?i)\bSET NOT NULL\b`, "ADD CONSTRAINT … CHECK (… IS NOT NULL) NOT VALID, and VALIDATE CONSTRAINT in the next migration"},
	{`(?i)\bADD (COLUMN )?\w+ [^,;]*\bNOT NULL\b(?:[^,;D]|D[^,;E])*[,;]`, "a new column has a DEFAULT or takes NULL: the previous version does not write it"},
	{`(?i)\bADD (COLUMN )?\w+ [^,;]*\bDEFAULT (gen_random_uuid|koppel_change|clock_timestamp|random|nextval)\b`, "a default that differs for each row rewrites the table"},
	{`(?i)\bADD (CONSTRAINT \w+ )?(CHECK|FOREIGN KEY)\b(?:[^;N]|N[^;O]|NO[^;T])*;`, "NOT VALID, and VALIDATE CONSTRAINT in the next migration"},
	{`(?i)\bADD (CONSTRAINT \w+ )?(UNIQUE|PRIMARY KEY) *\(`, "CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT … USING INDEX"},
	{`(?i)\bRENAME\b`, "the previous version asks for the old name: add, write both, drop a version later"},
	{`(?i)\b(TRUNCATE|CLUSTER|VACUUM FULL|LOCK TABLE)\b`, "nothing waits for a whole table"},
}

// unsafe says what of a migration would stop or break the version that runs meanwhile. What it makes itself it may lay out as it likes.
func unsafe(migration string) (found []string) {
	up, _, _ := strings.Cut(migration, "-- +goose Down")
	up = regexp.MustCompile(`(?m)--.*$`).ReplaceAllString(up, "")
	made := map[string]bool{}
	for _, table := range regexp.MustCompile(`(?i)\bCREATE (?:UNLOGGED )?TABLE (?:IF NOT EXISTS )?(\w+)`).FindAllStringSubmatch(up, -1) {
		made[table[1]] = true
	}
	for _, statement := range strings.SplitAfter(up, ";") {
		about := regexp.MustCompile(`(?i)\b(?:ALTER TABLE (?:ONLY )?|INDEX \w+ ON )(\w+)`).FindStringSubmatch(statement)
		if about != nil && made[about[1]] || regexp.MustCompile(`(?i)^\s*CREATE (UNLOGGED )?TABLE`).MatchString(statement) {
			continue
		}
		for _, h := range hazards {
			if regexp.MustCompile(h.is).MatchString(statement) {
				found = append(found, h.instead)
			}
		}
		for _, index := range regexp.MustCompile(`CREATE (?:UNIQUE )?INDEX CONCURRENTLY (\w+)`).FindAllStringSubmatch(statement, -1) {
			if !strings.Contains(migration, "-- +goose NO TRANSACTION") || !strings.Contains(up, "DROP INDEX CONCURRENTLY IF EXISTS "+index[1]+";") {
				found = append(found, "what broke off half way leaves an index that is not valid: NO TRANSACTION, and DROP INDEX CONCURRENTLY IF EXISTS "+index[1]+" before it")
			}
		}
	}
	return found
}

// Expand, then contract: a migration leaves the version that runs meanwhile what it works with, and makes nothing wait for long.
func TestMigrationsCanRunUnderLoad(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("migrations/*.sql")
	require.NoError(t, err)
	require.Greater(t, len(files), before)
	for _, file := range files {
		number, err := strconv.Atoi(filepath.Base(file)[:5])
		require.NoError(t, err)
		if number <= before {
			continue
		}
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Empty(t, unsafe(string(text)), file)
	}
}

// The rule finds what it is there for.
func TestUnsafeMigrationsAreFound(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"CREATE INDEX sales_x ON sales (x);",
		"CREATE UNIQUE INDEX sales_x ON sales (x);",
		"CREATE INDEX CONCURRENTLY sales_x ON sales (x);",
		"-- +goose NO TRANSACTION\nCREATE INDEX CONCURRENTLY sales_x ON sales (x);",
		"ALTER TABLE sales ALTER COLUMN status TYPE varchar(10);",
		"ALTER TABLE sales ALTER status SET DATA TYPE int;",
		"ALTER TABLE sales ALTER COLUMN channel SET NOT NULL;",
		"ALTER TABLE sales ADD COLUMN x text NOT NULL;",
		"ALTER TABLE sales ADD x text NOT NULL, ADD y text;",
		"ALTER TABLE sales ADD COLUMN x uuid NOT NULL DEFAULT gen_random_uuid();",
		"ALTER TABLE sales ADD CONSTRAINT x CHECK (status <> '');",
		"ALTER TABLE sales ADD CHECK (status <> '');",
		"ALTER TABLE sales ADD FOREIGN KEY (user_id) REFERENCES users (id);",
		"ALTER TABLE sales ADD UNIQUE (id, status);",
		"ALTER TABLE sales RENAME COLUMN status TO state;",
		"ALTER TABLE sales RENAME TO orders;",
		"TRUNCATE sale_history;",
	} {
		require.NotEmpty(t, unsafe(bad), bad)
	}
	for _, good := range []string{
		"-- +goose NO TRANSACTION\nDROP INDEX CONCURRENTLY IF EXISTS sales_x;\nCREATE INDEX CONCURRENTLY sales_x ON sales (x);",
		"ALTER TABLE sales ADD COLUMN x text NOT NULL DEFAULT '';",
		"ALTER TABLE sales ADD COLUMN x text, ADD y integer NOT NULL DEFAULT 0;",
		"ALTER TABLE sales ADD CONSTRAINT x CHECK (status <> '') NOT VALID;",
		"ALTER TABLE sales VALIDATE CONSTRAINT x;",
		"CREATE TABLE news (id bigint NOT NULL, CHECK (id > 0));\nCREATE INDEX news_id ON news (id);\nALTER TABLE news ENABLE ROW LEVEL SECURITY;",
		"SELECT 1;\n-- +goose Down\nALTER TABLE sales RENAME TO orders;",
	} {
		require.Empty(t, unsafe(good), good)
	}
}

// queries are the texts of a version's generated queries, by name.
func queries(t *testing.T, texts map[string]string) map[string]string {
	t.Helper()
	list := map[string]string{}
	for _, text := range texts {
		for _, found := range regexp.MustCompile("(?s)= `-- name: (\\w+) :\\w+\n(.*?)`\n").FindAllStringSubmatch(text, -1) {
			list[found[1]] = found[2]
		}
	}
	require.Greater(t, len(list), 100)
	return list
}

func generated(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	require.NoError(t, fs.WalkDir(os.DirFS("dbsqlc"), ".", func(path string, _ fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".sql.go") {
			var text []byte
			text, err = os.ReadFile("dbsqlc/" + path)
			texts[path] = string(text)
		}
		return err
	}))
	return texts
}

const previousQueries = "testdata/previous_queries.txt"

// The version that ran before works on with the newest schema: each of its queries is still one, and one of our two roles may run it.
// A release writes its own queries there (KOPPEL_RELEASE=1), for the next one.
func TestPreviousVersionsQueriesRunOnTheNewestSchema(t *testing.T) {
	t.Parallel()
	if os.Getenv("KOPPEL_RELEASE") != "" {
		var all strings.Builder
		for _, text := range generated(t) {
			for _, found := range regexp.MustCompile("(?s)= `-- name: \\w+ :\\w+\n.*?`\n").FindAllString(text, -1) {
				all.WriteString(found)
			}
		}
		require.NoError(t, os.WriteFile(previousQueries, []byte(all.String()), 0o600))
	}
	previous, err := os.ReadFile(previousQueries)
	require.NoError(t, err)
	for _, version := range versions {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			o := dbtest.Rented(t, version, dbtest.MakesRoles)
			require.NoError(t, db.Migrate(t.Context(), o))
			conn := dbtest.As(t, o)
			for _, list := range []map[string]string{queries(t, map[string]string{"": string(previous)}), queries(t, generated(t))} {
				for name, text := range list {
					require.NoError(t, runs(t, conn, o, version, text), name)
				}
			}
		})
	}
}

// runs plans a query as one of our roles. Since PostgreSQL 16 that is possible without its parameters, and looks at rights too.
func runs(t *testing.T, conn *pgx.Conn, o db.Options, version dbtest.Version, text string) (err error) {
	t.Helper()
	plan := "EXPLAIN (GENERIC_PLAN) "
	if version == dbtest.Installed {
		plan = "PREPARE planned AS "
	}
	for _, role := range []string{o.AppRole, o.SystemRole} {
		_, err = conn.PgConn().Exec(t.Context(), fmt.Sprintf("BEGIN; SET LOCAL ROLE %s; %s %s", role, plan, text)).ReadAll()
		_, _ = conn.PgConn().Exec(t.Context(), "ROLLBACK; DEALLOCATE ALL").ReadAll()
		if err == nil {
			return nil
		}
	}
	return err
}

// takeBack undoes the migrations from a number on.
func takeBack(t *testing.T, conn *pgx.Conn, from string) {
	t.Helper()
	files, err := filepath.Glob("migrations/*.sql")
	require.NoError(t, err)
	for _, file := range slices.Backward(files) {
		if filepath.Base(file) < from {
			break
		}
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		_, down, found := strings.Cut(string(text), "-- +goose Down")
		require.True(t, found, file)
		for statement := range strings.SplitSeq(down, ";\n") {
			_, err := conn.Exec(t.Context(), statement)
			require.NoError(t, err, file)
		}
	}
	_, err = conn.Exec(t.Context(), "DELETE FROM goose_db_version WHERE version_id >= $1::bigint", from)
	require.NoError(t, err)
}

// A migration that waits for a table gives way after a few seconds, so that what comes after it is not held up, and tries again.
func TestAMigrationGivesWay(t *testing.T) {
	t.Parallel()
	o := dbtest.Rented(t, dbtest.Installed, dbtest.MakesRoles)
	require.NoError(t, db.Migrate(t.Context(), o))
	busy, looking := dbtest.As(t, o), dbtest.As(t, o)
	takeBack(t, busy, "00024")
	_, err := busy.Exec(t.Context(), "BEGIN; LOCK TABLE outbox IN ROW EXCLUSIVE MODE") // as a sale that is being stored
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- db.Migrate(t.Context(), o) }()
	waits := func() (waiting bool) {
		require.NoError(t, looking.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'outbox'::regclass)").Scan(&waiting))
		return waiting
	}
	require.Eventually(t, waits, 30*time.Second, 20*time.Millisecond, "it waits for the table")
	require.Eventually(t, func() bool { return !waits() }, 30*time.Second, 20*time.Millisecond, "it gives way, though the table is still busy")
	require.Empty(t, ended)
	_, err = busy.Exec(t.Context(), "COMMIT")
	require.NoError(t, err)
	require.NoError(t, <-ended)
}
