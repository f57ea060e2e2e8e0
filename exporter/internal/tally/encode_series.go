package tally

import "slices"

// all writes the series of the family at hand in their order.
func (e *Encoder) all() {
	s, o, f := e.s, &e.order, e.family
	switch f {
	case famOpen:
		e.gauge(float64(s.Open))
	case famStart:
		e.gauge(float64(s.Start) / 1000)
	case famEscalations:
		eachOwn(e, 2, &o.reasons, func(c *cell) []escalations { return c.escalations }, func(x *escalations) {
			e.counter(x.created, float64(x.count), &x.last)
		})
	case famSpend:
		eachOwn(e, 0, &o.components, func(c *cell) []spending { return c.spend }, func(x *spending) {
			e.counter(x.created, x.usd.Float64(), nil)
		})
	case famAssigned, famArmConversations, famArmReversed, famArmValues, famArmValuesSum, famArmValuesSquares:
		e.ofArms()
	default:
		e.ofCells()
	}
}

// ofCells writes a family of which every label set has the same series, but for
// histograms without a value.
func (e *Encoder) ofCells() {
	o, f := &e.order, e.family
	none := []choice{{}}
	each := func(before int, choices []choice, visit func(c *cell, i int)) {
		e.each(&o.cells, nil, before, choices, func(at, i int) { visit(&e.s.cells[at], i) })
	}
	count := func(before int, choices []choice, of func(c *cell, i int) uint64) {
		each(before, choices, func(c *cell, i int) { e.counter(c.created, float64(of(c, i)), nil) })
	}
	switch f {
	case famConversations:
		count(2, o.outcomes, func(c *cell, i int) uint64 { return c.outcomes[i] })
	case famReversed:
		for _, cause := range o.causes {
			e.each(&o.cells, cause.label, 2, cause.reversals, func(at, i int) {
				c := &e.s.cells[at]
				e.counter(c.created, float64(c.reversed[i]), nil)
			})
		}
	case famResolutions:
		count(2, o.resolved, func(c *cell, i int) uint64 { return c.resolutions[i] })
	case famConfirmed:
		count(0, none, func(c *cell, _ int) uint64 { return c.confirmed })
	case famSurveys:
		count(0, none, func(c *cell, _ int) uint64 { return c.surveys })
	case famCSAT:
		each(2, o.scores, func(c *cell, i int) {
			var x *exemplar
			if i < len(c.detractors) {
				x = &c.detractors[i]
			}
			e.counter(c.created, float64(c.csat[i]), x)
		})
	case famSeconds:
		each(2, o.resolved, func(c *cell, i int) { e.histogram(c.created, c.seconds[i]) })
	case famTurns:
		each(0, none, func(c *cell, _ int) { e.histogram(c.created, c.turns) })
	case famCost:
		each(0, none, func(c *cell, _ int) { e.histogram(c.created, c.cost) })
	case famValues, famValuesSum, famValuesSquares:
		each(1, o.kpis, func(c *cell, i int) { e.counter(c.created, c.values[i].of(f-famValues), nil) })
	}
}

// ofArms writes a family of which every arm has the same series.
func (e *Encoder) ofArms() {
	o, f := &e.order, e.family
	each := func(first []byte, before int, choices []choice, of func(a *arm, i int) float64) {
		e.each(&o.arms, first, before, choices, func(at, i int) {
			a := &e.s.arms[at]
			e.counter(a.created, of(a, i), nil)
		})
	}
	switch f {
	case famAssigned:
		each(nil, 0, []choice{{}}, func(a *arm, _ int) float64 { return float64(a.assigned) })
	case famArmConversations:
		each(nil, 1, o.outcomes, func(a *arm, i int) float64 { return float64(a.outcomes[i]) })
	case famArmReversed:
		for _, cause := range o.causes {
			each(cause.label, 1, cause.reversals, func(a *arm, i int) float64 { return float64(a.reversed[i]) })
		}
	case famArmValues, famArmValuesSum, famArmValuesSquares:
		each(nil, 1, o.armKPIs, func(a *arm, i int) float64 { return a.values[i].of(f - famArmValues) })
	}
}

// of gives what one of the three families of values has: a count, a sum or a
// sum of squares.
func (v *values) of(f family) float64 {
	switch f {
	case 0:
		return float64(v.count)
	case 1:
		return v.sum.Float64()
	}
	return v.squares.Float64()
}

// each visits a series of each row and each choice, in their order. A choice's
// label comes behind the rows' first labels, as many as before says, and first,
// which may be nil, before all. visit gets the numbers of the row and the choice.
func (e *Encoder) each(r *rows, first []byte, before int, choices []choice, visit func(at, i int)) {
	for group := range r.groups(before) {
		for _, c := range choices {
			for _, w := range group {
				e.label(r, w, first, before, c.label)
				visit(w.i, c.i)
			}
		}
	}
}

// eachOwn visits series of label sets that each have their own values of one
// more label, in their order. of gives those of a label set.
func eachOwn[T interface{ value() uint16 }](e *Encoder, before int, d *dimension, of func(c *cell) []T, visit func(x *T)) {
	r := &e.order.cells
	for group := range r.groups(before) {
		keys := e.order.keys[:0]
		for at, w := range group {
			own := of(&e.s.cells[w.i])
			for k := range own {
				keys = append(keys, uint64(d.ranks[own[k].value()])<<48|uint64(at)<<16|uint64(k))
			}
		}
		slices.Sort(keys)
		for _, key := range keys {
			w := group[uint32(key>>16)]
			e.label(r, w, nil, before, d.labels[key>>48])
			visit(&of(&e.s.cells[w.i])[uint16(key)])
		}
		e.order.keys = keys
	}
}

func (x escalations) value() uint16 { return x.reason }
func (x spending) value() uint16    { return x.component }

// label puts the labels of a series together.
func (e *Encoder) label(r *rows, w row, first []byte, before int, more []byte) {
	b := append(e.labels[:0], first...)
	for k := range r.dimensions {
		if k == before {
			b = append(b, more...)
		}
		b = append(b, r.dimensions[k].labels[w.rank(k)]...)
	}
	e.labels = b
}
