package simulate

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"time"

	"gonum.org/v1/gonum/stat/distuv"
)

// slotStream is the stream of a slot itself; those of its conversations are
// their numbers.
const slotStream = math.MaxUint64

// draws is a source of random numbers that can be restarted at any of its
// streams. ChaCha8 makes them independent, whatever their names are.
type draws struct {
	*rand.Rand
	source *rand.ChaCha8
}

func newDraws() *draws {
	source := rand.NewChaCha8([32]byte{})
	return &draws{rand.New(source), source}
}

// restart goes to the beginning of a stream.
func (d *draws) restart(seed uint64, slot int64, stream uint64) {
	var name [32]byte
	binary.LittleEndian.PutUint64(name[0:], seed)
	binary.LittleEndian.PutUint64(name[8:], uint64(slot))
	binary.LittleEndian.PutUint64(name[16:], stream)
	d.source.Seed(name)
}

// chance is true with probability p.
func (d *draws) chance(p float64) bool { return d.Float64() < p }

// pick gives the index of one of the weights, which add up to 1.
func (d *draws) pick(weights []float64) int {
	u := d.Float64()
	for i, w := range weights {
		if u < w {
			return i
		}
		u -= w
	}
	return len(weights) - 1
}

// poisson is a count with that mean.
func (d *draws) poisson(mean float64) int {
	if mean <= 0 {
		return 0
	}
	return int(distuv.Poisson{Lambda: mean, Src: d.source}.Rand())
}

// spread is a factor with the mean 1, never 0 and now and then large: the
// lognormal distribution of that coefficient of variation.
func (d *draws) spread(cv float64) float64 {
	variance := math.Log1p(cv * cv)
	return math.Exp(math.Sqrt(variance)*d.NormFloat64() - variance/2)
}

// between is a time of the interval, each as likely as another.
func (d *draws) between(low, high time.Duration) time.Duration {
	return low + time.Duration(d.Float64()*float64(high-low))
}

// waiting is exponential with a scale, but under limit.
func (d *draws) waiting(scale, limit time.Duration) time.Duration {
	cut := -math.Expm1(-float64(limit) / float64(scale)) // the share below the limit
	return time.Duration(-math.Log1p(-cut*d.Float64()) * float64(scale))
}
