package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// readValues reads JSON values one after the other, those in arrays each for
// itself. r begins in the given line. What is not JSON ends the reading: no
// event behind it can be told.
func readValues(name string, line int, r io.Reader, yield func(int, []byte) error) error {
	lines := &lineFinder{r: r, line: line}
	var event jsontext.Value
	d := jsontext.NewDecoder(lines, lax()...)
	for {
		var err error
		switch kind := d.PeekKind(); {
		case kind == ']', kind == '[' && d.StackDepth() == 0:
			_, err = d.ReadToken()
		default:
			var raw jsontext.Value
			if raw, err = d.ReadValue(); err != nil {
				break
			}
			start := lines.at(d.InputOffset() - int64(len(raw)))
			event = append(event[:0], raw...)
			if err := event.Compact(); err != nil {
				return fmt.Errorf("%s: %w", position{name, start}, err)
			}
			if err := yield(start, event); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
			return fmt.Errorf("%s: not JSON: %w", position{name, lines.at(syntax.ByteOffset)}, syntax.Err)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", position{name, lines.at(d.InputOffset())}, err)
		}
	}
}

// lineFinder knows the lines of what was read through it, from where they were
// last asked for: the decoder reads ahead by no more than its buffer.
type lineFinder struct {
	r        io.Reader
	read     int64   // bytes so far
	newlines []int64 // their offsets, from line's end on
	line     int
}

func (f *lineFinder) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	for i, b := range p[:n] {
		if b == '\n' {
			f.newlines = append(f.newlines, f.read+int64(i))
		}
	}
	f.read += int64(n)
	return n, err
}

// at is the line of an offset, which must not lie before the last one asked for.
func (f *lineFinder) at(offset int64) int {
	passed := 0
	for passed < len(f.newlines) && f.newlines[passed] < offset {
		passed++
	}
	f.newlines = f.newlines[passed:]
	f.line += passed
	return f.line
}
