package event

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"
)

// Parse reads one event as Append wrote it from the beginning of b and returns
// what lies behind it. The event is then as valid as one from a Decoder: every
// limit is checked again, so that no damage to a journal can smuggle a value
// into the counters. What an amount's components add up to is checked less
// narrowly, since labels may have been changed in between.
//
// The strings of e alias b, and its Details are those it had, refilled. On an
// error e holds nothing of use; the error names the field.
func (e *Event) Parse(b []byte) (rest []byte, err error) {
	e.Reset()
	r := reader{buf: b}
	mask := r.uvarint(fieldEvent, 0, maskAll)
	e.ConversationID = r.text(fieldConversationID, 1, MaxConversationID)
	if mask&maskID != 0 {
		e.ID = r.text(fieldID, 1, MaxID)
	}
	if mask&maskCustomer != 0 {
		e.Customer = r.uint64(fieldCustomerID)
	}
	if mask&maskIntent != 0 {
		e.Intent = r.text(fieldIntent, 1, MaxLabel)
	}
	if mask&maskTier != 0 {
		e.Tier = r.text(fieldTier, 1, MaxLabel)
	}
	if mask&maskLanguage != 0 {
		e.Language = r.text(fieldLanguage, 1, MaxLabel)
	}
	if mask&maskArm != 0 {
		e.Experiment = r.text(fieldExperiment, 1, MaxLabel)
		e.Variant = r.text(fieldVariant, 1, MaxLabel)
	}
	if mask&maskEpisode != 0 {
		e.Episode = int(r.uvarint(fieldEpisode, 2, MaxEpisode))
	}
	e.Facts = Fact(mask / maskFacts)
	r.facts(e)
	if f, beside := e.lacks(); f != fieldEvent {
		r.fail(f, "required beside "+beside)
	}
	if r.err != nil {
		return nil, fmt.Errorf("parse event: %w", r.err)
	}
	return r.buf, nil
}

// reader reads the parts of an event off the front of a buffer. After its first
// error it returns zeros.
type reader struct {
	buf []byte
	err error
}

func (r *reader) facts(e *Event) {
	if e.Facts&Resolution != 0 {
		r.resolution(e)
	}
	if e.Facts&Escalation != 0 {
		e.Reason = r.text(fieldReason, 0, MaxReason)
	}
	if e.Facts&Turns != 0 {
		e.Turns = r.uvarint(fieldTurns, 1, MaxTurns)
	}
	if e.Facts&TurnsDelta != 0 {
		e.TurnsDelta = r.uvarint(fieldTurnsDelta, 1, MaxTurns)
	}
	if e.Facts&Cost != 0 {
		r.money(fieldCostUSD, fieldCostDetail, &e.Cost)
	}
	if e.Facts&CostDelta != 0 {
		r.money(fieldCostDeltaUSD, fieldCostDeltaDetail, &e.CostDelta)
	}
	if e.Facts&CSAT != 0 {
		e.CSAT = int(r.uvarint(fieldCSAT, 1, MaxCSAT))
	}
}

func (r *reader) resolution(e *Event) {
	bits := r.uvarint(fieldResolution, 0, uint64(Denied)*resolutionConfirmed|resolutionResolved|resolutionSeconds)
	e.Resolved = bits&resolutionResolved != 0
	e.Confirmed = Confirmation(bits / resolutionConfirmed)
	if bits&resolutionSeconds != 0 {
		e.Seconds = r.amount(fieldSeconds)
	}
}

func (r *reader) money(usd, detail field, m *Money) {
	m.USD = r.amount(usd)
	for n := r.uvarint(detail, 0, MaxComponents); n > 0 && r.err == nil; n-- {
		c := Component{Name: r.text(detail, 1, MaxComponent), USD: r.amount(detail)}
		if m.has(c.Name) {
			r.fail(detail, fmt.Sprintf("%q given twice", c.Name))
		}
		m.Detail = append(m.Detail, c)
	}
	if sum := m.sum(); r.err == nil && !m.coveredOnce(sum) {
		r.fail(detail, fmt.Sprintf("components add up to %v, more than usd %v", sum, m.USD))
	}
}

// amount reads a finite number of at least 0.
func (r *reader) amount(f field) float64 {
	v := math.Float64frombits(r.uint64(f))
	if math.Signbit(v) || !(v <= math.MaxFloat64) {
		r.fail(f, fmt.Sprintf("must be a number >= 0, got %v", v))
		return 0
	}
	return v
}

func (r *reader) uint64(f field) uint64 {
	if len(r.buf) < 8 {
		r.fail(f, cutShort)
		return 0
	}
	v := binary.LittleEndian.Uint64(r.buf)
	r.buf = r.buf[8:]
	return v
}

// uvarint reads an integer from least to most.
func (r *reader) uvarint(f field, least, most uint64) uint64 {
	v, n := uint64(0), 1
	if len(r.buf) > 0 && r.buf[0] < 0x80 { // nearly always
		v = uint64(r.buf[0])
	} else {
		v, n = binary.Uvarint(r.buf)
	}
	if n == 0 {
		r.fail(f, cutShort)
		return 0
	}
	if n < 0 {
		r.fail(f, "not an integer of 64 bits")
		return 0
	}
	if v < least || v > most {
		r.fail(f, fmt.Sprintf("must be from %d to %d, got %d", least, most, v))
		return 0
	}
	r.buf = r.buf[n:]
	return v
}

// text reads a string of least to most bytes. It aliases the buffer.
func (r *reader) text(f field, least, most uint64) string {
	size := r.uvarint(f, least, most)
	if size > uint64(len(r.buf)) {
		r.fail(f, cutShort)
	}
	if r.err != nil || size == 0 {
		return ""
	}
	b := r.buf[:size]
	// Looking a little beyond the string spares plain its slow end.
	if beyond := min(size+8, uint64(len(r.buf))); plain(r.buf[:beyond], 0) < int(size) && !isText(b) {
		r.fail(f, fmt.Sprintf("must be text, got %s", quote(string(b))))
		return ""
	}
	r.buf = r.buf[size:]
	return unsafe.String(&b[0], len(b))
}

const cutShort = "cut short"

// fail keeps the first error, and leaves nothing to read.
func (r *reader) fail(f field, message string) {
	name := f.path()
	if f == fieldEvent {
		name = "mask"
	}
	if r.err == nil {
		r.err = fmt.Errorf("%s: %s", name, message)
	}
	r.buf = nil
}
