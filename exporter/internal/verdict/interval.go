package verdict

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Interval is a confidence interval of a lift, as ratios: 0.05 is 5 %.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

func around(center, halfWidth float64) *Interval {
	return &Interval{center - halfWidth, center + halfWidth}
}

// towards is the interval as seen in a KPI's good direction: above 0 is better.
func (i Interval) towards(direction float64) Interval {
	if direction < 0 {
		return Interval{-i.High, -i.Low}
	}
	return i
}

// twoSided is the probability that chance alone is as far from 0 as z, in
// either direction.
func twoSided(z float64) float64 { return 2 * distuv.UnitNormal.CDF(-math.Abs(z)) }

// fixedWidth is the half-width of an interval in standard errors, if it is
// looked at once.
func fixedWidth(alpha float64) float64 { return -distuv.UnitNormal.Quantile(alpha / 2) }

// sequentialWidth is the half-width in standard errors of an interval that
// holds at all times together, however often it is looked at: the asymptotic
// confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2021).
// information is n times rho squared, which says for which n the sequence is
// narrowest.
func sequentialWidth(information, alpha float64) float64 {
	return math.Sqrt(2 * (information + 1) / information * math.Log(math.Sqrt(information+1)/alpha))
}

// tunedInformation is where sequentialWidth is about narrowest; 7.94 for an
// alpha of 0.05.
func tunedInformation(alpha float64) float64 {
	a := -2 * math.Log(alpha)
	return a + math.Log(1+a)
}
