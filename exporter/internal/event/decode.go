package event

import (
	"bytes"
	"errors"
)

// Format is how events lie in a body.
type Format int

// The formats of a body.
const (
	JSON   Format = iota // one object, or one array of objects
	NDJSON               // one object a line; blank lines do not count
)

// ErrEmpty says that a body holds nothing but white space.
var ErrEmpty = errors.New("empty body")

// Decoder reads events from JSON. Its zero value is ready. It keeps its memory
// from one body to the next, so that decoding valid events allocates nothing, and
// holds on to the last body. It is not safe for concurrent use.
//
// It is a scanner of our own because decoding is most of what this program
// does, and because the contract is stricter than the libraries are: null,
// control characters and duplicate names in any place are errors of one event,
// which must not sink its neighbours.
type Decoder struct {
	scanner
	event      Event
	seen       fieldSet
	escalated  bool        // escalation.escalated
	components []Component // backs every Detail of the body
	detail     int         // where in components those of the current cost begin
}

// Decode reads body and calls yield for each of its events, in order and
// counted from 0. A nil err means that e is valid; else err is a *FieldError, e
// holds nothing of use, and that event alone is rejected. Decoding stops when
// yield returns false.
//
// e is overwritten by the next event, but what it points to is not: a copy of
// *e is good until the body changes or the Decoder is used again.
//
// Decode returns ErrEmpty for a blank body, and a *SyntaxError for one of
// format JSON that is not JSON; events yielded before it must be dropped, for
// the body as a whole is refused. A line of NDJSON that is not JSON is a
// *FieldError like any other.
func (d *Decoder) Decode(body []byte, f Format, yield func(index int, e *Event, err error) bool) error {
	d.scanner = scanner{buf: body, scratch: d.scratch[:0]}
	d.components = d.components[:0]
	if f == NDJSON {
		return d.lines(body, yield)
	}
	index, err := d.document(yield)
	if syntax, ok := err.(*SyntaxError); ok {
		syntax.Index = index
	}
	return err
}

// lines reads a body of NDJSON. No line can reach into the next, for a raw
// newline is not allowed inside a JSON string.
func (d *Decoder) lines(body []byte, yield func(int, *Event, error) bool) error {
	index := 0
	for d.pos < len(body) {
		end := len(body)
		if n := bytes.IndexByte(body[d.pos:], '\n'); n >= 0 {
			end = d.pos + n
		}
		d.buf = body[:end]
		if d.next(); d.pos < end {
			err := d.line()
			if syntax, ok := err.(*SyntaxError); ok {
				err = &FieldError{Reason: ReasonSyntax, Message: syntax.Error()}
			}
			if !yield(index, &d.event, err) {
				return nil
			}
			index++
		}
		d.pos = end + 1
	}
	if index == 0 {
		return ErrEmpty
	}
	return nil
}

// line reads the one event of a line.
func (d *Decoder) line() error {
	if err := d.read(); err != nil {
		return err
	}
	return d.end()
}

// document reads a body of one object or one array. It returns how many events
// were read whole.
func (d *Decoder) document(yield func(int, *Event, error) bool) (int, error) {
	switch d.next() {
	case '[':
		d.pos++
		return d.array(yield)
	case '{':
		err := d.element(0)
		if _, ok := err.(*SyntaxError); ok {
			return 0, err
		}
		if !yield(0, &d.event, err) {
			return 1, nil
		}
		return 1, d.end()
	}
	if d.pos == len(d.buf) {
		return 0, ErrEmpty
	}
	start := d.pos
	got, err := d.kind()
	if err != nil {
		return 0, err
	}
	return 0, &SyntaxError{Offset: int64(start), Message: "want an object or an array, got " + got}
}

// array reads an array of events, from behind its bracket.
func (d *Decoder) array(yield func(int, *Event, error) bool) (int, error) {
	if d.next() == ']' {
		d.pos++
		return 0, d.end()
	}
	for index := 0; ; index++ {
		err := d.element(1)
		if _, ok := err.(*SyntaxError); ok {
			return index, err
		}
		if !yield(index, &d.event, err) {
			return index + 1, nil
		}
		switch d.next() {
		case ',':
			d.pos++
		case ']':
			d.pos++
			return index + 1, d.end()
		default:
			return index + 1, d.unexpected("',' or ']'")
		}
	}
}

// element reads one event at the given depth of a document. The event behind a
// rejected one can only be found if the rejected one is JSON, so it is read
// again, for its grammar alone.
func (d *Decoder) element(depth int) error {
	d.next()
	start := d.pos
	err := d.read()
	if _, ok := err.(*FieldError); !ok {
		return err
	}
	d.pos = start
	if syntax := d.skip(depth); syntax != nil {
		return syntax
	}
	return err
}
