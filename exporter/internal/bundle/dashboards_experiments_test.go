package bundle

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/tally"

	"supportexporter/exporter/internal/program"
)

// greeting is an experiment with a treatment for each verdict: the arms are
// named by them. Each has 4000 of 10,000 conversations.
func (x *exposition) greeting() {
	e := config.Experiment{
		Name: "greeting", Control: "control", Primary: config.CSAT, Alpha: 0.05, PlannedConversations: 10_000,
		MinLiftRatio: 0.02, GuardrailToleranceRatio: 0.05,
		Guardrails: slices.DeleteFunc(config.KPIs(), func(k config.KPI) bool { return k == config.CSAT }),
	}
	for _, arm := range []struct {
		name string
		csat float64
	}{{"control", 4.2}, {"ship", 4.62}, {"rollback", 3.8}, {"review", 4.11}, {"insufficient", 4.22}} {
		e.Variants = append(e.Variants, config.Variant{Name: arm.name, Weight: 1})
		x.arm(e.Name, arm.name, 4000, arm.csat)
	}
	x.declare(e)
}

// arm writes what was counted of an arm, on the static baselines but for CSAT.
func (x *exposition) arm(experiment, variant string, n, csat float64) {
	own := []string{"experiment", experiment, "variant", variant}
	x.add(tally.ExperimentAssignedTotal, n, own...)
	for outcome, share := range map[string]float64{"resolved": 0.72, "escalated": 0.12, "unresolved": 0.1, "abandoned": 0.06} {
		x.add(tally.ExperimentConversationsTotal, n*share, append(own, "outcome", outcome)...)
	}
	for kpi, v := range map[string]struct{ count, mean, deviation float64 }{
		"csat": {0.4 * n, csat, 0.9}, "resolution_seconds": {0.72 * n, 180, 90}, "turns": {0.9 * n, 2.5, 1}, "cost_usd": {0.9 * n, 0.25, 0.1},
	} {
		x.add(tally.ExperimentValuesTotal, v.count, append(own, "kpi", kpi)...)
		x.add(tally.ExperimentValuesSumTotal, v.count*v.mean, append(own, "kpi", kpi)...)
		x.add(tally.ExperimentValuesSquaresTotal, v.count*(v.mean*v.mean+v.deviation*v.deviation), append(own, "kpi", kpi)...)
	}
}

// judges is whether so many treatments have a verdict.
func (s *promServer) judges(treatments int) func() error {
	return func() error {
		got, _, err := s.query("support:experiment:verdict == 1")
		if err == nil && len(got) != treatments {
			err = fmt.Errorf("%d verdicts, want %d", len(got), treatments)
		}
		return err
	}
}

// told asks a panel's query about an experiment, and gives its values by what
// the named labels say.
func (s *promServer) told(tb testing.TB, experiment, where string, names ...string) map[string]float64 {
	tb.Helper()
	for _, q := range boardQueries(tb) {
		if q.board.UID != "support-experiments" || q.where != where {
			continue
		}
		series, _, err := s.query(q.board.chosen(tb, time.Minute, choices{"experiment": experiment}).fill(tb, q.Expr))
		if err != nil {
			tb.Fatal(err)
		}
		got := map[string]float64{}
		for _, one := range series {
			var label []string
			for _, name := range names {
				label = append(label, one.labels[name])
			}
			got[strings.Join(label, " ")] = one.value
		}
		return got
	}
	tb.Fatalf("there is no query %q", where)
	return nil
}

// What the dashboard says of experiments that are declared, not declared, just
// begun or badly split.
func TestExperimentsAreToldInWords(t *testing.T) {
	t.Parallel()
	x := &exposition{}
	x.greeting()
	// Not declared, with and without weights of the exporter's making.
	x.arm("found", "a", 1000, 4.2)
	x.arm("found", "b", 1000, 4.8)
	x.declare(config.Experiment{Name: "found", Control: "a", Variants: []config.Variant{{Name: "a", Weight: 1}, {Name: "b", Weight: 1}}})
	x.arm("seen", "a", 1000, 4.2)
	// A treatment that gets too little.
	skewed := config.Experiment{
		Name: "skewed", Control: "a", Primary: config.CSAT, Alpha: 0.05, PlannedConversations: 900, MinLiftRatio: 0.05,
		Variants: []config.Variant{{Name: "a", Weight: 1}, {Name: "b", Weight: 1}}, Guardrails: []config.KPI{config.Turns},
	}
	x.declare(skewed)
	x.arm("skewed", "a", 1000, 4.2)
	x.arm("skewed", "b", 800, 4.8)
	// Just begun: the control lacks more than the treatment.
	begun := skewed
	begun.Name = "begun"
	x.declare(begun)
	x.arm("begun", "a", 10, 4.2)
	x.arm("begun", "b", 15, 4.2)

	s := startPrometheus(t, t.TempDir(), x.served(t), time.Second)
	defer s.stop(t)
	program.Eventually(t, "the experiments are judged", s.judges(6))
	for _, c := range []struct {
		experiment, where string
		by                []string
		want              map[string]float64
	}{
		{"greeting", "Verdict A", []string{"variant"}, map[string]float64{"ship": 3, "rollback": 2, "review": 1}},
		{"greeting", "Verdict B", []string{"variant"}, map[string]float64{"insufficient": 6000}},
		{"found", "Verdict A", []string{"variant"}, map[string]float64{"b": 0}},
		{"found", "Verdict B", []string{"variant"}, map[string]float64{}},
		{"seen", "Verdict A", []string{"variant"}, map[string]float64{"a": 0}},
		{"skewed", "Verdict A", []string{"variant"}, map[string]float64{"b": 1}},
		{"begun", "Verdict A", []string{"variant"}, map[string]float64{}},
		{"begun", "Verdict B", []string{"variant"}, map[string]float64{"b": 890}},

		{"greeting", "Why A", []string{"variant", "condition"}, map[string]float64{
			"ship better": 1, "ship worthwhile": 1, "rollback harmful": 1, "rollback futile": 1, "review futile": 1, "insufficient undecided": 1}},
		{"found", "Why A", []string{"variant", "condition"}, map[string]float64{"b undeclared": 1000}},
		{"begun", "Why A", []string{"variant", "condition"}, map[string]float64{"b unmeasured": 1}},

		{"greeting", "Sample ratio A", []string{"variant", "state"}, map[string]float64{
			"control as declared": 0.2, "ship as declared": 0.2, "rollback as declared": 0.2, "review as declared": 0.2, "insufficient as declared": 0.2}},
		{"skewed", "Sample ratio A", []string{"variant", "state"}, map[string]float64{"a not as declared": 1000.0 / 1800, "b not as declared": 800.0 / 1800}},
		{"begun", "Sample ratio A", []string{"variant", "state"}, map[string]float64{"a too few to tell": 0.4, "b too few to tell": 0.6}},

		{"greeting", "Arms side by side A", []string{"variant"}, map[string]float64{"control": 2, "ship": 1, "rollback": 1, "review": 1, "insufficient": 1}},
		{"seen", "Arms side by side A", []string{"variant"}, map[string]float64{"a": 0}},
		{"skewed", "Arms side by side D", []string{"variant"}, map[string]float64{"a": 0, "b": 100}},
		{"found", "Arms side by side D", []string{"variant"}, map[string]float64{}},

		{"skewed", "Every KPI against the control A", []string{"kpi"}, map[string]float64{
			"csat": 2, "turns": 1, "cost_usd": 0, "resolution_seconds": 0, "resolution_rate": 0, "escalation_rate": 0, "abandonment_rate": 0}},
		{"skewed", "Every KPI against the control B", []string{"kpi"}, map[string]float64{
			"csat": 4, "turns": 3, "cost_usd": 3, "resolution_seconds": 3, "resolution_rate": 3, "escalation_rate": 3, "abandonment_rate": 3}},
		{"begun", "Every KPI against the control B", []string{"kpi"}, map[string]float64{
			"csat": 2, "turns": 2, "cost_usd": 2, "resolution_seconds": 2, "resolution_rate": 2, "escalation_rate": 2, "abandonment_rate": 2}},
		{"begun", "Every KPI against the control G", []string{"kpi"}, map[string]float64{
			"csat": 4, "turns": 9, "cost_usd": 9, "resolution_seconds": 7.2, "resolution_rate": 10, "escalation_rate": 10, "abandonment_rate": 10}},

		{"greeting", "Cost: lift D", []string{"state"}, map[string]float64{"no difference: below is better": 0}},
		{"greeting", "Primary KPI of $treatment: lift D", []string{"state"}, map[string]float64{"no difference: above is better": 0}},
		{"greeting", "CSAT: lift E", []string{"state"}, map[string]float64{"minimum lift": 0.02}},
		{"greeting", "Cost: lift E", []string{"state"}, map[string]float64{"tolerated": 0.05}},
		{"greeting", "Resolution rate: lift E", []string{"state"}, map[string]float64{"tolerated": -0.05}},
		{"skewed", "Primary KPI of $treatment: lift E", []string{"kpi"}, map[string]float64{"csat": 0.05}},
		{"found", "Primary KPI of $treatment: lift A", []string{"kpi"}, map[string]float64{}},
	} {
		got := s.told(t, c.experiment, c.where, c.by...)
		if !maps.EqualFunc(got, c.want, func(a, b float64) bool { return a-b < 1e-6 && b-a < 1e-6 }) {
			t.Errorf("%s, %s: got %v, want %v", c.experiment, c.where, got, c.want)
		}
	}
}
