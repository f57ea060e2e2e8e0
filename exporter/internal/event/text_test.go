package event

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// TestPlain puts every byte at every place of a word, with every neighbour that
// could carry a borrow to it.
func TestPlain(t *testing.T) {
	special := func(c byte) bool { return c < ' ' || c >= 0x7f || c == '"' || c == '\\' }
	for c := range 256 {
		for at := range 20 {
			for _, next := range []byte{0, ' ', '!', '"', '#', '\\', ']', 'a', 0x7e, 0x7f, 0x80, 0xff} {
				b := []byte(strings.Repeat("a", 24))
				b[at], b[at+1] = byte(c), next
				want := len(b)
				if special(byte(c)) {
					want = at
				} else if special(next) {
					want = at + 1
				}
				for from := 0; from <= at; from += 3 {
					if got := plain(b, from); got != want {
						t.Fatalf("% x from %d: got %d, want %d", b, from, got, want)
					}
				}
			}
		}
	}
}

func TestIsText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.OneOf(
			rapid.Map(rapid.String(), func(s string) []byte { return []byte(s) }),
			rapid.SliceOf(rapid.Byte()),
		).Draw(t, "b")
		want := utf8.Valid(b) && !bytes.ContainsFunc(b, unicode.IsControl)
		if got := isText(b); got != want {
			t.Fatalf("%q: got %t, want %t", b, got, want)
		}
	})
}

// TestStringEscapes writes text with every rune escaped or not and reads it
// back.
func TestStringEscapes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		form := rapid.SampledFrom([]string{`\u%04x`, `\u%04X`}).Draw(t, "form")
		hex := func(units ...uint16) (s string) {
			for _, u := range units {
				s += fmt.Sprintf(form, u)
			}
			return s
		}
		text := rapid.StringOf(rapid.RuneFrom(nil, unicode.L, unicode.P, unicode.S)).Draw(t, "text")
		var quoted strings.Builder
		for _, r := range text {
			switch {
			case rapid.Bool().Draw(t, "escape") && r > 0xffff:
				v := uint32(r) - 0x10000
				quoted.WriteString(hex(uint16(0xd800+v>>10), uint16(0xdc00+v&0x3ff)))
			case rapid.Bool().Draw(t, "escape") && r <= 0xffff:
				quoted.WriteString(hex(uint16(r)))
			case r == '"' || r == '\\':
				quoted.WriteByte('\\')
				fallthrough
			default:
				quoted.WriteRune(r)
			}
		}
		s := scanner{buf: []byte(`"` + quoted.String() + `"`)}
		got, err := s.str()
		if err != nil || got != text || s.pos != len(s.buf) {
			t.Fatalf("%s: got %q, %v, want %q", s.buf, got, err, text)
		}
		s.pos = 0
		if err := s.skipString(); err != nil || s.pos != len(s.buf) {
			t.Fatalf("%s: skipped to %d, %v", s.buf, s.pos, err)
		}
	})
}
