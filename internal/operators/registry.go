package operators

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// NewRegistry makes a process's metrics, with those of Go and of the process itself.
func NewRegistry() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return registry
}

// Pool is how the connections of a pool to the database are used.
type Pool struct {
	Name              string
	Used, Idle, Limit int32
	Waits             int64   // how often somebody had to wait for a connection
	WaitedSeconds     float64 // altogether
}

// Pools tells how a process's pools are used.
type Pools func() []Pool

var (
	poolConnections = prometheus.NewDesc("koppel_database_connections", "Connections of a pool to the database, by what they do; limit: as many as there may be.", []string{"pool", "state"}, nil)
	poolWaits       = prometheus.NewDesc("koppel_database_waits_total", "How often somebody had to wait for a connection.", []string{"pool"}, nil)
	poolWaited      = prometheus.NewDesc("koppel_database_waited_seconds_total", "How long was waited for connections altogether.", []string{"pool"}, nil)
)

// Describe implements prometheus.Collector.
func (Pools) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{poolConnections, poolWaits, poolWaited} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (p Pools) Collect(out chan<- prometheus.Metric) {
	for _, pool := range p() {
		for state, n := range map[string]int32{"used": pool.Used, "idle": pool.Idle, "limit": pool.Limit} {
			out <- prometheus.MustNewConstMetric(poolConnections, prometheus.GaugeValue, float64(n), pool.Name, state)
		}
		out <- prometheus.MustNewConstMetric(poolWaits, prometheus.CounterValue, float64(pool.Waits), pool.Name)
		out <- prometheus.MustNewConstMetric(poolWaited, prometheus.CounterValue, pool.WaitedSeconds, pool.Name)
	}
}
