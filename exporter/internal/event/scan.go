package event

import (
	"fmt"
	"unicode/utf8"
)

// maxDepth is how deep arrays and objects may nest. An array of events needs
// four levels, so this is generous.
const maxDepth = 32

const (
	notJSON   = "not JSON: "
	wantName  = "a field name"
	wantQuote = "'\"'"
)

// scanner reads the parts of JSON (RFC 8259) from a buffer.
type scanner struct {
	buf     []byte
	pos     int
	scratch []byte // strings that had escapes in them, one behind the other
}

// next moves to the next byte that is not white space and returns it, or 0 at
// the end. A NUL in the input is as good: nothing in JSON begins with one.
func (s *scanner) next() byte {
	for s.pos < len(s.buf) {
		c := s.buf[s.pos]
		if c > ' ' || c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			return c
		}
		s.pos++
	}
	return 0
}

// end makes sure that nothing but white space is left.
func (s *scanner) end() error {
	if s.next(); s.pos < len(s.buf) {
		return s.unexpected("the end")
	}
	return nil
}

// unexpected is the error of the byte at the cursor.
func (s *scanner) unexpected(want string) *SyntaxError {
	got := "the end"
	if s.pos < len(s.buf) {
		r, size := utf8.DecodeRune(s.buf[s.pos:])
		if r == utf8.RuneError && size == 1 {
			got = fmt.Sprintf("byte 0x%02x", s.buf[s.pos])
		} else {
			got = fmt.Sprintf("%q", r)
		}
	}
	return &SyntaxError{Offset: int64(s.pos), Message: fmt.Sprintf(notJSON+"want %s, got %s", want, got)}
}

// literal reads the given word, of which the first byte has been seen.
func (s *scanner) literal(word string) error {
	for i := range len(word) {
		if s.pos == len(s.buf) || s.buf[s.pos] != word[i] {
			return s.unexpected(fmt.Sprintf("%q", word))
		}
		s.pos++
	}
	return nil
}

// kind reads a value and names its type. Of an array or object it reads the
// bracket only.
func (s *scanner) kind() (string, error) {
	switch s.next() {
	case '{':
		s.pos++
		return "an object", nil
	case '[':
		s.pos++
		return "an array", nil
	case '"':
		return "string", s.skipString()
	case 't':
		return "true", s.literal("true")
	case 'f':
		return "false", s.literal("false")
	case 'n':
		return "null", s.literal("null")
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		_, err := s.number()
		return "number", err
	}
	return "", s.unexpected("a value")
}

// skip reads a value for its grammar alone, at the given depth. Its stack is
// the bits of an integer, so that no input can make it recurse.
func (s *scanner) skip(depth int) error {
	objects := uint64(0) // bit n: the open bracket of level n is an object's
	for level := depth; ; {
		bracket := s.next()
		if _, err := s.kind(); err != nil {
			return err
		}
		opened := bracket == '{' || bracket == '['
		if opened {
			if level++; level > maxDepth {
				message := fmt.Sprintf(notJSON+"more than %d levels of arrays and objects", maxDepth)
				return &SyntaxError{Offset: int64(s.pos - 1), Message: message}
			}
			objects &^= 1 << level
			if bracket == '{' {
				objects |= 1 << level
			}
		}
		for {
			if level == depth {
				return nil
			}
			more, err := s.skipMember(objects>>level&1 != 0, opened)
			if err != nil {
				return err
			}
			if more {
				break
			}
			level--
			opened = false
		}
	}
}

// skipMember reads on to the next value of an array or object, and says whether
// there is one; if not, it reads the closing bracket.
func (s *scanner) skipMember(object, first bool) (more bool, err error) {
	closing := byte(']')
	if object {
		closing = '}'
	}
	c := s.next()
	if c == closing {
		s.pos++
		return false, nil
	}
	if !first {
		if c != ',' {
			return false, s.unexpected(fmt.Sprintf("',' or %q", closing))
		}
		s.pos++
	}
	if !object {
		return true, nil
	}
	if s.next() != '"' {
		return false, s.unexpected(wantName)
	}
	if err := s.skipString(); err != nil {
		return false, err
	}
	return true, s.colon()
}

// colon reads what stands between a name and its value.
func (s *scanner) colon() error {
	if s.next() != ':' {
		return s.unexpected("':'")
	}
	s.pos++
	return nil
}
