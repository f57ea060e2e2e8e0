package ledger_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"supportexporter/exporter/internal/journal/simdisk"
	"supportexporter/exporter/internal/ledger"
	"supportexporter/exporter/internal/tally"
	"supportexporter/exporter/internal/telemetry"
)

// life is a store through one run of the script. It is in a bubble of synctest,
// where time is the script's and ticks come when they are due.
type life struct {
	t      *testing.T
	fault  *fault
	disk   *simdisk.Disk
	o      ledger.Options
	ledger *ledger.Ledger
	luck   *rand.Rand // what an operator does

	good    *life // the run in which nothing fails; nil if this is it
	last    *tally.Snapshot
	scrapes []*tally.Snapshot // one after each wait and one after each step
	values  []string          // of them; where nothing fails
	results []ledger.Result   // of each push
}

// live is one run of the script.
func live(t *testing.T, m *telemetry.Metrics, f *fault, good *life) *life {
	f.coin = rand.New(rand.NewPCG(uint64(f.first), uint64(f.count)))
	f.kinds = map[simdisk.Op]int{}
	r := &life{t: t, fault: f, good: good, luck: rand.New(rand.NewPCG(uint64(f.first), 1<<40))}
	r.disk = simdisk.New(f.keep)
	r.disk.FailWith(f.fail)
	r.o = options()
	r.o.Metrics, r.o.SegmentBytes, r.o.CheckpointBytes = m, 4096, 10_000
	t.Cleanup(r.close)
	r.open()
	for _, s := range script() {
		r.wait(s.wait)
		r.step(s)
		r.scrape()
	}
	f.end()
	for range 2 { // what one start found must be there at the next
		r.kill(true)
		r.open()
		r.compare(r.last)
	}
	return r
}

// wait lets time go by, and then as much more as the ticks need that failed.
func (r *life) wait(d time.Duration) {
	r.t.Helper()
	time.Sleep(d)
	for range 20 {
		if r.fault.isDead() {
			r.kill(r.flip())
			r.open()
		}
		if !r.fault.hasBegun() || values(shot(r.t, r.ledger)) == r.due() {
			break
		}
		time.Sleep(time.Second)
	}
	r.scrape()
}

// step does what a step says until it has succeeded.
func (r *life) step(s step) {
	r.t.Helper()
	switch {
	case s.push != nil:
		r.push(s.push)
	case s.reload != nil:
		r.o.Settings = s.reload(r.o.Settings)
		for {
			err := r.ledger.Configure(context.Background(), r.o.Settings)
			if err == nil {
				return
			}
			r.recover(err)
		}
	case s.end == stopped:
		r.close()
		r.fault.revive()
		r.open()
	case s.end != goesOn:
		r.kill(s.end == powerCut)
		r.open()
	}
}

func (r *life) push(body []string) {
	r.t.Helper()
	for attempt := 0; ; attempt++ {
		b := r.ledger.NewBatch()
		add(r.t, b, body)
		got, err := r.ledger.Commit(b)
		if err != nil {
			if !errors.Is(err, ledger.ErrUnavailable) {
				r.t.Fatalf("commit: %v", err)
			}
			r.recover(err)
			continue
		}
		n := len(r.results)
		if r.good != nil && attempt == 0 && got != r.good.results[n] {
			r.t.Fatalf("push %d: got %+v, want %+v", n, got, r.good.results[n])
		}
		if got.Accepted+got.Duplicates != len(body) {
			r.t.Fatalf("push %d of %d events: got %+v", n, len(body), got)
		}
		r.results = append(r.results, got)
		return
	}
}

// recover does what somebody does whose request failed: wait, or restart the
// exporter. Nothing has changed until then.
func (r *life) recover(err error) {
	r.t.Helper()
	if !errors.Is(err, errInjected) {
		r.t.Fatalf("%v is not a failure of the disk", err)
	}
	r.compare(r.last)
	if r.fault.isDead() || r.flip() {
		r.kill(r.flip())
		r.open()
		return
	}
	time.Sleep(700 * time.Millisecond)
}

// kill ends the process, without a chance to do anything more on the disk, or
// the machine.
func (r *life) kill(machine bool) {
	synctest.Wait()
	r.fault.kill()
	r.close()
	r.fault.revive()
	if machine {
		r.disk.Crash()
	}
}

// close ends the exporter, if it runs.
func (r *life) close() {
	if r.ledger == nil {
		return
	}
	if err := r.ledger.Close(); err != nil && !errors.Is(err, errInjected) {
		r.t.Errorf("closing the store: %v", err)
	}
	r.ledger = nil
}

// open starts the exporter, as often as it takes. What there is to see must be
// what there was, to the last exemplar, or what the next scrape is to show.
func (r *life) open() {
	r.t.Helper()
	for attempt := 0; ; attempt++ {
		var err error
		if r.ledger, err = ledger.Open(r.disk, r.o); err == nil {
			break
		}
		if !errors.Is(err, errInjected) || attempt > 20 {
			r.t.Fatalf("opening the store: %v", err)
		}
		r.fault.revive()
		if r.flip() {
			r.disk.Crash()
		}
	}
	if r.last == nil {
		return
	}
	if r.good == nil || r.fault.hasBegun() && values(shot(r.t, r.ledger)) != r.due() {
		r.compare(r.last)
	}
}

// scrape checks that there is to see what there is to be.
func (r *life) scrape() {
	r.t.Helper()
	r.last = shot(r.t, r.ledger)
	n := len(r.scrapes)
	r.scrapes = append(r.scrapes, r.last)
	if r.good == nil {
		r.values = append(r.values, values(r.last))
	} else if r.fault.hasBegun() && values(r.last) != r.good.values[n] {
		r.t.Fatalf("scrape %d, want what is shown where nothing fails: %s", n, diff(r.good.scrapes[n], r.last))
	}
}

// compare checks that there is to see exactly this.
func (r *life) compare(want *tally.Snapshot) {
	r.t.Helper()
	if got := shot(r.t, r.ledger); want != nil && everything(got) != everything(want) {
		r.t.Fatalf("after scrape %d, want no change: %s", len(r.scrapes), diff(want, got))
	}
}

// due is what the next scrape is to show.
func (r *life) due() string {
	if n := len(r.scrapes); n < len(r.good.values) {
		return r.good.values[n]
	}
	return ""
}

func (r *life) flip() bool { return r.luck.IntN(2) == 0 }
