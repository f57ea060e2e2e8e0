package tally

import (
	"cmp"
	"iter"
	"slices"
)

// order is what the order of all series follows from: the label sets and the
// arms in the order of their labels, and in theirs the values that one more
// label of a family can have.
type order struct {
	cells, arms         rows
	outcomes, resolved  []choice
	scores              []choice
	kpis, armKPIs       []choice
	causes              []cause
	reasons, components dimension
	keys                []uint64 // see eachOwn
}

func newOrder(s *Snapshot, f format) order {
	outcomes := choices(f, "outcome", outcomeNames[:])[1:] // None, "", has no series
	return order{
		cells:      newCellRows(s, f),
		arms:       newArmRows(s, f),
		outcomes:   outcomes,
		resolved:   choices(f, "resolved", []string{"false", "true"}),
		scores:     choices(f, "score", []string{"1", "2", "3", "4", "5"}),
		kpis:       choices(f, "kpi", kpiNames[:cellKPIs]),
		armKPIs:    choices(f, "kpi", kpiNames[:]),
		causes:     newCauses(f, outcomes),
		reasons:    newDimension(f, "reason", s.reasons),
		components: newDimension(f, "component", s.components),
	}
}

// dimension is a label and its values in their order.
type dimension struct {
	ranks  []uint16 // of the values as they are numbered elsewhere; equal ones have the same
	labels [][]byte // by rank, as the format writes them
}

func newDimension(f format, name string, values []string) dimension {
	sorted := slices.Compact(slices.Sorted(slices.Values(values)))
	d := dimension{ranks: make([]uint16, len(values)), labels: make([][]byte, len(sorted))}
	for i, v := range values {
		rank, _ := slices.BinarySearch(sorted, v)
		d.ranks[i] = uint16(rank)
	}
	for rank, v := range sorted {
		d.labels[rank] = f.label(nil, name, v)
	}
	return d
}

// choice is a value that one more label can have: how the format writes it, and
// its number elsewhere.
type choice struct {
	label []byte
	i     int
}

// choices gives the values of a label in their order. No two are equal.
func choices(f format, name string, values []string) []choice {
	d := newDimension(f, name, values)
	out := make([]choice, len(values))
	for i, rank := range d.ranks {
		out[rank] = choice{d.labels[rank], i}
	}
	return out
}

// cause is a cause of reversals, and the choice of their outcomes.
type cause struct {
	label     []byte
	reversals []choice
}

func newCauses(f format, outcomes []choice) []cause {
	d := newDimension(f, "cause", causes())
	all := make([]cause, len(d.labels))
	for rank, l := range d.labels {
		all[rank].label = l
	}
	for _, o := range outcomes {
		for i, r := range reversals {
			if r.outcome == Outcome(o.i) {
				c := &all[d.ranks[i]]
				c.reversals = append(c.reversals, choice{o.label, i})
			}
		}
	}
	return all
}

// rows are the label sets, or the arms, in the order of their labels.
type rows struct {
	dimensions []dimension
	sorted     []row
}

// row is a label set or an arm: the ranks of its labels, 16 bits each with the
// first on top, and its place in the snapshot.
type row struct {
	ranks uint64
	i     int
}

// rank gives the rank of label k.
func (r row) rank(k int) uint16 { return uint16(r.ranks >> (48 - 16*k)) }

func newCellRows(s *Snapshot, f format) rows {
	order := []Label{LabelIntent, LabelLanguage, LabelTier}
	var dimensions []dimension
	for _, l := range order {
		dimensions = append(dimensions, newDimension(f, l.String(), s.labels[l]))
	}
	return newRows(dimensions, len(s.cells), func(i, k int) uint16 { return s.cells[i].labels[order[k]] })
}

func newArmRows(s *Snapshot, f format) rows {
	experiments, variants := make([]string, len(s.arms)), make([]string, len(s.arms))
	for i := range s.arms {
		experiments[i], variants[i] = s.arms[i].experiment, s.arms[i].variant
	}
	dimensions := []dimension{newDimension(f, "experiment", experiments), newDimension(f, "variant", variants)}
	return newRows(dimensions, len(s.arms), func(i, _ int) uint16 { return uint16(i) })
}

// newRows makes n rows. value gives the number of row i's value of dimension k.
func newRows(dimensions []dimension, n int, value func(i, k int) uint16) rows {
	r := rows{dimensions, make([]row, n)}
	for i := range r.sorted {
		w := row{i: i}
		for k := range dimensions {
			w.ranks |= uint64(dimensions[k].ranks[value(i, k)]) << (48 - 16*k)
		}
		r.sorted[i] = w
	}
	slices.SortFunc(r.sorted, func(a, b row) int { return cmp.Compare(a.ranks, b.ranks) })
	return r
}

// groups gives the rows in runs of those that have their first n labels in common.
func (r *rows) groups(n int) iter.Seq[[]row] {
	return func(yield func([]row) bool) {
		for start := 0; start < len(r.sorted); {
			end := start + 1
			for end < len(r.sorted) && (r.sorted[start].ranks^r.sorted[end].ranks)>>(64-16*n) == 0 {
				end++
			}
			if !yield(r.sorted[start:end]) {
				return
			}
			start = end
		}
	}
}
