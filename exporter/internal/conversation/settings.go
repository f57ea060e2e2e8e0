package conversation

import (
	"time"

	"supportexporter/exporter/internal/tally"
)

// Settings is what of the configuration decides how events count. It is
// journaled when it changes, so that a restart counts every event by the
// settings under which it was counted before.
type Settings struct {
	IdleTimeout time.Duration `json:"idle_timeout"`
	Retention   time.Duration `json:"retention"` // longer than IdleTimeout
	Exemplars   bool          `json:"exemplars"`
	Limits      tally.Limits  `json:"limits"`
	Buckets     tally.Buckets `json:"buckets"` // fixed when the store is created
	Arms        []Arm         `json:"arms"`    // declared ones; they exist before anything joins them
}

// Arm is one variant of an experiment.
type Arm struct {
	Experiment string `json:"experiment"`
	Variant    string `json:"variant"`
}
