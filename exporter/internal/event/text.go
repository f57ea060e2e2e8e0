package event

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

// textFault is the rune for which a string is not text: a control character, a
// lone surrogate, or utf8.RuneError for bytes that are not UTF-8. Such a string
// is JSON enough for its end to be found, but what it holds must not be kept.
type textFault rune

func (f textFault) Error() string {
	switch {
	case f == utf8.RuneError:
		return "invalid UTF-8"
	case utf16.IsSurrogate(rune(f)):
		return fmt.Sprintf("lone surrogate U+%04X", rune(f))
	}
	return fmt.Sprintf("control character U+%04X", rune(f))
}

// str reads the string at the cursor. The result aliases the buffer, or the
// scratch memory if the string has escapes. An error is a *SyntaxError, or a
// textFault with the cursor still at the string's beginning.
func (s *scanner) str() (string, error) {
	start := s.pos + 1
	i := plain(s.buf, start)
	if i < len(s.buf) && s.buf[i] == '"' {
		s.pos = i + 1
		return unsafe.String(&s.buf[start], i-start), nil
	}
	return s.strSlow(start, i)
}

// strSlow reads on at i, where something else than printable ASCII stands.
func (s *scanner) strSlow(start, i int) (string, error) {
	from, copied := len(s.scratch), start
	for i < len(s.buf) {
		switch c := s.buf[i]; {
		case c == '"':
			s.pos = i + 1
			if copied == start {
				return unsafe.String(&s.buf[start], i-start), nil
			}
			s.scratch = append(s.scratch, s.buf[copied:i]...)
			return unsafe.String(&s.scratch[from], len(s.scratch)-from), nil
		case c == '\\':
			r, size, err := s.escape(i)
			if err != nil {
				return "", err
			}
			s.scratch = append(s.scratch, s.buf[copied:i]...)
			s.scratch = utf8.AppendRune(s.scratch, r)
			i += size
			copied = i
		default:
			size, err := checkRune(s.buf[i:])
			if err != nil {
				return "", err
			}
			i += size
		}
		i = plain(s.buf, i)
	}
	s.pos = i
	return "", s.unexpected(wantQuote)
}

// skipString reads the string at the cursor for its grammar alone. It may hold
// control characters and invalid UTF-8: they do not hide where it ends.
func (s *scanner) skipString() error {
	for i := s.pos + 1; i < len(s.buf); i++ {
		switch s.buf[i] {
		case '"':
			s.pos = i + 1
			return nil
		case '\\':
			_, size, err := s.escape(i)
			if _, ok := err.(*SyntaxError); ok {
				return err
			}
			i += size - 1
		}
	}
	s.pos = len(s.buf)
	return s.unexpected(wantQuote)
}

// escape decodes the escape sequence at i, and returns how many bytes it or,
// with a textFault, its faulty part takes.
func (s *scanner) escape(i int) (rune, int, error) {
	switch c := s.at(i + 1); c {
	case '"', '\\', '/':
		return rune(c), 2, nil
	case 'b':
		return 0, 2, textFault('\b')
	case 'f':
		return 0, 2, textFault('\f')
	case 'n':
		return 0, 2, textFault('\n')
	case 'r':
		return 0, 2, textFault('\r')
	case 't':
		return 0, 2, textFault('\t')
	case 'u':
		return s.escapeHex(i)
	}
	s.pos = min(i+1, len(s.buf))
	return 0, 0, s.unexpected("an escape sequence")
}

// escapeHex decodes \u0000, or two of them where they are a surrogate pair.
func (s *scanner) escapeHex(i int) (rune, int, error) {
	r, n := s.hex(i + 2)
	if n < 4 {
		s.pos = min(i+2+n, len(s.buf))
		return 0, 0, s.unexpected("a hexadecimal digit")
	}
	if utf16.IsSurrogate(r) {
		if s.at(i+6) == '\\' && s.at(i+7) == 'u' {
			low, n := s.hex(i + 8)
			if pair := utf16.DecodeRune(r, low); n == 4 && pair != utf8.RuneError {
				return pair, 12, nil
			}
		}
		return 0, 6, textFault(r)
	}
	if unicode.IsControl(r) {
		return 0, 6, textFault(r)
	}
	return r, 6, nil
}

// hex reads four hexadecimal digits at i, and returns how many there are.
func (s *scanner) hex(i int) (r rune, n int) {
	for ; n < 4; n++ {
		c := s.at(i + n)
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return r, n
		}
		r = r<<4 | rune(c)
	}
	return r, n
}

// at returns the byte at i, or 0 beyond the end.
func (s *scanner) at(i int) byte {
	if i < len(s.buf) {
		return s.buf[i]
	}
	return 0
}

// checkRune returns the size of the first rune of b, or why it is not text.
func checkRune(b []byte) (int, error) {
	r, size := utf8.DecodeRune(b)
	if r == utf8.RuneError && size <= 1 || unicode.IsControl(r) {
		return 0, textFault(r)
	}
	return size, nil
}

// isText says whether b is UTF-8 without control characters.
func isText(b []byte) bool {
	for i := plain(b, 0); i < len(b); i = plain(b, i) {
		size, err := checkRune(b[i:])
		if err != nil {
			return false
		}
		i += size
	}
	return true
}

// plain returns the index of the first byte of b from i on that is a quote, a
// backslash or not printable ASCII; len(b) if there is none. It takes eight
// bytes at a time: most of a body passes through here.
func plain(b []byte, i int) int {
	const (
		ones  = 0x0101010101010101
		highs = 0x80 * ones
	)
	for ; i+8 <= len(b); i += 8 {
		x := binary.LittleEndian.Uint64(b[i:])
		// A byte's high bit is set in x above 0x7f, in x - ' ' below ' ', and in
		// the others where the byte is the one looked for, since 0 - 1 borrows. A
		// borrow can go on into the bytes above, so only the lowest mark counts.
		quote, slash, del := x^'"'*ones, x^'\\'*ones, x^0x7f*ones
		marks := x | (x - ' '*ones) | (quote - ones) | (slash - ones) | (del - ones)
		if marks &= highs; marks != 0 {
			return i + bits.TrailingZeros64(marks)/8
		}
	}
	for i < len(b) && b[i] >= ' ' && b[i] < 0x7f && b[i] != '"' && b[i] != '\\' {
		i++
	}
	return i
}
