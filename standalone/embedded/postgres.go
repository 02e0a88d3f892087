package embedded

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
	"github.com/jackc/pgx/v5"

	"koppel/internal/pgcluster"
)

const database = "koppel"

// StartPostgres starts a PostgreSQL that keeps its data in dir: the programs in a folder, or the system's, or, where there are
// none, downloaded ones (for which the internet is needed). It gives the address of the database koppel.
func StartPostgres(ctx context.Context, dir, programs string) (address string, stop func(), err error) {
	cluster, err := pgcluster.Start(ctx, pgcluster.Options{Dir: dir, Programs: programs})
	if errors.Is(err, pgcluster.ErrNoBinaries) {
		return downloaded(dir, err)
	}
	if err != nil {
		return "", nil, err
	}
	stop = func() { _ = cluster.Stop(context.WithoutCancel(ctx)) }
	address, err = ensureDatabase(ctx, cluster.URL())
	if err != nil {
		stop()
		return "", nil, err
	}
	return address, stop, nil
}

func downloaded(dir string, missing error) (string, func(), error) {
	port, err := FreePort("127.0.0.1")
	if err != nil {
		return "", nil, err
	}
	cfg := embeddedpostgres.DefaultConfig().Port(uint32(port)).Database(database).RuntimePath(filepath.Join(dir, "runtime")).DataPath(filepath.Join(dir, "data"))
	server := embeddedpostgres.NewDatabase(cfg)
	if err := server.Start(); err != nil {
		return "", nil, fmt.Errorf("%w (downloading it failed too: %w)", missing, err)
	}
	return cfg.GetConnectionURL() + "?sslmode=disable", func() { _ = server.Stop() }, nil
}

func ensureDatabase(ctx context.Context, owner string) (string, error) {
	conn, err := pgx.Connect(ctx, owner)
	if err != nil {
		return "", fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	defer conn.Close(ctx) //nolint:errcheck // nothing is lost
	var there bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", database).Scan(&there); err != nil {
		return "", fmt.Errorf("look for the database: %w", err)
	}
	if !there {
		if _, err := conn.Exec(ctx, "CREATE DATABASE "+database); err != nil {
			return "", fmt.Errorf("make the database: %w", err)
		}
	}
	parsed, err := url.Parse(owner)
	if err != nil {
		return "", err
	}
	parsed.Path = "/" + database
	return parsed.String(), nil
}
