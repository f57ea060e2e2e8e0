package backfill

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/prometheus/prometheus/tsdb/fileutil"
)

// workFile is what a work folder's state is written down in.
const workFile = "backfill.json"

// work is a folder in which a backfill makes its blocks before they go where
// they belong, and which remembers what was asked for and how far it came.
type work struct {
	dir  string
	lock fileutil.Releaser
	note
}

// note is what is written down.
type note struct {
	Arguments map[string]string `json:"arguments"`
	Recipe    string            `json:"recipe"`           // a hash of the rules and of the configuration
	Now       time.Time         `json:"now"`              // when the first run began: the history's latest end
	Blocks    []ulid.ULID       `json:"blocks,omitempty"` // all, once they are made
	Made      *Result           `json:"made,omitempty"`   // what is in them
	Finished  *Result           `json:"finished,omitempty"`
}

// openWork opens the folder of this backfill, or begins one. isNew is called
// before it does.
func openWork(dir string, want note, isNew func() error) (_ *work, err error) {
	w := &work{dir: dir, note: want}
	b, err := os.ReadFile(filepath.Join(dir, workFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := isNew(); err != nil {
			return nil, err
		}
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	default:
		w.note = note{}
		if err := json.Unmarshal(b, &w.note); err != nil {
			return nil, fmt.Errorf("reading %s: %w", filepath.Join(dir, workFile), err)
		}
		if err := w.same(want); err != nil {
			return nil, err
		}
	}
	if w.lock, _, err = fileutil.Flock(filepath.Join(dir, "lock")); err != nil {
		return nil, fmt.Errorf("%s is in use by another backfill: %w", dir, err)
	}
	if err := w.save(); err != nil {
		return nil, errors.Join(err, w.lock.Release())
	}
	return w, nil
}

// same says whether the folder is of the backfill that is asked for. Rules and
// configuration may have changed since it was finished.
func (w *work) same(want note) error {
	state, way := "an unfinished", "take that folder away to begin anew"
	if w.Finished != nil {
		state, way = "a finished", "another one needs new folders"
	}
	names := slices.Sorted(maps.Keys(want.Arguments))
	for _, name := range names {
		if have, want := w.Arguments[name], want.Arguments[name]; have != want {
			return fmt.Errorf("%s is of %s backfill with %s %q, not %q: %s", w.dir, state, name, have, want, way)
		}
	}
	if w.Finished == nil && w.Recipe != want.Recipe {
		return fmt.Errorf("%s is of %s backfill with other rules or another configuration: %s", w.dir, state, way)
	}
	return nil
}

func (w *work) save() error {
	b, err := json.MarshalIndent(&w.note, "", "  ")
	if err != nil {
		return err
	}
	return writeSynced(filepath.Join(w.dir, workFile), append(b, '\n'))
}

// key tells this backfill from all others.
func (w *work) key() string {
	b, _ := json.Marshal([]any{w.Arguments, w.Recipe, w.Now}) // maps are written in the order of their keys
	return string(b)
}

// has says whether the block of a period is there, whole.
func (w *work) has(id ulid.ULID) bool {
	_, err := os.Stat(filepath.Join(w.dir, id.String()))
	return err == nil
}

// publish moves the blocks to where Prometheus finds them. A block that is not
// here has been moved before, and may have been compacted since.
func (w *work) publish(blocks []ulid.ULID, made Result, dir string) error {
	w.Blocks, w.Made = blocks, &made
	if err := w.save(); err != nil {
		return err
	}
	for _, id := range blocks {
		if !w.has(id) {
			continue
		}
		if err := fileutil.Rename(filepath.Join(w.dir, id.String()), filepath.Join(dir, id.String())); err != nil {
			return fmt.Errorf("moving a block to %s: %w", dir, err)
		}
	}
	return nil
}

// finish writes down that nothing is left to do, and clears the folder.
func (w *work) finish(r Result, blocks []ulid.ULID) error {
	w.Finished = &r
	if err := w.save(); err != nil {
		return err
	}
	var errs []error
	for _, id := range blocks {
		errs = append(errs, os.RemoveAll(filepath.Join(w.dir, id.String())))
	}
	return errors.Join(errs...)
}
