package verdict

import (
	"math"

	"supportexporter/exporter/internal/config"
)

// Lift is how one KPI of a treatment differs from the control's, as a ratio of
// the control's. What the samples do not suffice for is nil.
type Lift struct {
	KPI        config.KPI `json:"kpi"`
	Ratio      float64    `json:"lift_ratio"`
	PValue     *float64   `json:"pvalue,omitempty"` // of no difference, two-sided, at a fixed horizon, not corrected
	Fixed      *Interval  `json:"fixed,omitempty"`
	Sequential *Interval  `json:"sequential,omitempty"`
}

// bounds say how wide a lift's intervals are.
type bounds struct {
	alpha      float64 // after correction
	planned    float64 // samples in each arm
	minSamples float64 // of each arm, below which there is no sequential interval
}

// compare estimates a lift. There is none over a control of 0.
func compare(kpi config.KPI, treatment, control Sample, b bounds) (Lift, bool) {
	if control.Mean <= 0 {
		return Lift{}, false
	}
	l := Lift{KPI: kpi, Ratio: treatment.Mean/control.Mean - 1}
	if z := zscore(kpi, treatment, control); !math.IsNaN(z) {
		p := twoSided(z)
		l.PValue = &p
	}
	se := stderr(treatment, control)
	if math.IsNaN(se) {
		return l, true
	}
	l.Fixed = around(l.Ratio, se*fixedWidth(b.alpha))
	if min(treatment.N, control.N) >= b.minSamples {
		information := pairs(treatment.N, control.N) * tunedInformation(b.alpha) / b.planned
		l.Sequential = around(l.Ratio, se*sequentialWidth(information, b.alpha))
	}
	return l, true
}

// stderr is that of the ratio of two means, by the delta method. The ratio is
// taken as at least 1: so the interval is never narrower than that of the
// difference, and a treatment of 0 is not taken for a certainty.
func stderr(treatment, control Sample) float64 {
	r := max(treatment.Mean/control.Mean, 1)
	return math.Sqrt(treatment.Variance/treatment.N+r*r*control.Variance/control.N) / control.Mean
}

// zscore is the difference in standard errors: of means with unequal variances
// (Welch), of rates with the variance that both would share if they were equal.
// It is NaN where there is no variance.
func zscore(kpi config.KPI, t, c Sample) float64 {
	variance := t.Variance/t.N + c.Variance/c.N
	if isRate(kpi) {
		p := (t.Mean*t.N + c.Mean*c.N) / (t.N + c.N)
		variance = p * (1 - p) * (1/t.N + 1/c.N)
	}
	if variance <= 0 {
		return math.NaN()
	}
	return (t.Mean - c.Mean) / math.Sqrt(variance)
}

// pairs is the size of two equal samples that together know as much as these:
// the harmonic mean.
func pairs(a, b float64) float64 { return 2 / (1/a + 1/b) }
