package tally

import "slices"

// Snapshot is all series at one moment. It shares no memory with the Tally
// that changes, so that it can be read by any goroutine.
type Snapshot struct {
	Open  int   // conversations open
	Start int64 // when the store was created, Unix milliseconds

	buckets    Buckets
	labels     [3][]string
	reasons    []string
	components []string
	cells      []cell
	arms       []arm
}

// Snapshot copies all series. The caller adds what a Tally does not know.
func (t *Tally) Snapshot() *Snapshot {
	s := &Snapshot{
		buckets:    t.buckets,
		reasons:    slices.Clone(t.reasons.names),
		components: slices.Clone(t.components.names),
		cells:      make([]cell, len(t.cells)),
		arms:       make([]arm, len(t.arms)-1),
	}
	for i := range t.labels {
		s.labels[i] = slices.Clone(t.labels[i].names)
	}
	var to copies
	for i, c := range t.cells {
		s.cells[i] = *c
		to.own(&s.cells[i])
	}
	for i, a := range t.arms[1:] {
		s.arms[i] = *a
	}
	return s
}

// copies are where a snapshot's copies are, many of a kind in one piece of
// memory: one for each slice took most of the time of a snapshot, during which
// no event is counted.
type copies struct {
	histograms  slab[histogram]
	buckets     slab[uint64]
	ids         slab[byte]
	spend       slab[spending]
	escalations slab[escalations]
}

// own makes everything that c refers to a copy.
func (to *copies) own(c *cell) {
	for i := range c.detractors {
		c.detractors[i].id = to.ids.copy(c.detractors[i].id)
	}
	for _, h := range []**histogram{&c.seconds[0], &c.seconds[1], &c.turns, &c.cost} {
		if *h != nil {
			*h = to.histogram(*h)
		}
	}
	c.spend = to.spend.copy(c.spend)
	c.escalations = to.escalations.copy(c.escalations)
	for i := range c.escalations {
		c.escalations[i].last.id = to.ids.copy(c.escalations[i].last.id)
	}
}

func (to *copies) histogram(h *histogram) *histogram {
	n := &to.histograms.copy([]histogram{*h})[0]
	n.buckets = to.buckets.copy(h.buckets)
	for i := range n.exemplars {
		n.exemplars[i].id = to.ids.copy(h.exemplars[i].id)
	}
	return n
}

// slab is memory for slices that live as long as each other.
type slab[T any] []T

// slabSize is how many values there is room for, or as many as a slice has.
const slabSize = 4096

func (s *slab[T]) copy(v []T) []T {
	if len(v) > cap(*s)-len(*s) {
		*s = make([]T, 0, max(slabSize, len(v)))
	}
	at := len(*s)
	*s = append(*s, v...)
	return (*s)[at:len(*s):len(*s)]
}
