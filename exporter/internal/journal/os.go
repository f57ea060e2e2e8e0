package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// lockName is the file whose flock says that a process uses the folder.
const lockName = "LOCK"

// OS gives the folder dir of the real file system, and makes it if it is not
// there: folders with mode 0700, files with 0600. Until Close no other process
// gets it; a second one has an error that says so.
func OS(dir string) (FS, error) {
	dir = filepath.Clean(dir)
	if err := makeDir(dir); err != nil {
		return nil, fmt.Errorf("making the store's folder: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the store's folder: %w", err)
	}
	lock, err := acquire(root)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("locking the store's folder %s: %w", dir, err), root.Close())
	}
	return &osFS{root: root, lock: lock}, nil
}

// makeDir is os.MkdirAll that also syncs the folders it adds to: a store must
// not vanish in a crash because its folder did.
func makeDir(dir string) error {
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		return &fs.PathError{Op: "mkdir", Path: dir, Err: unix.ENOTDIR}
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent := filepath.Dir(dir)
	if err := makeDir(parent); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	f, err := os.Open(parent)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func acquire(root *os.Root) (*os.File, error) {
	f, err := root.OpenFile(lockName, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = errors.New("another process has it")
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

type osFS struct {
	root *os.Root
	lock *os.File
}

func (o *osFS) Create(name string) (File, error) {
	return o.open(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC)
}

func (o *osFS) Open(name string) (File, error) { return o.open(name, os.O_RDWR) }

func (o *osFS) open(name string, flag int) (File, error) {
	f, err := o.root.OpenFile(name, flag, 0o600)
	if err != nil {
		return nil, err // not a nil *os.File in a File
	}
	return osFile{f}, nil
}

func (o *osFS) Rename(from, to string) error { return o.root.Rename(from, to) }

func (o *osFS) Remove(name string) error { return o.root.Remove(name) }

func (o *osFS) List() ([]string, error) {
	entries, err := fs.ReadDir(o.root.FS(), ".")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		// A file system of its own brings its lost+found along.
		if name := e.Name(); name != lockName && name != "lost+found" {
			names = append(names, name)
		}
	}
	return names, nil
}

func (o *osFS) SyncDir() error {
	d, err := o.root.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Close releases the lock; the file stays, as removing it would let two
// processes lock two files of that name.
func (o *osFS) Close() error { return errors.Join(o.lock.Close(), o.root.Close()) }

type osFile struct{ *os.File }

func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (f osFile) WriteAt(p []byte, offset int64) (int, error) {
	n, err := f.File.WriteAt(p, offset)
	return n, underItsName(err)
}

func (f osFile) Sync() error { return underItsName(datasync(f.File)) }

// underItsName has an error name the file by the name that it got, or is to get.
// An open file knows but the temporary one that it was made under.
func underItsName(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		e.Path = strings.TrimSuffix(e.Path, tempSuffix)
	}
	return err
}
