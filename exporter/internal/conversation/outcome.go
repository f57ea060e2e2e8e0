package conversation

import "supportexporter/exporter/internal/tally"

// settle makes the episode's counted outcome what its facts say, and reverses
// the one that no longer holds. id is for the exemplars.
func (s *State) settle(c *record, e *episode, id string) {
	if o := e.due(); o != e.outcome {
		if e.outcome != tally.None && e.facts&isReversed == 0 {
			s.series.Reverse(tally.At{Cell: e.cell, Arm: c.arm}, supersededBy(e.outcome))
		}
		at := s.at(c, id)
		s.series.Outcome(at, o)
		e.outcome, e.cell = o, at.Cell
		e.facts &^= isReversed
		c.flags |= decided
	}
	if e.number < c.highest && e.facts&isReversed == 0 {
		switch e.outcome {
		case tally.Resolved:
			s.reopen(c, e, tally.ResolvedReopened)
		case tally.Abandoned:
			s.reopen(c, e, tally.AbandonedReopened)
		}
	}
}

func (s *State) reopen(c *record, e *episode, r tally.Reversal) {
	s.series.Reverse(tally.At{Cell: e.cell, Arm: c.arm}, r)
	e.facts |= isReversed
}

// due gives the outcome that the episode's facts amount to: a human had to
// help, or else what the agent reported, or else nothing came of it.
func (e *episode) due() tally.Outcome {
	switch {
	case e.facts&isEscalated != 0:
		return tally.Escalated
	case e.facts&isResolved != 0:
		return tally.Resolved
	case e.facts&hasResolution != 0:
		return tally.Unresolved
	case e.facts&isAbandoned != 0:
		return tally.Abandoned
	}
	return tally.None
}

// supersededBy gives the reversal of an outcome after which another came.
func supersededBy(o tally.Outcome) tally.Reversal {
	switch o {
	case tally.Resolved:
		return tally.ResolvedEscalated
	case tally.Unresolved:
		return tally.UnresolvedEscalated
	}
	return tally.AbandonedResumed
}
