package verdict

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"supportexporter/exporter/internal/config"
)

// parsed gives the series of an exposition.
func parsed(t *testing.T, text string) model.Vector {
	t.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	var all model.Vector
	for _, f := range families {
		v, err := expfmt.ExtractSamples(&expfmt.DecodeOptions{}, f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, v...)
	}
	return all
}

// Two exporters, of which one is seen twice, and one still has the stricter
// declaration.
const exposed = `
support_experiment_variant_weight{job="s",instance="a",experiment="greeting",variant="short",role="control"} 1
support_experiment_variant_weight{job="s",instance="a",experiment="greeting",variant="warm",role="treatment"} 3
support_experiment_variant_weight{job="s",instance="b",experiment="greeting",variant="short",role="control"} 1
support_experiment_kpi_info{job="s",instance="a",experiment="greeting",kpi="csat",role="primary"} 1
support_experiment_kpi_info{job="s",instance="b",experiment="greeting",kpi="csat",role="primary"} 1
support_experiment_kpi_info{job="s",instance="a",experiment="greeting",kpi="turns",role="guardrail"} 1
support_experiment_kpi_info{job="s",instance="a",experiment="greeting",kpi="cost_usd",role="guardrail"} 1
support_experiment_alpha{job="s",instance="a",experiment="greeting"} 0.05
support_experiment_alpha{job="s",instance="b",experiment="greeting"} 0.01
support_experiment_min_lift_ratio{job="s",instance="a",experiment="greeting"} 0.03
support_experiment_min_lift_ratio{job="s",instance="b",experiment="greeting"} 0.04
support_experiment_guardrail_tolerance_ratio{job="s",instance="a",experiment="greeting"} 0.02
support_experiment_planned_conversations{job="s",instance="a",experiment="greeting"} 700
support_experiment_assigned_total{job="s",instance="a",experiment="greeting",variant="short"} 10
support_experiment_assigned_total{job="s",instance="b",experiment="greeting",variant="short"} 5
support_experiment_assigned_total{job="s",instance="b",pod="new",experiment="greeting",variant="short"} 6
support_experiment_conversations_total{job="s",instance="a",experiment="greeting",variant="short",outcome="resolved"} 9
support_experiment_conversations_total{job="s",instance="a",experiment="greeting",variant="short",outcome="escalated"} 2
support_experiment_conversations_reversed_total{job="s",instance="a",experiment="greeting",variant="short",outcome="resolved",cause="escalated"} 2
support_experiment_conversations_reversed_total{job="s",instance="a",experiment="greeting",variant="short",outcome="resolved",cause="reopened"} 1
support_experiment_conversations_total{job="s",instance="a",experiment="greeting",variant="warm",outcome="resolved"} 1
support_experiment_conversations_reversed_total{job="s",instance="a",experiment="greeting",variant="warm",outcome="resolved",cause="reopened"} 2
support_experiment_values_total{job="s",instance="a",experiment="greeting",variant="short",kpi="turns"} 2
support_experiment_values_sum_total{job="s",instance="a",experiment="greeting",variant="short",kpi="turns"} 6
support_experiment_values_squares_total{job="s",instance="a",experiment="greeting",variant="short",kpi="turns"} 20
support_experiment_assigned_total{job="s",instance="a",experiment="casual",variant="z"} 1
support_experiment_assigned_total{job="s",instance="a",experiment="casual",variant="b"} 2
support_conversations_total{job="s",instance="a",outcome="resolved"} 9
`

func TestFromSeries(t *testing.T) {
	want := []Experiment{
		{
			Name: "casual", Control: "b", Alpha: DefaultAlpha, PlannedConversations: DefaultPlanned,
			Arms: []Arm{
				{Variant: "b", Weight: 1, Assigned: 2, KPIs: map[config.KPI]Sample{}},
				{Variant: "z", Weight: 1, Assigned: 1, KPIs: map[config.KPI]Sample{}},
			},
		},
		{
			Name: "greeting", Control: "short", Primary: config.CSAT, Guardrails: []config.KPI{config.CostUSD, config.Turns},
			Alpha: 0.01, MinLiftRatio: 0.04, GuardrailToleranceRatio: 0.02, PlannedConversations: 700,
			Arms: []Arm{
				{Variant: "short", Weight: 1, Assigned: 16, KPIs: map[config.KPI]Sample{
					config.ResolutionRate: {8, 0.75, 0.1875}, config.EscalationRate: {8, 0.25, 0.1875},
					config.AbandonmentRate: {8, 0, 0.109375}, config.Turns: {2, 3, 2},
				}},
				{Variant: "warm", Weight: 3, KPIs: map[config.KPI]Sample{}},
			},
		},
	}
	if diff := cmp.Diff(want, FromSeries(parsed(t, exposed))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := FromSeries(nil); len(got) != 0 {
		t.Errorf("of nothing: %+v", got)
	}
}

// Exporters that disagree about what decides decide nothing.
func TestDisagreement(t *testing.T) {
	got := FromSeries(parsed(t, exposed+`
support_experiment_variant_weight{job="s",instance="b",experiment="greeting",variant="warm",role="control"} 1
support_experiment_kpi_info{job="s",instance="b",experiment="greeting",kpi="turns",role="primary"} 1
`))[1]
	if got.Control != "" || got.Primary != "" {
		t.Errorf("control %q, primary KPI %q; want none", got.Control, got.Primary)
	}
}

func TestRemaining(t *testing.T) {
	e := greeting(of(1000, 4, 0.12), of(900, 4.1, 0.12))
	got, ok := e.Remaining(e.Arms[1], 0.8)
	if !ok || got.KPI != config.CSAT || got.LiftRatio != 0.05 || got.Power != 0.8 {
		t.Fatalf("%+v, %v", got, ok)
	}
	// A lift of 5 % of 4 is 0.2: (3.12 + 0.84)^2 * (1 + 1.05^2) / 0.2^2 = 824 ratings, two
	// of five conversations are rated. 3.12 is the width there of an interval that was
	// tuned for 2,000.
	if !near(got.Needed, 824/0.4, 0.01) || got.More != got.Needed-900 {
		t.Errorf("%+v, want about %g", got, 824/0.4)
	}
	enough := greeting(of(9000, 4, 0.12), of(9000, 4.1, 0.12))
	if got, ok := enough.Remaining(enough.Arms[1], 0.8); !ok || got.More != 0 {
		t.Errorf("with enough: %+v, %v", got, ok)
	}
	e.Primary = config.EscalationRate
	if got, ok := e.Remaining(e.Arms[1], 0.8); !ok || got.LiftRatio != -0.05 {
		t.Errorf("of a rate of which less is better: %+v, %v", got, ok)
	}
	for name, change := range map[string]func(*Experiment){
		"no smallest lift": func(e *Experiment) { e.MinLiftRatio = 0 },
		"not declared":     func(e *Experiment) { e.Primary = "" },
		"nothing yet":      func(e *Experiment) { e.Primary = config.Turns },
	} {
		e := greeting(of(1000, 4, 0.12), of(900, 4.1, 0.12))
		change(&e)
		if got, ok := e.Remaining(e.Arms[1], 0.8); ok {
			t.Errorf("%s: %+v, want none", name, got)
		}
	}
}

// Values that no exporter has are as good as none: an alpha of 2 has no interval.
func TestFromImpossibleSeries(t *testing.T) {
	want := FromSeries(parsed(t, exposed))
	for _, more := range []string{
		"support_experiment_alpha 0", "support_experiment_alpha 1", "support_experiment_alpha +Inf", "support_experiment_alpha NaN",
		"support_experiment_planned_conversations 0", "support_experiment_planned_conversations +Inf", "support_experiment_min_lift_ratio NaN",
	} {
		name, value, _ := strings.Cut(more, " ")
		line := name + `{job="s",instance="c",experiment="greeting"} ` + value + "\n"
		if diff := cmp.Diff(want, FromSeries(parsed(t, exposed+line)), cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("with %s (-without +with):\n%s", more, diff)
		}
	}
}
