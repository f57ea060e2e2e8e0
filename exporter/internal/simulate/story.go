package simulate

import (
	"math"
	"strconv"
	"time"
)

// story is the truth about a conversation.
type story struct {
	id, customer, variant  string
	intent, tier, language string
	agent                  agent
	episodes               []episode
}

// episode is the truth about one episode. Times are Unix milliseconds.
type episode struct {
	begin   int64
	end     int64 // of the agent's work
	closed  int64 // when the outcome is what it will be: the end, or when a human took over later
	outcome outcome
	claimed bool // escalated, though at its end the agent took it for resolved
	turns   int
	usd     micros // the tools' share included
	tools   micros

	confirmed bool   // resolved
	reason    string // escalated
	survey    int64  // when it was offered; 0 if not
	rated     int64  // when it was answered; 0 if not
	csat      int
}

// seconds is the time the agent's work took.
func (e *episode) seconds() float64 { return float64(e.end-e.begin) / 1000 }

// micros is an amount in millionths of a US dollar.
type micros int64

func toMicros(usd float64) micros { return micros(math.Round(usd * 1e6)) }

func (m micros) usd() float64 { return float64(m) / 1e6 }

// How long things take. With reopenings they add up to less than Longest.
const (
	longestWork    = 6 * time.Hour
	shortestLapse  = time.Hour // longer than any sensible idle timeout: it was abandoned by then
	longestLapse   = 6 * time.Hour
	shortestReturn = 2 * time.Hour
	longestReturn  = 5 * 24 * time.Hour // beyond the shortest, as for ratings
	lateRating     = 6 * time.Hour
	longestRating  = 5 * 24 * time.Hour
	customers      = 200_000
)

// Further odds, which no KPI depends on.
const (
	lateRatings = 0.3  // of ratings, those that come after lateRating
	toolCost    = 0.2  // of healthy costs, that of tools; the rest is the model's
	workSpread  = 0.75 // coefficients of variation, beside that of the turns
	costSpread  = 0.75
)

// draw makes up a conversation in a variant that begins at a time, in the
// scenario or not.
//
// Its last outcome comes first. If the customer came back once, an episode is
// put before it whose outcome reopening reverses, so that net outcomes have the
// odds they should have.
func (o *odds) draw(d *draws, id, variant string, begin int64, changed bool) story {
	s := &o.segments[d.pick(o.shares)]
	change := noEffect()
	if changed {
		change = o.change
	}
	c := story{
		id: id, customer: "customer-" + strconv.Itoa(d.IntN(customers)), variant: variant,
		intent: intents[s.intent].name, tier: tiers[s.tier].name, language: languages[s.language].name,
		agent: agent(d.pick(agents[:])),
	}
	final := s.outcomesUnder(&change)
	last := outcome(d.pick(final[:]))
	e := drawing{o, d, s, &change, c.variant}
	if d.chance(s.reopened()) {
		first := e.episode(begin, outcome(d.pick(beforeOdds[:])))
		c.episodes = append(c.episodes, first)
		begin = first.closed + (shortestReturn + d.waiting(24*time.Hour, longestReturn)).Milliseconds()
	}
	c.episodes = append(c.episodes, e.episode(begin, last))
	return c
}

// drawing is what an episode is drawn from.
type drawing struct {
	*odds
	d       *draws
	s       *segment
	effect  *effect
	variant string
}

func (g *drawing) episode(begin int64, w outcome) episode {
	d := g.d
	e := episode{begin: begin, outcome: w}
	e.turns = 1 + d.poisson(g.meanTurns(g.s, w)-1)
	work := float64(e.turns) * g.secondsPerTurn(g.s) * d.spread(workSpread)
	e.end = begin + int64(math.Round(1000*min(work, longestWork.Seconds())))
	e.closed = e.end
	usd := float64(e.turns) * g.costPerTurn(g.s) * d.spread(costSpread)
	e.usd, e.tools = toMicros(usd*g.effect.cost), toMicros(usd*toolCost)
	switch w {
	case resolved:
		e.confirmed = d.chance(confirming)
	case escalated:
		g.escalate(&e)
	}
	g.rate(&e)
	return e
}

// escalate says why a human took over, and when.
func (g *drawing) escalate(e *episode) {
	d := g.d
	switch d.pick([]float64{claiming, lapsing, 1 - claiming - lapsing}) {
	case 0:
		e.claimed = true
		e.closed += d.between(2*time.Minute, 25*time.Minute).Milliseconds()
	case 1:
		e.closed += d.between(shortestLapse, longestLapse).Milliseconds()
	}
	e.reason = reasons[d.pick(reasonOdds[:])]
	if g.struck() || d.chance(1-1/g.effect.escalation) {
		e.reason = toolError
	}
}

// struck says whether the episode's intent is the one of an outage.
func (g *drawing) struck() bool { return intents[g.s.intent].name == g.effect.outage }

// toolError is the reason of escalations that a scenario adds.
const toolError = "tool_error"

// Why conversations are escalated, and how often.
var (
	reasons    = [4]string{"customer_request", "policy", "low_confidence", toolError}
	reasonOdds = [len(reasons)]float64{0.45, 0.25, 0.20, 0.10}
)

// rate offers a survey, and has some customers answer it.
func (g *drawing) rate(e *episode) {
	d := g.d
	if !d.chance(surveyed[e.outcome]) {
		return
	}
	e.survey = e.closed + d.between(time.Second, 10*time.Second).Milliseconds()
	if !d.chance(answering[g.s.tier]) {
		return
	}
	wait := d.waiting(3*time.Minute, 30*time.Minute)
	if d.chance(lateRatings) {
		wait = lateRating + d.waiting(36*time.Hour, longestRating)
	}
	e.rated = e.survey + wait.Milliseconds()
	e.csat = 1 + d.pick(g.mood(e.outcome)[:])
}

// mood is that of a customer who answers. A scenario changes the mood of as
// many as the mean it is to have takes.
func (g *drawing) mood(w outcome) *scores {
	if g.effect.csatArm == "" || g.effect.csatArm == g.variant {
		share, other := csatShift(g.effect.csat)
		if g.d.chance(share) {
			return other
		}
	}
	if g.d.chance(g.annoyed(g.s, w)) {
		return &annoyed
	}
	return &pleased
}

// csatShift is how many customers have to be in which mood instead of the
// healthy mixture to make the mean rating ratio times the baseline.
func csatShift(ratio float64) (share float64, other *scores) {
	other = &delighted
	if ratio < 1 {
		other = &annoyed
	}
	return (ratio - 1) * baselineCSAT / (other.mean() - baselineCSAT), other
}
