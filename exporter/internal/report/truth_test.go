package report

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"
)

// On a real Prometheus with a history of simulated events: every figure of a
// report is what the recording rules have for the same window, and what the
// events themselves add up to.
func TestFiguresAreTheTruth(t *testing.T) {
	until := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	days := 16
	if testing.Short() {
		days = 9
	}
	all := simulated(t, days, 60, until)
	p, made := seeded(t, all, until)
	o := options(nil)
	o.Prometheus = p
	for _, days := range []int{7, 28} {
		t.Run(fmt.Sprintf("rules of %d days", days), func(t *testing.T) {
			o := o
			o.Period = Period{Name: "days", From: until.AddDate(0, 0, -days), To: until}
			r, err := Make(context.Background(), o)
			if err != nil {
				t.Fatal(err)
			}
			asRecorded(t, p, r, fmt.Sprintf("%dd", days))
		})
	}
	t.Run("events", func(t *testing.T) {
		o := o
		o.Period = Period{Name: "all", From: made.Start.Add(-time.Hour), To: until}
		r, err := Make(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		asHappened(t, all, until, r)
	})
}

// near allows for the last digits of sums of fractions.
func near(a, b float64) bool { return a == b || math.Abs(a-b) <= 1e-9*max(math.Abs(a), math.Abs(b)) }

// asRecorded compares a report, and the one period before it, with the
// recorded series of its window.
func asRecorded(t *testing.T, p Prometheus, r *Report, window string) {
	t.Helper()
	now, before := recordedAt(t, p, r.Period.To, window), recordedAt(t, p, r.Period.From, window)
	compared := 0
	compare := func(recorded map[string]float64, name string, got *float64) {
		t.Helper()
		want, ok := recorded[name]
		switch {
		case ok != (got != nil):
			t.Errorf("%s: recorded %v (%v), reported %v", name, want, ok, got)
		case ok && !near(want, *got):
			t.Errorf("%s: recorded %v, reported %v", name, want, *got)
		case ok:
			compared++
		}
	}
	estimate := func(recorded map[string]float64, slice, kpi string, e *Estimate) {
		t.Helper()
		var value, samples, stderr *float64
		if e != nil {
			value, samples, stderr = &e.Value, &e.Samples, e.Stderr
		}
		compare(recorded, slice+"kpi:value "+kpi, value)
		compare(recorded, slice+"kpi:samples "+kpi, samples)
		compare(recorded, slice+"kpi:stderr "+kpi, stderr)
	}
	for _, k := range r.Summary.KPIs {
		if k.KPI == "csat_weighted" && window != "28d" {
			continue
		}
		estimate(now, "support:", k.KPI, k.Current)
		if window == "7d" {
			estimate(before, "support:", k.KPI, k.Previous)
		}
	}
	compare(now, "support:conversations:count ", r.Summary.Conversations.Value)
	compare(now, "support:cost_usd:sum ", r.Summary.TotalCostUSD.Value)
	compare(now, "support:resolution_seconds:quantile 0.5", r.Summary.ResolutionSecondsP50.Value)
	compare(now, "support:resolution_seconds:quantile 0.95", r.Summary.ResolutionSecondsP95.Value)
	for _, b := range r.Breakdowns {
		for _, row := range b.Rows {
			for _, c := range row.Cells {
				estimate(now, b.Label+":"+row.Value+":", c.KPI, c.Current)
			}
		}
	}
	if want := map[string]int{"7d": 210, "28d": 165}[window]; compared < want {
		t.Errorf("only %d figures were compared, want %d", compared, want)
	}
}

// recordedAt are the recorded series at a time, by name, slice and KPI.
func recordedAt(t *testing.T, p Prometheus, at time.Time, window string) map[string]float64 {
	t.Helper()
	vector, err := query(context.Background(), p, fmt.Sprintf(`{__name__=~"(support|intent|tier|language):.+", window=%q}`, window), at)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for _, s := range vector {
		name, of := string(s.Metric["__name__"]), string(s.Metric["kpi"]+s.Metric["quantile"])
		for _, label := range []string{"intent", "tier", "language"} {
			for _, kind := range []string{"value", "samples", "stderr"} {
				if name == label+":support_kpi:"+kind {
					name = label + ":" + string(sliceOf(s.Metric).value) + ":kpi:" + kind
				}
			}
		}
		out[name+" "+of] = float64(s.Value)
	}
	return out
}
