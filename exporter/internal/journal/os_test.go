package journal_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"supportexporter/exporter/internal/journal"
)

func openDir(dir string) (*store, error) {
	fs, err := journal.OS(dir)
	if err != nil {
		return nil, err
	}
	return open(fs, small)
}

func mustOpenDir(t *testing.T, dir string) *store {
	t.Helper()
	s, err := openDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestFolderIsMade(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "var", "data")
	s := mustOpenDir(t, dir+string(filepath.Separator)) // as the default --storage.path
	s.mustAppend(t, payloads(1, 30)...)
	s.mustCheckpoint(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(filepath.Join(parent, "var"), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if mode := info.Mode().Perm(); mode&0o077 != 0 {
			t.Errorf("%s has mode %o, which is not the owner's alone", path, mode)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	again := mustOpenDir(t, dir)
	defer again.Close()
	checkState(t, again.state, s.state)
}

func TestOneProcessAtATime(t *testing.T) {
	dir := t.TempDir()
	s := mustOpenDir(t, dir)
	want := "locking the store's folder " + dir + ": another process has it"
	if _, err := openDir(dir); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := mustOpenDir(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
}

func TestFailedOpenGivesTheFolderUp(t *testing.T) {
	dir := t.TempDir()
	foreign := filepath.Join(dir, "passwd")
	if err := os.WriteFile(foreign, []byte("root"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openDir(dir); err == nil {
		t.Fatal("a folder that is not a store was opened")
	}
	if err := os.Remove(foreign); err != nil {
		t.Fatal(err)
	}
	if err := mustOpenDir(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
}

func TestFileSystemsOwnFolderIsNoFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "lost+found"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := mustOpenDir(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
}

func TestFolderThatCannotBe(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, filepath.Join(file, "data")} {
		_, err := journal.OS(path)
		if !errors.Is(err, syscall.ENOTDIR) || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: got %v, want that it is no folder", path, err)
		}
	}
}

func TestReadOnlyFolder(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("no folder is read-only to root")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, filepath.Join(dir, "data")} {
		if _, err := journal.OS(path); !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, want that it may not be written to", path, err)
		}
	}
}

// TestErrorsNameTheFile: by the name that it has, and not the temporary one that it
// was made under.
func TestErrorsNameTheFile(t *testing.T) {
	dir, err := journal.OS(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	f, err := dir.Create("a.log.tmp")
	if err == nil {
		err = errors.Join(dir.Rename("a.log.tmp", "a.log"), f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	_, writeErr := f.WriteAt([]byte("x"), 0)
	for _, err := range []error{writeErr, f.Sync()} {
		path, ok := errors.AsType[*fs.PathError](err)
		if !ok || filepath.Base(path.Path) != "a.log" {
			t.Errorf("got %v, want a.log to be named", err)
		}
	}
}
