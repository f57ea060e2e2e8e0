package report

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
)

// shippedTargets are those of recording-rules/support_targets.yml; a test keeps
// them equal.
func shippedTargets() map[string]float64 {
	t := map[string]float64{
		"support:threshold:zscore": 3.3, "intent:support_threshold:zscore": 5,
		"support:threshold:min_value kpi=csat_response_rate": 0.3, "support:threshold:min_samples kpi=csat_response_rate severity=warning": 144,
		"support:threshold:experiment_min_samples": 30,
	}
	for _, k := range []struct {
		kpi               string
		baseline          float64
		warning, critical float64
		human, ai, best   [2]float64 // low, high; 0 is none
	}{
		{"resolution_rate", 0.72, 150, 24, [2]float64{0.65, 0.65}, [2]float64{0.70, 0.75}, [2]float64{0.85, 0}},
		{"escalation_rate", 0.12, 2818, 451, [2]float64{0.20, 0.25}, [2]float64{0.10, 0.15}, [2]float64{0, 0.10}},
		{"csat", 4.2, 27, 5, [2]float64{3.8, 3.8}, [2]float64{4.2, 4.2}, [2]float64{4.6, 4.6}},
		{"resolution_seconds", 180, 385, 62, [2]float64{480, 720}, [2]float64{120, 240}, [2]float64{0, 120}},
		{"turns", 2.5, 100, 20, [2]float64{4, 6}, [2]float64{2, 3}, [2]float64{1, 2}},
		{"cost_usd", 0.25, 385, 62, [2]float64{8, 12}, [2]float64{0.15, 0.40}, [2]float64{0.08, 0.20}},
	} {
		t["support:baseline:static kpi="+k.kpi] = k.baseline
		t["support:threshold:deviation_ratio severity=warning kpi="+k.kpi] = 0.10
		t["support:threshold:deviation_ratio severity=critical kpi="+k.kpi] = 0.25
		t["support:threshold:min_samples severity=warning kpi="+k.kpi] = k.warning
		t["support:threshold:min_samples severity=critical kpi="+k.kpi] = k.critical
		for class, bounds := range map[string][2]float64{classHuman: k.human, classAI: k.ai, classBest: k.best} {
			for i, bound := range []string{"low", "high"} {
				if bounds[i] != 0 {
					t["support:benchmark:value kpi="+k.kpi+" class="+class+" bound="+bound] = bounds[i]
				}
			}
		}
	}
	lower := map[string]bool{"escalation_rate": true, "abandonment_rate": true, "csat_detractor_rate": true,
		"resolution_seconds": true, "turns": true, "cost_usd": true, "cost_per_resolution_usd": true}
	for _, k := range kpis() {
		t["support:baseline:direction kpi="+k.name] = 1
		if lower[k.name] {
			t["support:baseline:direction kpi="+k.name] = -1
		}
	}
	return t
}

// goldenCounters are of four intents: in the last week refunds are handed to
// humans, and nobody likes it; one intent is rare.
func goldenCounters(age time.Duration) map[slice]counts {
	out := map[slice]counts{}
	hours, turned := age.Hours(), max(0, age.Hours()-21*24)
	for _, i := range []struct {
		name, tier, language string
		volume, difficulty   float64
	}{
		{"billing", "pro", "en", 20, 1}, {"refund", "free", "en", 12, 1.2}, {"returns <b>|x_y", "free", "de", 8, 0.9}, {"legal", "enterprise", "pt", 0.1, 2},
	} {
		healthy := map[string]float64{
			"resolved": 0.74, "unresolved": 0.08, "escalated": 0.10 * i.difficulty, "abandoned": 0.08,
			"score1": 0.02, "score2": 0.02, "score3": 0.04, "score4": 0.12, "score5": 0.20,
			"resolution_seconds": 170, "turns": 2.4, "cost_usd": 0.31,
		}
		storm := map[string]float64{
			"resolved": 0.40, "unresolved": 0.08, "escalated": 0.45, "abandoned": 0.07,
			"score1": 0.12, "score2": 0.08, "score3": 0.05, "score4": 0.05, "score5": 0.05,
			"resolution_seconds": 240, "turns": 3.1, "cost_usd": 0.52,
		}
		c := counts{}
		rate := func(of map[string]float64) func(string) float64 {
			return func(name string) float64 {
				if v := of[name]; len(name) == 6 && name[:5] == "score" || v < 1 && name != "cost_usd" {
					return v * i.volume
				}
				return of[name]
			}
		}
		if i.name == "refund" {
			c.happen(hours-turned, rate(healthy))
			c.happen(turned, rate(storm))
		} else {
			c.happen(hours, rate(healthy))
		}
		c[counter{name: "conversations_reversed", outcome: "resolved", cause: "reopened"}] = float64(int(hours * i.volume * 0.02))
		c[counter{name: "conversations_reversed", outcome: "resolved", cause: "escalated"}] = float64(int(hours * i.volume * 0.01))
		for _, s := range []slice{{"intent", i.name}, {"tier", i.tier}, {"language", i.language}} {
			if out[s] == nil {
				out[s] = counts{}
			}
			for k, v := range c {
				out[s][k] += v
			}
		}
	}
	return out
}

func goldenBuckets(age time.Duration) map[counter]float64 {
	out := map[counter]float64{}
	for i, le := range []string{"60.0", "120.0", "180.0", "300.0", "600.0", "+Inf"} {
		out[counter{name: "conversation_resolution_seconds_bucket", le: le}] = float64(int(age.Hours() * 28 * []float64{0.1, 0.4, 0.65, 0.9, 0.99, 1}[i]))
	}
	return out
}

func goldenFake() *fake {
	at := func(minutes int) model.Time {
		return model.TimeFromUnix(end.Add(-time.Duration(minutes) * time.Minute).Unix())
	}
	exemplar := func(id string, minutes int) v1.Exemplar {
		return v1.Exemplar{Labels: model.LabelSet{"conversation_id": model.LabelValue(id)}, Value: 1, Timestamp: at(minutes)}
	}
	const e = "experiment=greeting "
	return &fake{
		stores:  []fakeStore{{instance: "support-1", start: end.AddDate(0, 0, -28), counters: goldenCounters, whole: goldenBuckets}},
		targets: shippedTargets(),
		extra: map[string]float64{
			"support:experiment:mean " + e + "variant=short kpi=csat": 4.1, "support:experiment:mean " + e + "variant=warm kpi=csat": 4.4,
			"support:experiment:lift_ratio " + e + "variant=warm kpi=csat": 0.073, "support:experiment:pvalue " + e + "variant=warm kpi=csat": 0.0004,
			"support:experiment:ci_low_ratio " + e + "variant=warm kpi=csat interval=sequential":  0.051,
			"support:experiment:ci_high_ratio " + e + "variant=warm kpi=csat interval=sequential": 0.095,
			"support:experiment:ci_low_ratio " + e + "variant=warm kpi=csat interval=fixed":       0.06,
			"support:experiment:mean " + e + "variant=warm kpi=cost_usd":                          0.32,
			"support:experiment:verdict " + e + "variant=warm verdict=ship":                       1,
			"support:experiment:verdict " + e + "variant=warm verdict=review":                     0,
			"support:experiment:srm_pvalue " + e + "variant=warm":                                 0.4,
			"support:threshold:experiment_srm_pvalue":                                             0.001,
			"support:experiment:assigned " + e + "variant=warm":                                   1234,
			"support:experiment:assigned " + e + "variant=short":                                  1190,
			"support_experiment_assigned_total instance=a pod=old " + e + "variant=warm":          1190, // it moves
			"support_experiment_assigned_total instance=a pod=new " + e + "variant=warm":          1200,
			"support_experiment_assigned_total instance=b " + e + "variant=warm":                  34,
			"support_experiment_assigned_total instance=a " + e + "variant=short":                 1190,
			"support_experiment_variant_weight " + e + "variant=short role=control":               1,
			"support_experiment_variant_weight " + e + "variant=warm role=treatment":              1,
			"support_experiment_kpi_info " + e + "kpi=csat role=primary":                          1,
			"support_experiment_kpi_info " + e + "kpi=cost_usd role=guardrail":                    1,
			"support_experiment_planned_conversations " + e:                                       2000,
		},
		exemplars: map[string][]v1.ExemplarQueryResult{
			"support_escalations_total": {{
				SeriesLabels: model.LabelSet{"intent": "refund"},
				Exemplars:    []v1.Exemplar{exemplar("conv-1", 90), exemplar("conv-2", 30), exemplar("conv-1", 60), exemplar("", 5)},
			}},
		},
	}
}

func options(f *fake) Options {
	return Options{
		Prometheus: f, PrometheusURL: "http://prometheus.test:9090/", GrafanaURL: "http://grafana.test",
		Period: Period{Name: "7d", From: end.AddDate(0, 0, -7), To: end}, SortBy: "resolution_rate",
		Assumptions: Assumptions{HumanCostLow: 8, HumanCostBase: 10, HumanCostHigh: 12, HumanMinutes: 10, HumanCSAT: 3.8, PlatformCost: 500},
		Now:         end.Add(7 * time.Hour), Generator: "supportctl 1.2.3",
	}
}

func made(t *testing.T, o Options) *Report {
	t.Helper()
	r, err := Make(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func goldenReport(t *testing.T) *Report {
	t.Helper()
	return made(t, options(goldenFake()))
}

// sparseReport is of a store that is three days old, without targets.
func sparseReport(t *testing.T) *Report {
	t.Helper()
	f := goldenFake()
	f.stores[0].start = end.AddDate(0, 0, -3)
	f.stores[0].whole = nil
	f.targets, f.extra, f.exemplars = nil, nil, nil
	return made(t, options(f))
}

// emptyReport is what is left where nothing is known at all.
func emptyReport() *Report {
	nothing := &counted{}
	return &Report{
		SchemaVersion: SchemaVersion, Notes: []string{}, Issues: []Issue{}, Breakdowns: []Breakdown{}, Experiments: []Experiment{},
		Trend: Trend{Weeks: []Week{}}, Summary: summarize(nothing, nothing, &targets{}),
	}
}

func TestGolden(t *testing.T) {
	for i, ending := range []string{"txt", "md", "json", "html"} {
		t.Run(ending, func(t *testing.T) {
			golden(t, "report."+ending, written(t, goldenReport(t), Formats()[i]))
			golden(t, "sparse."+ending, written(t, sparseReport(t), Formats()[i]))
		})
	}
}

// The same questions give the same report, whatever the order of the answers.
func TestDeterministic(t *testing.T) {
	for _, format := range Formats() {
		first := written(t, goldenReport(t), format)
		for range 5 {
			if again := written(t, goldenReport(t), format); again != first {
				t.Fatalf("%s differs from run to run", format)
			}
		}
	}
}

func scoreCounts(n ...float64) counts {
	c := counts{}
	for i, v := range n {
		c[counter{name: "csat_responses", score: strconv.Itoa(i + 1)}] = v
	}
	return c
}
