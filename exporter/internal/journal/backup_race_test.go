package journal_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"supportexporter/exporter/internal/journal"
	"supportexporter/exporter/internal/journal/simdisk"
)

// busy is the folder of a store at which something happens while it is backed
// up.
type busy struct {
	journal.FS
	lists  int
	opened func(name string)                                // before a file is opened
	read   func(name string, reads int, p []byte, at int64) // after some of it was read
}

func (b *busy) List() ([]string, error) {
	b.lists++
	return b.FS.List()
}

func (b *busy) Open(name string) (journal.File, error) {
	if b.opened != nil {
		b.opened(name)
	}
	f, err := b.FS.Open(name)
	return &busyFile{File: f, name: name, fs: b}, err
}

type busyFile struct {
	journal.File
	name  string
	fs    *busy
	reads int
}

func (f *busyFile) ReadAt(p []byte, at int64) (int, error) {
	n, err := f.File.ReadAt(p, at)
	f.reads++
	if f.fs.read != nil {
		f.fs.read(f.name, f.reads, p[:n], at)
	}
	return n, err
}

// TestBackupDuringCheckpoint has a checkpoint take away what was listed before it
// is opened: any of the files.
func TestBackupDuringCheckpoint(t *testing.T) {
	disk, state := sample(t)
	for nth := range len(disk.Names()) {
		disk := copyDisk(disk)
		s := mustOpen(t, disk, small)
		opens := 0
		from := &busy{FS: disk, opened: func(string) {
			if opens++; opens == nth+1 {
				s.mustCheckpoint(t)
				s.mustAppend(t, []byte("later"))
			}
		}}
		// The checkpoint is the first file that is opened, and what is open stays.
		checkBackup(t, from, append(slices.Clone(state), []byte("later")))
		if from.lists != 3 {
			t.Errorf("file %d: the folder was listed %d times, want 3: both attempts, and why the first one failed", nth, from.lists)
		}
	}
}

func TestBackupGivesUp(t *testing.T) {
	disk, _ := sample(t)
	s := mustOpen(t, disk, small)
	from := &busy{FS: disk, opened: func(string) {
		s.mustAppend(t, []byte("later"))
		s.mustCheckpoint(t)
	}}
	if _, err := journal.Backup(t.Context(), from, simdisk.New(nil), ignoreProgress); !errors.Is(err, os.ErrNotExist) || from.lists != 10 {
		t.Errorf("got %v after %d lists, want a missing file after 10", err, from.lists)
	}
}

// TestBackupOfFrameBeingWritten reads a frame before it is written, and the next
// one after it is: to whoever reads it looks like damage, and is none.
func TestBackupOfFrameBeingWritten(t *testing.T) {
	disk, state := sample(t)
	file := disk.Contents(segmentName(14))
	starts := offsets(file)
	for frame := 1; frame < len(starts)-2; frame++ { // the last of them is the last to be read early, too
		from := &busy{FS: disk, read: func(name string, reads int, p []byte, at int64) {
			if name == segmentName(14) && reads == 2 { // the header is the first
				clear(p[starts[frame]+7-at : starts[frame+1]-at])
			}
		}}
		checkBackup(t, from, state)
	}
}

// TestBackupOfHalfAFrame: what is being written while the log's end is read is
// left out.
func TestBackupOfHalfAFrame(t *testing.T) {
	disk, state := sample(t)
	name := segmentName(14)
	file := disk.Contents(name)
	starts := offsets(file)
	last, end := starts[len(starts)-2], starts[len(starts)-1]
	for _, from := range []int64{last, last + 1, last + 20, end - 1} {
		torn := slices.Clone(file)
		clear(torn[from:end])
		disk.SetContents(name, torn)
		checkBackup(t, disk, state[:len(state)-1])
	}
}

// TestBackupAgreesWithOpen flips bits all over a store: what Open refuses is
// not backed up, with the same file and offset, and what Open reads is.
func TestBackupAgreesWithOpen(t *testing.T) {
	disk, _ := sample(t)
	for _, name := range disk.Names() {
		file := disk.Contents(name)
		for i := 0; i < len(file); i += 5 {
			damaged := copyDisk(disk)
			file := slices.Clone(file)
			file[i] ^= 1 << (i % 8)
			damaged.SetContents(name, file)
			to := simdisk.New(nil)
			_, got := journal.Backup(t.Context(), damaged, to, ignoreProgress)
			s, want := open(damaged, small)
			if want == nil && got == nil {
				checkState(t, mustOpen(t, to, small).state, s.state)
			} else if whatIsCorrupt(got) != whatIsCorrupt(want) {
				t.Fatalf("%s, byte %d: Backup says %v, Open %v", name, i, got, want)
			}
		}
	}
}

func whatIsCorrupt(err error) string {
	if corrupt, ok := errors.AsType[*journal.CorruptError](err); ok {
		return fmt.Sprintf("%s at %d", corrupt.File, corrupt.Offset)
	}
	return fmt.Sprint(err)
}

func TestBackupRefuses(t *testing.T) {
	whole, _ := sample(t)
	without := func(name string) *simdisk.Disk {
		disk := copyDisk(whole)
		if err := disk.Remove(name); err != nil {
			t.Fatal(err)
		}
		return disk
	}
	taken := simdisk.New(nil)
	taken.SetContents("photo.jpg", nil)
	for _, tc := range []struct {
		name     string
		from, to *simdisk.Disk
		want     string
	}{
		{"no store", simdisk.New(nil), simdisk.New(nil), "backing up the store: the folder holds no store"},
		{"no checkpoint", without(checkpointName(5)), simdisk.New(nil), "backing up the store: the folder holds no store"},
		{"no log", without(segmentName(6)), simdisk.New(nil),
			"backing up the store: " + segmentName(6) + ", with which the log behind the checkpoint begins, is missing"},
		{"a gap", without(segmentName(10)), simdisk.New(nil), "backing up the store: " + segmentName(6) + " is corrupt at offset "},
		{"not empty", whole, taken, "the folder to back up to is not empty: it holds photo.jpg"},
		{"itself", whole, whole, "the folder to back up to is not empty: it holds " + checkpointName(5)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			names := tc.to.Names()
			_, err := journal.Backup(t.Context(), tc.from, tc.to, ignoreProgress)
			if err == nil || !strings.HasPrefix(err.Error(), tc.want) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
			if !slices.Equal(tc.to.Names(), names) {
				t.Errorf("it left %q", tc.to.Names())
			}
		})
	}
}

func TestReadOnlyTakesNoLock(t *testing.T) {
	dir := t.TempDir()
	s := mustOpenDir(t, dir)
	from, err := journal.ReadOnly(dir)
	if err != nil {
		t.Fatal(err)
	}
	if f, err := from.Open(segmentName(1)); err != nil {
		t.Error(err)
	} else if _, err := f.WriteAt([]byte("x"), 0); err == nil {
		t.Error("a file can be written to")
	}
	if err := errors.Join(from.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	if _, err := journal.ReadOnly(filepath.Join(dir, "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want that the folder is missing", err)
	}
}
