package journal_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"supportexporter/exporter/internal/journal"
	"supportexporter/exporter/internal/journal/simdisk"
)

// TestFormat spells the bytes of a small store out, against the picture in the
// package comment: what is on disk must be readable by every later version.
func TestFormat(t *testing.T) {
	disk := simdisk.New(nil)
	s := mustOpen(t, disk, journal.Options{SegmentBytes: 64})
	s.mustAppend(t, []byte("one"))
	s.mustCheckpoint(t)
	s.mustAppend(t, []byte("second"))
	const (
		magicLog   = "7375702d6c6f670a"
		magicCheck = "7375702d63686b0a"
		version    = "01000000"
	)
	for name, want := range map[string]string{
		"00000000000000000001.checkpoint": magicCheck + version + "0100000000000000" + "273b3a2b" +
			"07000000" + "0100000000000000" + "50775bdb" + "000000036f6e65" + // the body
			"00000000" + "0200000000000000" + "134f18b9", // its end
		"00000000000000000002.log": magicLog + version + "0200000000000000" + "bcbe3061" +
			"06000000" + "0200000000000000" + "f0838a6f" + "7365636f6e64" +
			strings.Repeat("00", 64-16-6), // zeros written ahead
	} {
		if got := hex.EncodeToString(disk.Contents(name)); got != want {
			t.Errorf("%s holds\n%s, want\n%s", name, got, want)
		}
	}
	if got := disk.Names(); len(got) != 2 {
		t.Errorf("the folder holds %q", got)
	}
}

func TestAppendAndReplay(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var all [][]byte
	for _, n := range []int{0, 1, 4096 - 24 - 2*16 - 1, 1, 4096 - 24 - 16, 4096, 0, 100_000, 0, 10} {
		p := make([]byte, n)
		for i := range p {
			p[i] = byte(r.Uint32())
		}
		all = append(all, p)
	}
	disk := simdisk.New(nil)
	s := mustOpen(t, disk, small)
	s.mustAppend(t, all...)
	checkNames(t, disk, 1, 3, 5, 6, 7, 8, 9) // as full as they get
	s = mustOpen(t, disk, small)
	checkState(t, s.state, all)
	if got := s.TornBytes(); got != 0 {
		t.Errorf("%d bytes were torn, want none", got)
	}
	s.mustAppend(t, []byte("more"))
	checkState(t, mustOpen(t, disk, small).state, append(all, []byte("more")))
}

// checkNames compares the segments of a store without a checkpoint.
func checkNames(t *testing.T, disk *simdisk.Disk, firsts ...uint64) {
	t.Helper()
	var want []string
	for _, first := range firsts {
		want = append(want, segmentName(first))
	}
	if got := disk.Names(); !slices.Equal(got, want) {
		t.Errorf("the folder holds %q, want %q", got, want)
	}
}

func TestStartsWithoutAppendsLeaveOneSegment(t *testing.T) {
	disk := simdisk.New(nil)
	for range 3 {
		mustOpen(t, disk, small)
	}
	checkNames(t, disk, 1)
	mustOpen(t, disk, small).mustAppend(t, []byte("a"))
	for range 3 {
		checkState(t, mustOpen(t, disk, small).state, [][]byte{[]byte("a")})
	}
	checkNames(t, disk, 1, 2)
}

func TestPayloadTooLong(t *testing.T) {
	s := mustOpen(t, simdisk.New(nil), small)
	part := make([]byte, journal.MaxPayload/64)
	parts := slices.Repeat([][]byte{part}, 65)
	want := "appending frame 1: its 68157440 bytes are more than 67108864"
	if err := s.Append(parts...); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := s.Err(); err != nil {
		t.Errorf("a payload too long failed the journal: %v", err)
	}
	if testing.Short() {
		return
	}
	if err := s.Append(parts[:64]...); err != nil {
		t.Errorf("the longest payload: %v", err)
	}
}

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

func TestSizeIsThatOfTheFiles(t *testing.T) {
	disk := simdisk.New(nil)
	s := mustOpen(t, disk, small)
	check := func(when string) {
		t.Helper()
		var wantLog, wantCheckpoint int64
		for _, name := range disk.Names() {
			if strings.HasSuffix(name, ".log") {
				wantLog += int64(len(disk.Contents(name)))
			} else {
				wantCheckpoint += int64(len(disk.Contents(name)))
			}
		}
		if log, checkpoint := s.Size(); log != wantLog || checkpoint != wantCheckpoint {
			t.Errorf("%s: got %d and %d, want %d and %d", when, log, checkpoint, wantLog, wantCheckpoint)
		}
	}
	check("new")
	s.mustAppend(t, payloads(1, 20)...)
	check("after appends")
	s.mustCheckpoint(t)
	check("after a checkpoint")
	s.mustCheckpoint(t)
	check("after another of the same frame")
	failNext(disk, simdisk.Write)
	if err := s.Append([]byte("a")); err == nil {
		t.Fatal("the write did not fail")
	}
	disk.FailWith(nil)
	if err := s.Reopen(); err != nil {
		t.Fatal(err)
	}
	check("after a failed append")
	s.mustAppend(t, payloads(2, 20)...)
	s = mustOpen(t, disk, small)
	check("after a restart")
	s = mustOpen(t, disk, small)
	check("after a restart without appends")
}

func TestClosedJournal(t *testing.T) {
	dir := t.TempDir()
	s := mustOpenDir(t, dir)
	s.mustAppend(t, []byte("a"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	want := "journal failed: it is closed"
	if err := s.Append([]byte("b")); err == nil || err.Error() != want {
		t.Errorf("append: got %v, want %s", err, want)
	}
	if err := s.Reopen(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("reopen: got %v, want that it is closed", err)
	}
}

func TestAppendAllocatesNothing(t *testing.T) {
	fs, err := journal.OS(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, fs, journal.Options{})
	defer s.Close()
	part := bytes.Repeat([]byte("x"), 500)
	allocs := testing.AllocsPerRun(20, func() {
		if err := s.Append(part, part); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("an append makes %v allocations", allocs)
	}
}
