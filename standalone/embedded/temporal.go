// Package embedded runs what Koppel needs inside its own process or data folder: Temporal's server with
// its Web UI, and PostgreSQL.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/membership/static"
	sqliteplugin "go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/schema/sqlite"
	"go.temporal.io/server/temporal"
)

// historyShards is fixed for the life of a database file. With 16, one workflow with one activity takes
// about 23 ms on two cores; with 1 it takes 150 ms (docs/decisions/0004).
const historyShards = 16

// TemporalConfig says where the embedded Temporal server keeps its file and listens.
type TemporalConfig struct {
	File      string // SQLite database; made when it does not exist
	Listen    string // host:port of the gRPC front end
	Namespace string
	Log       log.Logger
	// SearchAttributes of a new namespace.
	SearchAttributes map[string]enums.IndexedValueType
	// TLS of the front end; nil for none.
	TLS *TLS
	// DynamicConfig overrides or adds settings, by Temporal's own names.
	DynamicConfig map[string]any
}

// TLS is what the front end shows, and whom it lets in: clients with a certificate of ClientCA. Its certificate must be one
// of ClientCA too, for clients and servers both: Temporal's own worker comes in with it.
type TLS struct{ Cert, Key, ClientCA string }

func (t *TLS) config() config.RootTLS {
	if t == nil {
		return config.RootTLS{}
	}
	ours := config.ClientTLS{ServerName: "localhost", RootCAFiles: []string{t.ClientCA}}
	return config.RootTLS{
		Frontend: config.GroupTLS{
			Server: config.ServerTLS{CertFile: t.Cert, KeyFile: t.Key, ClientCAFiles: []string{t.ClientCA}, RequireClientAuth: true}, Client: ours,
		},
		SystemWorker: config.WorkerTLS{CertFile: t.Cert, KeyFile: t.Key, Client: ours},
	}
}

// Temporal is a Temporal server in this process.
type Temporal struct{ server temporal.Server }

// pragmas are SQLite's settings for Temporal's file. Temporal hands every name that it does not know to SQLite as it
// stands, and SQLite passes over a pragma that it does not know: a name with a mistake does nothing.
var pragmas = map[string]string{"journal_mode": "wal", "synchronous": "normal", "busy_timeout": "10000"}

// ownersOnly makes a file of SQLite that nobody else can read, before SQLite makes one that everybody can: its log and index
// then have the same rights. Those that an earlier version made lose them.
func ownersOnly(file string) error {
	made, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := made.Close(); err != nil {
		return err
	}
	for _, name := range []string{file, file + "-wal", file + "-shm"} {
		if err := os.Chmod(name, 0o600); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// StartTemporal starts the server and returns when it accepts connections. A port that is taken is
// reported before Temporal is started: Temporal itself would end the process.
func StartTemporal(ctx context.Context, cfg TemporalConfig) (*Temporal, error) {
	host, port, err := CheckFree("Temporal", cfg.Listen)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(cfg.File), 0o700); err != nil {
		return nil, fmt.Errorf("make the folder for Temporal's file: %w", err)
	}
	sql := &config.SQL{PluginName: sqliteplugin.PluginName, DatabaseName: cfg.File, ConnectAttributes: map[string]string{"mode": "rwc"}}
	maps.Copy(sql.ConnectAttributes, pragmas)
	if err := prepareStore(sql, cfg); err != nil {
		return nil, err
	}
	serverConfig, hosts, err := temporalServerConfig(sql, host, port)
	if err != nil {
		return nil, err
	}
	serverConfig.Global.TLS = cfg.TLS.config()
	server, err := temporal.NewServer(
		temporal.WithConfig(serverConfig),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithStaticHosts(hosts),
		temporal.WithLogger(cfg.Log),
		temporal.WithDynamicConfigClient(dynamicConfig(cfg.DynamicConfig)),
	)
	if err != nil {
		return nil, fmt.Errorf("set Temporal's server up: %w", err)
	}
	if err := server.Start(); err != nil {
		return nil, fmt.Errorf("start Temporal's server: %w", err)
	}
	if err := waitForPort(ctx, cfg.Listen); err != nil {
		_ = server.Stop()
		return nil, err
	}
	return &Temporal{server: server}, nil
}

// Stop ends the server in order.
func (t *Temporal) Stop() error { return t.server.Stop() }

func prepareStore(sql *config.SQL, cfg TemporalConfig) error {
	before, err := os.Stat(cfg.File)
	if err := ownersOnly(cfg.File); err != nil {
		return fmt.Errorf("keep Temporal's file to its owner: %w", err)
	}
	if errors.Is(err, os.ErrNotExist) || err == nil && before.Size() == 0 {
		if err := sqlite.SetupSchema(sql); err != nil {
			return fmt.Errorf("make Temporal's tables in %s: %w", cfg.File, err)
		}
	}
	namespace, err := sqlite.NewNamespaceConfig("active", cfg.Namespace, false, cfg.SearchAttributes)
	if err != nil {
		return fmt.Errorf("describe Temporal's namespace: %w", err)
	}
	namespace.Detail.Config.Retention.Seconds = int64((72 * time.Hour).Seconds())
	if err := sqlite.CreateNamespaces(sql, namespace); err != nil {
		return fmt.Errorf("make Temporal's namespace %s: %w", cfg.Namespace, err)
	}
	return nil
}

// dynamicConfig holds the settings that the design needs from any Temporal server that serves Koppel; the
// compose file sets the same ones, and `koppel doctor` checks what can be seen of them.
func dynamicConfig(more map[string]any) dynamicconfig.StaticClient {
	values := dynamicconfig.StaticClient{
		dynamicconfig.MatchingEnableFairness.Key():              true,
		dynamicconfig.MatchingNumTaskqueueReadPartitions.Key():  1,
		dynamicconfig.MatchingNumTaskqueueWritePartitions.Key(): 1,
		// One process serves every namespace and every poller: the frontend's defaults are for a shared cluster.
		dynamicconfig.FrontendRPS.Key():                        100_000,
		dynamicconfig.FrontendMaxNamespaceRPSPerInstance.Key(): 100_000,
	}
	for name, value := range more {
		values[dynamicconfig.MakeKey(name)] = value
	}
	return values
}

func temporalServerConfig(sql *config.SQL, host string, port int) (*config.Config, map[primitives.ServiceName]static.Hosts, error) {
	ports := map[primitives.ServiceName]int{primitives.FrontendService: port}
	for _, name := range []primitives.ServiceName{primitives.HistoryService, primitives.MatchingService, primitives.WorkerService} {
		free, err := FreePort("127.0.0.1")
		if err != nil {
			return nil, nil, err
		}
		ports[name] = free
	}
	services := map[string]config.Service{}
	hosts := map[primitives.ServiceName]static.Hosts{}
	for name, p := range ports {
		bind := "127.0.0.1"
		if name == primitives.FrontendService {
			bind = host
		}
		services[string(name)] = config.Service{RPC: config.RPC{GRPCPort: p, BindOnIP: bind}}
		hosts[name] = static.SingleLocalHost(net.JoinHostPort("127.0.0.1", strconv.Itoa(p)))
	}
	if host != "0.0.0.0" {
		hosts[primitives.FrontendService] = static.SingleLocalHost(net.JoinHostPort(host, strconv.Itoa(port)))
	}
	frontend := hosts[primitives.FrontendService].Self
	return &config.Config{
		Persistence: config.Persistence{
			DefaultStore: "sqlite", VisibilityStore: "sqlite", NumHistoryShards: historyShards,
			DataStores: map[string]config.DataStore{"sqlite": {SQL: sql}},
		},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10, MasterClusterName: "active", CurrentClusterName: "active",
			ClusterInformation: map[string]cluster.ClusterInformation{
				"active": {Enabled: true, InitialFailoverVersion: 1, RPCAddress: frontend},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		Services:            services,
		Archival: config.Archival{
			History:    config.HistoryArchival{State: "disabled"},
			Visibility: config.VisibilityArchival{State: "disabled"},
		},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History:    config.HistoryArchivalNamespaceDefaults{State: "disabled"},
			Visibility: config.VisibilityArchivalNamespaceDefaults{State: "disabled"},
		}},
		PublicClient: config.PublicClient{HostPort: frontend},
	}, hosts, nil
}
