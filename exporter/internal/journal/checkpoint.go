package journal

import (
	"errors"
	"fmt"
	"io"
)

const (
	blockBytes = 256 << 10 // of a checkpoint's body, in one frame
	syncBytes  = 4 << 20   // of a checkpoint, after which it is synced
)

// Checkpoint is one being written. It covers the frames appended before it was
// started.
type Checkpoint struct {
	journal *Journal
	last    uint64 // the last frame it covers
	covered int64  // bytes of the log that it replaces
}

// StartCheckpoint ends the segment, so that what the checkpoint covers is in
// whole segments. The state to be written is the one after the last Append; only
// one checkpoint can be written at a time, and Write must be called, once.
//
// The new segment has its zeros ahead at once: a checkpoint that finds no room
// then takes none of the log's while it is written. If there is none for them
// either, it fails and nothing has changed. If it fails when the segment is to get
// its name, the journal has failed as after an Append.
func (j *Journal) StartCheckpoint() (*Checkpoint, error) {
	if j.err != nil {
		return nil, j.err
	}
	if !j.checkpointing.CompareAndSwap(false, true) {
		return nil, errors.New("starting a checkpoint: another is being written")
	}
	if j.first != j.next {
		s, err := j.makeSegment(j.zeros)
		if err != nil {
			j.checkpointing.Store(false)
			return nil, fmt.Errorf("starting a checkpoint: %w", err)
		}
		if err := j.enterSegment(s); err != nil {
			j.checkpointing.Store(false)
			return nil, j.fail(fmt.Errorf("starting a checkpoint: %w", err))
		}
	}
	return &Checkpoint{journal: j, last: j.next - 1, covered: j.logBytes.Load() - j.size}, nil
}

// Write writes the checkpoint, whose body is what body writes, puts it in force,
// and removes the log and the checkpoints it covers. Any goroutine may call it
// while frames are appended; body's writes need no buffer.
//
// If it fails, body's error among others, the journal goes on with the
// checkpoint and the log it has; the next checkpoint removes what this one could
// not.
func (c *Checkpoint) Write(body func(w io.Writer) error) error {
	defer c.journal.checkpointing.Store(false)
	name := checkpointName(c.last)
	size, err := c.write(name, body)
	if err != nil {
		_ = c.journal.fs.Remove(name + tempSuffix) // or Open does it
		return fmt.Errorf("writing %s: %w", name, err)
	}
	c.journal.checkpointBytes.Store(size)
	c.journal.logBytes.Add(-c.covered)
	return c.removeCovered()
}

func (c *Checkpoint) write(name string, body func(w io.Writer) error) (size int64, err error) {
	f, err := c.journal.fs.Create(name + tempSuffix)
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }() // what counts of it is synced
	if _, err := f.WriteAt(makeHeader(checkpointMagic, checkpointVersion, c.last), 0); err != nil {
		return 0, err
	}
	w := &blockWriter{file: f, offset: fileHeader, frame: make([]byte, frameHeader, frameHeader+blockBytes)}
	if err := body(w); err != nil {
		return 0, err
	}
	if err := w.finish(); err != nil {
		return 0, err
	}
	return w.offset, publish(c.journal.fs, f, name)
}

func (c *Checkpoint) removeCovered() error {
	fs := c.journal.fs
	in, err := listFolder(fs)
	if err != nil {
		return err
	}
	var errs []error
	for _, first := range in.segments {
		if first <= c.last {
			errs = append(errs, fs.Remove(segmentName(first)))
		}
	}
	for _, last := range in.checkpoints {
		if last < c.last {
			errs = append(errs, fs.Remove(checkpointName(last)))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("removing what a checkpoint covers: %w", err)
	}
	return nil
}

// blockWriter writes a checkpoint's body as frames.
type blockWriter struct {
	file   File
	offset int64  // where the next frame goes
	synced int64  // up to where the file is synced
	number uint64 // of the frame written last
	frame  []byte // header and payload, as far as it is filled
	err    error  // that of the first write that failed
}

func (w *blockWriter) Write(p []byte) (int, error) {
	written := 0
	for len(p) > 0 {
		n := min(len(p), cap(w.frame)-len(w.frame))
		w.frame = append(w.frame, p[:n]...)
		p = p[n:]
		if len(w.frame) == cap(w.frame) {
			if err := w.flush(); err != nil {
				return written, err
			}
		}
		written += n
	}
	return written, nil
}

func (w *blockWriter) flush() error {
	if w.err != nil {
		return w.err
	}
	w.number++
	sealFrame(w.frame, w.number, salt{})
	if _, w.err = w.file.WriteAt(w.frame, w.offset); w.err != nil {
		return w.err
	}
	w.offset += int64(len(w.frame))
	w.frame = w.frame[:frameHeader]
	return w.sync()
}

// sync syncs what was written, once it is long enough. Synced as a whole, at the end,
// a long checkpoint would fill the disk's queue, and every Append beside it would wait
// for all of it.
func (w *blockWriter) sync() error {
	if w.offset-w.synced < syncBytes {
		return nil
	}
	w.synced = w.offset
	w.err = w.file.Sync()
	return w.err
}

// finish writes what is left, and the empty frame that ends the body.
func (w *blockWriter) finish() error {
	if len(w.frame) > frameHeader {
		if err := w.flush(); err != nil {
			return err
		}
	}
	return w.flush()
}
