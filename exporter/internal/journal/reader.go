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

// reader reads one file's frames, in order. Whatever it does not like about
// them is a *CorruptError at the offset of the frame.
type reader struct {
	name   string
	file   File
	size   int64 // of the file
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
	r := &reader{name: name, file: f, offset: fileHeader}
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
		return &CorruptError{File: r.name, Reason: fmt.Sprintf("its %d bytes are too few for a header", r.size)}
	}
	header := make([]byte, fileHeader)
	if _, err := r.file.ReadAt(header, 0); err != nil {
		return fmt.Errorf("reading %s: %w", r.name, err)
	}
	body := io.NewSectionReader(r.file, fileHeader, r.size-fileHeader)
	r.in = bufio.NewReaderSize(body, int(min(r.size, readBuffer)))
	return checkHeader(header, r.name, magic, number)
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
	got, payload, ok := parseFrame(r.frame)
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
// gives bad back if a good frame follows, which proves that the frame was synced.
func (r *reader) tail(number uint64, bad *CorruptError) (torn int64, err error) {
	rest := make([]byte, r.size-r.offset)
	if _, err := r.file.ReadAt(rest, r.offset); err != nil && err != io.EOF {
		return 0, fmt.Errorf("reading %s: %w", r.name, err)
	}
	if _, _, ok := parseFrame(rest); ok {
		return 0, bad // whole, but not the one that is due
	}
	written := len(bytes.TrimRight(rest, "\x00"))
	for i := 1; i < written && i+frameHeader <= len(rest); i++ {
		// Few numbers can follow in what is left: checking them first spares
		// nearly all checksums.
		ahead := binary.LittleEndian.Uint64(rest[i+4:]) - number
		if ahead == 0 || ahead > uint64(len(rest)) {
			continue
		}
		if later, _, ok := parseFrame(rest[i:]); ok {
			bad.Reason += fmt.Sprintf(", but frame %d at offset %d is whole", later, r.offset+int64(i))
			return 0, bad
		}
	}
	return int64(written), nil
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
