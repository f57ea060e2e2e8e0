package bundle

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
)

// law says how what the rules record changes with what happened. Nobody has to
// know the right values for that, so it is checked with random conversations.
//
// Seconds and turns are whole numbers here, and costs multiples of 1/64 dollar:
// all sums are exact, in any order, and so are quotients of multiples of both
// operands. Where tolerance is 0 the same bits are wanted.
type law struct {
	name      string
	change    func(r *rand.Rand, w world) world
	expect    func(l labels.Labels, v float64) (labels.Labels, float64) // of what was recorded before; nil for the same
	of        func(l labels.Labels) bool                                // what is looked at; nil for all
	tolerance float64                                                   // relative
}

func laws() []law {
	shift := func(by time.Duration) func(*rand.Rand, world) world {
		return func(_ *rand.Rand, w world) world {
			w.start += by.Milliseconds()
			return w
		}
	}
	return []law{
		{name: "every conversation happens three times: rates and means stay, samples are three times as many, errors shrink by the root of three",
			change: scaled, expect: scaledResult, of: scales, tolerance: 1e-14},
		{name: "conversations are spread over exporters: nothing changes", change: overExporters},
		{name: "all intents are one: nothing but the intents changes", change: oneIntent, of: func(l labels.Labels) bool { return l.Get("intent") == "" }},
		{name: "everything happens some steps later: nothing but the hours changes", change: shift(7 * lawStep),
			of: func(l labels.Labels) bool { return l.Get("hour") == "" }},
		{name: "everything happens days later: nothing changes", change: shift(9 * 24 * time.Hour)},
		{name: "events are sent again: nothing changes", change: resent},
		{name: "two treatments have each other's name: they have each other's results", change: swapped,
			expect: func(l labels.Labels, v float64) (labels.Labels, float64) {
				return labels.NewBuilder(l).Set("variant", otherArm(l.Get("variant"))).Labels(), v
			}},
	}
}

func TestRulesKeepTheLaws(t *testing.T) {
	t.Parallel()
	worlds := 6
	if testing.Short() {
		worlds = 1
	}
	for range worlds {
		seed := rand.Uint64()
		w := drawWorld(rand.New(rand.NewPCG(seed, 0)), "a")
		before := w.recorded(t)
		for _, l := range laws() {
			t.Run(l.name, func(t *testing.T) {
				r := rand.New(rand.NewPCG(seed, 1))
				after := l.change(r, w).recorded(t)
				compareResults(t, before.expected(l), after.only(l.of), l.tolerance)
				if t.Failed() {
					t.Logf("seed %d", seed)
				}
			})
		}
	}
}

// only gives the series that f is true of.
func (r results) only(f func(labels.Labels) bool) results {
	out := results{}
	for key, s := range r {
		if f == nil || f(s.labels) {
			out[key] = s
		}
	}
	return out
}

// expected is what a law wants of what was recorded before.
func (r results) expected(l law) results {
	out := results{}
	for key, s := range r.only(l.of) {
		if l.expect == nil {
			out[key] = s
			continue
		}
		to := sampled{points: slices.Clone(s.points)}
		for i := range to.points {
			to.labels, to.points[i].F = l.expect(s.labels, s.points[i].F)
		}
		out[to.labels.String()] = to
	}
	return out
}

func compareResults(t *testing.T, want, got results, tolerance float64) {
	t.Helper()
	if len(want) < 100 {
		t.Errorf("only %d series to compare", len(want))
	}
	for key, s := range want {
		if !slices.EqualFunc(s.points, got[key].points, func(a, b promql.FPoint) bool { return a.T == b.T && near(a.F, b.F, tolerance) }) {
			t.Errorf("%s is\n%v, want\n%v", key, got[key].points, s.points)
		}
	}
	for key := range got {
		if _, ok := want[key]; !ok {
			t.Errorf("%s is new", key)
		}
	}
}

func near(a, b, tolerance float64) bool {
	return math.Float64bits(a) == math.Float64bits(b) || math.Abs(a-b) <= tolerance*max(math.Abs(a), math.Abs(b)) || math.IsNaN(a) && math.IsNaN(b)
}
