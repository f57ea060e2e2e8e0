package simulate

import (
	"math"
	"testing"
	"time"
)

// monday is the beginning of a week.
func monday() time.Time { return time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC) }

const weeks = 2

// simulated is the exporter after all that conversations of some weeks say.
func simulated(t *testing.T, o Options) *exporter {
	t.Helper()
	x := newExporter()
	whole(t, o, weeks*7*24*time.Hour, func(a *arrival) { x.push(t, timeOf(a.at), a.event) })
	x.scrape(t, o.Start.Add(weeks*7*24*time.Hour+2*Longest))
	return x
}

// whole gives every event of the conversations that begin within a time, to
// their last one, and returns their stories.
func whole(t *testing.T, o Options, long time.Duration, f func(*arrival)) []story {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	var stories []story
	for slot := slotOf(o.Start); slot < slotOf(o.Start.Add(long)); slot++ {
		s.each(slot, func(_ int, c *story) { stories = append(stories, *c) })
	}
	end := o.Start.Add(long).UnixMilli()
	for s.slot*slotLength.Milliseconds() < end {
		s.fill()
	}
	for len(s.pending) > 0 {
		f(s.pending.next())
	}
	return stories
}

// baselines are those of the KPIs' rules.
func baselines() map[string]float64 {
	return map[string]float64{
		"resolution_rate": 0.72, "escalation_rate": 0.12, "abandonment_rate": 0.08,
		"csat": 4.2, "resolution_seconds": 180, "turns": 2.5, "cost_usd": 0.25,
	}
}

func TestHealthy(t *testing.T) {
	t.Parallel()
	x := simulated(t, Options{Seed: 7, Start: monday(), PerDay: 2000})
	for kpi, want := range baselines() {
		checkKPI(t, x, kpi, want)
	}
	if rate, _ := x.kpi("csat_response_rate"); rate < 0.38 || rate > 0.42 {
		t.Errorf("csat response rate %.3f, want about 0.4", rate)
	}
	t.Run("hard intents", func(t *testing.T) { checkHardIntents(t, x) })
	t.Run("arms", func(t *testing.T) { checkTreatment(t, x, 4.2) })
}

// A scenario puts the KPI it aims at where it should be. The others stay on
// their baseline, unless they hang together with it.
func TestScenarios(t *testing.T) {
	t.Parallel()
	consequences := []string{"resolution_rate", "abandonment_rate", "csat", "turns", "cost_usd", "resolution_seconds"}
	tests := []struct {
		scenario Scenario
		kpi      string
		want     float64
		follow   []string // KPIs that follow
		check    func(*testing.T, *exporter)
	}{
		{scenario: CSATRegression, kpi: "csat", want: 0.85 * 4.2},
		{scenario: CostSpike, kpi: "cost_usd", want: 1.4 * 0.25},
		{scenario: EscalationStorm, kpi: "escalation_rate", want: 0.24, follow: consequences, check: checkStorm},
		{scenario: IntentOutage, kpi: "escalation_rate", want: outageRate(escalated), follow: consequences, check: checkOutage},
		{scenario: ExperimentWinner, kpi: "csat", want: 1.05 * 4.2, check: func(t *testing.T, x *exporter) { checkTreatment(t, x, 4.62) }},
	}
	for _, tt := range tests {
		t.Run(string(tt.scenario), func(t *testing.T) {
			t.Parallel()
			x := simulated(t, Options{Seed: 7, Start: monday(), PerDay: 2000, Scenario: tt.scenario})
			want := baselines()
			for _, kpi := range tt.follow {
				delete(want, kpi)
			}
			want[tt.kpi] = tt.want
			for kpi, v := range want {
				checkKPI(t, x, kpi, v)
			}
			if tt.check != nil {
				tt.check(t, x)
			}
		})
	}
	if null, ok := effectOf(ExperimentNull); !ok || null != noEffect() {
		t.Errorf("experiment-null has the effect %+v", null)
	}
}

// checkKPI allows what chance allows: four standard errors, which must be few.
func checkKPI(t *testing.T, x *exporter, kpi string, want float64, labels ...string) {
	t.Helper()
	got, stderr := x.kpi(kpi, labels...)
	t.Logf("%s%v = %.4f ± %.4f", kpi, labels, got, stderr)
	if !(math.Abs(got-want) <= 4*stderr) {
		t.Errorf("%s%v = %.4f ± %.4f, want %.4f", kpi, labels, got, stderr, want)
	}
	if !(stderr < 0.03*want) {
		t.Errorf("%s%v: a standard error of %.4f is too much to say anything", kpi, labels, stderr)
	}
}

// checkStorm looks for the reason that tells people where to look.
func checkStorm(t *testing.T, x *exporter) {
	const name = "support_escalations_total"
	if share := x.sum(name, "reason=tool_error") / x.sum(name); share < 0.5 || share > 0.6 {
		t.Errorf("%.2f of the escalations are tool errors, want 0.55", share)
	}
}

// outageRate is how common an outcome is, over all traffic, in the outage.
func outageRate(w outcome) float64 {
	sum := 0.0
	for _, s := range segments() {
		change := effect{escalation: 1, outage: "password_reset"}
		sum += s.share * s.outcomesUnder(&change)[w]
	}
	return sum
}

// checkOutage: it strikes one intent, and that one hard.
func checkOutage(t *testing.T, x *exporter) {
	for i, trait := range intents {
		rate, stderr := x.kpi("resolution_rate", "intent="+trait.name)
		if trait.name == "password_reset" {
			if rate > 0.05 {
				t.Errorf("%s: resolution rate %.3f, want almost none", trait.name, rate)
			}
			continue
		}
		sum, shares := 0.0, 0.0
		for _, s := range segments() {
			if s.intent == i {
				sum, shares = sum+s.share*(0.72-0.16*s.hard), shares+s.share
			}
		}
		if want := sum / shares; math.Abs(rate-want) > 4*stderr {
			t.Errorf("%s: resolution rate %.3f, want %.3f as ever", trait.name, rate, want)
		}
	}
	if overall, _ := x.kpi("resolution_rate"); overall > 0.72*0.9 {
		t.Errorf("resolution rate %.3f: the intent is too rare to be noticed", overall)
	}
}

// checkTreatment: the arms differ in the CSAT of the treatment or in nothing.
func checkTreatment(t *testing.T, x *exporter, csat float64) {
	for _, tt := range []struct {
		variant, kpi string
		want         float64
	}{
		{"short", "csat", 4.2}, {"warm", "csat", csat},
		{"short", "cost_usd", 0.25}, {"warm", "cost_usd", 0.25},
		{"short", "turns", 2.5}, {"warm", "turns", 2.5},
	} {
		labels := []string{"experiment=greeting", "variant=" + tt.variant, "kpi=" + tt.kpi}
		v, stderr := mean(x.sum("support_experiment_values_total", labels...),
			x.sum("support_experiment_values_sum_total", labels...), x.sum("support_experiment_values_squares_total", labels...))
		if !(math.Abs(v-tt.want) < 4*stderr) || stderr > 0.02*tt.want {
			t.Errorf("%s of %s = %.4f ± %.4f, want %.4f", tt.kpi, tt.variant, v, stderr, tt.want)
		}
	}
}

// In every segment and scenario, what is used as a probability is one.
func TestOddsAreProbabilities(t *testing.T) {
	for _, name := range Scenarios() {
		change, _ := effectOf(Scenario(name))
		o := newOdds(change)
		for i := range o.segments {
			s := &o.segments[i]
			sum := 0.0
			for w, p := range s.outcomesUnder(&o.change) {
				sum += p
				if a := o.annoyed(s, outcome(w)); p < 0.02 || p > 0.95 || a < 0 || a > 1 {
					t.Errorf("%s: %s in %s: outcome %d has odds %.3f and %.3f annoyed", name, intents[s.intent].name, languages[s.language].name, w, p, a)
				}
				if m := o.meanTurns(s, outcome(w)); m < 1.1 {
					t.Errorf("%s: %s: outcome %d has %.2f turns", name, intents[s.intent].name, w, m)
				}
			}
			if math.Abs(sum-1) > 1e-9 {
				t.Errorf("%s: %s: odds add up to %v", name, intents[s.intent].name, sum)
			}
		}
		if share, _ := csatShift(change.csat); share < 0 || share > 1 {
			t.Errorf("%s: a share of %.2f in another mood", name, share)
		}
	}
}
