package bench

import (
	"fmt"
	"math"
	"runtime"
	"testing"

	"supportexporter/exporter/internal/conversation"
	"supportexporter/exporter/internal/tally"
)

// heap gives the bytes of live heap.
func heap() float64 {
	runtime.GC()
	runtime.GC() // the first one fills pools' victim caches, this one empties them
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// BenchmarkConversationMemory keeps a million closed conversations of two to
// four events, all with ids. The few that are not closed when the last one
// comes are closed as abandoned. Counted is everything that a conversation.State
// holds: the records, their index, ids beyond the first two, and the 288 label
// sets' series, which are a byte a conversation.
func BenchmarkConversationMemory(b *testing.B) {
	conversations := sized(1_000_000, 50_000)
	r := rounds{}
	for r.next(b) {
		before := heap()
		s := conversation.New(make([]byte, conversation.SecretBytes), 0, settings())
		for e := range events(1, false, math.MaxInt) {
			s.Apply(e)
			if s.Tracked() == conversations {
				break
			}
		}
		s.Advance(settings().IdleTimeout.Milliseconds())
		r.add("B/conversation", (heap()-before)/float64(s.Tracked()))
		runtime.KeepAlive(s)
	}
	r.report(b)
}

// BenchmarkSeriesMemory keeps 20,000 histogram series, four for each of 5,000
// label sets, of lognormal values. B/histogram is what a histogram adds: its
// classic and its native buckets, its sum and its exemplars. B/label-set is
// what the counters of a label set take, before any histogram.
func BenchmarkSeriesMemory(b *testing.B) {
	labelSets := sized(5000, 500)
	for _, values := range []int{10, 100, 1000} {
		b.Run(fmt.Sprintf("values=%d", values), func(b *testing.B) {
			r := rounds{}
			for r.next(b) {
				before := heap()
				t := newTally()
				for o := range observations(labelSets, 1) {
					t.Cell(o.labels(t), 0)
				}
				cells := heap()
				for o := range observations(labelSets, values) {
					o.observe(t)
				}
				r.add("B/label-set", (cells-before)/float64(labelSets))
				r.add("B/histogram", (heap()-cells)/float64(4*labelSets))
				runtime.KeepAlive(t)
			}
			r.report(b)
		})
	}
}

func newTally() *tally.Tally {
	t := tally.New(settings().Buckets)
	t.SetLimits(settings().Limits)
	return t
}
