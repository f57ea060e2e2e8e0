package journal

import (
	"errors"
	"testing"
)

// unsyncedFile counts the bytes that were written and not yet synced.
type unsyncedFile struct {
	File
	unsynced, most int
	syncs          int
	failAt         int // the sync that fails, 0 for none
}

func (f *unsyncedFile) WriteAt(p []byte, _ int64) (int, error) {
	f.unsynced += len(p)
	f.most = max(f.most, f.unsynced)
	return len(p), nil
}

func (f *unsyncedFile) Sync() error {
	f.unsynced = 0
	if f.syncs++; f.syncs == f.failAt {
		return errors.New("sync failed")
	}
	return nil
}

func newBlocks(f File) *blockWriter {
	return &blockWriter{file: f, offset: fileHeader, frame: make([]byte, frameHeader, frameHeader+blockBytes)}
}

// However long a checkpoint is, little of it waits to be synced at any time.
func TestCheckpointIsSyncedOnTheWay(t *testing.T) {
	f := &unsyncedFile{}
	w := newBlocks(f)
	if _, err := w.Write(make([]byte, 10*syncBytes)); err != nil {
		t.Fatal(err)
	}
	if err := w.finish(); err != nil {
		t.Fatal(err)
	}
	if limit := syncBytes + blockBytes + frameHeader; f.most > limit {
		t.Errorf("want at most %d bytes unsynced at any time, got %d", limit, f.most)
	}
	if f.syncs > 11 {
		t.Errorf("want a sync for every %d bytes, got %d for ten times as many", syncBytes, f.syncs)
	}
}

func TestCheckpointWhoseSyncFailsOnTheWay(t *testing.T) {
	w := newBlocks(&unsyncedFile{failAt: 2})
	_, err := w.Write(make([]byte, 10*syncBytes))
	if err == nil || w.finish() == nil {
		t.Errorf("want the error of the sync from Write and from finish, got %v", err)
	}
}
