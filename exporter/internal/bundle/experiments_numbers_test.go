package bundle

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/verdict"
)

// The numbers that no experiment declares, and the directions, are the same in
// the rules and in the verdict package.
func TestExperimentNumbersAgree(t *testing.T) {
	recorded := map[string]string{}
	for _, r := range readRules(t, "support_targets.yml") {
		recorded[strings.TrimSpace(r.Record+" "+r.Labels["kpi"])] = r.Expr
	}
	limits := verdict.DefaultLimits()
	want := map[string]float64{
		"support:threshold:experiment_srm_pvalue":          limits.SRMPValue,
		"support:threshold:experiment_min_samples":         limits.MinSamples,
		"support:experiment_default:alpha":                 verdict.DefaultAlpha,
		"support:experiment_default:planned_conversations": verdict.DefaultPlanned,
	}
	for _, kpi := range config.KPIs() {
		want["support:baseline:direction "+string(kpi)] = verdict.Direction(kpi)
	}
	for name, value := range want {
		if got := recorded[name]; got != fmt.Sprintf("vector(%v)", value) {
			t.Errorf("%s: %q, want %v", name, got, value)
		}
	}
}

// normal compares the rules' normal distribution with gonum's, at every number
// of standard errors that they have recorded.
func (s *promServer) normal(t *testing.T) {
	t.Helper()
	key := func(labels map[string]string) string {
		return fmt.Sprint(labels["experiment"], labels["variant"], labels["kpi"], labels["of"])
	}
	values := map[string]map[string]float64{}
	for _, name := range []string{"zscore", "tail_probability", "alpha", "quantile"} {
		got, _, err := s.query("support:experiment:" + name)
		if err != nil {
			t.Fatal(err)
		}
		values[name] = map[string]float64{}
		for _, g := range got {
			values[name][key(g.labels)] = g.value
		}
	}
	worst, farthest := 0.0, 0.0
	for series, z := range values["zscore"] {
		want := 2 * distuv.UnitNormal.CDF(-math.Abs(z)) // Survival is less exact, far out
		got := values["tail_probability"][series]
		worst = max(worst, math.Abs(got-want))
		farthest = max(farthest, math.Abs(z))
		if want > 1e-300 && math.Abs(got-want) > 1e-6*want {
			t.Errorf("z = %g: probability %g, gonum has %g", z, got, want)
		}
	}
	for series, alpha := range values["alpha"] {
		want := -distuv.UnitNormal.Quantile(alpha / 2)
		got := values["quantile"][series]
		worst = max(worst, math.Abs(got-want))
		if math.Abs(got-want) > 1e-6 {
			t.Errorf("alpha = %g: %g standard errors, gonum has %g", alpha, got, want)
		}
	}
	if len(values["zscore"]) < 500 || farthest < 6 {
		t.Errorf("%d compared, up to z = %g; want many", len(values["zscore"]), farthest)
	}
	t.Logf("%d probabilities and %d quantiles: the farthest from gonum's is off by %.2g", len(values["zscore"]), len(values["alpha"]), worst)
}
