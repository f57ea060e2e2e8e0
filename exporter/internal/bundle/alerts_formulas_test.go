package bundle

import (
	"cmp"
	"math"
	"slices"
)

// estimate is a KPI in a window.
type estimate struct {
	samples  float64 // 0: the KPI has no value
	value    float64
	variance float64 // of one sample
}

// square is the square of the standard error.
func (e estimate) square() float64 { return e.variance / e.samples }

// estimated is the KPI k of what was counted in a window.
func (t *tallies) estimated(k int) estimate {
	n, sum, squares := t.sums(k)
	if n <= 0 {
		return estimate{}
	}
	mean := sum / n
	least := 0.0
	if k == csat {
		least = 1.0 / 12
	}
	return estimate{n, mean, max(least, squares/n-mean*mean)}
}

// sums are a KPI's samples: how many, their sum and their sum of squares. Those
// of a rate are 0 and 1, so that squares/n - mean² is p (1 - p).
func (t *tallies) sums(k int) (n, sum, squares float64) {
	value := func(at int) (n, sum, squares float64) { return t[at], t[at+1], t[at+2] }
	switch k {
	case resolutionRate:
		return t.conversations(), t[atResolved], t[atResolved]
	case escalationRate:
		return t.conversations(), t[atEscalated], t[atEscalated]
	case resolutionSeconds:
		return value(atSeconds)
	case turns:
		return value(atTurns)
	case costUSD:
		return value(atCost)
	}
	for s := 1; s <= 5; s++ {
		c, v := t[atScore1+s-1], float64(s)
		n, sum, squares = n+c, sum+c*v, squares+c*v*v
	}
	return n, sum, squares
}

// deviation is how far a KPI is from a baseline; the zero value where that
// cannot be said.
type deviation struct {
	samples  float64 // of the KPI
	baseline float64 // samples of a learned baseline; infinite for a static one
	ratio    float64
	zscore   float64
}

func newDeviation(now estimate, base, stderr, baseSamples float64) deviation {
	d := deviation{samples: now.samples, baseline: baseSamples}
	if difference := now.value - base; difference != 0 {
		d.ratio, d.zscore = difference/base, difference/stderr
	}
	return d
}

// fromStatic compares with a fixed number p. If that were true, a rate would
// have the standard error that p gives it.
func fromStatic(k int, now estimate, p float64) deviation {
	if now.samples == 0 {
		return deviation{}
	}
	stderr := math.Sqrt(now.square())
	if k == resolutionRate || k == escalationRate {
		stderr = math.Sqrt(p * (1 - p) / now.samples)
	}
	return newDeviation(now, p, stderr, math.Inf(1))
}

// fromRolling compares with the last 28 days.
func fromRolling(now, base estimate) deviation {
	if now.samples == 0 || base.samples == 0 {
		return deviation{}
	}
	return newDeviation(now, base.value, math.Sqrt(now.square()+base.square()), base.samples)
}

// fromSeasonal compares with the median of the same hour of those of the last
// weeks that had samples, if at least three had. It sorts weeks.
func fromSeasonal(now estimate, weeks []estimate) deviation {
	n := len(weeks)
	if now.samples == 0 || n < 3 {
		return deviation{}
	}
	slices.SortFunc(weeks, func(a, b estimate) int { return cmp.Compare(a.value, b.value) })
	squares, samples := 0.0, 0.0
	for _, w := range weeks {
		squares += w.square()
		samples += w.samples
	}
	median := (weeks[(n-1)/2].value + weeks[n/2].value) / 2
	stderr := 1.2533 * math.Sqrt(squares/float64(n)/float64(n))
	return newDeviation(now, median, math.Sqrt(now.square()+stderr*stderr), samples)
}

// worse is how much worse than its baseline the KPI is, negative if it is
// better, and 0 where that may be chance.
func (d deviation) worse(k int, n *alertNumbers, zscore float64) float64 {
	if math.Abs(d.zscore) < zscore || d.baseline < n.floor[warning][k] {
		return 0
	}
	return -n.direction[k] * d.ratio
}

// regressed says whether that is beyond the threshold of a severity.
func (d deviation) regressed(k, severity int, n *alertNumbers, zscore float64) bool {
	return d.samples >= n.floor[severity][k] && d.worse(k, n, zscore) > n.threshold[severity][k]+1e-9
}

func (d deviation) improved(k int, n *alertNumbers) bool {
	return d.samples >= n.floor[warning][k] && -d.worse(k, n, n.zscore) > n.threshold[warning][k]+1e-9
}
