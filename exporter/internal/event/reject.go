package event

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxEcho is how many bytes of a bad value an error repeats.
const maxEcho = 64

// reject makes the error of one event. Nothing in it may alias the body, for an
// error outlives it: names go through within, values through quote.
func reject(name string, reason Reason, format string, args ...any) error {
	return &FieldError{Field: name, Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// within names a member of parent, quoting a name that could be mistaken for
// something else or upset a terminal.
func within(parent field, name string) string {
	shown := cut(name)
	if quoted := strconv.Quote(shown); name == "" || len(quoted) != len(shown)+2 {
		shown = quoted
	}
	if parent == fieldEvent {
		return strings.Clone(shown)
	}
	return parent.path() + "." + shown
}

// quote shows the beginning of a string.
func quote(s string) string {
	return strconv.Quote(cut(s)) + ellipsis(s)
}

// show shows the beginning of a number.
func show(literal string) string {
	return cut(literal) + ellipsis(literal)
}

func ellipsis(s string) string {
	if len(s) > maxEcho {
		return "..."
	}
	return ""
}

// cut shortens s to maxEcho bytes, between two runes if it is UTF-8.
func cut(s string) string {
	if len(s) <= maxEcho {
		return s
	}
	for end := maxEcho; end > maxEcho-utf8.UTFMax; end-- {
		if utf8.RuneStart(s[end]) {
			return s[:end]
		}
	}
	return s[:maxEcho]
}

// wrongType rejects the value at the cursor, unless it is not JSON at all.
func (d *Decoder) wrongType(f field, want string) error {
	start := d.pos
	got, err := d.kind()
	if err != nil {
		return err
	}
	if echo := string(d.buf[start:d.pos]); f != fieldCustomerID {
		switch got {
		case "string":
			got += " " + quote(echo[1:len(echo)-1])
		case "number":
			got += " " + show(echo)
		}
	}
	return reject(f.path(), ReasonType, "must be %s, got %s", want, got)
}

// wrongRange rejects a number, given by its literal.
func wrongRange(f field, want, literal string) error {
	return reject(f.path(), ReasonRange, "must be %s, got %s", want, show(literal))
}

// wrongLength rejects a string for its length.
func wrongLength(f field, s string, least, most int) error {
	want := fmt.Sprintf("at most %d bytes", most)
	if least > 0 {
		want = fmt.Sprintf("%d to %d bytes", least, most)
	}
	got := strconv.Itoa(len(s))
	if f != fieldCustomerID {
		got += ": " + quote(s)
	}
	return reject(f.path(), ReasonRange, "must be %s long, got %s", want, got)
}

// badText rejects the string that begins at start for a textFault in it. A
// string without an end is not JSON, whatever else is wrong with it.
func (d *Decoder) badText(f field, start int, err error, want string) error {
	fault, ok := err.(textFault)
	if !ok {
		return err
	}
	d.pos = start
	if err := d.skipString(); err != nil {
		return err
	}
	raw := string(d.buf[start+1 : d.pos-1])
	where := "in " + quote(raw)
	if f == fieldCustomerID {
		where = fmt.Sprintf("in a string of %d bytes", len(raw))
	}
	return reject(f.path(), ReasonText, "%s, got %v %s", want, fault, where)
}
