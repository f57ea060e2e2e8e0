package tally

import "supportexporter/exporter/internal/event"

// At says where and when something counts.
type At struct {
	Cell uint32
	Arm  uint16 // 0: in no experiment
	Now  int64  // Unix milliseconds
	ID   string // the conversation's, for exemplars; "" for none, at most MaxExemplarID bytes
}

// Outcome counts the outcome of an episode.
func (t *Tally) Outcome(at At, o Outcome) {
	t.cells[at.Cell].outcomes[o]++
	t.arms[at.Arm].outcomes[o]++
}

// Reverse counts that an outcome no longer holds. at is where it was counted.
func (t *Tally) Reverse(at At, r Reversal) {
	t.cells[at.Cell].reversed[r]++
	t.arms[at.Arm].reversed[r]++
}

// Joined counts a conversation that joined an arm.
func (t *Tally) Joined(arm uint16) { t.arms[arm].assigned++ }

// Resolution counts a reported resolution.
func (t *Tally) Resolution(at At, resolved bool) {
	t.cells[at.Cell].resolutions[side(resolved)]++
}

// Confirmed counts a resolution that the customer confirmed.
func (t *Tally) Confirmed(at At) { t.cells[at.Cell].confirmed++ }

// ResolutionSeconds observes the time to a resolution.
func (t *Tally) ResolutionSeconds(at At, resolved bool, seconds float64) {
	c := t.cells[at.Cell]
	t.observe(&c.seconds[side(resolved)], t.buckets.Seconds, at, seconds)
	if resolved {
		t.value(at, Seconds, seconds)
	}
}

// Turns observes a conversation's number of turns.
func (t *Tally) Turns(at At, turns float64) {
	t.observe(&t.cells[at.Cell].turns, t.buckets.Turns, at, turns)
	t.value(at, Turns, turns)
}

// Cost observes a conversation's cost.
func (t *Tally) Cost(at At, usd float64) {
	t.observe(&t.cells[at.Cell].cost, t.buckets.Cost, at, usd)
	t.value(at, Cost, usd)
}

// Spend adds to the spend counter, by component. What the components do not
// account for, beyond rounding, is unspecified.
func (t *Tally) Spend(at At, m event.Money) {
	c := t.cells[at.Cell]
	rest := m.USD
	for _, d := range m.Detail {
		i := t.intern(&t.components, LabelComponent, d.Name, t.limits.Components)
		t.spending(c, i, at.Now).usd.Add(d.USD)
		rest -= d.USD
	}
	if len(m.Detail) == 0 || rest > 1e-9+1e-6*m.USD {
		t.spending(c, unset, at.Now).usd.Add(rest)
	}
}

func (t *Tally) spending(c *cell, component uint16, now int64) *spending {
	for i := range c.spend {
		if c.spend[i].component == component {
			return &c.spend[i]
		}
	}
	if !t.room(component) {
		return t.spending(c, overflow, now)
	}
	c.spend = append(c.spend, spending{component: component, created: now})
	return &c.spend[len(c.spend)-1]
}

// room takes from the budget what a reason or a component needs that is new to
// a cell.
func (t *Tally) room(value uint16) bool {
	if t.series+own(value) > t.limits.Series && own(value) > 0 {
		t.Overflowed[LabelSet]++
		return false
	}
	t.series += own(value)
	return true
}

// Survey counts a survey that was offered.
func (t *Tally) Survey(at At) { t.cells[at.Cell].surveys++ }

// CSAT counts a survey's answer, 1 to 5.
func (t *Tally) CSAT(at At, score int) {
	c := t.cells[at.Cell]
	c.csat[score-1]++
	if score <= len(c.detractors) && at.ID != "" {
		c.detractors[score-1].set(at, 1)
	}
	t.arms[at.Arm].values[CSAT].observe(float64(score))
}

// Escalation counts a hand-over to a human. reason is an index of Reason.
func (t *Tally) Escalation(at At, reason uint16) {
	e := t.escalations(t.cells[at.Cell], reason, at.Now)
	e.count++
	if at.ID != "" {
		e.last.set(at, 1)
	}
}

func (t *Tally) escalations(c *cell, reason uint16, now int64) *escalations {
	for i := range c.escalations {
		if c.escalations[i].reason == reason {
			return &c.escalations[i]
		}
	}
	if !t.room(reason) {
		return t.escalations(c, overflow, now)
	}
	c.escalations = append(c.escalations, escalations{reason: reason, created: now})
	return &c.escalations[len(c.escalations)-1]
}

func (t *Tally) observe(h **histogram, bounds []float64, at At, v float64) {
	if *h == nil {
		*h = newHistogram(bounds)
	}
	(*h).observe(bounds, v)
	if at.ID != "" {
		keep(&(*h).exemplars, bounds, at, v)
	}
}

// DropExemplars forgets all exemplars.
func (t *Tally) DropExemplars() {
	for _, c := range t.cells {
		clear(c.detractors[:])
		for i := range c.escalations {
			c.escalations[i].last = exemplar{}
		}
		for _, h := range []*histogram{c.seconds[0], c.seconds[1], c.turns, c.cost} {
			if h != nil {
				clear(h.exemplars[:])
			}
		}
	}
}

func (t *Tally) value(at At, k KPI, v float64) {
	t.cells[at.Cell].values[k].observe(v)
	t.arms[at.Arm].values[k].observe(v)
}

func side(resolved bool) int {
	if resolved {
		return 1
	}
	return 0
}
