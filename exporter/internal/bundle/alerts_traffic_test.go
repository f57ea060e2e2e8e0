package bundle

import (
	"math"
	"math/rand/v2"
)

// The KPIs that have a static baseline, and so alert.
const (
	resolutionRate = iota
	escalationRate
	csat
	resolutionSeconds
	turns
	costUSD
	numKPIs
)

var kpiNames = [numKPIs]string{"resolution_rate", "escalation_rate", "csat", "resolution_seconds", "turns", "cost_usd"}

// tallies are an exporter's counters, as far as these KPIs need them.
type tallies [17]float64

// Where each stands in tallies. Of a value there are three: the number, the sum
// and the sum of squares.
const (
	atResolved  = 0
	atEscalated = 1
	atNeither   = 2
	atScore1    = 3
	atSeconds   = 8
	atTurns     = 11
	atCost      = 14
)

func (t *tallies) observe(at int, value float64) {
	t[at]++
	t[at+1] += value
	t[at+2] += value * value
}

func (t *tallies) conversations() float64 { return t[atResolved] + t[atEscalated] + t[atNeither] }

func (t *tallies) add(o *tallies) {
	for i, v := range o {
		t[i] += v
	}
}

func (t tallies) minus(o *tallies) tallies {
	for i, v := range o {
		t[i] -= v
	}
	return t
}

// traffic draws conversations with everyday spreads. Their means are the static
// baselines, times what has changed.
type traffic struct {
	rng     *rand.Rand
	hourly  float64          // conversations an hour, on average over a week
	intents []float64        // the share of each, which add up to 1
	change  [numKPIs]float64 // factors, 1 where nothing has
}

// newTraffic makes traffic of intents that are ever rarer, the k-th 1/k as
// common as the first.
func newTraffic(seed uint64, hourly float64, intents int) *traffic {
	t := &traffic{rng: rand.New(rand.NewPCG(seed, uint64(hourly))), hourly: hourly, change: [numKPIs]float64{1, 1, 1, 1, 1, 1}}
	total := 0.0
	for k := range intents {
		t.intents = append(t.intents, 1/float64(k+1))
		total += t.intents[k]
	}
	for k := range t.intents {
		t.intents[k] /= total
	}
	return t
}

const (
	minutesADay  = 24 * 60
	minutesAWeek = 7 * minutesADay
)

// season is the rate of a minute of the week, in averages: from a quarter by
// night to seven quarters by day, and half of that at the weekend.
func season(minute int) float64 {
	hour := float64(minute%minutesADay) / 60
	s := 1 + 0.75*math.Cos(2*math.Pi*(hour-14)/24)
	if minute%minutesAWeek >= 5*minutesADay {
		s /= 2
	}
	return s * 7 / 6
}

// minute draws the conversations of a minute, and gives each to count.
func (t *traffic) minute(minute int, count func(intent int, conversation *tallies)) {
	for range t.poisson(t.hourly / 60 * season(minute)) {
		var c tallies
		t.conversation(&c)
		count(t.intent(), &c)
	}
}

func (t *traffic) conversation(c *tallies) {
	switch u := t.rng.Float64(); {
	case u < 0.72*t.change[resolutionRate]:
		c[atResolved]++
		c.observe(atSeconds, t.lognormal(180*t.change[resolutionSeconds]))
	case u > 1-0.12*t.change[escalationRate]:
		c[atEscalated]++
	default:
		c[atNeither]++
	}
	if t.rng.Float64() < 0.4 {
		c[atScore1+t.score()-1]++
	}
	c.observe(atTurns, t.geometric(2.5*t.change[turns]))
	c.observe(atCost, t.lognormal(0.25*t.change[costUSD]))
}

func (t *traffic) poisson(mean float64) int {
	n, end := 0, math.Exp(-mean)
	for p := t.rng.Float64(); p > end; p *= t.rng.Float64() {
		n++
	}
	return n
}

func (t *traffic) intent() int {
	u := t.rng.Float64()
	for k, share := range t.intents {
		if u -= share; u < 0 {
			return k
		}
	}
	return 0
}

// lognormal has a standard deviation as large as its mean.
func (t *traffic) lognormal(mean float64) float64 {
	sigma := math.Sqrt(math.Ln2)
	return mean * math.Exp(sigma*t.rng.NormFloat64()-sigma*sigma/2)
}

// geometric is 1 or more, with a standard deviation of 1.9 at a mean of 2.5.
func (t *traffic) geometric(mean float64) float64 {
	return 1 + math.Floor(math.Log(1-t.rng.Float64())/math.Log(1-1/mean))
}

// score has a mean of 4.2 and a standard deviation of 1.0. Where CSAT has
// fallen, as many customers as it takes give a 1 or a 2 instead.
func (t *traffic) score() int {
	if t.rng.Float64() < 4.2*(1-t.change[csat])/(4.2-1.5) {
		return 1 + t.rng.IntN(2)
	}
	u := t.rng.Float64()
	for s, below := range []float64{0.03, 0.08, 0.18, 0.51} {
		if u < below {
			return s + 1
		}
	}
	return 5
}
