package journal_test

import (
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"supportexporter/exporter/internal/journal"
)

// group is as long as a group of 1,000 events.
func group() []byte {
	r := rand.New(rand.NewPCG(1, 1))
	b := make([]byte, 60_000)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func openBench(b *testing.B, dir string) *journal.Journal {
	b.Helper()
	fs, err := journal.OS(dir)
	if err != nil {
		b.Fatal(err)
	}
	j, err := journal.Open(fs, journal.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := j.Close(); err != nil {
			b.Error(err)
		}
	})
	return j
}

func BenchmarkAppend(b *testing.B) {
	j, p := openBench(b, b.TempDir()), group()
	b.SetBytes(int64(len(p)))
	b.ReportAllocs()
	var took []time.Duration
	for b.Loop() {
		start := time.Now()
		if err := j.Append(p); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
	}
	reportQuantiles(b, took)
}

// BenchmarkAppendBesideCheckpoint appends while checkpoints of 200 MB are
// written all the time, as fast as the disk takes them.
func BenchmarkAppendBesideCheckpoint(b *testing.B) {
	j, p := openBench(b, b.TempDir()), group()
	done := make(chan error, 1)
	done <- nil
	b.SetBytes(int64(len(p)))
	var took []time.Duration
	for b.Loop() {
		start := time.Now()
		if err := j.Append(p); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
		select {
		case err := <-done:
			c, startErr := j.StartCheckpoint()
			if err != nil || startErr != nil {
				b.Fatal(err, startErr)
			}
			go func() { done <- c.Write(body(p, 200_000_000)) }()
		default:
		}
	}
	reportQuantiles(b, took)
	if err := <-done; err != nil {
		b.Fatal(err)
	}
}

func body(p []byte, size int) func(io.Writer) error {
	return func(w io.Writer) error {
		for n := 0; n < size; n += len(p) {
			if _, err := w.Write(p); err != nil {
				return err
			}
		}
		return nil
	}
}

func reportQuantiles(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
	b.ReportMetric(float64(took[len(took)-1].Microseconds()), "max-µs")
}

// logged makes a log of 1,000 groups, 60 MB.
func logged(b *testing.B, dir string) int64 {
	b.Helper()
	fs, err := journal.OS(dir)
	if err != nil {
		b.Fatal(err)
	}
	j, err := journal.Open(fs, journal.Options{})
	if err != nil {
		b.Fatal(err)
	}
	p := group()
	for range 1000 {
		if err := j.Append(p); err != nil {
			b.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		b.Fatal(err)
	}
	return int64(1000 * len(p))
}

func BenchmarkReplay(b *testing.B) {
	dir := b.TempDir()
	b.SetBytes(logged(b, dir))
	j := openBench(b, dir)
	b.ReportAllocs()
	for b.Loop() {
		if err := j.Replay(func(uint64, []byte) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpen is what a start costs before Replay.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	b.SetBytes(logged(b, dir))
	b.ReportAllocs()
	for b.Loop() {
		fs, err := journal.OS(dir)
		if err != nil {
			b.Fatal(err)
		}
		j, err := journal.Open(fs, journal.Options{})
		if err != nil {
			b.Fatal(err)
		}
		if err := j.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRestore(b *testing.B) {
	dir := b.TempDir()
	fs, err := journal.OS(dir)
	if err != nil {
		b.Fatal(err)
	}
	s, err := open(fs, small)
	if err != nil {
		b.Fatal(err)
	}
	c, err := s.StartCheckpoint()
	if err != nil {
		b.Fatal(err)
	}
	if err := errors.Join(c.Write(body(group(), 60_000_000)), s.Close()); err != nil {
		b.Fatal(err)
	}
	j := openBench(b, dir)
	b.SetBytes(60_000_000)
	b.ReportAllocs()
	block := make([]byte, 64<<10)
	for b.Loop() {
		_, err := j.Restore(func(r io.Reader) error {
			_, err := io.CopyBuffer(io.Discard, struct{ io.Reader }{r}, block)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
