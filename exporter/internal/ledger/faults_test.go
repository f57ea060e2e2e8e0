package ledger_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"supportexporter/exporter/internal/journal/simdisk"
	"supportexporter/exporter/internal/telemetry"
)

// TestNothingIsLostOrDoubledWhateverFails runs the script once for each
// operation of the disk in it, also those of the store's making, of its starts and
// of the checkpoints beside the traffic. That one fails, or that and the next
// eleven, or the process is killed in it. What is refused is sent again. Every
// scrape must then show what it shows where nothing fails; the first one after a
// start, in which a push had no answer, may be without that push as a whole.
func TestNothingIsLostOrDoubledWhateverFails(t *testing.T) {
	metrics := telemetry.New()
	var good *life
	synctest.Test(t, func(t *testing.T) { good = live(t, metrics, &fault{}, nil) })
	kinds := good.fault.kinds
	t.Logf("%d operations of the disk: %v", good.fault.ops, kinds)
	for _, op := range []simdisk.Op{
		simdisk.Create, simdisk.Open, simdisk.Rename, simdisk.Remove, simdisk.List,
		simdisk.SyncDir, simdisk.Read, simdisk.Write, simdisk.Sync,
	} {
		if kinds[op] == 0 {
			t.Errorf("there is no %s in the script", op)
		}
	}
	for _, line := range shown() {
		if !slices.Contains(lines(good.last), line) {
			t.Errorf("where nothing fails, there is no %s", line)
		}
	}
	for _, mode := range []struct {
		name   string
		count  int
		kills  bool
		stride int // to the next operation
	}{{"one fails", 1, false, 1}, {"twelve fail", 12, false, 5}, {"killed", 1, true, 2}} {
		t.Run(mode.name, func(t *testing.T) {
			t.Parallel()
			if testing.Short() {
				mode.stride = 23
			}
			for n := 0; n < good.fault.ops; n += mode.stride {
				f := &fault{first: n, count: mode.count, kills: mode.kills}
				synctest.Test(t, func(t *testing.T) { live(t, metrics, f, good) })
				if t.Failed() {
					t.Fatalf("at operation %d of %d: %v", n, good.fault.ops, f.what)
				}
			}
		})
	}
}

var errInjected = errors.New("injected")

// fault has operations of a disk fail, and remembers which there were.
type fault struct {
	first, count int // which, the first being 0
	kills        bool
	coin         *rand.Rand

	mu      sync.Mutex
	ops     int
	kinds   map[simdisk.Op]int
	what    []string // that failed
	over    bool     // nothing fails any more
	dead    bool     // the process: all that it still tries is in vain
	nothing bool     // of the operation that goes on happens
}

func (f *fault) fail(op simdisk.Op, name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.nothing = f.dead; f.dead {
		return errInjected
	}
	n := f.ops
	f.ops++
	f.kinds[op]++
	if f.over || n < f.first || n >= f.first+f.count {
		return nil
	}
	f.dead = f.kills
	f.what = append(f.what, fmt.Sprintf("%s %s", op, name))
	return fmt.Errorf("%s %s, operation %d: %w", op, name, n, errInjected)
}

// keep says which part of what failed, or was not synced before a crash, is on
// the disk.
func (f *fault) keep() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.nothing && f.coin.IntN(2) == 0
}

func (f *fault) kill() { f.set(func() { f.dead = true }) }

// revive is a new process. A killed one is killed once.
func (f *fault) revive() { f.set(func() { f.dead, f.nothing = false, false }) }

func (f *fault) end() { f.set(func() { f.over = true }) }

func (f *fault) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *fault) isDead() (dead bool) {
	f.set(func() { dead = f.dead })
	return dead
}

func (f *fault) hasBegun() (begun bool) {
	f.set(func() { begun = f.count > 0 && f.ops > f.first })
	return begun
}
