package tally

import (
	"io"
	"slices"

	"github.com/prometheus/common/expfmt"
)

// Encoder writes a Snapshot as a scrape has it: byte for byte what a registry
// would gather from a Collector and expfmt would write of that, for a thirtieth
// of the time. No series becomes an object of its own: what its lines share is
// copied, counts are appended, and the order of a family's series, which is that
// of their label values, comes from sorting the label sets once.
//
// An Encoder holds a piece of the scrape; in protobuf, where a family's length
// comes before it, all pieces of a family. It is for one scrape and one goroutine.
type Encoder struct {
	s      *Snapshot
	format format
	order  order
	w      io.Writer
	err    error // of w; nothing is written after it

	family family
	headed bool     // the family's head is written
	labels []byte   // of the series at hand
	piece  []byte   // not written yet
	held   [][]byte // pieces before it, of a family whose head needs its size
	free   [][]byte // pieces to use again
}

// pieceSize is how much is written at once. A piece is larger by what the series
// takes that fills it: hence a bit of room.
const (
	pieceSize = 32 << 10
	pieceRoom = 8 << 10
)

// format is how one of the exposition formats has a family and its series. All
// methods append. labels are some that label made, one behind the other.
type format interface {
	// head begins a family whose series take size bytes.
	head(b []byte, f family, size int) []byte
	// sized says whether the head depends on size.
	sized() bool
	label(b []byte, name, value string) []byte
	gauge(b []byte, f family, v float64) []byte
	counter(b []byte, f family, labels []byte, created int64, v float64, x *exemplar) []byte
	histogram(b []byte, f family, labels []byte, created int64, h *histogram) []byte
}

// NewEncoder makes an Encoder that writes s to w, in a format that Encodes knows.
func NewEncoder(w io.Writer, s *Snapshot, f expfmt.Format) *Encoder {
	format := newFormat(&s.buckets, f)
	return &Encoder{s: s, format: format, order: newOrder(s, format), w: w, piece: newPiece()}
}

// Encodes says whether an Encoder knows a format: the text format, OpenMetrics
// 0.0.1 and 1.0.0, and delimited protobuf. How names are escaped is all the
// same: there is nothing in ours that any scheme would.
func Encodes(f expfmt.Format) bool { return newFormat(&Buckets{}, f) != nil }

func newFormat(b *Buckets, f expfmt.Format) format {
	switch f.FormatType() {
	case expfmt.TypeTextPlain:
		return newText(b, false)
	case expfmt.TypeOpenMetrics:
		if v := f.Version(); v == expfmt.OpenMetricsVersion_1_0_0 || v == expfmt.OpenMetricsVersion_0_0_1 {
			return newText(b, true)
		}
	case expfmt.TypeProtoDelim:
		return newProtobuf(b)
	}
	return nil
}

// FamilyNames gives the names of all metrics that a Snapshot can have, sorted.
func FamilyNames() []string {
	names := make([]string, numFamilies)
	for f := range families {
		names[f] = families[f].name
	}
	slices.Sort(names)
	return names
}

// Family writes a metric with all its series, or nothing if it has none or is
// not one of FamilyNames. Errors come from Flush.
func (e *Encoder) Family(name string) {
	f := family(slices.IndexFunc(families[:], func(d description) bool { return d.name == name }))
	if f < 0 {
		return
	}
	e.family, e.headed = f, false
	if !e.format.sized() {
		e.all()
		return
	}
	_ = e.Flush() // or it would count as the family's
	e.all()
	size := len(e.piece)
	for _, p := range e.held {
		size += len(p)
	}
	if size == 0 {
		return
	}
	e.write(e.format.head(nil, f, size))
	for _, p := range e.held {
		e.write(p)
		e.free = append(e.free, p[:0])
	}
	e.held = e.held[:0]
}

// Write writes something else, between two families.
func (e *Encoder) Write(p []byte) (int, error) {
	e.piece = append(e.piece, p...)
	if len(e.piece) >= pieceSize {
		_ = e.Flush() // kept
	}
	return len(p), e.err
}

// Flush writes what is left. It gives the first error that there was: what was
// written is not all then.
func (e *Encoder) Flush() error {
	e.write(e.piece)
	e.piece = e.piece[:0]
	return e.err
}

func (e *Encoder) write(p []byte) {
	if len(p) > 0 && e.err == nil {
		_, e.err = e.w.Write(p)
	}
}

// begin gives the piece that a series is appended to; end takes it back.
func (e *Encoder) begin() []byte {
	if !e.headed && !e.format.sized() {
		e.piece = e.format.head(e.piece, e.family, 0)
	}
	e.headed = true
	return e.piece
}

func (e *Encoder) end(b []byte) {
	e.piece = b
	switch {
	case len(b) < pieceSize:
	case !e.format.sized():
		_ = e.Flush() // kept
	default:
		e.held = append(e.held, b)
		if n := len(e.free); n > 0 {
			e.piece, e.free = e.free[n-1], e.free[:n-1]
		} else {
			e.piece = newPiece()
		}
	}
}

func newPiece() []byte { return make([]byte, 0, pieceSize+pieceRoom) }

func (e *Encoder) gauge(v float64) { e.end(e.format.gauge(e.begin(), e.family, v)) }

func (e *Encoder) counter(created int64, v float64, x *exemplar) {
	e.end(e.format.counter(e.begin(), e.family, e.labels, created, v, x))
}

func (e *Encoder) histogram(created int64, h *histogram) {
	if h != nil {
		e.end(e.format.histogram(e.begin(), e.family, e.labels, created, h))
	}
}
