package journal

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
)

const readBuffer = 256 << 10

// searchFactor bounds the search for a frame behind one that could not be read: it
// checksums as many times what it searches, and no more.
const searchFactor = 64

// reader reads one file's frames, in order. Whatever it does not like about
// them is a *CorruptError at the offset of the frame.
type reader struct {
	name   string
	file   File
	size   int64 // of the file
	header []byte
	salt   salt
	offset int64 // of the next frame
	last   int64 // of the frame read last, 0 before the first
	in     *bufio.Reader
	frame  []byte
}

// openReader opens a file and checks its header.
func openReader(fs FS, name, magic string, number uint64) (*reader, error) {
	f, err := fs.Open(name)
	if err != nil {
		return nil, err
	}
	r := &reader{name: name, file: f}
	if err := r.begin(magic, number); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func (r *reader) begin(magic string, number uint64) (err error) {
	if r.size, err = r.file.Size(); err != nil {
		return fmt.Errorf("reading %s: %w", r.name, err)
	}
	if r.size < fileHeader {
		return r.corrupt("its %d bytes are too few for a header", r.size)
	}
	r.header = make([]byte, min(r.size, saltedHeader))
	if _, err := r.file.ReadAt(r.header, 0); err != nil {
		return fmt.Errorf("reading %s: %w", r.name, err)
	}
	newest := uint32(checkpointVersion)
	if magic == segmentMagic {
		newest = segmentVersion
	}
	version, err := checkHeader(r.header, r.name, magic, newest, number)
	if err != nil {
		return err
	}
	if version == 1 {
		r.header = r.header[:fileHeader]
	} else if r.salt, err = checkSalt(r.header, r.name); err != nil {
		return err
	}
	r.offset = int64(len(r.header))
	body := io.NewSectionReader(r.file, r.offset, r.size-r.offset)
	r.in = bufio.NewReaderSize(body, int(min(r.size, readBuffer)))
	return nil
}

// close drops the file. What was read is good, whatever closing says.
func (r *reader) close() { _ = r.file.Close() }

func (r *reader) corrupt(format string, args ...any) *CorruptError {
	return &CorruptError{File: r.name, Offset: r.offset, Reason: fmt.Sprintf(format, args...)}
}

// next reads the frame that must have this number. The payload is good until
// the next call.
func (r *reader) next(number uint64) ([]byte, error) {
	rest := r.size - r.offset
	if rest < frameHeader {
		return nil, r.corrupt("the file ends before frame %d", number)
	}
	r.frame = slices.Grow(r.frame[:0], frameHeader)[:frameHeader]
	if _, err := io.ReadFull(r.in, r.frame); err != nil {
		return nil, fmt.Errorf("reading %s: %w", r.name, err)
	}
	length := int64(binary.LittleEndian.Uint32(r.frame))
	if length > rest-frameHeader {
		return nil, r.corrupt("frame %d is damaged: its length is %d", number, length)
	}
	r.frame = slices.Grow(r.frame, int(length))[:frameHeader+length]
	if _, err := io.ReadFull(r.in, r.frame[frameHeader:]); err != nil {
		return nil, fmt.Errorf("reading %s: %w", r.name, err)
	}
	got, payload, ok := parseFrame(r.frame, r.salt)
	if !ok {
		return nil, r.corrupt("frame %d is damaged: its checksum is wrong", number)
	}
	if got != number {
		return nil, r.corrupt("frame %d stands where frame %d should", got, number)
	}
	r.last = r.offset
	r.offset += int64(len(r.frame))
	return payload, nil
}

// tail looks behind the frame that could not be read, which bad describes, and
// says how many bytes are to be cut: those up to the last that is not 0. It
// gives bad back if a good frame follows, which proves that the frame was synced, or
// if so much looks like one that it is not known whether one follows.
func (r *reader) tail(number uint64, bad *CorruptError) (torn int64, err error) {
	rest := make([]byte, r.size-r.offset)
	if _, err := r.file.ReadAt(rest, r.offset); err != nil && err != io.EOF {
		return 0, fmt.Errorf("reading %s: %w", r.name, err)
	}
	if _, _, ok := parseFrame(rest, r.salt); ok {
		return 0, bad // whole, but not the one that is due
	}
	later := search(rest, number, r.salt)
	switch {
	case later.at > 0:
		bad.Reason += fmt.Sprintf(", but frame %d at offset %d is whole", later.number, r.offset+int64(later.at))
		return 0, bad
	case later.gaveUp:
		bad.Reason += ", and so much behind it looks like frames that not all of it is checked"
		return 0, bad
	}
	return int64(len(bytes.TrimRight(rest, "\x00"))), nil
}

// found is what a search came upon: a whole frame, unless at is 0.
type found struct {
	at     int
	number uint64
	summed int64 // bytes checksummed
	gaveUp bool  // for there were too many of them
}

// search looks for a whole frame with a higher number behind the start of the one
// with this number, which could not be read.
//
// Where there is a salt, a number that may follow tells a frame's header from all that
// a client can write, and nothing else is checksummed. Where there is none, in a
// segment of version 1, a payload may be full of such numbers: the search gives up
// when it would checksum more than searchFactor times what it searches.
func search(b []byte, number uint64, s salt) (f found) {
	written := len(bytes.TrimRight(b, "\x00"))
	most := searchFactor * int64(len(b))
	for i := frameHeader; i < written && i+frameHeader <= len(b); i++ {
		// Each frame before this one takes a header's length, at least.
		if ahead := frameNumber(b[i:], s) - number; ahead == 0 || ahead > uint64(i/frameHeader) {
			continue
		}
		length := int64(binary.LittleEndian.Uint32(b[i:]))
		if length > int64(len(b)-i-frameHeader) {
			continue
		}
		if f.summed+frameHeader+length > most {
			f.gaveUp = true
			return f
		}
		f.summed += frameHeader + length
		if number, _, ok := parseFrame(b[i:], s); ok {
			f.at, f.number = i, number
			return f
		}
	}
	return f
}

// rewriteLast writes the frame read last over itself and syncs it. It may be
// good in memory alone: never synced by a process that was killed, or by one
// whose sync failed, which leaves it to be taken for synced.
func (r *reader) rewriteLast() error {
	if r.last == 0 {
		return nil
	}
	frame := make([]byte, r.offset-r.last)
	if _, err := r.file.ReadAt(frame, r.last); err != nil {
		return fmt.Errorf("reading %s: %w", r.name, err)
	}
	if _, err := r.file.WriteAt(frame, r.last); err != nil {
		return fmt.Errorf("writing %s: %w", r.name, err)
	}
	return r.file.Sync()
}
