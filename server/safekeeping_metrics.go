package server

import (
	"github.com/prometheus/client_golang/prometheus"

	"koppel/states"
)

// safekeeping tells how backups fare, and drills of them. When the database does not answer it tells nothing.
type safekeeping struct{ facts *facts }

var (
	safekeepingAge     = desc("koppel_safekeeping_age_seconds", "How long ago a backup, and a drill of one, succeeded last; -1 where none ever did.", "kind")
	safekeepingFailing = desc("koppel_safekeeping_failing", "1 where the last backup, or the last drill, failed.", "kind")
)

// Describe implements prometheus.Collector.
func (*safekeeping) Describe(out chan<- *prometheus.Desc) {
	described(out, safekeepingAge, safekeepingFailing)
}

// Collect implements prometheus.Collector.
func (m *safekeeping) Collect(out chan<- prometheus.Metric) {
	read := m.facts.read()
	if read == nil {
		return
	}
	for _, kind := range []states.Safekeeping{states.SafekeepingBackup, states.SafekeepingDrill} {
		age, failing := -1.0, 0.0
		for _, row := range read.safekeeping {
			if row.Kind != kind {
				continue
			}
			if row.SucceededAt != nil {
				age = read.at.Sub(*row.SucceededAt).Seconds()
			}
			if row.FailedAt != nil {
				failing = 1
			}
		}
		gauge(out, safekeepingAge, age, string(kind))
		gauge(out, safekeepingFailing, failing, string(kind))
	}
}
