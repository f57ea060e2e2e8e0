package experiment_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/conversation"
	"supportexporter/exporter/internal/experiment"
)

func TestDeclaredIsExposed(t *testing.T) {
	d := experiment.NewDeclared()
	if n := testutil.CollectAndCount(d); n != 0 {
		t.Errorf("%d series without a declaration, want none", n)
	}
	d.Declare([]config.Experiment{{
		Name:                    "greeting",
		Variants:                []config.Variant{{Name: "plain", Weight: 1}, {Name: "warm", Weight: 3}},
		Control:                 "plain",
		Primary:                 config.CSAT,
		Guardrails:              []config.KPI{config.CostUSD, config.EscalationRate},
		GuardrailToleranceRatio: 0.02,
		MinLiftRatio:            0.05,
		Alpha:                   0.01,
		PlannedConversations:    4000,
	}})
	const want = `
# HELP support_experiment_alpha Probability that an experiment's intervals miss the truth.
# TYPE support_experiment_alpha gauge
support_experiment_alpha{experiment="greeting"} 0.01
# HELP support_experiment_guardrail_tolerance_ratio How much worse than the control's a guardrail may be, as a ratio.
# TYPE support_experiment_guardrail_tolerance_ratio gauge
support_experiment_guardrail_tolerance_ratio{experiment="greeting"} 0.02
# HELP support_experiment_kpi_info KPIs that an experiment is judged by, and their role (primary, guardrail); always 1.
# TYPE support_experiment_kpi_info gauge
support_experiment_kpi_info{experiment="greeting",kpi="cost_usd",role="guardrail"} 1
support_experiment_kpi_info{experiment="greeting",kpi="csat",role="primary"} 1
support_experiment_kpi_info{experiment="greeting",kpi="escalation_rate",role="guardrail"} 1
# HELP support_experiment_min_lift_ratio Smallest improvement of the primary KPI that is worth shipping, as a ratio.
# TYPE support_experiment_min_lift_ratio gauge
support_experiment_min_lift_ratio{experiment="greeting"} 0.05
# HELP support_experiment_planned_conversations Conversations planned for each variant.
# TYPE support_experiment_planned_conversations gauge
support_experiment_planned_conversations{experiment="greeting"} 4000
# HELP support_experiment_variant_weight Weight of a variant in its experiment's traffic, and its role (control, treatment).
# TYPE support_experiment_variant_weight gauge
support_experiment_variant_weight{experiment="greeting",role="control",variant="plain"} 1
support_experiment_variant_weight{experiment="greeting",role="treatment",variant="warm"} 3
`
	if err := testutil.CollectAndCompare(d, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
	if problems, err := testutil.CollectAndLint(d); err != nil || len(problems) > 0 {
		t.Errorf("promlint: %v, %v", problems, err)
	}
}

// Of an experiment that nobody declared equal weights are taken for granted,
// and that the first of its variants is the control.
func TestUndeclaredIsExposed(t *testing.T) {
	arms := []conversation.Arm{{Experiment: "a", Variant: "x"}, {Experiment: "a", Variant: "y"}, {Experiment: "b", Variant: "x"}}
	var failed error
	u := experiment.Undeclared{Arms: func() ([]conversation.Arm, error) { return arms, failed }}
	const want = `
# HELP support_experiment_variant_weight Weight of a variant in its experiment's traffic, and its role (control, treatment).
# TYPE support_experiment_variant_weight gauge
support_experiment_variant_weight{experiment="a",role="control",variant="x"} 1
support_experiment_variant_weight{experiment="a",role="treatment",variant="y"} 1
support_experiment_variant_weight{experiment="b",role="control",variant="x"} 1
`
	if err := testutil.CollectAndCompare(u, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
	failed = errors.New("shutting down")
	if n := testutil.CollectAndCount(u); n != 0 {
		t.Errorf("%d series while it stops", n)
	}
}
