package bundle

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
)

// Samples of the parts, which intents are and two systems scraped by one
// Prometheus, add up to those of the whole, and so do values weighted with them.
func TestRulesAddUp(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	one, other := drawWorld(r, "a"), drawWorld(r, "b")
	both := world{one.start, append(slices.Clone(one.exporters), other.exporters...)}
	parts := map[string][2]weighed{
		"two systems": {
			weigh(one.recorded(t), "support:kpi:").plus(weigh(other.recorded(t), "support:kpi:")),
			weigh(both.recorded(t), "support:kpi:"),
		},
	}
	for _, by := range []string{"intent", "tier", "language"} {
		all := both.recorded(t)
		parts[by] = [2]weighed{weigh(all, by+":support_kpi:"), weigh(all, "support:kpi:")}
	}
	for name, p := range parts {
		if len(p[1]) < 100 {
			t.Errorf("%s: only %d samples to compare", name, len(p[1]))
		}
		for key, want := range p[1] {
			if got := p[0][key]; got[0] != want[0] || !near(got[1], want[1], 1e-12) {
				t.Errorf("%s: %s: %v samples and a sum of %v, want %v", name, key, got[0], got[1], want)
			}
		}
		if len(p[0]) != len(p[1]) {
			t.Errorf("%s: %d of the parts, %d of the whole", name, len(p[0]), len(p[1]))
		}
	}
	if t.Failed() {
		t.Logf("seed %d", seed)
	}
}

// What is over for longer than a window does not matter to it: conversations
// that came, and went idle, in the first two hours leave the KPIs of the last
// hour as they are.
func TestRulesForgetWhatIsOver(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	w := drawWorld(r, "a")
	more := w.each(func(e happened) []happened { return []happened{e} })
	for _, e := range drawWorld(r, "old").exporters[0].events {
		e.at = e.at * 3 / 10
		more.exporters[0].events = append(more.exporters[0].events, e)
	}
	slices.SortStableFunc(more.exporters[0].events, func(a, b happened) int { return cmp.Compare(a.at, b.at) })
	lastHour := func(all results) results {
		out := all.only(func(l labels.Labels) bool {
			name := l.Get(model.MetricNameLabel)
			return l.Get("window") == "1h" && l.Get("baseline") == "" && !strings.HasPrefix(name, "hour:") && // which has all hours
				(strings.Contains(name, "kpi:") || strings.Contains(name, "conversations:"))
		})
		for key, s := range out {
			begin := slices.IndexFunc(s.points, func(p promql.FPoint) bool { return p.T >= (13 * lawStep).Milliseconds() })
			if begin < 0 {
				delete(out, key)
				continue
			}
			out[key] = sampled{s.labels, s.points[begin:]}
		}
		return out
	}
	before, after := w.recorded(t), more.recorded(t)
	compareResults(t, lastHour(before), lastHour(after), 0)
	if t.Failed() {
		t.Logf("seed %d", seed)
	}
}

// weighed are samples, and values times samples, by KPI, window and time. The
// shortest window is left out: it may have reversals of outcomes from before
// it, and then a part has no rate where the whole has one. csat_weighted has
// other weights, and cost_per_resolution_usd the spend of parts without any
// resolution.
type weighed map[string][2]float64

func weigh(all results, prefix string) weighed {
	out := weighed{}
	values := map[string]float64{}
	for _, s := range all.only(func(l labels.Labels) bool { return l.Get(model.MetricNameLabel) == prefix+"value" }) {
		for _, p := range s.points {
			values[fmt.Sprint(s.labels.DropReserved(isName), p.T)] = p.F
		}
	}
	for _, s := range all.only(func(l labels.Labels) bool { return l.Get(model.MetricNameLabel) == prefix+"samples" }) {
		if s.labels.Get("window") == "1h" || slices.Contains([]string{"csat_weighted", "cost_per_resolution_usd"}, s.labels.Get("kpi")) {
			continue
		}
		for _, p := range s.points {
			key := fmt.Sprintf("%s over %s after %v", s.labels.Get("kpi"), s.labels.Get("window"), time.Duration(p.T)*time.Millisecond)
			n := out[key]
			out[key] = [2]float64{n[0] + p.F, n[1] + p.F*values[fmt.Sprint(s.labels.DropReserved(isName), p.T)]}
		}
	}
	return out
}

func isName(name string) bool { return name == model.MetricNameLabel }

func (w weighed) plus(other weighed) weighed {
	for key, n := range other {
		w[key] = [2]float64{w[key][0] + n[0], w[key][1] + n[1]}
	}
	return w
}
