package bench

import (
	"iter"
	"os"
	"testing"
	"time"
)

// BenchmarkRestart opens a store of a million events: once as a crash leaves
// it, a log that no checkpoint covers, and once as a regular stop does, a
// checkpoint. The files are in the page cache, as they are after a restart of
// the process. A busy machine shows in the time and not in the CPU time, which is
// that of opening and nothing else.
func BenchmarkRestart(b *testing.B) {
	n := sized(1_000_000, 50_000)
	crashed, stopped := b.TempDir(), b.TempDir()
	fillStore(b, stopped, crashed, n)
	r := rounds{}
	perMillion := 1e6 / float64(n)
	for r.next(b) {
		r.reopen(b, "log", crashed, perMillion)
		r.reopen(b, "checkpoint", stopped, perMillion)
	}
	r.report(b)
}

// fillStore commits n events to a store in stopped, and copies it to crashed
// before it is closed.
func fillStore(b *testing.B, stopped, crashed string, n int) {
	b.Helper()
	const batch = 1000
	l := openLedger(b, stopped, options(noCheckpoint))
	next, stop := iter.Pull(events(1, true, n))
	defer stop()
	c := committer{ledger: l, next: next}
	for range n / batch {
		c.commit(b, batch)
	}
	copyStore(b, stopped, crashed)
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
}

// reopen takes the seconds that it takes to open a copy of a store. It is a
// copy because closing it would write a checkpoint.
func (r rounds) reopen(b *testing.B, name, store string, perMillion float64) {
	b.Helper()
	dir := b.TempDir()
	copyStore(b, store, dir)
	before, began := cpuOf(b, os.Getpid()), time.Now()
	l := openLedger(b, dir, options(noCheckpoint))
	r.add(name+"-s/Mevent", time.Since(began).Seconds()*perMillion)
	r.add(name+"-cpu-s/Mevent", (cpuOf(b, os.Getpid())-before).Seconds()*perMillion)
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		b.Fatal(err)
	}
}

func copyStore(b *testing.B, from, to string) {
	b.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		b.Fatal(err)
	}
}
