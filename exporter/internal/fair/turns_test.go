package fair_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"supportexporter/exporter/internal/fair"
)

func wait(t *testing.T, turns *fair.Turns, client string) {
	if err := turns.Wait(t.Context(), client); err != nil {
		t.Error(err)
	}
}

// Whoever gives up waiting neither keeps a turn nor takes another's.
func TestTurnsOfThoseWhoLeave(t *testing.T) {
	gone, leave := context.WithCancel(t.Context())
	leave()
	turns := fair.NewTurns(1)
	wait(t, turns, "first")
	if err := turns.Wait(gone, "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the end of the context", err)
	}
	var wg sync.WaitGroup
	for i := range 200 { // some leave just when it is their turn
		ctx, cancel := context.WithCancel(t.Context())
		wg.Go(func() {
			if turns.Wait(ctx, fmt.Sprint(i%3)) == nil {
				turns.End()
			}
		})
		wg.Go(cancel)
	}
	turns.End()
	wg.Wait()
	wait(t, turns, "last") // the turn is still there
	if err := turns.Wait(gone, "a"); err == nil {
		t.Error("there are two turns")
	}
}

// One client's many do not come before another's few.
func TestTurnsGoRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := fair.NewTurns(1)
		wait(t, turns, "first")
		var mu sync.Mutex
		var order []string
		for _, client := range []string{"a", "a", "a", "b", "b", "c"} {
			go func() {
				wait(t, turns, client)
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
					wait(t, turns, client)
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
