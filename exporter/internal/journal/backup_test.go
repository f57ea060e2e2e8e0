package journal_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"supportexporter/exporter/internal/journal"
	"supportexporter/exporter/internal/journal/simdisk"
)

func ignoreProgress(int64, int64) {}

// checkBackup backs a disk up, opens the copy and compares it.
func checkBackup(t *testing.T, from journal.FS, want [][]byte) journal.BackupResult {
	t.Helper()
	to := simdisk.New(nil)
	got, err := journal.Backup(t.Context(), from, to, ignoreProgress)
	if err != nil {
		t.Fatal(err)
	}
	to.Crash() // what is not durable by now is lost
	if n := uint64(len(want)); got.Frame != n || got.Files != len(to.Names()) {
		t.Errorf("got %+v, want frame %d and the files %q", got, n, to.Names())
	}
	checkState(t, mustOpen(t, to, small).state, want)
	return got
}

func TestBackup(t *testing.T) {
	disk := simdisk.New(nil)
	s := mustOpen(t, disk, small)
	s.mustCheckpoint(t)
	checkBackup(t, disk, s.state)
	s.mustAppend(t, payloads(1, 30)...)
	checkBackup(t, disk, s.state)
	s.mustCheckpoint(t)
	checkBackup(t, disk, s.state)
	s.mustAppend(t, payloads(2, 30)...)
	if got := checkBackup(t, disk, s.state); got.Files < 3 || got.Bytes < 30*100 {
		t.Errorf("got %+v, want a checkpoint and some segments", got)
	}
	// What a checkpoint could not remove is not copied.
	failNext(disk, simdisk.Remove)
	if err := s.checkpoint(); err == nil {
		t.Fatal("nothing failed")
	}
	if got := checkBackup(t, disk, s.state); got.Files != 2 {
		t.Errorf("got %+v, want a checkpoint and an empty segment", got)
	}
}

func TestBackupTellsOfItsProgress(t *testing.T) {
	disk := simdisk.New(nil)
	s := mustOpen(t, disk, small)
	s.mustCheckpoint(t)
	s.mustAppend(t, payloads(1, 30)...)
	last := int64(0)
	got, err := journal.Backup(t.Context(), disk, simdisk.New(nil), func(done, total int64) {
		if done <= last || done > total {
			t.Errorf("%d of %d bytes, after %d", done, total, last)
		}
		last = done
	})
	if err != nil || last != got.Bytes {
		t.Errorf("progress ended at %d bytes, want %d: %v", last, got.Bytes, err)
	}
}

// TestBackupBesideAppends backs up a folder again and again while frames are
// appended and checkpoints written as fast as it goes, in segments of a few
// frames. Every copy is what the store was at some moment of the backup.
func TestBackupBesideAppends(t *testing.T) {
	dir := t.TempDir()
	s := mustOpenDir(t, dir)
	s.mustCheckpoint(t)
	want := payloads(5, 100_000)
	var begun, acknowledged atomic.Uint64
	stop, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- appendUntil(s, want, &begun, &acknowledged, stop) }()

	from, err := journal.ReadOnly(dir)
	if err != nil {
		t.Fatal(err)
	}
	backups := 60
	if testing.Short() {
		backups = 10
	}
	for range backups {
		output := filepath.Join(t.TempDir(), "backup")
		least := acknowledged.Load()
		backup(t, from, output)
		most := begun.Load()
		restored := mustOpenDir(t, output)
		if n := uint64(len(restored.state)); n < least || n > most {
			t.Errorf("the copy has %d frames, want %d to %d", n, least, most)
		}
		checkState(t, restored.state, want[:len(restored.state)])
		if err := restored.Close(); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	if err := errors.Join(<-done, s.Close()); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d backups beside %d frames", backups, acknowledged.Load())
	output := t.TempDir()
	backup(t, from, output)
	restored := mustOpenDir(t, output)
	checkState(t, restored.state, s.state)
	if err := errors.Join(restored.Close(), from.Close()); err != nil {
		t.Fatal(err)
	}
}

// backup backs up to a folder of the real file system.
func backup(t *testing.T, from journal.FS, output string) {
	t.Helper()
	to, err := journal.OS(output)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := journal.Backup(t.Context(), from, to, ignoreProgress); err != nil {
		t.Fatal(err)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
}

// appendUntil appends payloads, and writes a checkpoint beside it every 40 of
// them, until there are no more or it is stopped.
func appendUntil(s *store, all [][]byte, begun, acknowledged *atomic.Uint64, stop <-chan struct{}) error {
	written := make(chan error, 1)
	written <- nil
	for i, p := range all {
		select {
		case <-stop:
			return <-written
		default:
		}
		if i%40 == 0 {
			if err := <-written; err != nil {
				return err
			}
			c, err := s.StartCheckpoint()
			if err != nil {
				return err
			}
			state := slices.Clone(s.state)
			go func() { written <- c.Write(write(state)) }()
		}
		begun.Add(1)
		if err := s.append(p); err != nil {
			return errors.Join(err, <-written)
		}
		acknowledged.Add(1)
	}
	return <-written
}

// TestBackupFails: whatever the disk that is written to does, nothing is left on
// it, or nothing that is taken for a store.
func TestBackupFails(t *testing.T) {
	disk := simdisk.New(nil)
	s := mustOpen(t, disk, small)
	s.mustAppend(t, payloads(1, 5)...)
	s.mustCheckpoint(t)
	s.mustAppend(t, payloads(2, 30)...)
	for _, op := range []simdisk.Op{simdisk.Create, simdisk.Write, simdisk.Sync, simdisk.Rename, simdisk.SyncDir} {
		for nth := 1; ; nth++ {
			to := simdisk.New(nil)
			failNth(to, op, nth)
			_, err := journal.Backup(t.Context(), disk, to, ignoreProgress)
			if err == nil {
				if nth < 3 {
					t.Errorf("%s was done only %d times", op, nth)
				}
				break
			}
			if !errors.Is(err, errInjected) {
				t.Fatalf("%s %d: got %v, want %v", op, nth, err, errInjected)
			}
			if names := to.Names(); len(names) > 0 {
				t.Errorf("%s %d failed and left %q", op, nth, names)
			}
		}
	}
}

func TestBackupIsInterrupted(t *testing.T) {
	disk := simdisk.New(nil)
	s := mustOpen(t, disk, small)
	s.mustCheckpoint(t)
	s.mustAppend(t, payloads(1, 30)...)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	to := simdisk.New(nil)
	if _, err := journal.Backup(ctx, disk, to, ignoreProgress); !errors.Is(err, context.Canceled) || len(to.Names()) > 0 {
		t.Errorf("got %v and the files %q", err, to.Names())
	}
}
