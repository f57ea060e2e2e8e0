package verdict

import (
	"math"
	"math/rand/v2"

	"supportexporter/exporter/internal/config"
)

// odds are what conversations of an arm are drawn from: everyday spreads around
// the static baselines.
type odds struct {
	outcomes [3]float64 // resolved, escalated, abandoned; the rest is unresolved
	scores   [5]float64 // of a rating of 1 to 5
	answered float64    // share of conversations with a rating
	seconds  float64    // mean of the resolved; spread as wide as the mean, lognormal
	turns    float64    // mean, geometric
	cost     float64    // mean, as seconds
}

func everyday() odds {
	return odds{
		outcomes: [3]float64{0.72, 0.12, 0.08},
		scores:   [5]float64{0.03, 0.05, 0.11, 0.31, 0.50}, // 4.2, give or take 1.02
		answered: 0.35,
		seconds:  180,
		turns:    2.5,
		cost:     0.25,
	}
}

// rated gives scores with another mean: customers who are less than content
// become so, or the other way round.
func (o odds) rated(mean float64) odds {
	old := 0.0
	for i, p := range o.scores {
		old += p * float64(i+1)
	}
	to, at := 4, 5.0
	if mean < old {
		to, at = 0, 1
	}
	moved := (mean - old) / (at - old)
	for i := range o.scores {
		o.scores[i] *= 1 - moved
	}
	o.scores[to] += moved
	return o
}

// counts are what the exporter would have counted of an arm.
type counts struct {
	conversations float64
	outcomes      [3]float64
	values        [4][3]float64 // csat, resolution_seconds, turns, cost_usd: number, sum, sum of squares
}

func (c *counts) value(kpi int, v float64) {
	c.values[kpi][0]++
	c.values[kpi][1] += v
	c.values[kpi][2] += v * v
}

// draw counts n more conversations.
func (c *counts) draw(rng *rand.Rand, o *odds, n int) {
	for range n {
		c.conversations++
		u := rng.Float64()
		for i, p := range o.outcomes {
			if u -= p; u < 0 {
				c.outcomes[i]++
				if i == 0 {
					c.value(1, lognormal(rng, o.seconds))
				}
				break
			}
		}
		if u := rng.Float64() / o.answered; u < 1 {
			score := 0
			for u -= o.scores[0]; u >= 0 && score < 4; u -= o.scores[score] {
				score++
			}
			c.value(0, float64(score+1))
		}
		c.value(2, 1+math.Floor(math.Log(1-rng.Float64())/math.Log(1-1/o.turns)))
		c.value(3, lognormal(rng, o.cost))
	}
}

// lognormal draws a value with a standard deviation as large as its mean.
func lognormal(rng *rand.Rand, mean float64) float64 {
	return mean * math.Exp(math.Sqrt(math.Ln2)*rng.NormFloat64()-math.Ln2/2)
}

// arm is what verdicts are made of.
func (c *counts) arm(variant string) Arm {
	a := Arm{Variant: variant, Weight: 1, Assigned: c.conversations, KPIs: map[config.KPI]Sample{}}
	keep := func(kpi config.KPI, s Sample, ok bool) {
		if ok {
			a.KPIs[kpi] = s
		}
	}
	for i, kpi := range []config.KPI{config.ResolutionRate, config.EscalationRate, config.AbandonmentRate} {
		s, ok := Rate(c.outcomes[i], c.conversations)
		keep(kpi, s, ok)
	}
	for i, kpi := range []config.KPI{config.CSAT, config.ResolutionSeconds, config.Turns, config.CostUSD} {
		s, ok := Values(kpi, c.values[i][0], c.values[i][1], c.values[i][2])
		keep(kpi, s, ok)
	}
	return a
}
