package journal_test

import (
	"errors"
	"io"
	"slices"
	"testing"

	"supportexporter/exporter/internal/journal"
	"supportexporter/exporter/internal/journal/simdisk"
)

func TestCheckpointReplacesTheLog(t *testing.T) {
	disk := simdisk.New(nil)
	s := mustOpen(t, disk, small)
	s.mustAppend(t, payloads(1, 30)...)
	s.mustCheckpoint(t)
	want := []string{checkpointName(30), segmentName(31)}
	if got := disk.Names(); !slices.Equal(got, want) {
		t.Errorf("the folder holds %q, want %q", got, want)
	}
	s.mustAppend(t, payloads(2, 5)...)
	s.mustCheckpoint(t)
	s.mustAppend(t, payloads(3, 5)...)
	disk.Crash()
	checkState(t, mustOpen(t, disk, small).state, s.state)
}

func TestCheckpointOfNothing(t *testing.T) {
	disk := simdisk.New(nil)
	s := mustOpen(t, disk, small)
	if restored, err := s.Restore(s.read); restored || err != nil {
		t.Errorf("restored from an empty store: %v, %v", restored, err)
	}
	s.mustCheckpoint(t) // with an empty body
	s = mustOpen(t, disk, small)
	if restored, err := s.Restore(s.read); !restored || err != nil {
		t.Errorf("not restored from a checkpoint before the first frame: %v", err)
	}
	s.mustAppend(t, []byte("a"))
	checkState(t, mustOpen(t, disk, small).state, s.state)
}

// TestCheckpointBodyLengths has bodies that end at and beside a block's end.
func TestCheckpointBodyLengths(t *testing.T) {
	const block = 256 << 10
	for _, n := range []int{1, block - 5, block - 4, block - 3, 3*block - 4, 3 * block} {
		disk := simdisk.New(nil)
		s := mustOpen(t, disk, small)
		s.mustAppend(t, make([]byte, n))
		s.mustCheckpoint(t)
		checkState(t, mustOpen(t, disk, small).state, s.state)
	}
}

// TestCheckpointBesideAppends writes checkpoints in one goroutine while another
// appends, and has the race detector watch.
func TestCheckpointBesideAppends(t *testing.T) {
	dir := t.TempDir()
	s := mustOpenDir(t, dir)
	done := make(chan error, 1)
	done <- nil
	for i, p := range payloads(4, 300) {
		if i%10 == 0 {
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			c, err := s.StartCheckpoint()
			if err != nil {
				t.Fatal(err)
			}
			state := slices.Clone(s.state)
			go func() { done <- c.Write(write(state)) }()
		}
		s.mustAppend(t, p)
		s.Size()
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := mustOpenDir(t, dir)
	defer again.Close()
	checkState(t, again.state, s.state)
}

func TestOneCheckpointAtATime(t *testing.T) {
	s := mustOpen(t, simdisk.New(nil), small)
	c, err := s.StartCheckpoint()
	if err != nil {
		t.Fatal(err)
	}
	want := "starting a checkpoint: another is being written"
	if _, err := s.StartCheckpoint(); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := c.Write(write(nil)); err != nil {
		t.Fatal(err)
	}
	s.mustCheckpoint(t)
}

// TestCheckpointFails: the journal goes on with what it has, and nothing is
// left of the attempt.
func TestCheckpointFails(t *testing.T) {
	bad := errors.New("no such state")
	ignored := func(w io.Writer) error {
		_, _ = w.Write(make([]byte, 300<<10))
		return nil
	}
	for _, tc := range []struct {
		name string
		fail simdisk.Op
		nth  int
		body func(io.Writer) error
		want error
	}{
		{"body", "", 1, func(io.Writer) error { return bad }, bad},
		{"create", simdisk.Create, 1, write(nil), errInjected},
		{"header", simdisk.Write, 1, write(nil), errInjected},
		{"block", simdisk.Write, 2, write([][]byte{make([]byte, 300<<10)}), errInjected},
		{"block whose error body ignores", simdisk.Write, 2, ignored, errInjected},
		{"last block", simdisk.Write, 2, write([][]byte{[]byte("a")}), errInjected},
		{"end", simdisk.Write, 2, write(nil), errInjected},
		{"sync", simdisk.Sync, 1, write(nil), errInjected},
		{"rename", simdisk.Rename, 1, write(nil), errInjected},
	} {
		t.Run(tc.name, func(t *testing.T) {
			disk := simdisk.New(nil)
			s := mustOpen(t, disk, small)
			s.mustAppend(t, payloads(1, 5)...)
			s.mustCheckpoint(t)
			s.mustAppend(t, payloads(2, 5)...)
			c, err := s.StartCheckpoint()
			if err != nil {
				t.Fatal(err)
			}
			names := disk.Names()
			failNth(disk, tc.fail, tc.nth)
			if err := c.Write(tc.body); !errors.Is(err, tc.want) {
				t.Fatalf("got %v, want %v", err, tc.want)
			}
			if got := disk.Names(); !slices.Equal(got, names) {
				t.Errorf("the folder holds %q, want %q", got, names)
			}
			s.mustAppend(t, []byte("a"))
			checkState(t, mustOpen(t, copyDisk(disk), small).state, s.state)
			s.mustCheckpoint(t)
			checkState(t, mustOpen(t, disk, small).state, s.state)
		})
	}
}

// TestCheckpointCannotRemove leaves covered files behind, which the next
// checkpoint removes.
func TestCheckpointCannotRemove(t *testing.T) {
	disk := simdisk.New(nil)
	s := mustOpen(t, disk, small)
	s.mustAppend(t, payloads(1, 30)...)
	failNext(disk, simdisk.Remove)
	want := "removing what a checkpoint covers: injected"
	if err := s.checkpoint(); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	s.mustAppend(t, []byte("a"))
	s = mustOpen(t, disk, small)
	s.mustCheckpoint(t)
	if got, want := disk.Names(), []string{checkpointName(31), segmentName(32)}; !slices.Equal(got, want) {
		t.Errorf("the folder holds %q, want %q", got, want)
	}
}

// TestCheckpointDamagedAfterOpen has a reader that takes less than the body.
func TestCheckpointDamagedAfterOpen(t *testing.T) {
	disk := simdisk.New(nil)
	s := mustOpen(t, disk, small)
	s.mustAppend(t, make([]byte, 300<<10))
	s.mustCheckpoint(t)
	j, err := journal.Open(disk, small)
	if err != nil {
		t.Fatal(err)
	}
	name := checkpointName(1)
	file := disk.Contents(name)
	disk.SetContents(name, append(file[:len(file)-1], file[len(file)-1]^1))
	_, err = j.Restore(func(r io.Reader) error {
		_, err := io.ReadFull(r, make([]byte, 100))
		return err
	})
	checkCorrupt(t, err, name, int64(len(file)-16))
	checkError(t, err, "restoring "+name+": ")
}

func TestRestoreReaderFails(t *testing.T) {
	disk := simdisk.New(nil)
	s := mustOpen(t, disk, small)
	s.mustAppend(t, []byte("a"))
	s.mustCheckpoint(t)
	j, err := journal.Open(disk, small)
	if err != nil {
		t.Fatal(err)
	}
	bad := errors.New("an unknown state")
	if _, err := j.Restore(func(io.Reader) error { return bad }); !errors.Is(err, bad) {
		t.Errorf("got %v, want %v", err, bad)
	}
}

func TestReplayApplyFails(t *testing.T) {
	disk := simdisk.New(nil)
	s := mustOpen(t, disk, small)
	s.mustAppend(t, []byte("a"), []byte("b"), []byte("c"))
	j, err := journal.Open(disk, small)
	if err != nil {
		t.Fatal(err)
	}
	err = j.Replay(func(seq uint64, _ []byte) error {
		if seq == 2 {
			return errors.New("an unknown event")
		}
		return nil
	})
	want := "replaying the log: frame 2 of 00000000000000000001.log: an unknown event"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
