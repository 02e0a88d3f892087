package db

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Copied says what a copy of the database is of: everything that was committed at one moment, and how far its numbers were.
type Copied struct {
	Schema   int64     `json:"schema"` // the version of its tables
	Postgres string    `json:"postgres"`
	At       time.Time `json:"at"` // by the database's clock
	// Horizon and Next are changes: below the first everything is in the copy, and from the second on nothing.
	Horizon   int64            `json:"horizon"`
	Next      int64            `json:"next"`
	Tables    []CopiedTable    `json:"tables"`
	Sequences map[string]int64 `json:"sequences"` // what each gave out last
}

// CopiedTable is one table of a copy.
type CopiedTable struct {
	Name    string   `json:"name"`
	Columns []string `json:"columns"`
	Rows    int64    `json:"rows"`
}

// Errors of a copy.
var (
	ErrNotCurrent = errors.New("the database has the tables of another version")
	ErrNotTheCopy = errors.New("what was read is not what the copy says")
)

// CopyOut writes every table as it was at one moment, while others work on. As the owner: row-level security is refused, not obeyed.
func CopyOut(ctx context.Context, o Options, into func(table string) (io.Writer, error)) (c Copied, err error) {
	err = o.copying(ctx, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL row_security = off; SET LOCAL datestyle = 'ISO'", func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, "SELECT coalesce(max(version_id), 0), current_setting('server_version'), now() FROM goose_db_version").Scan(&c.Schema, &c.Postgres, &c.At)
		if err != nil {
			return fmt.Errorf("read the database's version: %w", err)
		}
		if c.Schema != Version() {
			return fmt.Errorf("%w: it has %d, and this program %d: use the program of the version that runs, or start this one first", ErrNotCurrent, c.Schema, Version())
		}
		if err := tx.QueryRow(ctx, "SELECT koppel_change_horizon(), koppel_change_next()").Scan(&c.Horizon, &c.Next); err != nil {
			return err
		}
		if c.Tables, err = tablesOf(ctx, tx); err != nil {
			return err
		}
		for i, table := range c.Tables {
			out, err := into(table.Name)
			if err != nil {
				return err
			}
			tag, err := tx.Conn().PgConn().CopyTo(ctx, out, "COPY "+table.sanitized()+" TO STDOUT")
			if err != nil {
				return fmt.Errorf("copy %s: %w", table.Name, err)
			}
			c.Tables[i].Rows = tag.RowsAffected()
		}
		c.Sequences, err = sequencesOf(ctx, tx) // not of one moment: after the rows, so that none has a higher number
		return err
	})
	return c, err
}

// Onward is how far numbers go on after those of a copy: whoever was told of some in time that is lost is told of none of them again.
type Onward struct{ Numbers, Changes int64 }

// CopyIn fills a database of the copy's version with it, all or nothing. As a superuser: rows come as they are, whatever refers to them.
func CopyIn(ctx context.Context, o Options, c Copied, onward Onward, from func(table string) (io.ReadCloser, error)) error {
	return o.copying(ctx, "BEGIN; SET LOCAL session_replication_role = replica; SET LOCAL datestyle = 'ISO'", func(tx pgx.Tx) error {
		there, err := tablesOf(ctx, tx)
		if err != nil {
			return err
		}
		if slices.CompareFunc(there, c.Tables, compareTables) != 0 {
			return fmt.Errorf("%w: its tables are not those of version %d", ErrNotCurrent, c.Schema)
		}
		names := make([]string, len(there))
		for i, table := range there {
			names[i] = pgx.Identifier{table.Name}.Sanitize()
		}
		if _, err := tx.Exec(ctx, "TRUNCATE "+strings.Join(names, ", ")); err != nil { // what migrations put there
			return fmt.Errorf("empty the tables: %w", err)
		}
		for _, table := range c.Tables {
			if err := copyTable(ctx, tx, table, from); err != nil {
				return fmt.Errorf("fill %s: %w", table.Name, err)
			}
		}
		return goOn(ctx, tx, c, onward)
	})
}

// GoOn has numbers and changes go on after a gap in a database that other means restored: files of a moment, or a dump of it, in a server that counts
// its transactions from the beginning. It gives how far they were.
func GoOn(ctx context.Context, o Options, onward Onward) (c Copied, err error) {
	err = o.copying(ctx, "BEGIN", func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version").Scan(&c.Schema); err != nil {
			return fmt.Errorf("read the database's version: %w", err)
		}
		if c.Schema != Version() {
			return fmt.Errorf("%w: run koppel migrate first", ErrNotCurrent)
		}
		if c.Next, err = lastChange(ctx, tx); err != nil {
			return err
		}
		c.Horizon = c.Next
		if c.Sequences, err = sequencesOf(ctx, tx); err != nil {
			return err
		}
		return goOn(ctx, tx, c, onward)
	})
	return c, err
}

// lastChange is the first change that nobody was told of, as far as this database knows.
func lastChange(ctx context.Context, tx pgx.Tx) (last int64, err error) {
	if err := tx.QueryRow(ctx, "SELECT koppel_change_next()").Scan(&last); err != nil {
		return 0, err
	}
	tables, err := tablesOf(ctx, tx)
	for _, table := range tables {
		if !slices.Contains(table.Columns, "changed") {
			continue
		}
		var changed int64
		if err := tx.QueryRow(ctx, "SELECT coalesce(max(changed), 0) + 1 FROM "+pgx.Identifier{table.Name}.Sanitize()).Scan(&changed); err != nil {
			return 0, fmt.Errorf("read the last change of %s: %w", table.Name, err)
		}
		last = max(last, changed)
	}
	return last, err
}

func copyTable(ctx context.Context, tx pgx.Tx, table CopiedTable, from func(table string) (io.ReadCloser, error)) error {
	in, err := from(table.Name)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // it was only read
	tag, err := tx.Conn().PgConn().CopyFrom(ctx, in, "COPY "+table.sanitized()+" FROM STDIN")
	if err == nil && tag.RowsAffected() != table.Rows {
		err = fmt.Errorf("%w: %d rows instead of %d", ErrNotTheCopy, tag.RowsAffected(), table.Rows)
	}
	return err
}

// goOn has numbers and changes go on after those of the copy.
func goOn(ctx context.Context, tx pgx.Tx, c Copied, onward Onward) error {
	for name, last := range c.Sequences {
		if last+onward.Numbers == 0 {
			continue
		}
		if _, err := tx.Exec(ctx, "SELECT setval($1::text::regclass, $2)", pgx.Identifier{name}.Sanitize(), last+onward.Numbers); err != nil {
			return fmt.Errorf("set %s: %w", name, err)
		}
	}
	_, err := tx.Exec(ctx, fmt.Sprintf("CREATE OR REPLACE FUNCTION koppel_change_start() RETURNS bigint LANGUAGE sql IMMUTABLE RETURN %d::bigint", c.Next+onward.Changes))
	return err
}

func (o Options) copying(ctx context.Context, begin string, do func(pgx.Tx) error) error {
	cfg, err := o.direct()
	if err != nil {
		return err
	}
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return fmt.Errorf("connect to the database: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is lost with it
	return pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{BeginQuery: begin}, do)
}

func (t CopiedTable) sanitized() string {
	columns := make([]string, len(t.Columns))
	for i, column := range t.Columns {
		columns[i] = pgx.Identifier{column}.Sanitize()
	}
	return pgx.Identifier{t.Name}.Sanitize() + " (" + strings.Join(columns, ", ") + ")"
}

func compareTables(a, b CopiedTable) int {
	if order := strings.Compare(a.Name, b.Name); order != 0 {
		return order
	}
	return slices.Compare(a.Columns, b.Columns)
}

// tablesOf lists our tables, and of each the columns that are not computed. Which migrations ran is the schema's own matter.
func tablesOf(ctx context.Context, tx pgx.Tx) ([]CopiedTable, error) {
	rows, err := tx.Query(ctx, `SELECT c.relname::text AS name, array_agg(a.attname::text ORDER BY a.attname) AS columns FROM pg_class c
		JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
		WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace AND c.relname <> 'goose_db_version' GROUP BY 1 ORDER BY c.relname::text COLLATE "C"`)
	if err != nil {
		return nil, fmt.Errorf("list the tables: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (t CopiedTable, err error) {
		err = row.Scan(&t.Name, &t.Columns)
		return t, err
	})
}

func sequencesOf(ctx context.Context, tx pgx.Tx) (map[string]int64, error) {
	rows, err := tx.Query(ctx, "SELECT sequencename::text, coalesce(last_value, 0) FROM pg_sequences WHERE schemaname = current_schema() AND sequencename <> 'goose_db_version_id_seq'")
	if err != nil {
		return nil, fmt.Errorf("list the sequences: %w", err)
	}
	list := map[string]int64{}
	var name string
	var last int64
	_, err = pgx.ForEachRow(rows, []any{&name, &last}, func() error { list[name] = last; return nil })
	return list, err
}
