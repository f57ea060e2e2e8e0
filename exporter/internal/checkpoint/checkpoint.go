// Package checkpoint is how a state becomes bytes and a state again: numbers,
// strings and exact sums, one after the other, with no names. Writer and
// reader go through the same fields in the same order; a version at the
// state's start says which fields those are.
//
// Both remember their first error and then do nothing, so that a state of a
// hundred fields is checked once, at the end. Whether the bytes are those that
// were written is for the journal to know: it keeps a checksum over them.
package checkpoint

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"unicode/utf8"
)

const bufferBytes = 1 << 20

// Writer writes a state.
type Writer struct {
	w   io.Writer
	buf []byte
	err error
}

// NewWriter makes a Writer to w. Close it to flush what it holds.
func NewWriter(w io.Writer) *Writer {
	return &Writer{w: w, buf: make([]byte, 0, bufferBytes)}
}

// room flushes when fewer than n bytes are left in the buffer.
func (w *Writer) room(n int) {
	if len(w.buf)+n > cap(w.buf) {
		w.flush()
	}
}

func (w *Writer) flush() {
	if w.err == nil {
		_, w.err = w.w.Write(w.buf)
	}
	w.buf = w.buf[:0]
}

// Uint writes a number in as few bytes as it needs.
func (w *Writer) Uint(v uint64) {
	w.room(binary.MaxVarintLen64)
	w.buf = binary.AppendUvarint(w.buf, v)
}

// Int writes a number that may be negative.
func (w *Writer) Int(v int64) {
	w.room(binary.MaxVarintLen64)
	w.buf = binary.AppendVarint(w.buf, v)
}

// Fixed writes a number in eight bytes: for hashes and the bits of floats.
func (w *Writer) Fixed(v uint64) {
	w.room(8)
	w.buf = binary.LittleEndian.AppendUint64(w.buf, v)
}

// String writes a string with its length.
func (w *Writer) String(s string) {
	w.Uint(uint64(len(s)))
	if len(s) > cap(w.buf) {
		w.flush()
		if w.err == nil {
			_, w.err = io.WriteString(w.w, s)
		}
		return
	}
	w.room(len(s))
	w.buf = append(w.buf, s...)
}

// Close flushes and gives the first error there was.
func (w *Writer) Close() error {
	w.flush()
	return w.err
}

// Reader reads what a Writer wrote.
type Reader struct {
	r   *bufio.Reader
	err error
}

// NewReader makes a Reader from r.
func NewReader(r io.Reader) *Reader {
	return &Reader{r: bufio.NewReaderSize(r, bufferBytes)}
}

// Fail makes err the reader's error if it has none yet.
func (r *Reader) Fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// Err gives the first error there was.
func (r *Reader) Err() error { return r.err }

// Uint reads what Writer.Uint wrote; 0 after an error.
func (r *Reader) Uint() uint64 {
	if r.err != nil {
		return 0
	}
	v, err := binary.ReadUvarint(r.r)
	if err != nil {
		r.Fail(unexpected(err))
		return 0
	}
	return v
}

// Int reads what Writer.Int wrote; 0 after an error.
func (r *Reader) Int() int64 {
	if r.err != nil {
		return 0
	}
	v, err := binary.ReadVarint(r.r)
	if err != nil {
		r.Fail(unexpected(err))
		return 0
	}
	return v
}

// Fixed reads what Writer.Fixed wrote; 0 after an error.
func (r *Reader) Fixed() uint64 {
	if r.err != nil {
		return 0
	}
	b, err := r.r.Peek(8)
	if err != nil {
		r.Fail(unexpected(err))
		return 0
	}
	v := binary.LittleEndian.Uint64(b)
	_, _ = r.r.Discard(8) // they have just been seen
	return v
}

// Count reads a number of things that follow. More than limit is an error, so
// that no memory is taken on the word of a damaged file.
func (r *Reader) Count(what string, limit int) int {
	v := r.Uint()
	if v > uint64(limit) {
		r.Fail(fmt.Errorf("%s: want at most %d, got %d", what, limit, v))
		return 0
	}
	return int(v)
}

// Each reads a number of things that follow, at most limit, and yields once for
// each of them until the reader fails.
func (r *Reader) Each(what string, limit int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range r.Count(what, limit) {
			if r.err != nil || !yield(i) {
				return
			}
		}
	}
}

// String reads what Writer.String wrote, of at most limit bytes; "" after an
// error. Memory is taken as the bytes come.
func (r *Reader) String(limit int) string {
	n := r.Count("a string's length", limit)
	if n == 0 || r.err != nil {
		return ""
	}
	var b []byte
	for len(b) < n {
		have, next := len(b), min(len(b)+bufferBytes, n)
		b = slices.Grow(b, next-have)[:next]
		if _, err := io.ReadFull(r.r, b[have:]); err != nil {
			r.Fail(unexpected(err))
			return ""
		}
	}
	return string(b)
}

// Text reads a String that must be UTF-8.
func (r *Reader) Text(limit int) string {
	s := r.String(limit)
	if !utf8.ValidString(s) {
		r.Fail(fmt.Errorf("want text, got invalid UTF-8 in %q", s))
		return ""
	}
	return s
}

// End fails unless everything was read.
func (r *Reader) End() error {
	if r.err != nil {
		return r.err
	}
	if _, err := r.r.ReadByte(); err == nil {
		return errors.New("more follows where the state should end")
	} else if !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
