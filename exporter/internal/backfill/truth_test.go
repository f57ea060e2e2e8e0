package backfill

import (
	"fmt"
	"math"
	"testing"
	"time"

	"supportexporter/exporter/internal/event"
)

// fact is what an event says, and when it arrived in Unix milliseconds.
type fact struct {
	at    int64
	value float64
}

// factsOf counts ratings and reported resolutions, by KPI, each once for an
// episode of a conversation.
func factsOf(all []happened) map[string][]fact {
	seen := map[string]bool{}
	facts := map[string][]fact{}
	count := func(kpi string, h happened, v float64) {
		if k := fmt.Sprint(kpi, h.ConversationID, h.Episode); !seen[k] {
			seen[k] = true
			facts[kpi] = append(facts[kpi], fact{h.At.UnixMilli(), v})
		}
	}
	for _, h := range all {
		if h.Facts&event.CSAT != 0 {
			count("csat", h, float64(h.CSAT))
		}
		if h.Facts&event.Resolution != 0 {
			resolved := 0.0
			if h.Resolved {
				resolved = 1
			}
			count("reported_resolution_rate", h, resolved)
		}
	}
	return facts
}

// The recorded KPIs are those of the events, counted from the events alone: at
// any step, in each window. The first window of 28 days that does not begin
// with the store begins after 28 days, so the history is longer.
func TestRecordedKPIsAreTheTruth(t *testing.T) {
	if testing.Short() {
		t.Skip("thirty days are long under the race detector")
	}
	const days = 30
	all := simulated(t, days, 25, noon)
	o := inNewFolders(t, all)
	shippedRules(&o)
	r := mustRun(t, o)
	if r.Blocks != 14 && r.Blocks != 15 {
		t.Errorf("%d blocks", r.Blocks)
	}
	got := read(t, o.Prometheus, "support:(kpi|weeks_ago|baseline):.+|hour:support_kpi:value")

	facts := factsOf(all)
	compared := 0
	last := r.End
	for _, back := range []time.Duration{0, time.Hour, 7*time.Hour + 5*time.Minute, 40 * time.Hour, 10 * 24 * time.Hour, 25 * 24 * time.Hour} {
		at := last.Add(-back)
		for window, length := range map[string]time.Duration{"1h": time.Hour, "1d": 24 * time.Hour, "7d": 7 * 24 * time.Hour, "28d": 28 * 24 * time.Hour} {
			for kpi := range facts {
				n, sum := 0.0, 0.0
				for _, f := range facts[kpi] {
					if f.at > at.Add(-length).UnixMilli() && f.at <= at.UnixMilli() {
						n++
						sum += f.value
					}
				}
				compared++
				parts := []string{`kpi="` + kpi + `", window="` + window + `"`}
				if v, _ := got.at(at, "support:kpi:samples", parts...); v != n {
					t.Errorf("%s, %s, %s: %v samples, want %v", at, kpi, window, v, n)
				}
				v, series := got.at(at, "support:kpi:value", parts...)
				if (series == 1) != (n > 0) || n > 0 && math.Abs(v-sum/n) > 1e-9 {
					t.Errorf("%s, %s, %s: %v of %d series, want %v of %v", at, kpi, window, v, series, sum, n)
				}
			}
		}
	}
	if compared != 48 || len(facts["csat"]) < 50 || len(facts["reported_resolution_rate"]) < 300 {
		t.Errorf("compared %d values of %d ratings and %d resolutions", compared, len(facts["csat"]), len(facts["reported_resolution_rate"]))
	}
	for _, name := range []string{"hour:support_kpi:value", "support:weeks_ago:value", "support:kpi:zscore", "support:baseline:value"} {
		if _, n := got.at(last, name); n == 0 {
			t.Errorf("no %s in the end", name)
		}
	}
	if _, n := got.at(last, "support:baseline:value", `baseline="seasonal"`); n == 0 {
		t.Error("no seasonal baseline after 30 days")
	}
}
