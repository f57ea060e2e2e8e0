package conversation

import (
	"math"

	"supportexporter/exporter/internal/event"
	"supportexporter/exporter/internal/tally"
)

// Apply counts what is new in an event that arrives now. It returns false if
// the event is a duplicate: its id was seen in the conversation before, or
// nothing it says is new.
func (s *State) Apply(e *event.Event) bool {
	i, c, isNew := s.conversation(e.ConversationID)
	s.touch(i, c, isNew)
	if e.ID != "" && s.seen(i, c, e.ID) {
		s.setOpen(c, s.isOpen(c))
		return false
	}
	a := application{s: s, i: i, c: c, e: e, news: isNew || e.ID != "" && e.Facts == 0}
	a.describe()
	a.begin()
	a.count()
	s.settle(c, a.ep, e.ConversationID)
	s.setOpen(c, s.isOpen(c))
	return a.news
}

// isOpen says whether the conversation's latest episode goes on.
func (s *State) isOpen(c *record) bool {
	result := false
	s.eachEpisode(c, func(e *episode) {
		if e.number == c.highest {
			result = e.outcome == tally.None
		}
	})
	return result
}

// application is one event on its way into the state.
type application struct {
	s    *State
	i    uint32
	c    *record
	ep   *episode
	e    *event.Event
	news bool // something was counted, learnt or contradicted

	where   tally.At // once it was asked for
	located bool
}

// at says where the facts of the event count. Nobody asks before describe.
func (a *application) at() tally.At {
	if !a.located {
		a.where, a.located = a.s.at(a.c, a.e.ConversationID), true
	}
	return a.where
}

// ignore counts a fact that was not counted. All causes but a mere repetition
// make the event an accepted one: it said something.
func (a *application) ignore(f Fact, cause Cause) {
	a.s.Stats.Ignored[f][cause]++
	if cause != Duplicate {
		a.news = true
	}
}

// describe takes over what the event says about the conversation as a whole.
// The first to say something stands.
func (a *application) describe() {
	e, c := a.e, a.c
	a.label(FactIntent, tally.LabelIntent, e.Intent)
	a.label(FactTier, tally.LabelTier, e.Tier)
	a.label(FactLanguage, tally.LabelLanguage, e.Language)
	switch {
	case e.Customer == 0 || e.Customer == c.customer:
	case c.customer == 0:
		c.customer = e.Customer
		a.news = true
	default:
		a.ignore(FactCustomer, Conflict)
	}
	if e.Experiment != "" {
		a.join(e.Experiment, e.Variant)
	}
}

func (a *application) label(f Fact, l tally.Label, value string) {
	if value == "" {
		return
	}
	known := &a.c.labels[l]
	if *known == 0 {
		*known = a.s.series.Label(l, value)
		a.news = a.news || *known != 0
		return
	}
	if !a.s.series.IsLabel(l, *known, value) {
		a.ignore(f, Conflict)
	}
}

func (a *application) join(experiment, variant string) {
	c, series := a.c, a.s.series
	if c.arm != 0 {
		if x, v := series.ArmName(c.arm); x != experiment || v != variant {
			a.ignore(FactExperiment, Conflict)
		}
		return
	}
	if c.flags&decided != 0 {
		a.ignore(FactExperiment, Closed)
		return
	}
	c.arm = series.Arm(experiment, variant, a.s.now)
	if c.arm == 0 {
		a.ignore(FactExperiment, Limit)
		return
	}
	series.Joined(c.arm)
	a.news = true
}

// begin finds the event's episode. A later one than any before ends the others.
func (a *application) begin() {
	number := uint16(a.e.Episode)
	reopened := a.c.first.number != 0 && number > a.c.highest
	a.c.highest = max(a.c.highest, number)
	var isNew bool
	a.ep, isNew = a.s.episode(a.c, number)
	a.news = a.news || isNew
	if reopened {
		a.s.eachEpisode(a.c, func(e *episode) { a.s.settle(a.c, e, "") })
	}
}

// count counts the event's facts, each once for the episode.
func (a *application) count() {
	f := a.e.Facts
	if f&event.Resolution != 0 {
		a.resolution()
	}
	if f&event.Escalation != 0 {
		a.escalation()
	}
	if f&event.Turns != 0 {
		a.turns()
	}
	if f&event.TurnsDelta != 0 {
		a.turnsDelta()
	}
	if f&event.Cost != 0 {
		a.cost()
	}
	if f&event.CostDelta != 0 {
		a.costDelta()
	}
	if f&event.SurveySent != 0 {
		a.survey(true)
	}
	if f&event.CSAT != 0 {
		a.csat()
	}
}

func (a *application) resolution() {
	e, ep := a.e, a.ep
	said := ep.facts&hasResolution == 0
	if said {
		ep.facts |= hasResolution
		if e.Resolved {
			ep.facts |= isResolved
		}
		a.s.series.Resolution(a.at(), e.Resolved)
	} else if e.Resolved != (ep.facts&isResolved != 0) {
		a.ignore(FactResolution, Conflict)
		return
	}
	conflict := false
	if e.Seconds != event.NoSeconds {
		switch {
		case ep.facts&hasSeconds == 0:
			ep.facts |= hasSeconds
			ep.seconds = e.Seconds
			a.s.series.ResolutionSeconds(a.at(), e.Resolved, e.Seconds)
			said = true
		case ep.seconds != e.Seconds:
			conflict = true
		}
	}
	if e.Confirmed != event.ConfirmationUnsaid {
		switch ep.confirmed {
		case event.ConfirmationUnsaid:
			ep.confirmed = e.Confirmed
			if e.Confirmed == event.Confirmed && e.Resolved {
				a.s.series.Confirmed(a.at())
			}
			said = true
		case e.Confirmed:
		default:
			conflict = true
		}
	}
	switch {
	case conflict:
		a.ignore(FactResolution, Conflict)
	case !said:
		a.ignore(FactResolution, Duplicate)
	}
	a.news = a.news || said
}

func (a *application) escalation() {
	series, ep := a.s.series, a.ep
	if ep.facts&isEscalated != 0 {
		if a.e.Reason == "" || series.IsReason(ep.reason, a.e.Reason) {
			a.ignore(FactEscalation, Duplicate)
		} else {
			a.ignore(FactEscalation, Conflict)
		}
		return
	}
	ep.facts |= isEscalated
	ep.reason = series.Reason(a.e.Reason)
	series.Escalation(a.at(), ep.reason)
	a.news = true
}

func (a *application) turns() {
	ep := a.ep
	switch ep.turnsKind {
	case unsaid:
		ep.turnsKind, ep.turns = total, a.e.Turns
		a.s.series.Turns(a.at(), float64(a.e.Turns))
		a.news = true
	case total:
		a.repeated(FactTurns, ep.turns == a.e.Turns)
	default:
		a.ignore(FactTurns, Mixed)
	}
}

func (a *application) turnsDelta() {
	switch a.ep.turnsKind {
	case total:
		a.ignore(FactTurnsDelta, Mixed)
	case observed:
		a.ignore(FactTurnsDelta, Late)
	default:
		a.ep.turnsKind = summed
		sums := a.sums()
		sums.turns = min(sums.turns+a.e.TurnsDelta, math.MaxInt64)
		a.news = true
	}
}

func (a *application) cost() {
	ep := a.ep
	switch ep.costKind {
	case unsaid:
		ep.costKind, ep.cost = total, a.e.Cost.USD
		at := a.at()
		a.s.series.Cost(at, a.e.Cost.USD)
		a.s.series.Spend(at, a.e.Cost)
		a.news = true
	case total:
		a.repeated(FactCost, ep.cost == a.e.Cost.USD)
	default:
		a.ignore(FactCost, Mixed)
	}
}

func (a *application) costDelta() {
	switch a.ep.costKind {
	case total:
		a.ignore(FactCostDelta, Mixed)
		return
	case observed:
		a.ignore(FactCostDelta, Late)
	default:
		a.ep.costKind = summed
		a.sums().cost.Add(a.e.CostDelta.USD)
	}
	a.s.series.Spend(a.at(), a.e.CostDelta)
	a.news = true
}

// sums gives the increments of the episode so far.
func (a *application) sums() *increments {
	k := incrementsKey{a.i, a.ep.number}
	sums, ok := a.s.sums[k]
	if !ok {
		sums = &increments{}
		if id := a.at().ID; id != "" {
			sums.id = string([]byte(id))
		}
		a.s.sums[k] = sums
	}
	return sums
}

// survey counts that a survey was offered. A CSAT implies it, in silence.
func (a *application) survey(said bool) {
	if a.ep.facts&hasSurvey != 0 {
		if said {
			a.ignore(FactSurvey, Duplicate)
		}
		return
	}
	a.ep.facts |= hasSurvey
	a.s.series.Survey(a.at())
	a.news = true
}

func (a *application) csat() {
	if a.ep.csat != 0 {
		a.repeated(FactCSAT, int(a.ep.csat) == a.e.CSAT)
		return
	}
	a.ep.csat = uint8(a.e.CSAT)
	a.s.series.CSAT(a.at(), a.e.CSAT)
	a.survey(false)
	a.news = true
}

func (a *application) repeated(f Fact, same bool) {
	if same {
		a.ignore(f, Duplicate)
	} else {
		a.ignore(f, Conflict)
	}
}
