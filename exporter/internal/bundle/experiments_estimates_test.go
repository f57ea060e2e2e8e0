package bundle

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"supportexporter/exporter/internal/verdict"
)

// estimates gives everything that is published of experiments, as the verdict
// package has it, by series.
func estimates(experiments []verdict.Experiment) map[string]float64 {
	out := map[string]float64{}
	add := func(value float64, name string, labels ...string) {
		var text strings.Builder
		for i := 0; i < len(labels); i += 2 {
			text.WriteString(labelText(labels[i], labels[i+1]))
		}
		out[seriesText("support:experiment:"+name, text.String())] = value
	}
	for _, e := range experiments {
		for variant, p := range e.SRM() {
			add(p, "srm_pvalue", "experiment", e.Name, "variant", variant)
		}
		for _, a := range e.Arms {
			for kpi, s := range a.KPIs {
				add(s.Mean, "mean", "experiment", e.Name, "kpi", string(kpi), "variant", a.Variant)
			}
		}
		for _, j := range e.Judge(verdict.DefaultLimits()) {
			for _, l := range j.Lifts {
				of := []string{"experiment", e.Name, "kpi", string(l.KPI), "variant", j.Variant}
				add(l.Ratio, "lift_ratio", of...)
				if l.PValue != nil {
					add(*l.PValue, "pvalue", of...)
				}
				for kind, interval := range map[string]*verdict.Interval{"fixed": l.Fixed, "sequential": l.Sequential} {
					if interval != nil {
						of := append([]string{"experiment", e.Name, "interval", kind}, of[2:]...)
						add(interval.Low, "ci_low_ratio", of...)
						add(interval.High, "ci_high_ratio", of...)
					}
				}
			}
			for _, c := range j.Conditions {
				add(1, "condition", "condition", string(c), "experiment", e.Name, "variant", j.Variant)
			}
			for _, v := range []verdict.Verdict{verdict.Ship, verdict.Rollback, verdict.Review, verdict.Insufficient} {
				if holds := 0.0; j.Verdict != "" {
					if j.Verdict == v {
						holds = 1
					}
					add(holds, "verdict", "experiment", e.Name, "variant", j.Variant, "verdict", string(v))
				}
			}
		}
	}
	return out
}

// estimated gives the same as the rules have recorded it.
func (s *promServer) estimated() (map[string]float64, error) {
	got, _, err := s.query(`{__name__=~"support:experiment:(srm_pvalue|mean|lift_ratio|pvalue|ci_low_ratio|ci_high_ratio|condition|verdict)"}`)
	out := map[string]float64{}
	for _, g := range got {
		var text strings.Builder
		for _, k := range []string{"condition", "experiment", "interval", "kpi", "variant", "verdict"} {
			if v, ok := g.labels[k]; ok {
				text.WriteString(labelText(k, v))
			}
		}
		out[seriesText(g.labels["__name__"], text.String())] = g.value
	}
	return out, err
}

// differ says where two sets of estimates are not the same to 1e-6 of the
// value, or of 1 where it is less.
func differ(want, got map[string]float64) error {
	var problems []string
	for name, w := range want {
		if g, ok := got[name]; !ok || !(math.Abs(g-w) <= 1e-6*max(math.Abs(w), 1)) {
			problems = append(problems, fmt.Sprintf("%s: want %.9g, got %.9g (%v)", name, w, g, ok))
		}
	}
	for name, g := range got {
		if _, ok := want[name]; !ok {
			problems = append(problems, fmt.Sprintf("%s: got %.9g, want none", name, g))
		}
	}
	if len(problems) == 0 {
		return nil
	}
	slices.Sort(problems)
	return fmt.Errorf("%d of %d differ:\n%s", len(problems), len(want), strings.Join(problems[:min(len(problems), 20)], "\n"))
}
