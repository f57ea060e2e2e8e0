package e2e

import (
	"encoding/binary"
	"hash/crc32"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// What makeStore leaves: a checkpoint, and behind it three files of the log with a
// frame each.
const (
	checkpoint1 = "00000000000000000001.checkpoint"
	log2        = "00000000000000000002.log"
	log3        = "00000000000000000003.log"
	log4        = "00000000000000000004.log"
)

// makeStore runs an exporter in a folder, stops it once and kills it three times.
func makeStore(t *testing.T, dir string) {
	t.Helper()
	for i := range 4 {
		e := startExporter(t, dir)
		e.mustPush(`{"conversation_id": "c-` + strconv.Itoa(i) + `", "turns": 1}`)
		if i == 0 {
			e.stop()
		} else {
			e.kill()
		}
	}
	for _, name := range []string{checkpoint1, log2, log3, log4} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Fatalf("%v; there are %v", err, glob(t, dir, "*"))
		}
	}
}

// A store that cannot be used is refused with one error, which says what is
// wrong and where, and stays as it is.
func TestRefusedStores(t *testing.T) {
	t.Parallel()
	without := func(names ...string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			makeStore(t, dir)
			for _, name := range names {
				remove(t, filepath.Join(dir, name))
			}
		}
	}
	fromTheFuture := func(name string, version uint32) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			makeStore(t, dir)
			change(t, filepath.Join(dir, name), func(file []byte) {
				binary.LittleEndian.PutUint32(file[8:], version)
				binary.LittleEndian.PutUint32(file[20:], crc32.Checksum(file[:20], crc32.MakeTable(crc32.Castagnoli)))
			})
		}
	}
	flipped := func(name string, at int) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			makeStore(t, dir)
			change(t, filepath.Join(dir, name), func(file []byte) { file[at] ^= 1 })
		}
	}
	const opening = ": opening the journal: "
	for _, tc := range []struct {
		name string
		make func(t *testing.T, dir string)
		want string // behind "opening the store in" and the folder
	}{
		{"no first file of the log", without(log2), opening + log2 + " is missing: the log behind " + checkpoint1 + " begins with it"},
		{"no log", without(log2, log3, log4), opening + log2 + " is missing: the log behind " + checkpoint1 + " begins with it"},
		{"no file of the log between", without(log3), opening + log2 + " is corrupt at offset 72: frame 3 should follow, but the next file is " + log4},
		{"no checkpoint", without(checkpoint1), opening + "00000000000000000001.log is missing: without a checkpoint the log begins with it"},
		{"a damaged checkpoint", flipped(checkpoint1, 100), opening + checkpoint1 + " is corrupt at offset 24: frame 1 is damaged: its checksum is wrong"},
		{"a damaged frame", flipped(log3, 60), opening + log3 + " is corrupt at offset 40: frame 3 is damaged: its checksum is wrong"},
		{"a log of a later version", fromTheFuture(log4, 3), opening + log4 + " has format version 3, this program reads versions up to 2"},
		{"a checkpoint of a later version", fromTheFuture(checkpoint1, 2), opening + checkpoint1 + " has format version 2, this program reads versions up to 1"},
		{"somebody else's folder", func(t *testing.T, dir string) { rewrite(t, filepath.Join(dir, "photo.jpg"), "not a store") },
			opening + "the folder is neither empty nor a support_exporter store: it holds photo.jpg"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			tc.make(t, dir)
			before := contents(t, dir)
			wantRefused(t, dir, "opening the store in "+dir+tc.want)
			if after := contents(t, dir); !maps.Equal(after, before) {
				t.Errorf("the folder holds %v, and held %v", slices.Collect(maps.Keys(after)), slices.Collect(maps.Keys(before)))
			}
		})
	}
}

// A folder that cannot be used is refused likewise.
func TestRefusedFolders(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		make func(t *testing.T, dir string) (store string)
		want string // with the store's name for %
	}{
		{"a file", func(t *testing.T, dir string) string {
			rewrite(t, filepath.Join(dir, "data"), "not a folder")
			return filepath.Join(dir, "data")
		}, "opening the store: making the store's folder: mkdir %: not a directory"},
		{"below a file", func(t *testing.T, dir string) string {
			rewrite(t, filepath.Join(dir, "file"), "not a folder")
			return filepath.Join(dir, "file", "data")
		}, "opening the store: making the store's folder: stat %: not a directory"},
		{"not to be written to", func(t *testing.T, dir string) string {
			if os.Geteuid() == 0 {
				t.Skip("root may write to any folder")
			}
			if err := os.Chmod(dir, 0o500); err != nil {
				t.Fatal(err)
			}
			return dir
		}, "opening the store: locking the store's folder %: openat LOCK: permission denied"},
		{"to be made on a read-only disk", func(t *testing.T, _ string) string {
			disk := mountDisk(t, "1m")
			makeReadOnly(t, disk)
			return filepath.Join(disk, "data")
		}, "opening the store: making the store's folder: mkdir %: read-only file system"},
		{"on a read-only disk", func(t *testing.T, _ string) string {
			disk := mountDisk(t, "1m")
			makeReadOnly(t, disk)
			return disk
		}, "opening the store: locking the store's folder %: openat LOCK: read-only file system"},
		{"a store on a read-only disk", func(t *testing.T, _ string) string {
			disk := mountDisk(t, "16m")
			makeStore(t, disk)
			makeReadOnly(t, disk)
			return disk
		}, "opening the store: locking the store's folder %: openat LOCK: read-only file system"},
		{"on a full disk", func(t *testing.T, _ string) string {
			disk := mountDisk(t, "16m")
			makeStore(t, filepath.Join(disk, "data"))
			ballast(t, disk, 0)
			return filepath.Join(disk, "data")
		}, "opening the store in %: opening the journal: write %/00000000000000000005.log: no space left on device"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			store := tc.make(t, t.TempDir())
			wantRefused(t, store, strings.ReplaceAll(tc.want, "%", store))
		})
	}
}

// A second process on a store is sent away, and the first does not notice.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	store := t.TempDir()
	first := startExporter(t, store)
	wantRefused(t, store, "opening the store: locking the store's folder "+store+": another process has it")
	first.mustPush(`{"conversation_id": "c-1", "turns": 1}`)
	first.stop()
	startExporter(t, store).stop()
}

var failedWith = regexp.MustCompile(`msg="support_exporter failed\." err=("(?:[^"\\]|\\.)*")`)

// wantRefused checks that an exporter ends with code 1 and exactly this error.
func wantRefused(t *testing.T, store, want string) {
	t.Helper()
	e := launchExporter(t, store)
	e.expectError("support_exporter failed.")
	if code := e.exitCode(); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	var got string
	if m := failedWith.FindStringSubmatch(e.output.String()); m != nil {
		got, _ = strconv.Unquote(m[1])
	}
	if got != want {
		t.Errorf("got the error\n%s\nwant\n%s", got, want)
	}
}

// change rewrites a file.
func change(t *testing.T, path string, edit func([]byte)) {
	t.Helper()
	file := []byte(readFile(t, path))
	edit(file)
	rewrite(t, path, string(file))
}

// contents gives a folder's files by name, but for the one that is locked.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, path := range glob(t, dir, "*") {
		all[filepath.Base(path)] = readFile(t, path)
	}
	delete(all, "LOCK")
	return all
}
