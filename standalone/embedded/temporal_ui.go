package embedded

import (
	"context"

	uiserver "github.com/temporalio/ui-server/v2/server"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	"github.com/temporalio/ui-server/v2/server/server_options"
)

// TemporalUI is Temporal's Web UI in this process.
type TemporalUI struct{ server *uiserver.Server }

// StartTemporalUI serves the Web UI on listen, for the Temporal server at temporalAddress.
func StartTemporalUI(ctx context.Context, listen, temporalAddress, namespace string) (*TemporalUI, error) {
	host, port, err := CheckFree("Temporal's Web UI", listen)
	if err != nil {
		return nil, err
	}
	server := uiserver.NewServer(server_options.WithConfigProvider(&uiconfig.Config{
		TemporalGRPCAddress: temporalAddress,
		Host:                host,
		Port:                port,
		EnableUI:            true,
		DefaultNamespace:    namespace,
		DisableNewsFetch:    true,
		HideLogs:            true,
		CORS:                uiconfig.CORS{CookieInsecure: true},
	}))
	go func() { _ = server.Start() }()
	if err := waitForPort(ctx, listen); err != nil {
		server.Stop()
		return nil, err
	}
	return &TemporalUI{server: server}, nil
}

// Stop ends the Web UI.
func (u *TemporalUI) Stop() { u.server.Stop() }
