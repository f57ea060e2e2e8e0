package report

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// targets are what KPIs are measured by: the numbers of
// recording-rules/support_targets.yml, as Prometheus recorded them.
type targets struct {
	baseline   map[string]float64 // by KPI
	direction  map[string]float64 // 1 higher is better, -1 lower
	minValue   map[string]float64
	threshold  map[[2]string]float64 // by KPI and severity
	minSamples map[[2]string]float64
	benchmark  map[[3]string]float64 // by KPI, class and bound
	minCompare *float64              // samples of a KPI without a floor of its own
	zscore     *float64
}

func readTargets(ctx context.Context, p Prometheus, at time.Time) (*targets, error) {
	vector, err := query(ctx, p, `last_over_time({__name__=~"support:baseline:(static|direction)|support:threshold:.+|support:benchmark:value"}[1h])`, at)
	if err != nil {
		return nil, err
	}
	t := &targets{
		baseline: map[string]float64{}, direction: map[string]float64{}, minValue: map[string]float64{},
		threshold: map[[2]string]float64{}, minSamples: map[[2]string]float64{}, benchmark: map[[3]string]float64{},
	}
	for _, s := range vector {
		v, kpi, severity := float64(s.Value), string(s.Metric["kpi"]), string(s.Metric["severity"])
		switch s.Metric["__name__"] {
		case "support:baseline:static":
			t.baseline[kpi] = v
		case "support:baseline:direction":
			t.direction[kpi] = v
		case "support:threshold:min_value":
			t.minValue[kpi] = v
		case "support:threshold:deviation_ratio":
			t.threshold[[2]string{kpi, severity}] = v
		case "support:threshold:min_samples":
			t.minSamples[[2]string{kpi, severity}] = v
		case "support:threshold:experiment_min_samples":
			t.minCompare = &v
		case "support:threshold:zscore":
			t.zscore = &v
		case "support:benchmark:value":
			t.benchmark[[3]string{kpi, string(s.Metric["class"]), string(s.Metric["bound"])}] = v
		}
	}
	return t, nil
}

// missing says what cannot be told without the targets.
func (t *targets) missing() []string {
	var without []string
	for what, n := range map[string]int{
		"baselines": len(t.baseline), "directions": len(t.direction), "thresholds": len(t.threshold), "benchmarks": len(t.benchmark),
	} {
		if n == 0 {
			without = append(without, what)
		}
	}
	if len(without) == 0 {
		return nil
	}
	slices.Sort(without)
	return []string{fmt.Sprintf("Prometheus has no %s at the end of the period (recording-rules/support_targets.yml), so nothing is measured by them.", strings.Join(without, ", "))}
}

// small says whether there are too few samples to tell even a deviation of the
// critical size from chance. Without a floor nothing is small.
func (t *targets) small(kpi string, e *Estimate) bool {
	return e != nil && e.Samples < t.minSamples[[2]string{kpi, "critical"}]
}

// enough says whether there are the samples to compare one period with another:
// those of the KPI's floor, the critical one if it has two. A KPI without a floor
// needs in each period what it needs in each arm of an experiment.
func (t *targets) enough(kpi string, e *Estimate) bool {
	for _, severity := range []string{"critical", "warning"} {
		if floor, ok := t.minSamples[[2]string{kpi, severity}]; ok {
			return e.Samples >= floor
		}
	}
	return t.minCompare != nil && e.Samples >= *t.minCompare
}

// The classes of benchmarks, best first, and the one below all.
const (
	classBest  = "best_in_class"
	classAI    = "ai_target"
	classHuman = "tier1_human"
	classBelow = "below_tier1_human"
)

// class is the best class that a value belongs to, or "" if the KPI has none.
// It belongs to one if it is as good as the worst of its bounds.
func (t *targets) class(kpi string, value float64) string {
	bound := "low"
	if t.direction[kpi] < 0 {
		bound = "high"
	}
	found := false
	for _, class := range []string{classBest, classAI, classHuman} {
		limit, ok := t.benchmark[[3]string{kpi, class, bound}]
		found = found || ok
		if ok && (value-limit)*t.direction[kpi] >= 0 {
			return class
		}
	}
	if found && t.direction[kpi] != 0 {
		return classBelow
	}
	return ""
}

// deviation is from the static baseline, signed, and nil without one.
func (t *targets) deviation(kpi string, e *Estimate) *Deviation {
	baseline := t.baseline[kpi]
	if e == nil || baseline == 0 {
		return nil
	}
	d := &Deviation{Baseline: baseline, Ratio: (e.Value - baseline) / baseline}
	stderr := e.Stderr
	if unitOf(kpi) == unitRatio { // under the baseline, as in support_baselines.yml
		s := math.Sqrt(baseline * (1 - baseline) / e.Samples)
		stderr = &s
	}
	if stderr != nil && *stderr > 0 {
		z := (e.Value - baseline) / *stderr
		d.ZScore = &z
	}
	return d
}

// regression is the severity of what is worse than its baseline, by the rules
// that alert: beyond the threshold, with the samples, and more than chance.
func (t *targets) regression(kpi string, e *Estimate) string {
	d := t.deviation(kpi, e)
	if d == nil || e.Stderr == nil || t.zscore == nil || d.ZScore != nil && math.Abs(*d.ZScore) < *t.zscore {
		return ""
	}
	for _, severity := range []string{"critical", "warning"} {
		limit, ok := t.threshold[[2]string{kpi, severity}]
		worse := -t.direction[kpi] * d.Ratio
		if ok && worse > limit+1e-9 && e.Samples >= t.minSamples[[2]string{kpi, severity}] {
			return severity
		}
	}
	return ""
}
