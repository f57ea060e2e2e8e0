package bundle

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"supportexporter/exporter/internal/program"
)

// allKPIs are all KPIs; csat_weighted has but the longest window.
var allKPIs = []string{
	"abandonment_rate", "confirmed_share", "cost_per_resolution_usd", "cost_usd", "csat", "csat_detractor_rate",
	"csat_response_rate", "csat_top_two_rate", "csat_weighted", "durable_resolution_rate", "escalation_rate",
	"reported_resolution_rate", "resolution_rate", "resolution_seconds", "turns",
}

// publishedSeries are the series that dashboards and alerts may read, and their
// labels. Hours and learned baselines need more than a few minutes to be.
var publishedSeries = map[string]string{
	"support:kpi:value": "kpi window", "support:kpi:samples": "kpi window", "support:kpi:stderr": "kpi window",
	"intent:support_kpi:value": "intent kpi window", "intent:support_kpi:samples": "intent kpi window", "intent:support_kpi:stderr": "intent kpi window",
	"tier:support_kpi:value": "kpi tier window", "tier:support_kpi:samples": "kpi tier window", "tier:support_kpi:stderr": "kpi tier window",
	"language:support_kpi:value": "kpi language window", "language:support_kpi:samples": "kpi language window", "language:support_kpi:stderr": "kpi language window",
	"support:conversations:count": "window", "intent:support_conversations:count": "intent window",
	"tier:support_conversations:count": "tier window", "language:support_conversations:count": "language window",
	"support:resolution_seconds:quantile": "quantile window", "support:cost_usd:sum": "window",
	"support:baseline:value": "baseline kpi window", "support:baseline:direction": "kpi",
	"support:threshold:deviation_ratio": "kpi severity", "support:threshold:min_samples": "kpi severity",
	"support:kpi:deviation_ratio": "baseline kpi window", "support:kpi:zscore": "baseline kpi window",
	"support:benchmark:value": "bound class kpi",
}

// On real Prometheus, with nothing but the exporter's series of the past, every
// window counts the truth to the event: at once, while the exporter is down,
// and after Prometheus was restarted.
func TestWindowsCountTheTruthOnPrometheus(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	p := newPopulation(now, 3, 2, 1)
	l := &lines{dir: dir}
	p.history(t, l, now, 30*time.Second, 2*time.Minute, 10*time.Minute)
	l.blocks(t, filepath.Join(dir, "data"))
	e := newFakeExporter(t, p)
	s := startPrometheus(t, dir, e, time.Second)

	program.Eventually(t, "windows are true", func() error { return s.compare(p) })
	program.Eventually(t, "all is published", s.publishes)

	e.down.Store(true)
	program.Eventually(t, "the exporter is seen down", func() error { return s.none("store:support_counters:sum") })
	if err := s.compare(p); err != nil {
		t.Errorf("while the exporter is down: %v", err)
	}
	s.stop(t)
	e.down.Store(false)
	s = startPrometheus(t, dir, e, time.Second)
	program.Eventually(t, "the exporter is seen again", func() error {
		if s.none("store:support_counters:sum") == nil {
			return errors.New("not yet")
		}
		return nil
	})
	program.Eventually(t, "windows are true after a restart", func() error { return s.compare(p) })
	program.Eventually(t, "no rule fails", s.healthy)
}

// none says whether an expression has no result.
func (s *promServer) none(expr string) error {
	got, _, err := s.query(expr)
	if err == nil && len(got) > 0 {
		err = fmt.Errorf("%s has %d series", expr, len(got))
	}
	return err
}

// compare says how the windowed counters differ from the truth.
func (s *promServer) compare(p *population) error {
	for i, w := range windows {
		got, _, err := s.query(fmt.Sprintf(`slice:support_counters:delta{window=%q, counter!~".+_bucket"}`, w.name))
		if err != nil {
			return err
		}
		counted := make(map[string]float64)
		for _, g := range got {
			name := "support_" + g.labels["counter"] + "_total"
			var labels strings.Builder
			for _, k := range slices.Sorted(maps.Keys(g.labels)) {
				if k != "__name__" && k != "counter" && k != "window" {
					labels.WriteString(labelText(k, g.labels[k]))
				}
			}
			counted[seriesText(name, labels.String())] = g.value
		}
		if diff := cmp.Diff(p.truth(i), counted); diff != "" {
			return fmt.Errorf("window %s (-truth +counted):\n%s", w.name, diff)
		}
	}
	return nil
}

// publishes says which published series are missing or have other labels.
func (s *promServer) publishes() error {
	for _, name := range slices.Sorted(maps.Keys(publishedSeries)) {
		got, _, err := s.query(name)
		if err != nil {
			return err
		}
		if len(got) == 0 {
			return fmt.Errorf("no %s", name)
		}
		for _, g := range got {
			delete(g.labels, "__name__")
			if labels := strings.Join(slices.Sorted(maps.Keys(g.labels)), " "); labels != publishedSeries[name] {
				return fmt.Errorf("%s: labels %q, want %q", name, labels, publishedSeries[name])
			}
		}
	}
	for _, name := range []string{"support:kpi:value", "support:kpi:samples", "support:baseline:direction"} {
		got, _, err := s.query("count by (kpi) (" + name + ")")
		if err != nil {
			return err
		}
		var names []string
		for _, g := range got {
			names = append(names, g.labels["kpi"])
		}
		slices.Sort(names)
		if diff := cmp.Diff(allKPIs, names); diff != "" {
			return fmt.Errorf("KPIs of %s (-want +got):\n%s", name, diff)
		}
	}
	return nil
}

// healthy says which rule does not evaluate.
func (s *promServer) healthy() error {
	groups, err := s.rules()
	for _, g := range groups {
		for _, r := range g.Rules {
			if r.Health != "ok" {
				return fmt.Errorf("%s %v: %s %s", r.Name, r.Labels, r.Health, r.LastError)
			}
		}
	}
	return err
}
