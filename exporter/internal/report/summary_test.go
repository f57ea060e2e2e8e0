package report

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func known(value, samples, stderr float64) *Estimate {
	return &Estimate{Value: value, Samples: samples, Stderr: &stderr}
}

func rate(yes, samples float64) *Estimate {
	p := yes / samples
	return known(p, samples, math.Sqrt(p*(1-p)/samples))
}

func TestVerdictsOnChanges(t *testing.T) {
	shipped, nothing := targetsOf(t, shippedTargets()), targetsOf(t, nil)
	without := shippedTargets()
	delete(without, "support:threshold:experiment_min_samples")
	floorless := targetsOf(t, without)
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
		{"no spread", "turns", known(2, 20, 0), known(3, 20, 0), shipped, verdictBetter},
		{"no spread, too few now", "turns", known(2, 19, 0), known(3, 20, 0), shipped, verdictUnknown},
		{"no spread, too few before", "turns", known(2, 20, 0), known(3, 19, 0), shipped, verdictUnknown},
		{"one conversation against one", "turns", known(2.1, 1, 0), known(2, 1, 0), shipped, verdictUnknown},
		{"400 against one", "cost_usd", known(0.25, 400, 0.0125), known(0.12, 1, 0), shipped, verdictUnknown},
		{"72 % of 400 against 2 of 2", "resolution_rate", rate(288, 400), rate(2, 2), shipped, verdictUnknown},
		{"24 of 24 are no certainty", "resolution_rate", rate(24, 24), rate(288, 400), shipped, verdictChance},
		{"40 of 40", "resolution_rate", rate(40, 40), rate(288, 400), shipped, verdictBetter},
		{"five ratings that are alike", "csat", known(5, 5, math.Sqrt(1.0/12/5)), known(4.2, 400, 0.05), shipped, verdictChance},
		{"one abandoned of one", "abandonment_rate", rate(1, 1), rate(0, 1), shipped, verdictUnknown},
		{"no floor, 29", "abandonment_rate", rate(29, 29), rate(0, 30), shipped, verdictUnknown},
		{"no floor, 30", "abandonment_rate", rate(30, 30), rate(0, 30), shipped, verdictWorse},
		{"0 of 30 may well be chance", "abandonment_rate", rate(0, 30), rate(200, 1000), shipped, verdictChance},
		{"2 of 30 as well", "abandonment_rate", rate(2, 30), rate(5, 1000), shipped, verdictChance},
		{"a floor for the warning alone", "csat_response_rate", rate(0, 143), rate(144, 144), shipped, verdictUnknown},
		{"as many as that", "csat_response_rate", rate(0, 144), rate(144, 144), shipped, verdictWorse},
		{"nobody says how many are enough", "abandonment_rate", rate(900, 1000), rate(0, 1000), floorless, verdictUnknown},
		{"no difference", "turns", known(2, 20, 0), known(2, 20, 0), shipped, verdictChance},
		{"no difference but for the last digit", "cost_usd", known(0.07000000000000012, 119, 0), known(0.0700000000000001, 110, 0), shipped, verdictChance},
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

// An intent of one conversation in each period is neither better nor worse, and
// no figure of it is painted.
func TestOneConversationChangesNothing(t *testing.T) {
	one := func(resolved, turns, cost float64) *counted {
		c := conversations(1, resolved, 0)
		for kpi, v := range map[string]float64{"turns": turns, "cost_usd": cost} {
			c[counter{name: "values", kpi: kpi}], c[counter{name: "values_sum", kpi: kpi}], c[counter{name: "values_squares", kpi: kpi}] = 1, v, v*v
		}
		return of(c)
	}
	now, before, targets := one(0, 2.1, 0.21), one(1, 2, 0.2), targetsOf(t, shippedTargets())
	for _, k := range summarize(now, before, targets).KPIs {
		if k.Change != nil && k.Change.Verdict != verdictUnknown && k.Change.Verdict != verdictChance {
			t.Errorf("%s of one conversation: %+v", k.KPI, k.Change)
		}
	}
	b := breakDown("intent", now, before, targets, "resolution_rate")
	for _, c := range b.Rows[0].cells() {
		if c.mood != "" || strings.Contains(c.text, "(") {
			t.Errorf("painted: %+v", c)
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

// A verdict that waits for more data says how much more, in the arm or the
// control, whichever has fewer.
func TestVerdictsOfExperiments(t *testing.T) {
	number, word := func(v float64) *float64 { return &v }, func(s string) *string { return &s }
	const unknown = -1
	for _, tt := range []struct {
		variant Variant
		control float64
		planned *float64
		want    string
	}{
		{Variant{}, unknown, nil, ""},
		{Variant{Verdict: word("ship"), Assigned: number(10)}, 10, number(20), "ship"},
		{Variant{Verdict: word("insufficient"), Assigned: number(1000)}, 30000, number(25000), "insufficient, up to 24,000 more to go"},
		{Variant{Verdict: word("insufficient"), Assigned: number(10001)}, 2500, number(10000), "insufficient, up to 7,500 more to go"},
		{Variant{Verdict: word("insufficient"), Assigned: number(5000)}, 2500, number(10000), "insufficient, up to 7,500 more to go"},
		{Variant{Verdict: word("insufficient"), Assigned: number(30000)}, 30000, number(25000), "insufficient"},
		{Variant{Verdict: word("insufficient"), Assigned: number(1000)}, unknown, number(25000), "insufficient"},
		{Variant{Verdict: word("insufficient")}, 1000, number(25000), "insufficient"},
		{Variant{Verdict: word("insufficient")}, unknown, nil, "insufficient"},
		{Variant{Verdict: word("review"), SRMPValue: number(0.0001)}, unknown, nil, "review (sample ratio mismatch)"},
		{Variant{Verdict: word("review"), SRMPValue: number(0.01)}, unknown, nil, "review"},
	} {
		control := Variant{Role: "control"}
		if tt.control != unknown {
			control.Assigned = &tt.control
		}
		e := Experiment{Planned: tt.planned, SRMLimit: number(0.001), Variants: []Variant{{Role: "treatment", Assigned: number(1)}, control}}
		if got := tt.variant.verdict(&e).text; got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
	alone := Variant{Verdict: word("insufficient"), Assigned: number(10)}
	if got := alone.verdict(&Experiment{Planned: number(20)}).text; got != "insufficient" {
		t.Errorf("without a control: got %q", got)
	}
}
