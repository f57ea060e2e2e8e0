package report

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func known(value, samples, stderr float64) *Estimate {
	return &Estimate{Value: value, Samples: samples, Stderr: &stderr}
}

func TestVerdictsOnChanges(t *testing.T) {
	shipped, nothing := targetsOf(t, shippedTargets()), targetsOf(t, nil)
	for _, tt := range []struct {
		name        string
		kpi         string
		now, before *Estimate
		targets     *targets
		want        string
	}{
		{"higher is better", "resolution_rate", known(0.8, 1000, 0.01), known(0.7, 1000, 0.01), shipped, verdictBetter},
		{"lower is better", "escalation_rate", known(0.2, 1000, 0.01), known(0.1, 1000, 0.01), shipped, verdictWorse},
		{"cheaper", "cost_usd", known(0.2, 1000, 0.01), known(0.3, 1000, 0.01), shipped, verdictBetter},
		{"just chance", "resolution_rate", known(0.746, 1000, 0.01), known(0.7, 1000, 0.01), shipped, verdictChance},
		{"just not chance", "resolution_rate", known(0.747, 1000, 0.01), known(0.7, 1000, 0.01), shipped, verdictBetter},
		{"no spread", "turns", known(2, 10, 0), known(3, 10, 0), shipped, verdictBetter},
		{"no difference", "turns", known(2, 10, 0), known(2, 10, 0), shipped, verdictChance},
		{"no standard error", "cost_per_resolution_usd", &Estimate{Value: 1}, &Estimate{Value: 2}, shipped, verdictUnknown},
		{"no targets", "turns", known(2, 10, 0.1), known(9, 10, 0.1), nothing, verdictUnknown},
		{"nothing now", "turns", nil, known(9, 10, 0.1), shipped, ""},
		{"nothing before", "turns", known(9, 10, 0.1), nil, shipped, ""},
	} {
		got := ""
		if c := tt.targets.change(tt.kpi, tt.now, tt.before); c != nil {
			got = c.Verdict
		}
		if got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestBenchmarkClasses(t *testing.T) {
	shipped := targetsOf(t, shippedTargets())
	for _, tt := range []struct {
		kpi   string
		value float64
		want  string
	}{
		{"resolution_rate", 0.85, classBest}, {"resolution_rate", 0.84, classAI}, {"resolution_rate", 0.69, classHuman}, {"resolution_rate", 0.64, classBelow},
		{"resolution_seconds", 120, classBest}, {"resolution_seconds", 121, classAI}, {"resolution_seconds", 700, classHuman}, {"resolution_seconds", 721, classBelow},
		{"csat", 4.6, classBest}, {"csat", 4.2, classAI}, {"csat", 3.8, classHuman}, {"csat", 3.7, classBelow},
		{"escalation_rate", 0.05, classBest}, {"escalation_rate", 0.15, classAI}, {"escalation_rate", 0.25, classHuman}, {"escalation_rate", 0.3, classBelow},
		{"cost_usd", 0.05, classBest}, {"cost_usd", 0.31, classAI}, {"cost_usd", 9, classHuman}, {"cost_usd", 13, classBelow},
		{"turns", 1.5, classBest}, {"turns", 3, classAI}, {"turns", 5, classHuman}, {"turns", 7, classBelow},
		{"abandonment_rate", 0.1, ""},
	} {
		if got := shipped.class(tt.kpi, tt.value); got != tt.want {
			t.Errorf("%s %v: got %q, want %q", tt.kpi, tt.value, got, tt.want)
		}
	}
}

// A KPI without samples, and a rate of outcomes that were reversed more than
// counted, are not known.
func TestEstimatesThatAreNotKnown(t *testing.T) {
	for _, k := range kpis() {
		if e := (counts{}).estimate(k.name); e != nil {
			t.Errorf("%s of nothing is %+v", k.name, e)
		}
	}
	reversed := conversations(10, 0.5, 0.5)
	reversed[counter{name: "conversations_reversed", outcome: "resolved", cause: "reopened"}] = 6
	for _, kpi := range []string{"resolution_rate", "escalation_rate", "abandonment_rate", "durable_resolution_rate", "cost_per_resolution_usd"} {
		if e := reversed.estimate(kpi); e != nil {
			t.Errorf("%s with a negative outcome is %+v", kpi, e)
		}
	}
	if returnOnInvestment(of(reversed), Assumptions{}) != nil {
		t.Error("there is a return on a negative outcome")
	}
	more := counts{{name: "csat_surveys"}: 4, {name: "csat_responses", score: "5"}: 5}
	if e := more.estimate("csat_response_rate"); e == nil || e.Value != 1.25 || e.Stderr != nil {
		t.Errorf("more answers than surveys: %+v, want 1.25 without a standard error", e)
	}
}

// By hand: 70 resolutions, of which 10 were taken over and 5 reopened.
func TestReturnOnInvestment(t *testing.T) {
	c := counts{
		{name: "conversations", outcome: "resolved"}:                              70,
		{name: "conversations", outcome: "escalated"}:                             30,
		{name: "conversations", outcome: "abandoned"}:                             15,
		{name: "conversations_reversed", outcome: "resolved", cause: "escalated"}: 10,
		{name: "conversations_reversed", outcome: "resolved", cause: "reopened"}:  5,
		{name: "cost_usd"}:                   40,
		{name: "csat_responses", score: "4"}: 3,
		{name: "csat_responses", score: "5"}: 1,
	}
	got := returnOnInvestment(of(c), Assumptions{HumanCostLow: 8, HumanCostBase: 10, HumanCostHigh: 12, HumanMinutes: 12, HumanCSAT: 3.75, PlatformCost: 60})
	ratio := func(v float64) *float64 { return &v }
	want := &ROI{
		DurableResolutions: 55, Conversations: 100, Escalated: 30, SpendUSD: 40, ShareHandled: 0.55, HoursSaved: 11,
		CSAT: ratio(4.25), CSATAgainstHuman: ratio(0.5), CostPerResolutionUSD: ratio(40.0 / 55),
		Scenarios: []Scenario{
			{"low", 8, 55*8 - 100, ratio(3.4), 2.8},
			{"base", 10, 55*10 - 100, ratio(4.5), 3.4},
			{"high", 12, 55*12 - 100, ratio(5.6), 4.0},
		},
		Assumptions: got.Assumptions,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(got.Assumptions) != 6 {
		t.Errorf("%d assumptions", len(got.Assumptions))
	}
	free := conversations(10, 1, 0)
	if s := returnOnInvestment(of(free), Assumptions{HumanCostBase: 1}).Scenarios[1]; s.Return != nil || s.SavingsUSD != 10 {
		t.Errorf("nothing was spent: %+v", s)
	}
}

// Worst first by any KPI; what is too small, or not known, comes behind.
func TestBreakdownOrder(t *testing.T) {
	now := &counted{slices: map[slice]counts{
		{"intent", "good"}:    conversations(1000, 0.9, 0.05),
		{"intent", "bad"}:     conversations(1000, 0.5, 0.3),
		{"intent", "rare"}:    conversations(10, 0, 1),
		{"intent", "rated"}:   scoreCounts(0, 0, 0, 0, 9),
		{"intent", "nothing"}: {},
		{"tier", "free"}:      conversations(1000, 0.9, 0.05),
	}, stores: 1}
	targets := targetsOf(t, shippedTargets())
	for kpi, want := range map[string][]string{"resolution_rate": {"bad", "good", "rare", "rated"}, "escalation_rate": {"bad", "good", "rare", "rated"}, "csat": {"rated", "bad", "good", "rare"}} {
		b := breakDown("intent", now, &counted{}, targets, kpi)
		var got []string
		for _, r := range b.Rows {
			got = append(got, r.Value)
			if small := r.Value == "rare" || (r.Value == "rated") != (kpi == "csat"); kpi != "csat" && r.Small != small {
				t.Errorf("%s of %s: small is %v", kpi, r.Value, r.Small)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", kpi, diff)
		}
	}
}

func TestExperiments(t *testing.T) {
	r := goldenReport(t)
	if len(r.Experiments) != 1 || len(r.Experiments[0].Variants) != 2 {
		t.Fatalf("got %+v", r.Experiments)
	}
	warm := r.Experiments[0].Variants[1]
	if warm.Variant != "warm" || warm.Role != "treatment" || *warm.Assigned != 1234 || *warm.Verdict != "ship" || *warm.SRMPValue != 0.4 {
		t.Errorf("got %+v", warm)
	}
	csat := warm.KPIs[0]
	if csat.KPI != "csat" || csat.Role != "primary" || *csat.CILowRatio != 0.051 || *csat.CIHighRatio != 0.095 || *csat.LiftRatio != 0.073 {
		t.Errorf("the primary KPI comes first, with the interval that may be watched: %+v", csat)
	}
	if cost := warm.KPIs[1]; cost.Role != "guardrail" || cost.LiftRatio != nil || *cost.Mean != 0.32 {
		t.Errorf("got %+v", cost)
	}
	f := goldenFake()
	f.extra = map[string]float64{"support_experiment_assigned_total experiment=e variant=a": 3} // no rules, no verdicts
	if r := made(t, options(f)); len(r.Experiments) != 0 {
		t.Errorf("got %+v", r.Experiments)
	}
}

// A verdict that waits for more data says how much more.
func TestVerdictsOfExperiments(t *testing.T) {
	number, word := func(v float64) *float64 { return &v }, func(s string) *string { return &s }
	for _, tt := range []struct {
		variant Variant
		planned *float64
		want    string
	}{
		{Variant{}, nil, ""},
		{Variant{Verdict: word("ship"), Assigned: number(10)}, number(20), "ship"},
		{Variant{Verdict: word("insufficient"), Assigned: number(1000)}, number(25000), "insufficient, up to 24,000 more to go"},
		{Variant{Verdict: word("insufficient"), Assigned: number(30000)}, number(25000), "insufficient"},
		{Variant{Verdict: word("insufficient")}, nil, "insufficient"},
		{Variant{Verdict: word("review"), SRMPValue: number(0.0001)}, nil, "review (sample ratio mismatch)"},
		{Variant{Verdict: word("review"), SRMPValue: number(0.01)}, nil, "review"},
	} {
		if got := tt.variant.verdict(&Experiment{Planned: tt.planned, SRMLimit: number(0.001)}).text; got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}
