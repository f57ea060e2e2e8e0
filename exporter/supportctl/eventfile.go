package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// fileHelp says in the help of a command what readFile reads.
const fileHelp = `A file holds one event a line (NDJSON), or JSON: objects that span lines, or arrays. It may be compressed by gzip or zstd. Which it is, its content says.`

const (
	maxEvent  = 16 << 20  // bytes: what an exporter takes in one request unless told otherwise
	maxWindow = 128 << 20 // bytes a zstd file may make us remember; zstd's own limit
)

// blank is white space in JSON.
const blank = " \t\r\n"

// stdinName is what the argument - is called from run on, also in messages.
const stdinName = "<stdin>"

// position is where an event begins, for people to find it.
type position struct {
	file string
	line int // from 1
}

func (p position) String() string { return fmt.Sprintf("%s:%d", p.file, p.line) }

// readFile calls yield for each event of a file, in order, with the line it
// begins in and its JSON on one line, otherwise as it was written: it is not
// known to be a valid event, and in a file of lines not even to be JSON. The
// bytes are good until yield returns. An error of yield ends the reading and is
// returned as it is; those of readFile name the file.
//
// observe, unless nil, is told of every read how many bytes of the file, as it
// lies on the disk, went by. Memory is bounded by the largest event.
func readFile(env *environment, name string, observe func(n int), yield func(line int, raw []byte) error) error {
	file := io.NopCloser(env.stdin)
	if name != stdinName {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		file = f
	}
	defer file.Close()
	content, err := decompress(&observedReader{file, observe})
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	defer content.Close()
	return readEvents(name, bufio.NewReaderSize(content, 64<<10), yield)
}

// observedReader tells how much was read.
type observedReader struct {
	io.Reader
	observe func(n int)
}

func (o *observedReader) Read(p []byte) (int, error) {
	n, err := o.Reader.Read(p)
	if o.observe != nil {
		o.observe(n)
	}
	return n, err
}

// decompress goes by the content's first bytes, with which no JSON can begin.
func decompress(r io.Reader) (io.ReadCloser, error) {
	raw := bufio.NewReaderSize(r, 64<<10)
	magic, err := raw.Peek(4)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("read: %w", err)
	}
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		return gzip.NewReader(raw)
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		zip, err := zstd.NewReader(raw, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, err
		}
		return zip.IOReadCloser(), nil
	}
	return io.NopCloser(raw), nil
}

// readEvents tells the format by what comes first. Lines it is, unless that is
// an array, or a line that holds only the beginning of an object.
func readEvents(name string, r *bufio.Reader, yield func(int, []byte) error) error {
	line, first, err := skipBlank(r)
	if err == io.EOF {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", position{name, line}, err)
	}
	if first == '[' {
		return readValues(name, line, r, yield)
	}
	var buf []byte
	for ; ; line++ {
		buf, err = readLine(r, buf[:0])
		if err != nil && err != io.EOF {
			return fmt.Errorf("%s: %w", position{name, line}, err)
		}
		text := bytes.Trim(buf, blank)
		if first == '{' && incomplete(text) {
			return readValues(name, line, io.MultiReader(bytes.NewReader(buf), r), yield)
		}
		first = 0
		if len(text) > 0 {
			if err := yield(line, text); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
	}
}

// skipBlank returns the first byte that is not blank, unread, and its line.
func skipBlank(r *bufio.Reader) (line int, first byte, err error) {
	for line = 1; ; {
		b, err := r.ReadByte()
		if err != nil {
			return line, 0, err
		}
		if !strings.ContainsRune(blank, rune(b)) {
			return line, b, r.UnreadByte()
		}
		if b == '\n' {
			line++
		}
	}
}

// incomplete says whether text is the beginning of JSON, and no more.
func incomplete(text []byte) bool {
	d := jsontext.NewDecoder(bytes.NewReader(text), lax()...)
	return errors.Is(d.SkipValue(), io.ErrUnexpectedEOF)
}

// lax leaves to the exporter what is not needed to find an event's end.
func lax() []jsontext.Options {
	return []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}
}

// readLine appends the next line to buf. The last one comes with io.EOF.
func readLine(r *bufio.Reader, buf []byte) ([]byte, error) {
	for {
		part, err := r.ReadSlice('\n')
		buf = append(buf, part...)
		if len(buf) > maxEvent {
			return buf, errTooLong
		}
		if err != bufio.ErrBufferFull {
			return buf, err
		}
	}
}

// errTooLong keeps a file that holds no lines at all from filling the memory.
var errTooLong = fmt.Errorf("line of more than %d bytes", maxEvent)
