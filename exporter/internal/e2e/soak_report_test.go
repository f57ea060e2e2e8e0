package e2e

import (
	"fmt"
	"slices"
	"time"
)

// report ends the run in a table.
func (s *soak) report() {
	w := s.t.Output()
	line := func(what string, value any) {
		if v, ok := value.(float64); ok {
			value = fmt.Sprintf("%.1f", v)
		}
		fmt.Fprintf(w, "%-64s %10v\n", what, value)
	}
	took := func(what string, all []time.Duration) {
		for _, q := range []struct {
			name  string
			share float64
		}{{"p50", 0.5}, {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1}} {
			line(fmt.Sprintf("%s, ms, %s", what, q.name), millis(quantile(all, q.share)))
		}
	}
	f := s.traffic
	line("duration", s.long)
	line("events due a second", s.rate)
	line("batches acknowledged", f.count)
	line("  events in them", f.events)
	line("  attempts that failed", f.retries)
	line("  batches counted already, their answer lost, when sent again", f.repeated)
	took("from due to answered", f.took[:min(s.lined, len(f.took))])
	took("  with no restart near", s.calm)
	line("restarts after SIGTERM", s.stops)
	line("restarts after kill -9", s.kills)
	line("  until ready, ms, max", millis(slices.Max(s.starts)))
	line("scrapes", len(s.scrapes))
	line("  ms, p50", millis(quantile(s.scrapes, 0.5)))
	line("  ms, max", millis(quantile(s.scrapes, 1)))
	for _, q := range quantities() {
		run, process := s.growths(q)
		line(q.name+", second quarter of the run", run.from)
		line("  last quarter of the run", run.to)
		line("  second quarter of a process", process.from)
		line("  last quarter of a process", process.to)
	}
	line("series too low in the end: lost", s.low)
	line("series too high in the end: doubled", s.high)
	line("seed", s.seed)
}
