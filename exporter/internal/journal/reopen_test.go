package journal_test

import (
	"errors"
	"testing"

	"supportexporter/exporter/internal/journal"
	"supportexporter/exporter/internal/journal/simdisk"
)

// TestFailedFrameIsGoneAfterReopen has a sync fail of a frame that is on the
// disk for all that. A client was told to send it again, so it must not count.
func TestFailedFrameIsGoneAfterReopen(t *testing.T) {
	disk := simdisk.New(func() bool { return true })
	s := mustOpen(t, disk, small)
	s.mustAppend(t, []byte("a"))
	failNext(disk, simdisk.Sync)
	err := s.append([]byte("failed"))
	if !errors.Is(err, journal.ErrFailed) || !errors.Is(err, errInjected) {
		t.Fatalf("got %v, want a failure of the disk", err)
	}
	want := "journal failed: appending frame 2: injected"
	if err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	if _, err := s.StartCheckpoint(); !errors.Is(err, journal.ErrFailed) {
		t.Errorf("a failed journal starts a checkpoint: %v", err)
	}
	if err := s.Reopen(); err != nil || s.Err() != nil {
		t.Fatalf("reopen: %v, %v", err, s.Err())
	}
	checkState(t, mustOpen(t, copyDisk(disk), small).state, [][]byte{[]byte("a")})
	s.mustAppend(t, []byte("b"))
	disk.Crash()
	checkState(t, mustOpen(t, disk, small).state, s.state)
	checkNames(t, disk, 1, 2, 3)
}

// failNth fails the n-th operation of a kind, from now and from 1.
func failNth(disk *simdisk.Disk, kind simdisk.Op, n int) {
	disk.FailWith(func(op simdisk.Op, _ string) error {
		if op != kind {
			return nil
		}
		if n--; n != 0 {
			return nil
		}
		return errInjected
	})
}

func failNext(disk *simdisk.Disk, kind simdisk.Op) { failNth(disk, kind, 1) }

// TestFrameGoodInMemoryAlone: a sync fails, the program is killed, and the next
// one finds the frame whole. It must not build on it before it is on the disk.
func TestFrameGoodInMemoryAlone(t *testing.T) {
	disk := simdisk.New(nil)
	s := mustOpen(t, disk, small)
	s.mustAppend(t, []byte("a"))
	failNext(disk, simdisk.Sync)
	if err := s.append([]byte("b")); err == nil {
		t.Fatal("the sync did not fail")
	}
	s = mustOpen(t, disk, small)
	checkState(t, s.state, [][]byte{[]byte("a"), []byte("b")})
	s.mustAppend(t, []byte("c"))
	disk.Crash()
	checkState(t, mustOpen(t, disk, small).state, s.state)
}

func TestReopenFails(t *testing.T) {
	disk := simdisk.New(nil)
	s := mustOpen(t, disk, small)
	s.mustAppend(t, []byte("a"))
	if err := s.Reopen(); err != nil {
		t.Errorf("reopening a journal that is well: %v", err)
	}
	checkNames(t, disk, 1)
	disk.FailWith(func(simdisk.Op, string) error { return errInjected })
	failed := s.Append([]byte("b"))
	want := "reopening the journal at frame 2: injected"
	if err := s.Reopen(); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := s.Append([]byte("c")); err != failed {
		t.Errorf("got %v, want the first error, %v", err, failed)
	}
}
