package conversation

import (
	"encoding/binary"
	"math"

	"github.com/cespare/xxhash/v2"

	"supportexporter/exporter/internal/event"
)

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
		ep.costKind, ep.cost = total, identity(&a.e.Cost)
		at := a.at()
		a.s.series.Cost(at, a.e.Cost.USD)
		a.s.series.Spend(at, a.e.Cost)
		a.news = true
	case total:
		a.repeated(FactCost, ep.cost == identity(&a.e.Cost))
	default:
		a.ignore(FactCost, Mixed)
	}
}

// identity tells a cost from another: by its amount and by the components of its
// detail, whatever their order. Without a detail it is the amount's bits, of which
// the first is never set. The hash has no key: who aims at a collision has nothing but
// a conflict of his own called a duplicate.
func identity(m *event.Money) uint64 {
	id := math.Float64bits(m.USD)
	if len(m.Detail) == 0 {
		return id
	}
	var b [event.MaxComponent + 8]byte
	for i := range m.Detail {
		n := copy(b[:event.MaxComponent], m.Detail[i].Name)
		binary.LittleEndian.PutUint64(b[n:], math.Float64bits(m.Detail[i].USD))
		id += xxhash.Sum64(b[:n+8])
	}
	return id | 1<<63
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
