package journal

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
)

// ErrFailed is wrapped by every error of a journal that takes no more frames
// until it is reopened.
var ErrFailed = errors.New("journal failed")

const (
	defaultSegmentBytes = 16 << 20
	zeroChunk           = 1 << 20 // how far zeros are written ahead
)

// Options are a journal's settings.
type Options struct {
	// SegmentBytes is the length at which a segment is full; 0 is 16 MiB. A
	// frame that is longer has a segment for itself.
	SegmentBytes int64
}

// Journal is an open log with its checkpoint.
//
// One goroutine calls its methods, but for Size, which any may call, and for
// Checkpoint.Write, which may go on beside Append.
type Journal struct {
	fs           FS
	segmentBytes int64
	zeros        []byte

	base     uint64 // the last frame the checkpoint covers, 0 if there is none
	restored bool   // whether there is a checkpoint
	log      []span // what Replay reads
	torn     int64

	err    error  // why nothing can be appended, if so
	next   uint64 // the number of the next frame
	active File   // the segment that is appended to
	salt   salt   // of it
	first  uint64 // the number of its first frame
	end    int64  // where its next frame goes
	size   int64  // the file's; zeros from end on
	frame  []byte

	checkpointing   atomic.Bool
	logBytes        atomic.Int64
	checkpointBytes atomic.Int64
}

// Append writes one frame, whose payload is all parts one behind the other, and
// returns when it is durable. The payload may have MaxPayload bytes at most.
//
// After a failed write or sync the frame may turn out to be durable, unless
// Reopen succeeds: then it is not. Until then every Append fails with the same
// error, which wraps ErrFailed and the cause.
func (j *Journal) Append(parts ...[]byte) error {
	if j.err != nil {
		return j.err
	}
	length := 0
	for _, p := range parts {
		length += len(p)
	}
	if length > MaxPayload {
		return fmt.Errorf("appending frame %d: its %d bytes are more than %d", j.next, length, MaxPayload)
	}
	j.frame = slices.Grow(j.frame[:0], frameHeader+length)[:frameHeader]
	for _, p := range parts {
		j.frame = append(j.frame, p...)
	}
	if err := j.write(); err != nil {
		return j.fail(fmt.Errorf("appending frame %d: %w", j.next, err))
	}
	return nil
}

// write puts the frame behind the last one, in a new segment if this one is
// full.
func (j *Journal) write() error {
	length := int64(len(j.frame))
	if j.first != j.next && j.end+length > j.segmentBytes {
		if err := j.startSegment(); err != nil {
			return err
		}
	}
	sealFrame(j.frame, j.next, j.salt)
	if err := j.writeZeros(j.end + length); err != nil {
		return err
	}
	if _, err := j.active.WriteAt(j.frame, j.end); err != nil {
		return err
	}
	if err := j.active.Sync(); err != nil {
		return err
	}
	j.end += length
	j.next++
	return nil
}

// writeZeros makes the segment reach this offset, or farther. What it writes is
// synced along with the next frame.
func (j *Journal) writeZeros(offset int64) error {
	for j.size < offset {
		if _, err := j.active.WriteAt(j.zeros, j.size); err != nil {
			return err
		}
		j.size += int64(len(j.zeros))
		j.logBytes.Add(int64(len(j.zeros)))
	}
	return nil
}

// startSegment begins the segment of the next frame, durably. It takes the
// place of a segment of that name, which has no frame that counts.
func (j *Journal) startSegment() error {
	s, err := j.makeSegment(nil)
	if err != nil {
		return err
	}
	return j.enterSegment(s)
}

// makeSegment writes the segment of the next frame under its temporary name, with
// zeros ahead of the first frame. If it fails, nothing has changed.
func (j *Journal) makeSegment(zeros []byte) (newSegment, error) {
	name := segmentName(j.next) + tempSuffix
	f, err := j.fs.Create(name)
	if err != nil {
		return newSegment{}, err
	}
	header, salt := makeSegmentHeader(j.next)
	if _, err = f.WriteAt(append(header, zeros...), 0); err != nil {
		err = errors.Join(err, f.Close())
		_ = j.fs.Remove(name) // gives back the room it took; or Open does it
		return newSegment{}, err
	}
	return newSegment{f, salt, int64(saltedHeader + len(zeros))}, nil
}

// newSegment is one that has no frame yet, nor its name.
type newSegment struct {
	file File
	salt salt
	size int64
}

// enterSegment gives a new segment its name, and goes on in it.
func (j *Journal) enterSegment(s newSegment) error {
	if err := publish(j.fs, s.file, segmentName(j.next)); err != nil {
		return errors.Join(err, s.file.Close())
	}
	if j.active != nil {
		_ = j.active.Close() // all that counts of it is synced
		if j.first == j.next {
			j.logBytes.Add(-j.size)
		}
	}
	j.active, j.salt, j.first, j.end, j.size = s.file, s.salt, j.next, saltedHeader, s.size
	j.logBytes.Add(s.size)
	return nil
}

func (j *Journal) fail(cause error) error {
	j.err = fmt.Errorf("%w: %w", ErrFailed, cause)
	return j.err
}

// Err is why nothing can be appended, nil if all is well.
func (j *Journal) Err() error { return j.err }

// Reopen makes a failed journal take frames again, behind the last one whose
// Append succeeded. It does nothing if all is well; if it fails, the journal
// stays as it was.
func (j *Journal) Reopen() error {
	if j.err == nil {
		return nil
	}
	if err := j.startSegment(); err != nil {
		return fmt.Errorf("reopening the journal at frame %d: %w", j.next, err)
	}
	j.err = nil
	return nil
}

// Size is the length of the log that a restart would read and of the
// checkpoint, in bytes on disk. Zeros written ahead count.
func (j *Journal) Size() (logBytes, checkpointBytes int64) {
	return j.logBytes.Load(), j.checkpointBytes.Load()
}

// TornBytes is the length of the torn frame that Open cut from the log's end, 0
// if there was none.
func (j *Journal) TornBytes() int64 { return j.torn }

// Close gives the folder up to other processes. Nothing is lost without it:
// what was appended is durable. A Checkpoint.Write must have returned.
func (j *Journal) Close() error {
	_ = j.fail(errors.New("it is closed"))
	return errors.Join(j.active.Close(), j.fs.Close())
}
