package report

import (
	"context"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"github.com/google/go-cmp/cmp"
)

// of makes the counts of one intent and of the whole that is it.
func of(c counts) *counted {
	return &counted{slices: map[slice]counts{{}: c, {"intent", "refund"}: c}, stores: 1}
}

// conversations are counts of n, of which shares are resolved and escalated.
func conversations(n, resolved, escalated float64) counts {
	return counts{
		{name: "conversations", outcome: "resolved"}:   n * resolved,
		{name: "conversations", outcome: "escalated"}:  n * escalated,
		{name: "conversations", outcome: "unresolved"}: n * (1 - resolved - escalated),
	}
}

// values are counts of n values with a mean and some spread.
func values(kpi string, n, mean float64) counts {
	return counts{
		{name: "values", kpi: kpi}: n, {name: "values_sum", kpi: kpi}: n * mean, {name: "values_squares", kpi: kpi}: n * mean * mean * 1.25,
	}
}

func targetsOf(t *testing.T, series map[string]float64) *targets {
	t.Helper()
	got, err := readTargets(context.Background(), &fake{targets: series}, end)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// Each value, the issues that it is, and what holds them back: the worked
// example of the alerts is among them.
func TestIssues(t *testing.T) {
	targets := targetsOf(t, shippedTargets())
	for _, tt := range []struct {
		name   string
		counts counts
		want   string
	}{
		{"CSAT 3.9", scoreCounts(0, 0, 300, 500, 200), "high csat 4.20 −7.1%"},
		{"CSAT 4.0", scoreCounts(0, 0, 200, 600, 200), ""},
		{"CSAT 3.6", scoreCounts(100, 100, 200, 300, 300), "high csat 4.20 −14.3%; warning csat 4.20 −14.3%"},
		{"CSAT 2.0 of 4", scoreCounts(2, 1, 0, 1, 0), "high csat 4.20 −52.4% small"},
		{"CSAT 3.0 of 20", scoreCounts(4, 4, 4, 4, 4), "critical csat 4.20 −28.6%; high csat 4.20 −28.6%"},
		{"escalation 18 %", conversations(5000, 0.72, 0.18), "critical escalation_rate 12.0% +50.0%; medium escalation_rate 10.0% +80.0%"},
		{"escalation 13.5 %", conversations(6000, 0.72, 0.135), "warning escalation_rate 12.0% +12.5%"},
		{"escalation 13.5 % of too few", conversations(2000, 0.72, 0.135), ""},
		{"escalation 40 % of 100", conversations(100, 0.60, 0.40), "medium escalation_rate 10.0% +300.0% small"},
		{"resolution 60 %", conversations(1000, 0.60, 0.12), "warning resolution_rate 72.0% −16.7%"},
		{"resolution 85 %", conversations(1000, 0.85, 0.12), ""},
		{"time 3.0 min", values("resolution_seconds", 1000, 180), ""},
		{"time 4.0 min", values("resolution_seconds", 1000, 240), "critical resolution_seconds 3 min 0 s +33.3%"},
		{"cost $0.30", values("cost_usd", 1000, 0.30), "warning cost_usd $0.25 +20.0%"},
		{"cost $0.275", values("cost_usd", 100_000, 0.275), ""},
		{"cost $0.42", values("cost_usd", 1000, 0.42), "critical cost_usd $0.25 +68.0%; low cost_usd $0.25 +68.0%"},
		{"nothing", counts{}, ""},
		{"29 % of 200 surveys", counts{{name: "csat_surveys"}: 200, {name: "csat_responses", score: "5"}: 58}, "warning csat_response_rate 30.0% −3.3%"},
		{"29 % of 100 surveys", counts{{name: "csat_surveys"}: 100, {name: "csat_responses", score: "5"}: 29}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			issues, err := findIssues(context.Background(), options(&fake{}), of(tt.counts), targets)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, i := range issues {
				text := fmt.Sprint(i.Severity, " ", i.KPI, " ", formatIn(unitOf(i.KPI))(i.Target), " ", signedPercent(i.DeviationRatio))
				if i.Small {
					text += " small"
				}
				if i.Area == "" || i.Recommendation == "" || i.Evidence.Query == "" {
					t.Errorf("not all is said: %+v", i)
				}
				got = append(got, text)
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, "; ")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestFailOn(t *testing.T) {
	r := &Report{Issues: []Issue{{Severity: "high"}, {Severity: "warning"}, {Severity: "critical", Small: true}, {Severity: "low"}}}
	for severity, want := range map[string]int{"critical": 0, "high": 1, "medium": 2, "warning": 2, "low": 3} {
		if got := len(r.AtLeast(severity)); got != want {
			t.Errorf("%s: %d issues, want %d", severity, got, want)
		}
	}
}

// The parts of all intents add up to the deviation, and what is listed as a
// driver pulls the KPI to its bad side, the most first.
func TestDriversAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kpi := rapid.SampledFrom([]string{"csat", "escalation_rate", "resolution_rate", "cost_usd"}).Draw(t, "kpi")
		direction := map[string]float64{"csat": 1, "resolution_rate": 1}[kpi]*2 - 1
		target := map[string]float64{"csat": 4.2, "escalation_rate": 0.12, "resolution_rate": 0.72, "cost_usd": 0.25}[kpi]
		c := &counted{slices: map[slice]counts{{}: {}}}
		n := float64(rapid.IntRange(1, 4).Draw(t, "intents"))
		for i := range int(n) {
			number := func(name string) float64 { return float64(rapid.IntRange(0, 100).Draw(t, name)) }
			of := scoreCounts(number("1"), number("2"), number("3"), number("4"), number("5"))
			for _, outcome := range outcomes() {
				of[counter{name: "conversations", outcome: outcome}] = number(outcome)
			}
			costs := number("costs")
			of[counter{name: "values", kpi: "cost_usd"}] = costs
			of[counter{name: "values_sum", kpi: "cost_usd"}] = costs * rapid.Float64Range(0, 1).Draw(t, "mean cost")
			c.add(nil, map[slice]counts{{"intent", strconv.Itoa(i)}: of})
		}
		whole := c.estimate(kpi)
		if whole == nil {
			return
		}
		deviation := whole.sum - target*whole.Samples
		if deviation*direction >= -1e-6 {
			return // no issue, so nobody asks
		}
		sum, listed := 0.0, 0.0
		for i := range int(n) {
			if e := c.slices[slice{"intent", strconv.Itoa(i)}].estimate(kpi); e != nil {
				part := (e.sum - target*e.Samples) / deviation
				sum += part
				listed += max(part, 0)
			}
		}
		if math.Abs(sum-1) > 1e-6 {
			t.Fatalf("the parts of all intents are %v", sum)
		}
		last := math.Inf(1)
		for _, d := range drivers(c, kpi, target, direction) {
			if d.Share <= 0 || d.Share > last || (d.Value-target)*direction >= 0 {
				t.Fatalf("not a driver in its place: %+v", d)
			}
			last = d.Share
			listed -= d.Share
		}
		if math.Abs(listed) > 1e-6 {
			t.Fatalf("%v of the deviation is not listed", listed)
		}
	})
}

func TestExemplarSelectors(t *testing.T) {
	for kpi, want := range map[string]string{
		"csat":               `support_csat_responses_total{score=~"1|2", intent=~"a\\.b|c"}`,
		"escalation_rate":    `support_escalations_total{intent=~"a\\.b|c"}`,
		"resolution_rate":    `support_escalations_total{intent=~"a\\.b|c"}`,
		"cost_usd":           `support_conversation_cost_usd_bucket{intent=~"a\\.b|c"}`,
		"turns":              `support_conversation_turns_bucket{intent=~"a\\.b|c"}`,
		"resolution_seconds": `support_conversation_resolution_seconds_bucket{resolved="true", intent=~"a\\.b|c"}`,
		"csat_response_rate": "",
	} {
		if got := exemplarSelector(kpi, []string{"a.b", "c"}); got != want {
			t.Errorf("%s: got %s, want %s", kpi, got, want)
		}
	}
	if got, want := exemplarSelector("escalation_rate", nil), `support_escalations_total{intent!=""}`; got != want {
		t.Errorf("no intents: got %s, want %s", got, want)
	}
}

// The targets of these tests are the shipped ones.
func TestTargetsAreTheShippedOnes(t *testing.T) {
	text, err := os.ReadFile("../../../recording-rules/support_targets.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Rules []struct {
				Record, Expr string
				Labels       map[string]string
			}
		}
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	shipped := map[string]float64{}
	for _, r := range file.Groups[0].Rules {
		v, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimPrefix(r.Expr, "vector("), ")"), 64)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(r.Record, "support:") && (!strings.Contains(r.Record, "experiment") || r.Record == "support:threshold:experiment_min_samples") {
			shipped[vectorOf(map[string]float64{named(r.Record, r.Labels): v})[0].Metric.String()] = v
		}
	}
	here := map[string]float64{}
	for _, s := range vectorOf(shippedTargets()) {
		if s.Metric["__name__"] != "intent:support_threshold:zscore" {
			here[s.Metric.String()] = float64(s.Value)
		}
	}
	if diff := cmp.Diff(shipped, here); diff != "" {
		t.Errorf("(-shipped +here):\n%s", diff)
	}
}

func named(name string, labels map[string]string) string {
	for k, v := range labels {
		name += " " + k + "=" + v
	}
	return name
}
