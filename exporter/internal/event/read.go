package event

import (
	"fmt"
	"time"
)

// text reads a string of least to most bytes.
func (d *Decoder) text(f field, dst *string, least, most int) error {
	s, err := d.anyText(f, "a string")
	if err != nil {
		return err
	}
	if len(s) < least || len(s) > most {
		return wrongLength(f, s, least, most)
	}
	*dst = s
	return nil
}

// anyText reads a string that holds what is called want.
func (d *Decoder) anyText(f field, want string) (string, error) {
	if d.next() != '"' {
		return "", d.wrongType(f, want)
	}
	start := d.pos
	s, err := d.str()
	if err != nil {
		return "", d.badText(f, start, err, "must be text")
	}
	return s, nil
}

// time reads an RFC 3339 time of the years 1 to 9999.
func (d *Decoder) time(f field, dst *time.Time) error {
	const want = "an RFC 3339 time"
	s, err := d.anyText(f, want)
	if err != nil {
		return err
	}
	t, ok := parseTime(s)
	if !ok {
		return reject(f.path(), ReasonRange, "must be %s of the years 1 to 9999, with T and Z in upper case and at most 59 seconds, got %s", want, quote(s))
	}
	*dst = t
	return nil
}

// boolean reads true or false.
func (d *Decoder) boolean(f field, dst *bool) error {
	switch d.next() {
	case 't':
		*dst = true
		return d.literal("true")
	case 'f':
		*dst = false
		return d.literal("false")
	}
	return d.wrongType(f, "true or false")
}

// integer reads an integer from 1 to most.
func integer[T int | uint64](d *Decoder, f field, dst *T, most uint64) error {
	if !isNumber(d.next()) {
		return d.wrongType(f, wantInteger(most))
	}
	n, err := d.number()
	if err != nil {
		return err
	}
	v, ok := n.integer()
	if !ok || v < 1 || v > most {
		return wrongRange(f, wantInteger(most), n.literal)
	}
	*dst = T(v)
	return nil
}

func wantInteger(most uint64) string {
	return fmt.Sprintf("an integer from 1 to %d", most)
}

// amount reads a number of at least 0.
func (d *Decoder) amount(f field, dst *float64) error {
	const want = "a number >= 0"
	if !isNumber(d.next()) {
		return d.wrongType(f, want)
	}
	n, err := d.number()
	if err != nil {
		return err
	}
	v, ok := n.float()
	if !ok {
		return wrongRange(f, "a finite number >= 0", n.literal)
	}
	if v < 0 {
		return wrongRange(f, want, n.literal)
	}
	*dst = v + 0 // -0 becomes 0
	return nil
}
