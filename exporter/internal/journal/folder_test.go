package journal_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"

	"supportexporter/exporter/internal/journal/simdisk"
)

func checkError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestMissingFiles(t *testing.T) {
	for _, tc := range []struct{ name, file, want string }{
		{"checkpoint", checkpointName(5),
			segmentName(1) + " is missing: without a checkpoint the log begins with it"},
		{"first segment", segmentName(6), segmentName(6) + " is missing: the log behind " + checkpointName(5) + " begins with it"},
		{"segment between", segmentName(10), segmentName(6) + " is corrupt at offset 904: frame 10 should follow, but the next file is " + segmentName(14)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			disk, _ := sample(t)
			disk.Delete(tc.file)
			_, err := open(disk, small)
			checkError(t, err, tc.want)
		})
	}
}

func TestHighestNumber(t *testing.T) {
	disk, _ := sample(t)
	disk.SetContents(segmentName(math.MaxUint64), header("sup-log\n", 2, math.MaxUint64))
	_, err := open(disk, small)
	checkCorrupt(t, err, segmentName(14), 904)
}

// TestLogEndsBeforeACheckpoint: that the newest checkpoint is damaged must not
// hide that frames it covered are missing.
func TestLogEndsBeforeACheckpoint(t *testing.T) {
	disk, _ := twoCheckpoints(t)
	damage(disk, checkpointName(17))
	for _, first := range []uint64{10, 14, 18} {
		disk.Delete(segmentName(first))
	}
	_, err := open(disk, small)
	checkError(t, err, "the log ends with frame 9, before "+checkpointName(17))
}

func TestOnlyACheckpoint(t *testing.T) {
	disk, _ := sample(t)
	for _, first := range []uint64{6, 10, 14} {
		disk.Delete(segmentName(first))
	}
	_, err := open(disk, small)
	checkError(t, err, segmentName(6)+" is missing")
}

func TestFolderThatIsNoStore(t *testing.T) {
	disk := simdisk.New(nil)
	for _, name := range []string{"1.log", "00000000000000000001.txt", "x.tmp", "wal"} {
		disk.SetContents(name, nil)
	}
	_, err := open(disk, small)
	checkError(t, err, "opening the journal: the folder is neither empty nor a support_exporter store: "+
		"it holds 00000000000000000001.txt, 1.log, wal")
}

func TestForeignFilesBesideAStore(t *testing.T) {
	disk, state := sample(t)
	disk.SetContents("notes.txt", []byte("do not touch"))
	s := mustOpen(t, disk, small)
	checkState(t, s.state, state)
	s.mustCheckpoint(t)
	if got := string(disk.Contents("notes.txt")); got != "do not touch" {
		t.Errorf("a foreign file holds %q", got)
	}
}

func TestUnfinishedFilesAreRemoved(t *testing.T) {
	disk, state := sample(t)
	disk.SetContents(checkpointName(17)+".tmp", []byte("unfinished"))
	disk.SetContents(segmentName(18)+".tmp", nil)
	checkState(t, mustOpen(t, disk, small).state, state)
	for _, name := range disk.Names() {
		if strings.HasSuffix(name, ".tmp") {
			t.Errorf("%s is still there", name)
		}
	}
}

// TestVersionFromTheFuture is refused as such, and not as damage: there must be
// no falling back to an older checkpoint.
func TestVersionFromTheFuture(t *testing.T) {
	disk, _ := twoCheckpoints(t)
	for name, version := range map[string]uint32{checkpointName(17): 1, segmentName(18): 2} {
		future := copyDisk(disk)
		file := future.Contents(name)
		binary.LittleEndian.PutUint32(file[8:], version+1)
		binary.LittleEndian.PutUint32(file[20:], crc(file[:20]))
		future.SetContents(name, file)
		_, err := open(future, small)
		want := fmt.Sprintf("opening the journal: %s has format version %d, this program reads versions up to %d", name, version+1, version)
		checkError(t, err, want)
		if strings.Contains(err.Error(), "corrupt") {
			t.Errorf("%v speaks of damage", err)
		}
	}
}

func TestCheckpointThatGoesOn(t *testing.T) {
	disk, _ := sample(t)
	name := checkpointName(5)
	file := disk.Contents(name)
	disk.SetContents(name, append(file, 0))
	_, err := open(disk, small)
	checkCorrupt(t, err, name, int64(len(file)))
	checkError(t, err, "something follows the end")
}

func TestFileUnderAnothersName(t *testing.T) {
	disk, _ := sample(t)
	disk.SetContents(segmentName(10), disk.Contents(segmentName(6)))
	_, err := open(disk, small)
	checkCorrupt(t, err, segmentName(10), 0)
	checkError(t, err, "its header has number 6")

	disk.SetContents(segmentName(10), disk.Contents(checkpointName(5)))
	_, err = open(disk, small)
	checkCorrupt(t, err, segmentName(10), 0)
	checkError(t, err, `it begins with "sup-chk\n" and not with "sup-log\n"`)
}

// twoCheckpoints is sample with another checkpoint, after frame 17, and one more
// frame, as a crash leaves it that comes before anything is removed.
func twoCheckpoints(t *testing.T) (*simdisk.Disk, [][]byte) {
	t.Helper()
	disk, _ := sample(t)
	s := mustOpen(t, disk, small)
	disk.FailWith(func(op simdisk.Op, _ string) error {
		if op == simdisk.Remove {
			return errInjected
		}
		return nil
	})
	if err := s.checkpoint(); err == nil {
		t.Fatal("the removal did not fail")
	}
	disk.FailWith(nil)
	s.mustAppend(t, []byte("later"))
	return disk, s.state
}

// TestDamagedCheckpoint has the older one serve in place of the newer.
func TestDamagedCheckpoint(t *testing.T) {
	disk, state := twoCheckpoints(t)
	damage(disk, checkpointName(17))
	again := mustOpen(t, disk, small)
	checkState(t, again.state, state)

	gap := copyDisk(disk)
	gap.Delete(segmentName(10))
	_, err := open(gap, small)
	checkError(t, err, checkpointName(17)+" is corrupt at offset 24: frame 1 is damaged: its checksum is wrong")
	checkError(t, err, segmentName(6)+" is corrupt at offset 904")

	both := copyDisk(disk)
	damage(both, checkpointName(5))
	_, err = open(both, small)
	checkError(t, err, checkpointName(17)+" is corrupt")
	checkError(t, err, checkpointName(5)+" is corrupt")

	again.mustCheckpoint(t) // and the damaged one is gone
	checkState(t, mustOpen(t, disk, small).state, state)
	for _, name := range disk.Names() {
		if name == checkpointName(17) {
			t.Errorf("%s is still there", name)
		}
	}
}

func damage(disk *simdisk.Disk, name string) {
	file := disk.Contents(name)
	file[100] ^= 1
	disk.SetContents(name, file)
}
