package conversation

import (
	"slices"
	"time"

	"supportexporter/exporter/internal/config"
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

	Experiments []config.Experiment `json:"experiments,omitempty"` // declared ones; their arms exist before anything joins them
	Withdrawn   []config.Experiment `json:"withdrawn,omitempty"`   // started once and declared no more
}

// Arm is one variant of an experiment.
type Arm struct {
	Experiment string
	Variant    string
}

// Following gives s as it is in force after the settings before, from now on.
// Experiments that have started keep what was declared then; if s declares them
// otherwise, it is an error. Those that s does not declare are remembered, or
// one could be withdrawn and declared again with other weights.
func (s Settings) Following(before Settings, now time.Time) (Settings, error) {
	known := slices.Concat(before.Experiments, before.Withdrawn)
	declared := make([]config.Experiment, len(s.Experiments))
	for i, x := range s.Experiments {
		declared[i] = x.Declare(now)
		if k := named(known, x.Name); k >= 0 {
			var err error
			if declared[i], err = known[k].Redeclare(x, now); err != nil {
				return Settings{}, err
			}
		}
	}
	s.Experiments, s.Withdrawn = declared, nil
	for _, x := range known {
		if named(declared, x.Name) < 0 && x.Started(now) {
			s.Withdrawn = append(s.Withdrawn, x)
		}
	}
	return s, nil
}

func named(all []config.Experiment, name string) int {
	return slices.IndexFunc(all, func(x config.Experiment) bool { return x.Name == name })
}

// period is when conversations may join a declared experiment, in Unix
// milliseconds.
type period struct{ start, end int64 } // end 0: no end

func (p period) has(now int64) bool { return p.start <= now && (p.end == 0 || now < p.end) }

// periods gives those of all experiments that were ever declared: one that has
// ended takes nobody in because its declaration is gone.
func (s Settings) periods() map[string]period {
	all := make(map[string]period, len(s.Experiments)+len(s.Withdrawn))
	for _, x := range slices.Concat(s.Experiments, s.Withdrawn) {
		p := period{start: x.Start.UnixMilli()}
		if !x.End.IsZero() {
			p.end = x.End.UnixMilli()
		}
		all[x.Name] = p
	}
	return all
}
