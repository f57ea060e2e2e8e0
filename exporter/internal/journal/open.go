package journal

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// logEnd stands for the segment behind the last one. No segment but the first
// could have this number.
const logEnd = 0

// span is a segment and the frames of it that count, from first to before
// until.
type span struct {
	first, until uint64
}

// Open finds the newest checkpoint and the log behind it, checks every byte of
// them, cuts a torn frame from the log's end, and begins a new segment. An empty
// folder becomes a new store.
//
// It fails with a *CorruptError if anything but that last frame is damaged, and
// with another error if the folder is not a store, if files are missing or if
// they have a later version's format. Then it changes nothing.
//
// The journal owns fs from here on: a failed Open closes it, as Close does.
func Open(fs FS, o Options) (*Journal, error) {
	j := &Journal{fs: fs, segmentBytes: cmp.Or(o.SegmentBytes, defaultSegmentBytes)}
	j.zeros = make([]byte, min(zeroChunk, j.segmentBytes))
	if err := j.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the journal: %w", err), fs.Close())
	}
	return j, nil
}

func (j *Journal) load() error {
	in, err := listFolder(j.fs)
	if err != nil {
		return err
	}
	if len(in.foreign) > 0 && len(in.segments) == 0 && len(in.checkpoints) == 0 {
		return fmt.Errorf("the folder is neither empty nor a support_exporter store: it holds %s",
			strings.Join(in.foreign[:min(3, len(in.foreign))], ", "))
	}
	passedOver, err := j.findCheckpoint(in.checkpoints)
	if err != nil {
		return err
	}
	j.next = j.base + 1
	if len(in.segments) > 0 || j.restored {
		if err := j.findLog(in); err != nil {
			return errors.Join(passedOver, err)
		}
	}
	for _, name := range in.temps {
		if err := j.fs.Remove(name); err != nil {
			return err
		}
	}
	return j.startSegment()
}

// findCheckpoint takes the newest checkpoint that is whole. A damaged one is
// passed over if there is an older one, which serves as well if all of the log
// behind it is there; findLog finds out.
func (j *Journal) findCheckpoint(numbers []uint64) (passedOver, err error) {
	for _, number := range slices.Backward(numbers) {
		size, err := checkCheckpoint(j.fs, number)
		if err == nil {
			j.base, j.restored = number, true
			j.checkpointBytes.Store(size)
			return passedOver, nil
		}
		if _, ok := errors.AsType[*CorruptError](err); !ok {
			return nil, err
		}
		passedOver = errors.Join(passedOver, err)
	}
	return nil, passedOver // nil if there was no checkpoint at all
}

// findLog checks the segments behind the checkpoint, and that none is missing.
func (j *Journal) findLog(in folder) error {
	at, ok := slices.BinarySearch(in.segments, j.next)
	if !ok {
		if !j.restored {
			return fmt.Errorf("%s is missing: without a checkpoint the log begins with it", segmentName(j.next))
		}
		return fmt.Errorf("%s is missing: the log behind %s begins with it", segmentName(j.next), checkpointName(j.base))
	}
	segments := append(in.segments[at:], logEnd)
	for i, first := range segments[:len(segments)-1] {
		if err := j.checkSegment(first, segments[i+1]); err != nil {
			return err
		}
	}
	// A checkpoint that was passed over says how far the log went, at least.
	if n := len(in.checkpoints); n > 0 && j.next <= in.checkpoints[n-1] {
		return fmt.Errorf("the log ends with frame %d, before %s", j.next-1, checkpointName(in.checkpoints[n-1]))
	}
	return nil
}

// checkSegment reads a segment up to the frame the next one begins with; the
// last one, behind which is logEnd, as far as it goes.
func (j *Journal) checkSegment(first, until uint64) error {
	r, err := openReader(j.fs, segmentName(first), segmentMagic, first)
	if err != nil {
		return err
	}
	defer r.close()
	for until == logEnd || j.next < until {
		if _, err = r.next(j.next); err != nil {
			break
		}
		j.next++
	}
	if bad, ok := errors.AsType[*CorruptError](err); ok {
		err = j.endSegment(r, until, bad)
	}
	if err != nil {
		return err
	}
	if first < j.next { // else the segment to be begun takes its place
		j.log = append(j.log, span{first: first, until: j.next})
		j.logBytes.Add(r.size)
	}
	return nil
}

// endSegment says whether a segment may end where a frame could not be read,
// which bad describes: the last one may.
func (j *Journal) endSegment(r *reader, until uint64, bad *CorruptError) error {
	torn, err := r.tail(j.next, bad)
	switch {
	case err != nil:
		return err
	case until == logEnd:
		j.torn = torn
		return r.rewriteLast()
	case torn == 0:
		bad.Reason = fmt.Sprintf("frame %d should follow, but the next file is %s", j.next, segmentName(until))
	}
	return bad
}
