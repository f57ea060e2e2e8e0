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
	for i, c := range t.cells {
		s.cells[i] = c.clone()
	}
	for i, a := range t.arms[1:] {
		s.arms[i] = *a
	}
	return s
}

func (c *cell) clone() cell {
	n := *c
	for i := range n.detractors {
		n.detractors[i].id = slices.Clone(n.detractors[i].id)
	}
	n.seconds[0], n.seconds[1] = n.seconds[0].clone(), n.seconds[1].clone()
	n.turns, n.cost = n.turns.clone(), n.cost.clone()
	n.spend = slices.Clone(n.spend)
	n.escalations = slices.Clone(n.escalations)
	for i := range n.escalations {
		n.escalations[i].last.id = slices.Clone(n.escalations[i].last.id)
	}
	return n
}

func (h *histogram) clone() *histogram {
	if h == nil {
		return nil
	}
	n := *h
	n.buckets = slices.Clone(h.buckets)
	for i := range n.exemplars {
		n.exemplars[i].id = slices.Clone(n.exemplars[i].id)
	}
	return &n
}
