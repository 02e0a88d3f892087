package server

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"koppel/db"
	"koppel/relay"
	"koppel/states"
)

// observed is what the metrics of a server are made of.
type observed struct {
	store *db.Store
	now   func() time.Time
	age   func(job string) time.Duration // since one of the relay's own jobs went well
	links int                            // up to so many, each link has series of its own
}

// register adds what a server tells to a registry.
func (o observed) register(ctx context.Context, registry *prometheus.Registry) {
	seen := &facts{ctx: ctx, store: o.store, now: o.now}
	registry.MustRegister(&outboxMetrics{seen}, &setAside{seen}, &safekeeping{seen}, &backgroundMetrics{seen}, &saleMetrics{seen, o.links}, &linkMetrics{seen, o.links})
	for _, job := range relay.Jobs {
		registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "koppel_relay_last_success_age_seconds", Help: "How long ago a job of this server's relay went well last; 0 where it does not run.",
			ConstLabels: prometheus.Labels{"job": job},
		}, func() float64 { return o.age(job).Seconds() }))
	}
}

// described is a collector's Describe.
func described(out chan<- *prometheus.Desc, list ...*prometheus.Desc) {
	for _, d := range list {
		out <- d
	}
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

// gauge hands one value out.
func gauge(out chan<- prometheus.Metric, d *prometheus.Desc, value float64, labels ...string) {
	out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}

// outboxMetrics tells what Temporal has not heard of yet.
type outboxMetrics struct{ facts *facts }

var (
	outboxRows   = desc("koppel_outbox_rows", "Commits that Temporal has not heard of yet; -1 when the database does not answer.")
	outboxOldest = desc("koppel_outbox_oldest_seconds", "How long the commit waits for Temporal that waits longest; 0 when none does.")
)

// Describe implements prometheus.Collector.
func (*outboxMetrics) Describe(out chan<- *prometheus.Desc) { described(out, outboxRows, outboxOldest) }

// Collect implements prometheus.Collector.
func (m *outboxMetrics) Collect(out chan<- prometheus.Metric) {
	read := m.facts.read()
	if read == nil {
		gauge(out, outboxRows, -1)
		return
	}
	gauge(out, outboxRows, float64(read.outbox.Rows))
	gauge(out, outboxOldest, read.outbox.OldestSeconds)
}

// setAside counts the rows of partners that could not be read, by kind: as many series as there are kinds of rows. When the
// database does not answer there are none.
type setAside struct{ facts *facts }

var setAsideRows = desc("koppel_set_aside_rows", "Rows of partners' lists that could not be read, by kind.", "kind")

// Describe implements prometheus.Collector.
func (*setAside) Describe(out chan<- *prometheus.Desc) { out <- setAsideRows }

// Collect implements prometheus.Collector.
func (m *setAside) Collect(out chan<- prometheus.Metric) {
	read := m.facts.read()
	if read == nil {
		return
	}
	rows := map[states.SetAsideKind]int64{states.SetAsideProduct: 0, states.SetAsideQuestion: 0, states.SetAsideFlow: 0, states.SetAsideAgreement: 0, states.SetAsideStatus: 0, states.SetAsideSale: 0}
	for _, c := range read.setAside {
		rows[c.Kind] = c.Rows
	}
	for kind, count := range rows {
		gauge(out, setAsideRows, float64(count), string(kind))
	}
}

// backgroundMetrics tells how background jobs fare, by kind: no tenant is told apart.
type backgroundMetrics struct{ facts *facts }

var (
	jobsFailing = desc("koppel_background_failing", "Background jobs whose last attempt failed.", "kind")
	jobsFailFor = desc("koppel_background_failing_seconds", "How long the job fails that fails longest; 0 when none does.", "kind")
	jobsOldest  = desc("koppel_background_last_success_age_seconds", "How long ago the last success was of the job that waits longest for one.", "kind")
	jobsMissed  = desc("koppel_background_missed", "Background jobs that should have run and did not.", "kind")
)

// Describe implements prometheus.Collector.
func (*backgroundMetrics) Describe(out chan<- *prometheus.Desc) {
	described(out, jobsFailing, jobsFailFor, jobsOldest, jobsMissed)
}

// Collect implements prometheus.Collector. Without a database it tells nothing: koppel_outbox_rows is -1 then.
func (m *backgroundMetrics) Collect(out chan<- prometheus.Metric) {
	read := m.facts.read()
	if read == nil {
		return
	}
	for _, k := range read.kinds {
		gauge(out, jobsFailing, float64(k.Failing), string(k.Kind))
		gauge(out, jobsFailFor, read.at.Sub(k.FailingSince).Seconds()*min(1, float64(k.Failing)), string(k.Kind))
		gauge(out, jobsOldest, read.at.Sub(k.OldestSuccess).Seconds(), string(k.Kind))
	}
	for _, missed := range read.missed {
		gauge(out, jobsMissed, float64(missed.Missed), missed.Kind)
	}
}
