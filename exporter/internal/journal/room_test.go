package journal_test

import (
	"slices"
	"testing"

	"supportexporter/exporter/internal/journal/simdisk"
)

// TestCheckpointWithoutRoom: where there is no room to start a checkpoint nothing
// has changed, and where there is, the log has its own before the checkpoint takes
// any.
func TestCheckpointWithoutRoom(t *testing.T) {
	disk := simdisk.New(nil)
	s := mustOpen(t, disk, small)
	s.mustAppend(t, []byte("a"))
	names := disk.Names()
	failNext(disk, simdisk.Write)
	_, err := s.StartCheckpoint()
	if err == nil || err.Error() != "starting a checkpoint: injected" || s.Err() != nil {
		t.Fatalf("got %v, and the journal has %v", err, s.Err())
	}
	if got := disk.Names(); !slices.Equal(got, names) {
		t.Errorf("the folder holds %q, want %q", got, names)
	}
	s.mustAppend(t, []byte("b"))

	c, err := s.StartCheckpoint()
	if err != nil {
		t.Fatal(err)
	}
	state := slices.Clone(s.state)
	failNth(disk, simdisk.Write, 2) // the first is the frame's
	s.mustAppend(t, []byte("c"))
	disk.FailWith(nil)
	if err := c.Write(write(state)); err != nil {
		t.Fatal(err)
	}
	disk.Crash()
	checkState(t, mustOpen(t, disk, small).state, s.state)
}
