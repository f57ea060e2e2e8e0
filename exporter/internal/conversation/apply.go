package conversation

import (
	"supportexporter/exporter/internal/event"
	"supportexporter/exporter/internal/tally"
)

// Ahead is how many events are best given to ApplyAll at once.
const Ahead = 16

// ApplyAll is Apply for events that arrive one after the other, of which it says
// how many were no duplicates. It is faster than one by one.
func (s *State) ApplyAll(events []event.Event) (news int) {
	var keys [Ahead]key
	for len(events) > 0 {
		n := min(Ahead, len(events))
		for i := range n {
			keys[i] = s.key(events[i].ConversationID)
		}
		if n > 1 {
			s.fetch(keys[:n])
		}
		for i := range n {
			if s.apply(&events[i], keys[i]) {
				news++
			}
		}
		events = events[n:]
	}
	return news
}

// Apply counts what is new in an event that arrives now. It returns false if
// the event is a duplicate: its id was seen in the conversation before, or
// nothing it says is new.
func (s *State) Apply(e *event.Event) bool {
	return s.apply(e, s.key(e.ConversationID))
}

func (s *State) apply(e *event.Event, k key) bool {
	i, c, isNew := s.conversation(k)
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
	if p, declared := a.s.periods[experiment]; declared && !p.has(a.s.now) {
		a.ignore(FactExperiment, NotRunning)
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
