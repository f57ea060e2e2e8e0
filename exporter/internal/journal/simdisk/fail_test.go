package simdisk_test

import (
	"errors"
	"slices"
	"testing"

	"supportexporter/exporter/internal/journal"
	"supportexporter/exporter/internal/journal/simdisk"
)

// TestFailedSyncIsNotMadeUpFor: the next one succeeds, and the bytes are lost.
func TestFailedSyncIsNotMadeUpFor(t *testing.T) {
	d := simdisk.New(nil)
	f := synced(t, d, "f", []byte("old"))
	must[int](t)(f.WriteAt([]byte("new"), 0))
	d.FailWith(func(simdisk.Op, string) error { return errInjected })
	if err := f.Sync(); !errors.Is(err, errInjected) {
		t.Errorf("got %v, want %v", err, errInjected)
	}
	d.FailWith(nil)
	check(t, f.Sync())
	checkContents(t, d, "f", []byte("new"))
	d.Crash()
	checkContents(t, d, "f", []byte("old"))
}

func TestFailedSyncDirIsNotMadeUpFor(t *testing.T) {
	d := simdisk.New(nil)
	synced(t, d, "a", nil)
	check(t, d.Rename("a", "b"))
	d.FailWith(func(simdisk.Op, string) error { return errInjected })
	if err := d.SyncDir(); !errors.Is(err, errInjected) {
		t.Errorf("got %v, want %v", err, errInjected)
	}
	d.FailWith(nil)
	check(t, d.SyncDir())
	checkNames(t, d, "b")
	d.Crash()
	checkNames(t, d, "a")
}

// TestFailedOperations fails each kind, on a disk on which it has happened all
// the same and on one on which it has not.
func TestFailedOperations(t *testing.T) {
	for _, tc := range []struct {
		op            simdisk.Op
		name          string
		do            func(d *simdisk.Disk, f journal.File) error
		not, happened []string // names and contents
	}{
		{simdisk.Create, "b", func(d *simdisk.Disk, _ journal.File) error { _, err := d.Create("b"); return err },
			[]string{"a=data"}, []string{"a=data", "b="}},
		{simdisk.Rename, "a", func(d *simdisk.Disk, _ journal.File) error { return d.Rename("a", "c") },
			[]string{"a=data"}, []string{"c=data"}},
		{simdisk.Remove, "a", func(d *simdisk.Disk, _ journal.File) error { return d.Remove("a") },
			[]string{"a=data"}, nil},
		{simdisk.Write, "a", func(_ *simdisk.Disk, f journal.File) error { _, err := f.WriteAt([]byte("more"), 4); return err },
			[]string{"a=data"}, []string{"a=datamore"}},
		{simdisk.Open, "a", func(d *simdisk.Disk, _ journal.File) error { _, err := d.Open("a"); return err },
			[]string{"a=data"}, []string{"a=data"}},
		{simdisk.Read, "a", func(_ *simdisk.Disk, f journal.File) error { _, err := f.ReadAt(make([]byte, 1), 0); return err },
			[]string{"a=data"}, []string{"a=data"}},
		{simdisk.List, "", func(d *simdisk.Disk, _ journal.File) error { _, err := d.List(); return err },
			[]string{"a=data"}, []string{"a=data"}},
	} {
		for _, keep := range []bool{false, true} {
			d := simdisk.New(func() bool { return keep })
			f := synced(t, d, "a", []byte("data"))
			d.FailWith(func(op simdisk.Op, name string) error {
				if op != tc.op || name != tc.name {
					t.Errorf("asked about %s %q, want %s %q", op, name, tc.op, tc.name)
				}
				return errInjected
			})
			if err := tc.do(d, f); !errors.Is(err, errInjected) {
				t.Errorf("%s: got %v, want %v", tc.op, err, errInjected)
			}
			var got []string
			for _, name := range d.Names() {
				got = append(got, name+"="+string(d.Contents(name)))
			}
			want := tc.not
			if keep {
				want = tc.happened
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s, happened %v: the folder holds %q, want %q", tc.op, keep, got, want)
			}
		}
	}
}
