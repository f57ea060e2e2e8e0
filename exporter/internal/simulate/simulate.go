// Package simulate makes up the traffic of an AI support team: the events of
// its conversations, in the order in which they would arrive.
//
// It is for demonstrations and tests of what stands behind the exporter, so
// the traffic has what real traffic has: busy hours and quiet weekends, common
// and rare intents, easy and hard ones, surveys that few answer and some days
// later, events sent twice, customers who leave and customers who come back.
// What is healthy lies on the static baselines of the KPIs. A Scenario moves
// one of them from a given time on.
//
// # Determinism
//
// A conversation is a function of the seed, of the minute it begins in and of
// its number within that minute, and of nothing else. So Sources of one seed
// that start at different times agree on all that begins after both, and one
// with a scenario agrees with one without on all that begins before it: a
// history and live traffic join without a gap, and what is sent again has the
// ids it had.
//
// First the truth of a conversation is drawn (story.go), with the odds of
// odds.go; then it is told in events, as one of several kinds of agents would
// tell it (tell.go). Nothing of the truth is decided in the telling.
package simulate

import (
	"fmt"
	"strings"
	"time"

	"supportexporter/exporter/client"
)

// DefaultPerDay is the number of conversations a day of a busy team.
const DefaultPerDay = 20_000

// The limits of Options.PerDay.
const (
	MinPerDay = 1
	MaxPerDay = 10_000_000
)

// Longest is the most time from a conversation's beginning to its last event.
const Longest = 12 * 24 * time.Hour

// slotLength is the time whose conversations are drawn together.
const slotLength = time.Minute

// Options says what is simulated. Start is required.
type Options struct {
	Seed          uint64
	Start         time.Time // no conversation begins before it
	PerDay        float64   // conversations a day, as the mean of a week; DefaultPerDay if 0
	Scenario      Scenario  // Healthy if empty
	ScenarioStart time.Time // the scenario is for conversations that begin at it or later; Start if zero
}

// Source gives events without end. It has one user at a time.
type Source struct {
	odds       *odds
	season     *season
	assignment *client.Assignment
	draws      *draws
	seed       uint64
	start      int64 // Unix milliseconds, as all times here
	turning    int64 // when the scenario begins
	slot       int64 // the next to be drawn, in slotLengths since 1970
	pending    arrivals
}

// New checks the options. The error names what is wrong with them.
func New(o Options) (*Source, error) {
	if o.Start.IsZero() {
		return nil, fmt.Errorf("start of the simulation is missing")
	}
	if o.PerDay == 0 {
		o.PerDay = DefaultPerDay
	}
	if !(o.PerDay >= MinPerDay && o.PerDay <= MaxPerDay) { // a NaN is neither
		return nil, fmt.Errorf("conversations per day must be from %d to %d, got %g", MinPerDay, MaxPerDay, o.PerDay)
	}
	if o.Scenario == "" {
		o.Scenario = Healthy
	}
	change, ok := effectOf(o.Scenario)
	if !ok {
		return nil, fmt.Errorf("scenario must be one of %s, got %q", strings.Join(Scenarios(), ", "), o.Scenario)
	}
	if o.ScenarioStart.IsZero() {
		o.ScenarioStart = o.Start
	}
	assignment, err := newAssignment()
	if err != nil {
		return nil, err
	}
	return &Source{
		odds:       newOdds(change),
		assignment: assignment,
		season:     newSeason(o.PerDay),
		draws:      newDraws(),
		seed:       o.Seed,
		start:      ceilMilli(o.Start),
		turning:    ceilMilli(o.ScenarioStart),
		slot:       slotOf(o.Start),
	}, nil
}

// Next gives the next event and when it arrives, in UTC and whole milliseconds,
// which never goes back. The event's own time is the same, unless it is sent a
// second time: then it arrives later, and is equal to the first in all else.
func (s *Source) Next() (at time.Time, e client.Event) {
	for len(s.pending) == 0 || s.pending[0].at >= s.slot*slotLength.Milliseconds() {
		s.fill()
	}
	a := s.pending.next()
	return timeOf(a.at), a.event
}

// Skip passes over all events that arrive before t. It takes as long as
// drawing the events of Longest, however far away t is.
func (s *Source) Skip(t time.Time) {
	if first := slotOf(t.Add(-Longest)); first > s.slot {
		s.slot, s.pending = first, nil // all that is pending ends before t
	}
	until := ceilMilli(t)
	for {
		for len(s.pending) > 0 && s.pending[0].at < until {
			s.pending.next()
		}
		if s.slot*slotLength.Milliseconds() >= until {
			return
		}
		s.fill()
	}
}

// fill draws the conversations that begin in the next slot, and their events.
func (s *Source) fill() {
	s.each(s.slot, func(index int, c *story) {
		for n, a := range tell(c, s.draws) {
			a.slot, a.index, a.n = s.slot, index, n
			s.pending.add(a)
		}
	})
	s.slot++
}

// each calls f with every conversation that begins in a slot, in no order of
// time. The draws are at the conversation's stream, for f to go on with.
func (s *Source) each(slot int64, f func(index int, c *story)) {
	begin := slot * slotLength.Milliseconds()
	s.draws.restart(s.seed, slot, slotStream)
	for i := range s.draws.poisson(s.season.expected(timeOf(begin))) {
		s.draws.restart(s.seed, slot, uint64(i))
		at := begin + s.draws.Int64N(slotLength.Milliseconds())
		if at < s.start {
			continue
		}
		id := conversationID(s.seed, begin, i)
		c := s.odds.draw(s.draws, id, s.assignment.Variant(id), at, at >= s.turning)
		f(i, &c)
	}
}

// conversationID says where a conversation comes from, for those who read it
// in an exemplar. The seed keeps two simulations apart.
func conversationID(seed uint64, slot int64, index int) string {
	return fmt.Sprintf("sim-%d-%s-%d", seed, timeOf(slot).Format("20060102T1504"), index)
}

func timeOf(milli int64) time.Time { return time.UnixMilli(milli).UTC() }

// ceilMilli is the first whole millisecond that is not before t.
func ceilMilli(t time.Time) int64 { return t.Add(time.Millisecond - 1).UnixMilli() }

func slotOf(t time.Time) int64 { return t.Truncate(slotLength).Unix() / int64(slotLength/time.Second) }
