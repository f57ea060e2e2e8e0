package event

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"
)

// FuzzDecode holds the Decoder against the oracle: they must accept the same
// bodies and the same events of them, with the same values, whatever the Decoder
// has read before.
func FuzzDecode(f *testing.F) {
	full := push(f, fullest())
	huge := regexp.MustCompile(`[eE][+-]?[0-9]{5}`)
	f.Fuzz(func(t *testing.T, body []byte, lines bool) {
		if huge.Match(body) {
			t.Skip("math/big would write such a number out; number_test.go has some")
		}
		format, split := JSON, splitDocument
		if lines {
			format, split = NDJSON, splitLines
		}
		before := bytes.Clone(body)
		events, wantErr := split(body)
		var d Decoder
		if err := d.Decode(full, JSON, func(int, *Event, error) bool { return true }); err != nil {
			t.Fatal(err)
		}
		count := 0
		err := d.Decode(body, format, func(index int, e *Event, err error) bool {
			if count++; index != count-1 {
				t.Fatalf("event %d was yielded as %d", count-1, index)
			}
			if wantErr == nil {
				compare(t, events[index], e, err)
			}
			return true
		})
		if !sameBodyError(wantErr, err) {
			t.Fatalf("body error is %v, want %v", err, wantErr)
		}
		if err == nil && count != len(events) {
			t.Fatalf("%d events, want %d", count, len(events))
		}
		if !bytes.Equal(before, body) {
			t.Fatal("the body was changed")
		}
	})
}

// sameBodyError compares an error of the body with the oracle's, which is
// ErrEmpty or stands for any *SyntaxError.
func sameBodyError(want, got error) bool {
	var syntax *SyntaxError
	if want == nil || want == ErrEmpty {
		return got == want
	}
	return errors.As(got, &syntax)
}

// compare compares one event with the oracle's reading of it.
func compare(t rapid.TB, raw []byte, got *Event, err error) {
	want, wantErr := oracle(raw)
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("%q: error is %v, want %v", raw, err, wantErr)
	}
	if err != nil {
		checkFieldError(t, err)
		return
	}
	if d := diff(want, *got); d != "" {
		t.Fatalf("%q (-want +got):\n%s", raw, d)
	}
	checkRoundTrip(t, got)
}

// checkFieldError makes sure that an error can be logged and answered as is.
func checkFieldError(t rapid.TB, err error) {
	var field *FieldError
	if !errors.As(err, &field) || field.Reason == "" || field.Message == "" {
		t.Fatalf("%#v: not a whole *FieldError", err)
	}
	switch field.Reason {
	case ReasonUnknown, ReasonDuplicate, ReasonMissing, ReasonRange: // others may be about an event that is no object, or a name that is no text
		if field.Field == "" {
			t.Fatalf("%#v: does not name the field", field)
		}
	}
	text := err.Error()
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) || len(text) > 1000 {
		t.Fatalf("%q: not a message", text)
	}
}

// splitDocument finds the events of a body of format JSON with the library. It
// reads a copy in which strings hold no raw control characters, as those are
// errors of one event to us and of the grammar to the library.
func splitDocument(body []byte) ([][]byte, error) {
	lenient := bytes.Clone(body)
	for i, inString := 0, false; i < len(lenient); i++ {
		switch c := lenient[i]; {
		case c == '"':
			inString = !inString
		case inString && c < ' ':
			lenient[i] = 'x'
		case inString && c == '\\':
			if i++; i < len(lenient) && lenient[i] < ' ' {
				lenient[i] = 'x'
			}
		}
	}
	if len(bytes.Trim(body, " \t\r\n")) == 0 {
		return nil, ErrEmpty
	}
	options := []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}
	if !jsontext.Value(lenient).IsValid(options...) {
		return nil, errors.New("not JSON")
	}
	d := jsontext.NewDecoder(bytes.NewReader(lenient), options...)
	for {
		if _, err := d.ReadToken(); err != nil {
			break
		}
		if d.StackDepth() > maxDepth {
			return nil, errors.New("too deep")
		}
	}
	switch jsontext.Value(lenient).Kind() {
	case '{':
		return [][]byte{body}, nil
	case '[':
	default:
		return nil, errors.New("not an object or array")
	}
	var events [][]byte
	d = jsontext.NewDecoder(bytes.NewReader(lenient), options...)
	for d.ReadToken(); d.PeekKind() != ']'; {
		value, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		end := int(d.InputOffset())
		events = append(events, body[end-len(value):end])
	}
	return events, nil
}

func splitLines(body []byte) ([][]byte, error) {
	var events [][]byte
	for line := range bytes.SplitSeq(body, []byte("\n")) {
		if len(bytes.Trim(line, " \t\r")) > 0 {
			events = append(events, line)
		}
	}
	if events == nil {
		return nil, ErrEmpty
	}
	return events, nil
}

// FuzzParse reads arbitrary bytes as a journal would hold them. What Parse
// accepts must be an event that could have been pushed, but for what merging does
// to a sum.
func FuzzParse(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte) {
		var e Event
		rest, err := e.Parse(b)
		if err != nil {
			if rest != nil || !strings.HasPrefix(err.Error(), "parse event: ") {
				t.Fatalf("error %q leaves %d bytes", err, len(rest))
			}
			return
		}
		if !bytes.HasSuffix(b, rest) || len(rest) == len(b) {
			t.Fatalf("the rest of %d bytes is %d bytes", len(b), len(rest))
		}
		checkRoundTrip(t, &e)
		if !e.Cost.covers(e.Cost.sum()) || !e.CostDelta.covers(e.CostDelta.sum()) {
			return // components were merged
		}
		body := push(t, &e)
		var d Decoder
		if err := d.Decode(body, JSON, func(_ int, got *Event, err error) bool {
			if err != nil {
				t.Fatalf("%s: %v", body, err)
			}
			got.Customer = e.Customer
			if d := diff(e, *got); d != "" {
				t.Fatalf("%s (-parsed +decoded):\n%s", body, d)
			}
			return true
		}); err != nil {
			t.Fatal(err)
		}
	})
}
