package bundle

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
)

const copies = 3

// scales says whether it is known how a series grows with the number of
// conversations. Intervals and verdicts of experiments do not do so simply.
func scales(l labels.Labels) bool { return !math.IsNaN(power(l.Get(model.MetricNameLabel))) }

// power is that of the number of conversations with which a series grows.
func power(name string) float64 {
	of := name[strings.LastIndex(name, ":")+1:]
	if strings.Contains(name, "threshold:") {
		return 0
	}
	if strings.HasPrefix(name, "support:experiment:") && slices.Contains([]string{"variance", "quantile", "zscore"}, of) {
		return math.NaN()
	}
	p, ok := map[string]float64{
		"delta": 1, "net": 1, "count": 1, "samples": 1, "sum": 1, "squares": 1, "assigned": 1, "outcomes": 1,
		"value": 0, "mean": 0, "quantile": 0, "variance": 0, "deviation_ratio": 0, "lift_ratio": 0,
		"stderr": -0.5, "zscore": 0.5,
	}[of]
	if !ok {
		return math.NaN()
	}
	return p
}

func scaledResult(l labels.Labels, v float64) (labels.Labels, float64) {
	return l, v * math.Pow(copies, power(l.Get(model.MetricNameLabel)))
}

// scaled has every conversation three times.
func scaled(_ *rand.Rand, w world) world {
	return w.each(func(e happened) (out []happened) {
		for i := range copies {
			c := e
			c.ConversationID += fmt.Sprintf("/%d", i)
			out = append(out, c)
		}
		return out
	})
}

func oneIntent(_ *rand.Rand, w world) world {
	return w.each(func(e happened) []happened {
		if e.Intent != "" {
			e.Intent = "any"
		}
		return []happened{e}
	})
}

func swapped(_ *rand.Rand, w world) world {
	return w.each(func(e happened) []happened {
		e.Variant = otherArm(e.Variant)
		return []happened{e}
	})
}

func otherArm(variant string) string {
	switch variant {
	case "warm":
		return "witty"
	case "witty":
		return "warm"
	}
	return variant
}

// resent has every event again at once, one or two times, and all of them once
// more at the end.
func resent(r *rand.Rand, w world) world {
	end := (lawSteps * lawStep).Milliseconds()
	all := w.each(func(e happened) []happened { return slices.Repeat([]happened{e}, 1+r.IntN(3)) })
	for i, e := range w.exporters {
		again := slices.Clone(e.events)
		r.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
		for k := range again {
			again[k].at = end
		}
		all.exporters[i].events = append(all.exporters[i].events, again...)
	}
	return all
}

// overExporters has each conversation come to one of four exporters, of which the last
// has none.
func overExporters(r *rand.Rand, w world) world {
	out := world{start: w.start, exporters: []exporter{{instance: "x"}, {instance: "y"}, {instance: "z"}, {instance: "idle"}}}
	where := map[string]int{}
	for _, e := range w.exporters {
		for _, ev := range e.events {
			if _, ok := where[ev.ConversationID]; !ok {
				where[ev.ConversationID] = r.IntN(3)
			}
			to := &out.exporters[where[ev.ConversationID]]
			to.events = append(to.events, ev)
		}
	}
	return out
}

// each gives a world with something else in place of every event.
func (w world) each(f func(happened) []happened) world {
	out := world{start: w.start}
	for _, e := range w.exporters {
		changed := exporter{instance: e.instance}
		for _, ev := range e.events {
			changed.events = append(changed.events, f(ev)...)
		}
		out.exporters = append(out.exporters, changed)
	}
	return out
}
