package verdict

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"supportexporter/exporter/internal/config"
)

// near says whether two numbers agree to a relative error.
func near(got, want, within float64) bool { return math.Abs(got-want) <= within*math.Abs(want) }

// greeting is an experiment of 2,000 conversations in each arm, with what the
// arms have of CSAT, the primary KPI, and of escalations.
func greeting(short, warm Arm) Experiment {
	short.Variant, short.Weight = "short", 1
	warm.Variant, warm.Weight = "warm", 1
	return Experiment{
		Name: "greeting", Control: "short", Arms: []Arm{short, warm},
		Primary: config.CSAT, Guardrails: []config.KPI{config.EscalationRate},
		Alpha: 0.05, MinLiftRatio: 0.05, GuardrailToleranceRatio: 0.05, PlannedConversations: 2000,
	}
}

// of is an arm after n conversations, of which 40 % were rated, with a standard
// deviation of 1.
func of(n, csat, escalated float64) Arm {
	return Arm{Assigned: n, KPIs: map[config.KPI]Sample{
		config.CSAT:           {0.4 * n, csat, 1},
		config.EscalationRate: {n, escalated, escalated * (1 - escalated)},
	}}
}

func TestVerdicts(t *testing.T) {
	unbalanced := of(1200, 4.4, 0.24)
	tests := []struct {
		name       string
		warm       Arm
		change     func(*Experiment)
		want       Verdict
		conditions []Condition
	}{
		{"better", of(1000, 4.4, 0.12), nil, Ship, []Condition{Better, Worthwhile}},
		{"no difference", of(1000, 4, 0.12), nil, Insufficient, nil},
		{"better, for all one knows", of(100, 4.4, 0.12), func(e *Experiment) { e.Arms[0] = withName(of(100, 4, 0.12), "short") }, Insufficient, []Condition{Worthwhile}},
		{"worse", of(1000, 3.6, 0.12), nil, Rollback, []Condition{Harmful, Futile}},
		{"a guardrail is lost", of(1000, 4.4, 0.24), nil, Rollback, []Condition{Harmful, AtRisk, Better, Worthwhile}},
		{"a guardrail may be lost", of(1000, 4.4, 0.187), nil, Review, []Condition{AtRisk, Better, Worthwhile}},
		{"a guardrail is better", of(1000, 4.4, 0.02), nil, Ship, []Condition{Better, Worthwhile}},
		{"better, by too little", of(1000, 4.12, 0.12), func(e *Experiment) { shrink(e, 0.05) }, Review, []Condition{Better, Futile}},
		{"better, by exactly too little", of(1000, 4.2, 0.12), func(e *Experiment) { shrink(e, 0.1) }, Review, []Condition{Better}},
		{"not worth waiting for", of(1000, 4, 0.12), func(e *Experiment) { e.MinLiftRatio = 0.2 }, Review, []Condition{Futile}},
		{"at the planned end", of(1000, 4, 0.12), func(e *Experiment) { e.PlannedConversations = 1000 }, Review, []Condition{Complete}},
		{"unbalanced", unbalanced, nil, Review, []Condition{Unbalanced, Harmful, AtRisk, Better, Worthwhile}},
		{"balanced, as declared", unbalanced, func(e *Experiment) { e.Arms[1].Weight = 1.2 }, Rollback, []Condition{Harmful, AtRisk, Better, Worthwhile}},
		{"nothing rated", Arm{Assigned: 1000}, nil, Insufficient, []Condition{Unmeasured}},
		{"nothing at all", Arm{}, func(e *Experiment) { e.Arms[0] = Arm{Variant: "short", Weight: 1} }, Insufficient, []Condition{Unmeasured}},
		{"better, and a guardrail is not known yet", withN(29, of(1000, 4.4, 0.12)), nil, Insufficient, []Condition{Unmeasured, Better, Worthwhile}},
		{"better, and a guardrail is just known", withN(30, of(1000, 4.4, 0.12)), nil, Ship, []Condition{Better, Worthwhile}},
		{"better, and of the control a guardrail is not known", of(1000, 4.4, 0.12), func(e *Experiment) { e.Arms[0] = withN(29, e.Arms[0]) }, Insufficient, []Condition{Unmeasured, Better, Worthwhile}},
		{"better, and at the planned end a guardrail is not known", withN(0, of(1000, 4.4, 0.12)), func(e *Experiment) { e.PlannedConversations = 1000 }, Review, []Condition{Unmeasured, Better, Worthwhile, Complete}},
		{"worse, and a guardrail is not known", withN(29, of(1000, 3.6, 0.12)), nil, Rollback, []Condition{Harmful, Unmeasured, Futile}},
		{"better, and nothing escalates", of(1000, 4.4, 0), func(e *Experiment) { e.Arms[0] = withName(of(1000, 4, 0), "short") }, Ship, []Condition{Better, Worthwhile}},
		{"better, and only the treatment escalates", of(1000, 4.4, 0.01), func(e *Experiment) { e.Arms[0] = withName(of(1000, 4, 0), "short") }, Insufficient, []Condition{Unmeasured, Better, Worthwhile}},
		{"better, and only the treatment resolves", of(1000, 4.4, 0.01), func(e *Experiment) {
			e.Arms[0] = withName(of(1000, 4, 0), "short")
			for _, a := range e.Arms {
				a.KPIs[config.ResolutionRate] = a.KPIs[config.EscalationRate]
			}
			e.Guardrails = []config.KPI{config.ResolutionRate}
		}, Ship, []Condition{Better, Worthwhile}},
		{"not declared", of(1000, 4.4, 0.12), func(e *Experiment) { e.Primary = "" }, "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := greeting(of(1000, 4, 0.12), tt.warm)
			if tt.change != nil {
				tt.change(&e)
			}
			all := e.Judge(DefaultLimits())
			if len(all) != 1 || all[0].Variant != "warm" {
				t.Fatalf("judged %+v, want the treatment", all)
			}
			if all[0].Verdict != tt.want {
				t.Errorf("verdict %q, want %q", all[0].Verdict, tt.want)
			}
			if diff := cmp.Diff(tt.conditions, all[0].Conditions, cmp.Transformer("empty", func(c []Condition) []Condition { return append([]Condition{}, c...) })); diff != "" {
				t.Errorf("conditions (-want +got):\n%s", diff)
			}
		})
	}
}

// withN is an arm of which so many conversations ended.
func withN(n float64, a Arm) Arm {
	s := a.KPIs[config.EscalationRate]
	s.N = n
	a.KPIs[config.EscalationRate] = s
	return a
}

func withName(a Arm, variant string) Arm {
	a.Variant, a.Weight = variant, 1
	return a
}

// shrink makes the ratings more alike.
func shrink(e *Experiment, variance float64) {
	for _, a := range e.Arms {
		s := a.KPIs[config.CSAT]
		s.Variance = variance
		a.KPIs[config.CSAT] = s
	}
}

// Of every KPI, more in its good direction ships and more in the other one
// rolls back.
func TestEveryKPIHasItsDirection(t *testing.T) {
	better := map[config.KPI]float64{
		config.ResolutionRate: 1.1, config.CSAT: 1.1, config.EscalationRate: 0.8, config.AbandonmentRate: 0.8,
		config.ResolutionSeconds: 0.9, config.Turns: 0.9, config.CostUSD: 0.9,
	}
	for _, kpi := range config.KPIs() {
		for want, ratio := range map[Verdict]float64{Ship: better[kpi], Rollback: 2 - better[kpi]} {
			e := greeting(
				Arm{KPIs: map[config.KPI]Sample{kpi: {20_000, 0.5, 0.25}}},
				Arm{KPIs: map[config.KPI]Sample{kpi: {20_000, 0.5 * ratio, 0.25}}},
			)
			e.Primary, e.Guardrails = kpi, nil
			if got := e.Judge(DefaultLimits())[0].Verdict; got != want {
				t.Errorf("%s at %g of the control's: %s, want %s", kpi, ratio, got, want)
			}
		}
	}
}

func TestAlphaIsSharedByComparisons(t *testing.T) {
	e := greeting(Arm{}, Arm{})
	e.Arms = append(e.Arms, Arm{Variant: "third", Weight: 1})
	e.Guardrails = []config.KPI{config.Turns, config.CostUSD, config.EscalationRate}
	for kpi, want := range map[config.KPI]float64{config.CSAT: 0.05 / 2, config.CostUSD: 0.05 / 2 / 3, config.ResolutionRate: 0.05 / 2} {
		if got := e.AlphaOf(kpi); !near(got, want, 1e-15) {
			t.Errorf("%s: alpha %g, want %g", kpi, got, want)
		}
	}
}

func TestWithoutAControlNothingIsCompared(t *testing.T) {
	e := greeting(of(1000, 4, 0.12), of(1000, 4.4, 0.12))
	e.Control = ""
	if got := e.Judge(DefaultLimits()); len(got) != 0 {
		t.Errorf("judged %+v", got)
	}
}
