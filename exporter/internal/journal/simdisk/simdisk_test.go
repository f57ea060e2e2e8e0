package simdisk_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"slices"
	"testing"

	"supportexporter/exporter/internal/journal"
	"supportexporter/exporter/internal/journal/simdisk"
)

var errInjected = errors.New("injected")

func never() bool  { return false }
func always() bool { return true }

// alternate keeps the first, the third and so on.
func alternate() func() bool {
	n := 0
	return func() bool {
		n++
		return n%2 == 1
	}
}

// must gives v if a call of a disk succeeded.
func must[V any](t *testing.T) func(v V, err error) V {
	return func(v V, err error) V {
		t.Helper()
		check(t, err)
		return v
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// synced makes a file that survives a crash.
func synced(t *testing.T, d *simdisk.Disk, name string, b []byte) journal.File {
	t.Helper()
	f := must[journal.File](t)(d.Create(name))
	must[int](t)(f.WriteAt(b, 0))
	check(t, f.Sync())
	check(t, d.SyncDir())
	return f
}

func checkContents(t *testing.T, d *simdisk.Disk, name string, want []byte) {
	t.Helper()
	if got := d.Contents(name); !bytes.Equal(got, want) {
		t.Errorf("%s holds %.20q of %d bytes, want %.20q of %d", name, got, len(got), want, len(want))
	}
}

func checkNames(t *testing.T, d *simdisk.Disk, want ...string) {
	t.Helper()
	if got := d.Names(); !slices.Equal(got, want) {
		t.Errorf("the folder holds %q, want %q", got, want)
	}
}

func TestCrashForgetsUnsyncedBytes(t *testing.T) {
	old, changed := bytes.Repeat([]byte("a"), 1500), bytes.Repeat([]byte("b"), 2500)
	for _, tc := range []struct {
		name string
		keep func() bool
		want []byte
	}{
		{"all", never, old},
		{"nothing", always, changed},
		{"every second sector", alternate(), slices.Concat(
			changed[:512], old[:512], changed[:512], make([]byte, 512), changed[:2500-4*512])},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := simdisk.New(tc.keep)
			f := synced(t, d, "f", old)
			must[int](t)(f.WriteAt(changed, 0))
			checkContents(t, d, "f", changed)
			d.Crash()
			checkContents(t, d, "f", tc.want)
			d.Crash()
			checkContents(t, d, "f", tc.want)
		})
	}
}

func TestCrashForgetsUnsyncedNames(t *testing.T) {
	for _, tc := range []struct {
		name string
		keep func() bool
		want []string
	}{
		{"all", never, []string{"a", "b"}},
		{"nothing", always, []string{"b2", "c"}},
		{"every second change", alternate(), []string{"b", "c"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := simdisk.New(tc.keep)
			synced(t, d, "a", nil)
			synced(t, d, "b", nil)
			check(t, d.Remove("a"))
			check(t, d.Rename("b", "b2"))
			must[journal.File](t)(d.Create("c"))
			checkNames(t, d, "b2", "c")
			d.Crash()
			checkNames(t, d, tc.want...)
		})
	}
}

// TestSyncedBytesNeedASyncedName: a file of which only the bytes were synced is
// gone.
func TestSyncedBytesNeedASyncedName(t *testing.T) {
	d := simdisk.New(nil)
	f := must[journal.File](t)(d.Create("f"))
	check(t, f.Sync())
	d.Crash()
	checkNames(t, d)
}

func TestCreateMayBringTheOldBack(t *testing.T) {
	d := simdisk.New(nil)
	synced(t, d, "f", []byte("old"))
	must[journal.File](t)(d.Create("f"))
	checkContents(t, d, "f", []byte{})
	d.Crash()
	checkContents(t, d, "f", []byte("old"))
}

func TestReadAt(t *testing.T) {
	d := simdisk.New(nil)
	d.SetContents("f", []byte("0123456789"))
	f := must[journal.File](t)(d.Open("f"))
	if size := must[int64](t)(f.Size()); size != 10 {
		t.Errorf("the size is %d, want 10", size)
	}
	got, err := io.ReadAll(io.NewSectionReader(f, 2, 100))
	if err != nil || string(got) != "23456789" {
		t.Errorf("got %q, %v", got, err)
	}
	if n, err := f.ReadAt(make([]byte, 1), 10); n != 0 || err != io.EOF {
		t.Errorf("at the end: got %d, %v", n, err)
	}
}

func TestNoSuchFile(t *testing.T) {
	d := simdisk.New(nil)
	_, openErr := d.Open("f")
	for _, err := range []error{openErr, d.Rename("f", "g"), d.Remove("f")} {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("got %v, want that there is no such file", err)
		}
	}
	if d.Contents("f") != nil {
		t.Error("a file that is not there has contents")
	}
}

func TestDamage(t *testing.T) {
	d := simdisk.New(nil)
	d.SetContents("f", []byte("a"))
	d.SetContents("g", []byte("b"))
	d.Delete("f")
	d.Crash()
	checkNames(t, d, "g")
	checkContents(t, d, "g", []byte("b"))
}
