package simulate

// outcome is what became of an episode in the end, its net outcome.
type outcome int

const (
	resolved outcome = iota
	unresolved
	escalated
	abandoned
	numOutcomes
)

// outcomes is a number for each outcome.
type outcomes [numOutcomes]float64

// The static baselines of the KPIs, on which healthy traffic lies.
const (
	baselineSeconds = 180.0
	baselineTurns   = 2.5
	baselineCost    = 0.25
	baselineCSAT    = 4.2
)

// How the odds depend on the outcome and on how hard the segment is. Odds of
// the outcomes add up to 1, and what hardness adds to them to 0, so that the
// mean over all segments is the baseline.
var (
	healthyOdds = outcomes{resolved: 0.72, unresolved: 0.08, escalated: 0.12, abandoned: 0.08}
	hardOdds    = outcomes{resolved: -0.16, unresolved: 0.05, escalated: 0.09, abandoned: 0.02}
	outageOdds  = outcomes{resolved: 0.03, unresolved: 0.50, escalated: 0.30, abandoned: 0.17}

	turnsOdds  = outcomes{resolved: 0.9, unresolved: 1.35, escalated: 1.4, abandoned: 0.85}
	unhappy    = outcomes{resolved: 0.6, unresolved: 3, escalated: 2}
	surveyed   = outcomes{resolved: 0.8, unresolved: 0.8, escalated: 0.8} // who left sees no survey
	beforeOdds = outcomes{resolved: 0.8, abandoned: 0.2}                  // of an episode that the customer came back after
)

// The rest of the odds.
const (
	reopening  = 0.04 // of conversations, the share whose customer came back once
	claiming   = 0.10 // of escalations, those the agent thought resolved
	lapsing    = 0.05 // of escalations, those after hours of silence
	confirming = 0.35 // of resolutions, those the customer confirmed
)

// scores are the odds of a rating of 1 to 5 by customers in one mood.
type scores [5]float64

// The moods. A rating is a mixture of them.
var (
	pleased   = scores{0.01, 0.02, 0.07, 0.30, 0.60}
	annoyed   = scores{0.35, 0.25, 0.20, 0.15, 0.05}
	delighted = scores{0, 0, 0, 0.05, 0.95}
)

func (s *scores) mean() float64 {
	mean := 0.0
	for i, p := range s {
		mean += float64(i+1) * p
	}
	return mean
}

// odds is the healthy model and what the scenario makes of it. The scales are
// worked out so that the healthy means are the baselines exactly.
type odds struct {
	segments []segment
	shares   []float64 // of the segments
	change   effect    // by the scenario

	turns, seconds, cost, annoyance float64 // scales
}

func newOdds(e effect) *odds {
	o := &odds{segments: segments(), change: e, turns: 1, seconds: 1, cost: 1, annoyance: 1}
	for _, s := range o.segments {
		o.shares = append(o.shares, s.share)
	}
	everyone := func(*segment, outcome) float64 { return 1 }
	o.turns = baselineTurns / o.mean(everyone, o.meanTurns)
	o.cost = baselineCost / o.mean(everyone, func(s *segment, w outcome) float64 {
		return o.meanTurns(s, w) * o.costPerTurn(s)
	})
	o.seconds = baselineSeconds / o.mean(reportedResolved, func(s *segment, w outcome) float64 {
		return o.meanTurns(s, w) * o.secondsPerTurn(s)
	})
	wanted := (pleased.mean() - baselineCSAT) / (pleased.mean() - annoyed.mean())
	o.annoyance = wanted / o.mean(answered, o.annoyed)
	return o
}

// mean is that of a value over all healthy episodes, weighted.
func (o *odds) mean(weight, value func(*segment, outcome) float64) float64 {
	sum, weights := 0.0, 0.0
	for i := range o.segments {
		s := &o.segments[i]
		last := s.outcomes()
		for w := range numOutcomes {
			p := s.share * (last[w] + s.reopened()*beforeOdds[w]) * weight(s, w)
			sum += p * value(s, w)
			weights += p
		}
	}
	return sum / weights
}

// reportedResolved is the share of episodes of which the agent says so.
func reportedResolved(_ *segment, w outcome) float64 {
	switch w {
	case resolved:
		return 1
	case escalated:
		return claiming
	}
	return 0
}

// answered is the share of episodes that are rated.
func answered(s *segment, w outcome) float64 { return surveyed[w] * answering[s.tier] }

// outcomes are the healthy odds of a conversation's last episode.
func (s *segment) outcomes() outcomes {
	p := healthyOdds
	for w := range p {
		p[w] += hardOdds[w] * s.hard
	}
	return p
}

// outcomesUnder are those odds under a scenario.
func (s *segment) outcomesUnder(e *effect) outcomes {
	if intents[s.intent].name == e.outage {
		return outageOdds
	}
	p := s.outcomes()
	more := p[escalated] * e.escalation
	room := (1 - more) / (1 - p[escalated]) // of the others
	for w := range p {
		p[w] *= room
	}
	p[escalated] = more
	return p
}

func (s *segment) reopened() float64 { return reopening * (1 + 0.3*s.hard) }

func (o *odds) meanTurns(s *segment, w outcome) float64 {
	return o.turns * turnsOdds[w] * (1 + 0.3*s.hard)
}

func (o *odds) costPerTurn(s *segment) float64 { return o.cost * (1 + 0.3*s.hard) }

func (o *odds) secondsPerTurn(s *segment) float64 { return o.seconds * (1 + 0.3*s.hard) }

// annoyed is the share of ratings by annoyed customers; the others are pleased.
func (o *odds) annoyed(s *segment, w outcome) float64 {
	return o.annoyance * unhappy[w] * (1 + 0.6*s.hard)
}
