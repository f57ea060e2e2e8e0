package journal_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"supportexporter/exporter/internal/journal"
	"supportexporter/exporter/internal/journal/simdisk"
)

var errInjected = errors.New("injected")

// run is one life of a store on a failing disk, through kills and power cuts.
// Its script depends on the seed alone; where it fails, on the disk.
type run struct {
	t      *testing.T
	disk   *simdisk.Disk
	script *rand.Rand
	store  *store   // nil until it is opened
	acked  [][]byte // what must be there
	maybe  []byte   // what may be there behind it, nil if nothing
	count  int      // payloads made
}

// fault fails the operations from first to last, counted from 0.
type fault struct {
	first, last int
	ops         int // seen so far
}

func (f *fault) fail(op simdisk.Op, name string) error {
	f.ops++
	if n := f.ops - 1; f.first <= n && n <= f.last {
		return fmt.Errorf("%s %s, operation %d: %w", op, name, n, errInjected)
	}
	return nil
}

// TestEveryOperationFails runs scripts of appends, checkpoints, kills and power
// cuts, once for each operation of theirs, and has that one fail, or that and the
// next few. What was acknowledged must be there after every start, and nothing
// else than one append that was not.
func TestEveryOperationFails(t *testing.T) {
	seeds := uint64(2)
	if testing.Short() {
		seeds = 1
	}
	for seed := range seeds {
		for _, length := range []int{1, 30} {
			t.Run(fmt.Sprintf("seed=%d/failures=%d", seed, length), func(t *testing.T) {
				t.Parallel()
				all := &fault{first: -1, last: -1}
				live(t, seed, 0, all)
				for n := range all.ops {
					live(t, seed, uint64(n), &fault{first: n, last: n + length - 1})
					if t.Failed() {
						t.Fatalf("at operation %d of %d", n, all.ops)
					}
				}
			})
		}
	}
}

// live is one run: seed makes the script, luck decides what a crash keeps.
func live(t *testing.T, seed, luck uint64, f *fault) {
	t.Helper()
	coin := rand.New(rand.NewPCG(seed, luck))
	r := &run{
		t:      t,
		disk:   simdisk.New(func() bool { return coin.IntN(2) == 0 }),
		script: rand.New(rand.NewPCG(seed, 1<<40)),
	}
	r.disk.FailWith(f.fail)
	r.start()
	for range 40 {
		r.step()
	}
	r.disk.FailWith(nil)
	for range 2 { // what one start found must be there at the next
		r.disk.Crash()
		r.start()
	}
	r.append()
	r.disk.Crash()
	r.start()
}

func (r *run) step() {
	switch n := r.script.IntN(20); {
	case n < 15:
		r.append()
	case n < 18:
		r.checkpoint()
	case n < 19:
		r.start() // as after a kill
	default:
		r.disk.Crash()
		r.start()
	}
}

// start opens the store, with a power cut or none between attempts, and compares
// what it holds with what it must.
func (r *run) start() {
	r.t.Helper()
	for attempt := 0; ; attempt++ {
		s, err := open(r.disk, small)
		if err == nil {
			r.store = s
			break
		}
		if !errors.Is(err, errInjected) || attempt > 100 {
			r.t.Fatalf("opening a store with %d payloads: %v", len(r.acked), err)
		}
		if attempt%2 == 1 {
			r.disk.Crash()
		}
	}
	if r.maybe != nil && len(r.store.state) == len(r.acked)+1 {
		r.acked = append(r.acked, r.maybe)
	}
	r.maybe = nil
	checkState(r.t, r.store.state, r.acked)
}

func (r *run) append() {
	r.count++
	p := payload(r.script, r.count)
	err := r.store.append(p)
	if err == nil {
		r.acked = append(r.acked, p)
		return
	}
	r.maybe = p
	r.recover(err)
}

// checkpoint appends while a checkpoint is written.
func (r *run) checkpoint() {
	s, state := r.store, slices.Clone(r.store.state)
	c, err := s.StartCheckpoint()
	if errors.Is(err, errInjected) && s.Err() == nil {
		return // nothing has changed
	}
	if err != nil {
		r.recover(err)
		return
	}
	err = c.Write(func(w io.Writer) error {
		for range r.script.IntN(3) {
			if r.append(); r.store != s {
				return fmt.Errorf("killed: %w", errInjected)
			}
		}
		return write(state)(w)
	})
	if err != nil && !errors.Is(err, errInjected) {
		r.t.Fatalf("checkpoint: %v", err)
	}
}

// recover reopens the journal, and if that fails five times the program, or, as
// an operator might, the program at once.
func (r *run) recover(err error) {
	r.t.Helper()
	if !errors.Is(err, journal.ErrFailed) || !errors.Is(err, errInjected) {
		r.t.Fatalf("error %v is not a failure of the disk", err)
	}
	if again := r.store.Append([]byte("refused")); again != err || r.store.Err() != err {
		r.t.Fatalf("after %v, append says %v and Err %v", err, again, r.store.Err())
	}
	for range r.script.IntN(2) * 5 {
		if err := r.store.Reopen(); err == nil {
			r.maybe = nil
			return
		}
	}
	r.start()
}
