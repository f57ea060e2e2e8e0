package simulate

import (
	"container/heap"

	"supportexporter/exporter/client"
)

// arrival is an event on its way. Where it comes from orders what arrives at
// the same time, so that the order does not depend on what else is pending.
type arrival struct {
	at    int64 // Unix milliseconds
	slot  int64
	index int // of the conversation in its slot
	n     int // of the arrival in its conversation
	event client.Event
}

// arrivals is a heap of what conversations under way have still to say, the
// next first. It implements heap.Interface.
type arrivals []*arrival

// add puts one in its place.
func (h *arrivals) add(a *arrival) { heap.Push(h, a) }

// next takes the first one.
func (h *arrivals) next() *arrival { return heap.Pop(h).(*arrival) }

func (h arrivals) Len() int { return len(h) }

func (h arrivals) Less(i, j int) bool {
	a, b := h[i], h[j]
	switch {
	case a.at != b.at:
		return a.at < b.at
	case a.slot != b.slot:
		return a.slot < b.slot
	case a.index != b.index:
		return a.index < b.index
	}
	return a.n < b.n
}

func (h arrivals) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push appends an *arrival.
func (h *arrivals) Push(a any) { *h = append(*h, a.(*arrival)) }

// Pop takes the last one away.
func (h *arrivals) Pop() any {
	last := len(*h) - 1
	a := (*h)[last]
	(*h)[last] = nil // so that it can be collected
	*h = (*h)[:last]
	return a
}
