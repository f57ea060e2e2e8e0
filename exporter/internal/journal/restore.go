package journal

import (
	"fmt"
	"io"
)

// Restore hands the checkpoint's body to read, and reports whether there is a
// checkpoint. What read is given has been checked; if more of the file turns out
// to be damaged, even behind what read takes, Restore fails with a
// *CorruptError, and what was restored is of no use.
func (j *Journal) Restore(read func(r io.Reader) error) (restored bool, err error) {
	if !j.restored {
		return false, nil
	}
	body, err := openBody(j.fs, j.base)
	if err != nil {
		return false, fmt.Errorf("restoring the checkpoint: %w", err)
	}
	defer body.frames.close()
	if err = read(body); err == nil {
		_, err = io.Copy(io.Discard, body)
	}
	if err != nil {
		return false, fmt.Errorf("restoring %s: %w", body.frames.name, err)
	}
	return true, nil
}

// Replay hands the frames behind the checkpoint to apply, in order, each with
// its sequence number; a payload is good during the call only. It gives those
// that Open found, until a checkpoint removes them, and stops at the first error.
func (j *Journal) Replay(apply func(seq uint64, payload []byte) error) error {
	for _, s := range j.log {
		if err := j.replaySegment(s, apply); err != nil {
			return fmt.Errorf("replaying the log: %w", err)
		}
	}
	return nil
}

func (j *Journal) replaySegment(s span, apply func(seq uint64, payload []byte) error) error {
	r, err := openReader(j.fs, segmentName(s.first), segmentMagic, s.first)
	if err != nil {
		return err
	}
	defer r.close()
	for seq := s.first; seq < s.until; seq++ {
		payload, err := r.next(seq)
		if err != nil {
			return err
		}
		if err := apply(seq, payload); err != nil {
			return fmt.Errorf("frame %d of %s: %w", seq, r.name, err)
		}
	}
	return nil
}

// checkCheckpoint reads a checkpoint from one end to the other and gives its
// length.
func checkCheckpoint(fs FS, number uint64) (size int64, err error) {
	body, err := openBody(fs, number)
	if err != nil {
		return 0, err
	}
	defer body.frames.close()
	if _, err := io.Copy(io.Discard, body); err != nil {
		return 0, err
	}
	return body.frames.size, nil
}

// body reads a checkpoint's body: the payloads of its frames.
type body struct {
	frames *reader
	number uint64 // of the frame read last
	block  []byte // what is left of it
	done   bool
}

func openBody(fs FS, number uint64) (*body, error) {
	r, err := openReader(fs, checkpointName(number), checkpointMagic, number)
	if err != nil {
		return nil, err
	}
	return &body{frames: r}, nil
}

// Read gives io.EOF only at the frame that says the body is whole.
func (b *body) Read(p []byte) (int, error) {
	if len(b.block) == 0 && !b.done {
		block, err := b.frames.next(b.number + 1)
		if err != nil {
			return 0, err
		}
		b.number++
		b.block, b.done = block, len(block) == 0
		if b.done && b.frames.offset != b.frames.size {
			return 0, b.frames.corrupt("something follows the end")
		}
	}
	if b.done {
		return 0, io.EOF
	}
	n := copy(p, b.block)
	b.block = b.block[n:]
	return n, nil
}
