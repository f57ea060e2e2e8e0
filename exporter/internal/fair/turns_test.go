package fair_test

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"supportexporter/exporter/internal/fair"
)

// One client's many do not come before another's few.
func TestTurnsGoRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := fair.NewTurns(1)
		turns.Wait("first")
		var mu sync.Mutex
		var order []string
		for _, client := range []string{"a", "a", "a", "b", "b", "c"} {
			go func() {
				turns.Wait(client)
				mu.Lock()
				order = append(order, client)
				mu.Unlock()
				turns.End()
			}()
			synctest.Wait() // in this order
		}
		turns.End()
		synctest.Wait()
		if want := []string{"a", "b", "c", "a", "b", "a"}; !slices.Equal(order, want) {
			t.Errorf("got %q, want %q", order, want)
		}
	})
}

// However many come and go, no more work than may, and none is forgotten.
func TestTurnsAreLimited(t *testing.T) {
	const limit = 3
	turns := fair.NewTurns(limit)
	var working, most atomic.Int64
	var wg sync.WaitGroup
	for _, client := range []string{"a", "b", "c", "d"} {
		for range 20 {
			wg.Go(func() {
				for range 200 {
					turns.Wait(client)
					n := working.Add(1)
					for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
					}
					working.Add(-1)
					turns.End()
				}
			})
		}
	}
	wg.Wait()
	if got := most.Load(); got > limit {
		t.Errorf("%d worked at the same time, want at most %d", got, limit)
	}
}
