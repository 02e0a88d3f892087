package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	sdklog "go.temporal.io/sdk/log"
	"go.uber.org/zap"
	"go.uber.org/zap/exp/zapslog"
	"google.golang.org/protobuf/types/known/durationpb"

	"koppel/internal/config"
	"koppel/internal/logging"
	"koppel/internal/operators"
	"koppel/workflows"
)

// Where Temporal is when nothing says otherwise.
const (
	usualTemporal  = "127.0.0.1:7233"
	usualNamespace = "default"
)

// temporalOptions reads how Temporal is reached: its own TEMPORAL_… variables and profile file, which know TLS, client
// certificates and API keys, and on top of them our flags. cfg gets the address and the namespace that came of it.
func temporalOptions(cfg *config.Config, log *zap.Logger) (client.Options, error) {
	options := client.Options{}
	if !cfg.EmbeddedTemporal { // that is ours, whatever profile its user has
		var err error
		if options, err = envconfig.LoadDefaultClientOptions(); err != nil {
			return options, fmt.Errorf("read how Temporal is reached (TEMPORAL_…, or its profile file): %w", err)
		}
	}
	cfg.TemporalAddress = cmp.Or(cfg.TemporalAddress, options.HostPort, usualTemporal)
	cfg.TemporalNamespace = cmp.Or(cfg.TemporalNamespace, options.Namespace, usualNamespace)
	options.HostPort, options.Namespace = cfg.TemporalAddress, cfg.TemporalNamespace
	// A payload codec would be set here, as options.DataConverter: docs/operations.md says why there is none.
	options.Logger = sdklog.NewStructuredLogger(slog.New(zapslog.NewHandler(logging.Seldom(log).Core())))
	return options, nil
}

// Temporal connects to Temporal, lazily: it may be down while we start.
func (p *Parts) Temporal() (client.Client, error) {
	if p.client != nil {
		return p.client, nil
	}
	options, err := temporalOptions(&p.Config, p.Log)
	if err != nil {
		return nil, err
	}
	if options.MetricsHandler, err = operators.TemporalMetrics(p.registry); err != nil {
		return nil, err
	}
	traces, err := p.traces()
	if err != nil {
		return nil, err
	}
	if traces != nil {
		along, err := traces.Temporal()
		if err != nil {
			return nil, fmt.Errorf("traces through Temporal: %w", err)
		}
		options.Interceptors = append(options.Interceptors, along)
	}
	c, err := client.NewLazyClient(options)
	if err != nil {
		return nil, fmt.Errorf("connect to Temporal: %w", err)
	}
	p.client = c
	return c, nil
}

// dialTemporal connects for a command that needs Temporal now, and no database.
func dialTemporal(r *Run, cfg *config.Config) (client.Client, error) {
	options, err := temporalOptions(cfg, r.Log)
	if err != nil {
		return nil, err
	}
	c, err := client.DialContext(r.Ctx, options)
	if err != nil {
		return nil, fmt.Errorf("connect to Temporal at %s: %w", cfg.TemporalAddress, err)
	}
	return c, nil
}

// TemporalCmd is koppel temporal.
type TemporalCmd struct {
	Prepare TemporalPrepareCmd `cmd:"" help:"Make the search attributes that operators find runs by. Needs the right to; nothing else does."`
}

// TemporalPrepareCmd is koppel temporal prepare.
type TemporalPrepareCmd struct {
	NamespaceRetention time.Duration `help:"Make the namespace where it is not there, which keeps what has ended for so long, such as 72h." placeholder:"DURATION"`
}

// namespaceReady is how long a new namespace may take until Temporal's parts know it; they look every few seconds.
const namespaceReady = time.Minute

// Run makes what is missing. Doing it again changes nothing.
func (cmd *TemporalPrepareCmd) Run(r *Run) error {
	cfg := r.Config
	c, err := dialTemporal(r, &cfg)
	if err != nil {
		return err
	}
	defer c.Close()
	if cmd.NamespaceRetention > 0 {
		if err := makeNamespace(r, c, cfg.TemporalNamespace, cmd.NamespaceRetention); err != nil {
			return err
		}
	}
	there, err := attributesOf(r, c, cfg.TemporalNamespace)
	if err != nil {
		return err
	}
	missing := map[string]enums.IndexedValueType{}
	for name, kind := range workflows.SearchAttributes() {
		switch has, known := there[name]; {
		case !known:
			missing[name] = kind
		case has != kind:
			return wrongType(name, has, kind)
		}
	}
	if len(missing) > 0 {
		_, err = c.OperatorService().AddSearchAttributes(r.Ctx, &operatorservice.AddSearchAttributesRequest{Namespace: cfg.TemporalNamespace, SearchAttributes: missing})
		if err != nil {
			return fmt.Errorf("make search attributes in the namespace %s (have an administrator of Temporal run this, or make them by hand; docs/operations.md lists them): %w", cfg.TemporalNamespace, err)
		}
	}
	_, err = fmt.Fprintf(r.Out, "The namespace %s has the search attributes %v; %d of them are new.\n", cfg.TemporalNamespace, attributeNames(), len(missing))
	return err
}

// makeNamespace makes a namespace where it is not there, and waits until it can be used.
func makeNamespace(r *Run, c client.Client, name string, retention time.Duration) error {
	_, err := c.WorkflowService().RegisterNamespace(r.Ctx, &workflowservice.RegisterNamespaceRequest{Namespace: name, WorkflowExecutionRetentionPeriod: durationpb.New(retention)})
	var there *serviceerror.NamespaceAlreadyExists
	switch {
	case errors.As(err, &there):
		return nil
	case err != nil:
		return fmt.Errorf("make the namespace %s: %w", name, err)
	}
	fmt.Fprintf(r.Out, "The namespace %s is made; what has ended is kept for %s.\n", name, retention) //nolint:errcheck // a report
	ctx, cancel := context.WithTimeout(r.Ctx, namespaceReady)
	defer cancel()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		_, err := c.WorkflowService().ListOpenWorkflowExecutions(ctx, &workflowservice.ListOpenWorkflowExecutionsRequest{Namespace: name, MaximumPageSize: 1})
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the new namespace %s cannot be used yet: %w", name, err)
		case <-tick.C:
		}
	}
}

func attributeNames() []string {
	return slices.Sorted(maps.Keys(workflows.SearchAttributes()))
}

func attributesOf(r *Run, c client.Client, namespace string) (map[string]enums.IndexedValueType, error) {
	list, err := c.OperatorService().ListSearchAttributes(r.Ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return nil, fmt.Errorf("list the search attributes of the namespace %s: %w", namespace, err)
	}
	return list.GetCustomAttributes(), nil
}

func wrongType(name string, has, wanted enums.IndexedValueType) error {
	return fmt.Errorf("%s is %s in this namespace, and must be %s: workflows start without search attributes until it is removed there and made again (koppel temporal prepare), or another namespace is used", name, has, wanted)
}
