package bench

import (
	"fmt"
	"iter"
	"math"
	"slices"
	"testing"
	"time"
)

// BenchmarkCommit takes the time from a batch to the word that it is durable
// and counted: a write, a sync and the counting. One batch is one group here.
func BenchmarkCommit(b *testing.B) {
	for _, size := range []int{1, 1000} {
		b.Run(fmt.Sprintf("events=%d", size), func(b *testing.B) { benchmarkCommit(b, size) })
	}
}

func benchmarkCommit(b *testing.B, size int) {
	l := openLedger(b, b.TempDir(), options(0))
	next, stop := iter.Pull(events(1, true, math.MaxInt))
	defer stop()
	c := committer{ledger: l, next: next}
	for b.Loop() {
		for range sized(400, 40) {
			c.commit(b, size)
		}
	}
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
	slices.Sort(c.took)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(milliseconds(c.took[len(c.took)/2]), "p50-ms")
	b.ReportMetric(milliseconds(c.took[len(c.took)*99/100]), "p99-ms")
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
