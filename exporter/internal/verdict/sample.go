package verdict

import (
	"math"
	"strings"

	"supportexporter/exporter/internal/config"
)

// Sample is what one arm knows of one KPI.
type Sample struct {
	N        float64 `json:"samples"`  // conversations of a rate, values of a mean
	Mean     float64 `json:"mean"`     // in the KPI's unit; of a rate, from 0 to 1
	Variance float64 `json:"variance"` // of a single value, not of the mean
}

// minVarianceCSAT is that of ratings that are spread evenly within one step of
// the scale: a few that are all alike say no more than that.
const minVarianceCSAT = 1.0 / 12

// Rate is a sample of net outcomes, hits of them of the kind that the KPI
// counts. There is none without outcomes, or while a net count is negative.
//
// A rate of 0 or 1 has the variance it would have if one of its conversations
// had ended otherwise: that nothing else was seen is no proof that nothing
// else is.
func Rate(hits, of float64) (Sample, bool) {
	if of <= 0 || hits < 0 || hits > of {
		return Sample{}, false
	}
	p := hits / of
	return Sample{of, p, max(p*(1-p), 1/of*(1-1/of))}, true
}

// Values is a sample of n values, of which the sum and the sum of squares are
// known. There is none without values; of a single one the variance is NaN.
func Values(kpi config.KPI, n, sum, squares float64) (Sample, bool) {
	if n <= 0 {
		return Sample{}, false
	}
	least := 0.0
	if kpi == config.CSAT {
		least = minVarianceCSAT
	}
	s := Sample{n, sum / n, math.NaN()}
	if n > 1 {
		s.Variance = max((squares-sum*s.Mean)/(n-1), least)
	}
	return s, true
}

func isRate(kpi config.KPI) bool { return strings.HasSuffix(string(kpi), "_rate") }

// Direction is 1 for a KPI of which more is better, and -1 for one of which
// less is.
func Direction(kpi config.KPI) float64 {
	if kpi == config.ResolutionRate || kpi == config.CSAT {
		return 1
	}
	return -1
}
