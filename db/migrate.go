package db

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"

	_ "github.com/jackc/pgx/v5/stdlib" // goose works on database/sql
	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// Migrate brings the schema up to date, as the user of url: it must own the schema and may make roles.
func Migrate(ctx context.Context, url string) error {
	provider, closeDB, err := migrations(url)
	if err != nil {
		return err
	}
	defer closeDB()
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate the database: %w", err)
	}
	return nil
}

// Pending says how many migrations the database still lacks.
func Pending(ctx context.Context, url string) (int, error) {
	provider, closeDB, err := migrations(url)
	if err != nil {
		return 0, err
	}
	defer closeDB()
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return 0, fmt.Errorf("read the database's version: %w", err)
	}
	return int(target - current), nil
}

func migrations(url string) (*goose.Provider, func(), error) {
	conn, err := sql.Open("pgx", url)
	if err != nil {
		return nil, nil, fmt.Errorf("connect to the database: %w", err)
	}
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return nil, nil, err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, conn, files, goose.WithSlog(slog.New(slog.DiscardHandler)))
	if err != nil {
		_ = conn.Close()
		return nil, nil, fmt.Errorf("read the migrations: %w", err)
	}
	return provider, func() { _ = conn.Close() }, nil
}
