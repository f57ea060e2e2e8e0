package tally

import (
	"fmt"
	"math"
	"slices"

	"supportexporter/exporter/internal/checkpoint"
	"supportexporter/exporter/internal/event"
)

// Save writes all series.
func (t *Tally) Save(w *checkpoint.Writer) {
	for _, tab := range []*table{&t.labels[0], &t.labels[1], &t.labels[2], &t.reasons, &t.components} {
		w.Uint(uint64(len(tab.names) - reservedNames))
		for _, name := range tab.names[reservedNames:] {
			w.String(name)
		}
	}
	w.Uint(uint64(len(t.cells)))
	for _, c := range t.cells {
		c.save(w, t)
	}
	w.Uint(uint64(len(t.arms) - 1))
	for _, a := range t.arms[1:] {
		a.save(w)
	}
}

// Load reads into an empty Tally what Save wrote from one with the same
// buckets. What is wrong with it becomes the reader's error.
func (t *Tally) Load(r *checkpoint.Reader) {
	for _, tab := range []*table{&t.labels[0], &t.labels[1], &t.labels[2], &t.reasons, &t.components} {
		for range r.Each("label values", math.MaxUint16-reservedNames) {
			tab.loadName(r)
		}
	}
	for range r.Each("label sets", math.MaxInt32) {
		c := &cell{}
		c.load(r, t)
		if _, twice := t.byLabels[c.labels]; twice {
			r.Fail(fmt.Errorf("label set %v is there twice", c.labels))
		}
		t.byLabels[c.labels] = uint32(len(t.cells))
		t.cells = append(t.cells, c)
		t.series += t.cellSeries()
	}
	for range r.Each("experiment arms", math.MaxUint16) {
		a := &arm{}
		a.load(r)
		if _, twice := t.byArm[[2]string{a.experiment, a.variant}]; twice {
			r.Fail(fmt.Errorf("experiment %q has variant %q twice", a.experiment, a.variant))
		}
		t.addArm(a)
	}
}

func (c *cell) save(w *checkpoint.Writer, t *Tally) {
	for _, l := range c.labels {
		w.Uint(uint64(l))
	}
	w.Int(c.created)
	saveCounts(w, c.outcomes[:], c.reversed[:], c.resolutions[:], []uint64{c.confirmed, c.surveys}, c.csat[:])
	for i := range c.detractors {
		c.detractors[i].save(w)
	}
	for i := range c.values {
		c.values[i].save(w)
	}
	c.seconds[0].save(w, t.buckets.Seconds)
	c.seconds[1].save(w, t.buckets.Seconds)
	c.turns.save(w, t.buckets.Turns)
	c.cost.save(w, t.buckets.Cost)
	w.Uint(uint64(len(c.escalations)))
	for i := range c.escalations {
		e := &c.escalations[i]
		w.Uint(uint64(e.reason))
		w.Int(e.created)
		w.Uint(e.count)
		e.last.save(w)
	}
	w.Uint(uint64(len(c.spend)))
	for i := range c.spend {
		s := &c.spend[i]
		w.Uint(uint64(s.component))
		w.Int(s.created)
		s.usd.Save(w)
	}
}

func (c *cell) load(r *checkpoint.Reader, t *Tally) {
	for i := range c.labels {
		c.labels[i] = t.labels[i].load(r)
	}
	c.created = r.Int()
	var rest [2]uint64
	loadCounts(r, c.outcomes[:], c.reversed[:], c.resolutions[:], rest[:], c.csat[:])
	c.confirmed, c.surveys = rest[0], rest[1]
	for i := range c.detractors {
		c.detractors[i].load(r)
	}
	for i := range c.values {
		c.values[i].load(r)
	}
	c.seconds[0] = loadHistogram(r, t.buckets.Seconds)
	c.seconds[1] = loadHistogram(r, t.buckets.Seconds)
	c.turns = loadHistogram(r, t.buckets.Turns)
	c.cost = loadHistogram(r, t.buckets.Cost)
	for range r.Each("escalation reasons", math.MaxUint16) {
		e := escalations{reason: t.reasons.load(r), created: r.Int(), count: r.Uint()}
		e.last.load(r)
		if slices.ContainsFunc(c.escalations, func(other escalations) bool { return other.reason == e.reason }) {
			r.Fail(fmt.Errorf("reason %d is there twice in label set %v", e.reason, c.labels))
		}
		c.escalations = append(c.escalations, e)
		t.series += own(e.reason)
	}
	for range r.Each("cost components", math.MaxUint16) {
		s := spending{component: t.components.load(r), created: r.Int()}
		s.usd.Load(r)
		if slices.ContainsFunc(c.spend, func(other spending) bool { return other.component == s.component }) {
			r.Fail(fmt.Errorf("component %d is there twice in label set %v", s.component, c.labels))
		}
		c.spend = append(c.spend, s)
		t.series += own(s.component)
	}
}

// own is what a reason or a component takes from the budget.
func own(value uint16) int {
	if value < reservedNames {
		return 0
	}
	return 1
}

// loadName reads one more name.
func (t *table) loadName(r *checkpoint.Reader) {
	name := r.Text(event.MaxConversationID)
	if _, twice := t.index[name]; twice || name == "" {
		r.Fail(fmt.Errorf("label value %q is there twice, or empty", name))
		return
	}
	t.add(name)
}

// load reads the index of one of the table's names.
func (t *table) load(r *checkpoint.Reader) uint16 {
	i := r.Uint()
	if i >= uint64(len(t.names)) {
		r.Fail(fmt.Errorf("label value: want one of %d, got number %d", len(t.names), i))
		return unset
	}
	return uint16(i)
}

func (a *arm) save(w *checkpoint.Writer) {
	w.String(a.experiment)
	w.String(a.variant)
	w.Int(a.created)
	saveCounts(w, []uint64{a.assigned}, a.outcomes[:], a.reversed[:])
	for i := range a.values {
		a.values[i].save(w)
	}
}

func (a *arm) load(r *checkpoint.Reader) {
	a.experiment = r.Text(event.MaxLabel)
	a.variant = r.Text(event.MaxLabel)
	a.created = r.Int()
	var assigned [1]uint64
	loadCounts(r, assigned[:], a.outcomes[:], a.reversed[:])
	a.assigned = assigned[0]
	for i := range a.values {
		a.values[i].load(r)
	}
}

func (v *values) save(w *checkpoint.Writer) {
	w.Uint(v.count)
	v.sum.Save(w)
	v.squares.Save(w)
}

func (v *values) load(r *checkpoint.Reader) {
	v.count = r.Uint()
	v.sum.Load(r)
	v.squares.Load(r)
}

func (h *histogram) save(w *checkpoint.Writer, bounds []float64) {
	if h == nil {
		w.Uint(0)
		return
	}
	w.Uint(1)
	classic, natives := h.shapes(bounds)
	saveCounts(w, classic)
	h.sum.Save(w)
	w.Uint(uint64(len(natives)))
	for _, n := range natives {
		w.Fixed(n)
	}
	for i := range h.exemplars {
		h.exemplars[i].save(w)
	}
}

func loadHistogram(r *checkpoint.Reader, bounds []float64) *histogram {
	if r.Count("histograms of a series", 1) == 0 {
		return nil
	}
	h := newHistogram(bounds)
	loadCounts(r, h.buckets)
	h.sum.Load(r)
	h.buckets = append(h.buckets, make([]uint64, r.Count("native buckets", numNatives))...)
	_, natives := h.shapes(bounds)
	last := int16(math.MinInt16)
	for i := range natives {
		natives[i] = r.Fixed()
		n := native(natives[i]).index()
		if n <= last || n > maxNative {
			r.Fail(fmt.Errorf("native bucket %d stands behind %d", n, last))
		}
		last = n
	}
	for i := range h.exemplars {
		h.exemplars[i].load(r)
	}
	return h
}

func (x *exemplar) save(w *checkpoint.Writer) {
	w.String(string(x.id))
	if len(x.id) > 0 {
		w.Fixed(math.Float64bits(x.value))
		w.Int(x.at)
	}
}

func (x *exemplar) load(r *checkpoint.Reader) {
	if id := r.Text(MaxExemplarID); id != "" {
		*x = exemplar{id: []byte(id), value: math.Float64frombits(r.Fixed()), at: r.Int()}
	}
}

// Save writes the sum.
func (s *Sum) Save(w *checkpoint.Writer) {
	for _, word := range s {
		w.Uint(word)
	}
}

// Load reads what Save wrote.
func (s *Sum) Load(r *checkpoint.Reader) {
	for i := range s {
		s[i] = r.Uint()
	}
}

func saveCounts(w *checkpoint.Writer, groups ...[]uint64) {
	for _, g := range groups {
		for _, v := range g {
			w.Uint(v)
		}
	}
}

func loadCounts(r *checkpoint.Reader, groups ...[]uint64) {
	for _, g := range groups {
		for i := range g {
			g[i] = r.Uint()
		}
	}
}

// Has says whether there is room for a label set and an arm by these numbers:
// a check on what was read from a checkpoint.
func (t *Tally) Has(l Labels, arm uint16) bool {
	for i := range l {
		if int(l[i]) >= len(t.labels[i].names) {
			return false
		}
	}
	return int(arm) < len(t.arms)
}

// HasCell says whether there is a cell of this number.
func (t *Tally) HasCell(i uint32) bool { return int(i) < len(t.cells) }

// HasReason says whether there is a reason of this number.
func (t *Tally) HasReason(i uint16) bool { return int(i) < len(t.reasons.names) }
