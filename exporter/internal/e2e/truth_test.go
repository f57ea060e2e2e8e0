package e2e

import (
	"math/big"
	"sync"
)

// effect is what an event adds to a series.
type effect struct {
	series string
	by     float64
}

// truth is what the series must be: the sums of the effects of events, without
// rounding, whatever order they came in. It is safe for concurrent use.
type truth struct {
	mu   sync.Mutex
	sums map[string]*big.Float
}

func newTruth() *truth { return &truth{sums: map[string]*big.Float{}} }

// exact is a number that every sum of float64s fits into.
func exact() *big.Float { return new(big.Float).SetPrec(2200) }

func (t *truth) add(effects []effect) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range effects {
		t.sum(e.series).Add(t.sum(e.series), exact().SetFloat64(e.by))
	}
}

// merge adds all that another truth holds.
func (t *truth) merge(other *truth) {
	for name, by := range other.sums {
		t.sum(name).Add(t.sum(name), by)
	}
}

func (t *truth) sum(name string) *big.Float {
	sum, ok := t.sums[name]
	if !ok {
		sum = exact()
		t.sums[name] = sum
	}
	return sum
}

// series gives the sums, each rounded once.
func (t *truth) series() series {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := series{}
	for name, sum := range t.sums {
		if v, _ := sum.Float64(); v != 0 {
			s[name] = v
		}
	}
	return s
}

// exactSum adds up values and rounds once.
func exactSum(values []float64) float64 {
	sum := exact()
	for _, v := range values {
		sum.Add(sum, exact().SetFloat64(v))
	}
	rounded, _ := sum.Float64()
	return rounded
}
