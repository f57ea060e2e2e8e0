package bench

import (
	"os"
	"slices"
	"testing"
	"time"

	"supportexporter/exporter/internal/conversation"
	"supportexporter/exporter/internal/event"
)

// BenchmarkCheckpoint commits 100 events every 5 ms, in process, while a checkpoint
// of a million conversations is written, and as long again while none is. A tenth of
// the events are about any of the conversations, so that their records have to be
// kept from the checkpoint. freeze-ms is for how long the committer does nothing else
// to fix what the checkpoint holds.
func BenchmarkCheckpoint(b *testing.B) {
	c := newCrowd(sized(1_000_000, 50_000))
	store, building := b.TempDir(), b.TempDir()
	l := c.fill(b, building)
	copyStore(b, building, store) // without a checkpoint, so that the first commit begins one
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
	r := rounds{}
	for r.next(b) {
		dir := b.TempDir()
		copyStore(b, store, dir)
		r.checkpoint(b, dir, c)
		if err := os.RemoveAll(dir); err != nil {
			b.Fatal(err)
		}
	}
	r.add("beside-worst-ms", slices.Max(r["beside-max-ms"]))
	r.add("freeze-ms", freeze(b, int(c.known)))
	r.report(b)
}

func (r rounds) checkpoint(b *testing.B, dir string, c *crowd) {
	b.Helper()
	const batch = 100
	o := options(1)
	l := openLedger(b, dir, o)
	committer := committer{ledger: l, next: func() (*event.Event, bool) { return c.mixed(), true }}
	first := o.Metrics.CheckpointBytes.Get()
	began := time.Now()
	commit := func() {
		committer.commit(b, batch)
		time.Sleep(5*time.Millisecond - committer.took[len(committer.took)-1])
	}
	for o.Metrics.CheckpointBytes.Get() == first {
		commit()
	}
	r.add("checkpoint-s", time.Since(began).Seconds())
	r.waits("beside", committer.took)
	during := len(committer.took)
	committer.took = nil
	for range during {
		commit()
	}
	r.waits("without", committer.took)
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
}

// waits takes how long commits took.
func (r rounds) waits(name string, took []time.Duration) {
	slices.Sort(took)
	r.add(name+"-p50-ms", milliseconds(took[len(took)/2]))
	r.add(name+"-max-ms", milliseconds(took[len(took)-1]))
}

// freeze gives the milliseconds that conversation.State.Freeze takes.
func freeze(b *testing.B, conversations int) float64 {
	b.Helper()
	s := conversation.New(make([]byte, conversation.SecretBytes), 0, settings())
	for c := newCrowd(conversations); s.Tracked() < conversations; {
		s.Apply(c.whole())
	}
	began := time.Now()
	if _, err := s.Freeze(); err != nil {
		b.Fatal(err)
	}
	return milliseconds(time.Since(began))
}
