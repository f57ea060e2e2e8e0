package bench

import (
	"fmt"
	"iter"
	"math/rand/v2"

	"supportexporter/exporter/internal/tally"
)

// observation is one value for each of the four histograms of a label set.
type observation struct {
	intent, tier, language string
	id                     string // of the conversation
	number, of             int    // among those of its label set, from 0
	resolved, unresolved   float64
	turns, cost            float64
}

// observations gives a number of lognormal values for each of labelSets label
// sets. All are multiples of powers of two, so that sums are exact however they
// are added, and can be compared.
func observations(labelSets, values int) iter.Seq[*observation] {
	return func(yield func(*observation) bool) {
		r := rand.New(rand.NewPCG(1, 0))
		for set := range labelSets {
			o := observation{
				intent:   fmt.Sprintf("intent_%02d", set%100),
				tier:     fmt.Sprintf("tier_%02d", set/100%10),
				language: fmt.Sprintf("l%d", set/1000),
				of:       values,
			}
			for o.number = range values {
				o.id = fmt.Sprintf("conv-%016x", r.Uint64())
				o.resolved = lognormal(r, 180, 0.8, 8)
				o.unresolved = lognormal(r, 240, 0.8, 8)
				o.turns = lognormal(r, 4, 0.5, 1)
				o.cost = lognormal(r, 0.15, 0.6, 4096)
				if !yield(&o) {
					return
				}
			}
		}
	}
}

func (o *observation) labels(t *tally.Tally) tally.Labels {
	return tally.Labels{t.Label(tally.LabelIntent, o.intent), t.Label(tally.LabelTier, o.tier), t.Label(tally.LabelLanguage, o.language)}
}

// observe counts it in a tally.
func (o *observation) observe(t *tally.Tally) {
	at := tally.At{Cell: t.Cell(o.labels(t), 0), ID: o.id}
	t.ResolutionSeconds(at, true, o.resolved)
	t.ResolutionSeconds(at, false, o.unresolved)
	t.Turns(at, o.turns)
	t.Cost(at, o.cost)
}
