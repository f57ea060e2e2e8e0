package event

import (
	"math"
	"strconv"
	"strings"
	"unsafe"
)

// number is a number as JSON writes it. Where exact is set, mantissa × 10^exp
// is its absolute value; where not, only the literal says it all.
type number struct {
	literal  string // aliases the buffer
	negative bool
	exact    bool
	mantissa uint64
	exp      int
}

// maxExact is the most digits that surely fit a mantissa.
const maxExact = 19

// isNumber says whether a value that begins with c is a number.
func isNumber(c byte) bool { return c == '-' || c-'0' <= 9 }

// number reads the number at the cursor, which is on its first byte.
func (s *scanner) number() (number, error) {
	var n number
	start := s.pos
	if s.at(s.pos) == '-' {
		n.negative = true
		s.pos++
	}
	whole := s.pos
	if s.at(s.pos) == '0' {
		s.pos++
	} else if s.digits(&n.mantissa) == 0 {
		return n, s.unexpected("a digit")
	}
	digits := s.pos - whole
	if s.at(s.pos) == '.' {
		s.pos++
		fraction := s.digits(&n.mantissa)
		if fraction == 0 {
			return n, s.unexpected("a digit")
		}
		digits += fraction
		n.exp = -fraction
	}
	n.exact = digits <= maxExact
	if c := s.at(s.pos); c == 'e' || c == 'E' {
		if err := s.exponent(&n); err != nil {
			return n, err
		}
	}
	n.literal = unsafe.String(&s.buf[start], s.pos-start)
	return n, nil
}

// digits reads decimal digits onto the end of mantissa, which overflows in
// silence, and returns how many there were.
func (s *scanner) digits(mantissa *uint64) int {
	m, i := *mantissa, s.pos
	for ; i < len(s.buf) && s.buf[i]-'0' <= 9; i++ {
		m = m*10 + uint64(s.buf[i]-'0')
	}
	n := i - s.pos
	*mantissa, s.pos = m, i
	return n
}

// exponent reads an exponent, from its e on.
func (s *scanner) exponent(n *number) error {
	s.pos++
	sign := s.at(s.pos)
	if sign == '+' || sign == '-' {
		s.pos++
	}
	exp := uint64(0)
	digits := s.digits(&exp)
	switch {
	case digits == 0:
		return s.unexpected("a digit")
	case digits > 4:
		n.exact = false
	case sign == '-':
		n.exp -= int(exp)
	default:
		n.exp += int(exp)
	}
	return nil
}

// float returns the float64 nearest to n; ok is false if it is not finite.
func (n number) float() (v float64, ok bool) {
	const exact = 1 << 53 // integers up to here have a float64 of their own
	if n.exact && n.mantissa <= exact && -len(powers) < n.exp && n.exp < len(powers) {
		// Both operands are exact, so there is one rounding: the right one.
		v = float64(n.mantissa)
		if n.exp < 0 {
			v /= powers[-n.exp]
		} else {
			v *= powers[n.exp]
		}
		if n.negative {
			v = -v
		}
		return v, true
	}
	v, err := strconv.ParseFloat(n.literal, 64)
	return v, err == nil
}

// powers are the powers of ten that a float64 holds exactly.
var powers = [...]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// integer returns n if it is an integer of at least 0 that fits, in whatever
// way it is written: 4, 4.0, 4e0 and 40e-1 are the same.
func (n number) integer() (v uint64, ok bool) {
	if !n.exact {
		if n, ok = n.reduced(); !ok {
			return 0, false
		}
	}
	if n.mantissa == 0 {
		return 0, true
	}
	for ; n.exp < 0; n.exp++ {
		if n.mantissa%10 != 0 {
			return 0, false
		}
		n.mantissa /= 10
	}
	for ; n.exp > 0; n.exp-- {
		if n.mantissa > math.MaxUint64/10 {
			return 0, false
		}
		n.mantissa *= 10
	}
	return n.mantissa, !n.negative
}

// reduced makes n exact by leaving out the zeros around its digits. Where too
// many digits are left n is either too large or not an integer.
func (n number) reduced() (number, bool) {
	digits, exponent, _ := strings.Cut(strings.ToLower(n.literal), "e")
	exp, _ := strconv.ParseInt(exponent, 10, 48) // the nearest bound if beyond
	whole, fraction, _ := strings.Cut(strings.TrimPrefix(digits, "-"), ".")
	digits = strings.TrimLeft(whole+fraction, "0")
	mantissa := strings.TrimRight(digits, "0")
	if len(mantissa) > maxExact {
		return n, false
	}
	n.mantissa, _ = strconv.ParseUint(mantissa, 10, 64) // 0 if nothing is left
	n.exp = int(exp) - len(fraction) + len(digits) - len(mantissa)
	return n, true
}
