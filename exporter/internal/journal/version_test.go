package journal_test

import (
	"bytes"
	"testing"

	"supportexporter/exporter/internal/journal/simdisk"
)

// TestStoresOfEveryVersion opens the sample as programs left it that wrote each
// version. They stay as they are until a checkpoint takes their place; what is
// written behind them has today's version.
func TestStoresOfEveryVersion(t *testing.T) {
	for _, folder := range []string{"version1", "version2"} {
		t.Run(folder, func(t *testing.T) {
			disk, state := stored(t, folder)
			before := copyDisk(disk)
			checkBackup(t, disk, state)
			s := mustOpen(t, disk, small)
			checkState(t, s.state, state)
			s.mustAppend(t, []byte("more"))
			for _, name := range before.Names() {
				if !bytes.Equal(disk.Contents(name), before.Contents(name)) {
					t.Errorf("%s has changed", name)
				}
			}
			if got := disk.Contents(segmentName(18))[8]; got != 2 {
				t.Errorf("a new segment has version %d", got)
			}
			checkBackup(t, disk, s.state)
			disk.Crash()
			s = mustOpen(t, disk, small)
			checkState(t, s.state, append(state, []byte("more")))
			s.mustCheckpoint(t)
			checkState(t, mustOpen(t, disk, small).state, s.state)
		})
	}
}

// TestSegmentOfVersion1WithoutFrames has its place taken by a new one.
func TestSegmentOfVersion1WithoutFrames(t *testing.T) {
	for _, behind := range [][]byte{nil, make([]byte, 1000), bytes.Repeat([]byte("torn"), 10)} {
		disk := simdisk.New(nil)
		disk.SetContents(segmentName(1), append(header("sup-log\n", 1, 1), behind...))
		s := mustOpen(t, disk, small)
		s.mustAppend(t, []byte("a"))
		disk.Crash()
		checkState(t, mustOpen(t, disk, small).state, s.state)
		if got := disk.Contents(segmentName(1))[8]; got != 2 {
			t.Errorf("it still has version %d", got)
		}
	}
}
