package tally

import (
	"math"
	"math/bits"
)

// Sum adds non-negative numbers exactly, so that a total does not depend on
// the order in which its parts came. It is a fixed-point number of 128 bits
// before and 64 after the binary point, least significant word first:
//
//	s[2]·2⁶⁴ + s[1] + s[0]·2⁻⁶⁴
//
// A value of at least 2⁻¹² enters without any rounding; a smaller one is
// rounded once, by itself, to the nearest multiple of 2⁻⁶⁴. The largest Sum
// stands for everything beyond it.
type Sum [3]uint64

// Add adds v, which must be finite and not negative.
func (s *Sum) Add(v float64) {
	o := fixed(v)
	var c uint64
	s[0], c = bits.Add64(s[0], o[0], 0)
	s[1], c = bits.Add64(s[1], o[1], c)
	s[2], c = bits.Add64(s[2], o[2], c)
	if c != 0 {
		*s = Sum{math.MaxUint64, math.MaxUint64, math.MaxUint64}
	}
}

// fixed gives v as the Sum of one value.
func fixed(v float64) Sum {
	b := math.Float64bits(v)
	exp := int(b>>52) & 0x7ff
	mant := b & (1<<52 - 1)
	if exp != 0 {
		mant |= 1 << 52
	} else {
		exp = 1
	}
	shift := exp - 1075 + 64 // v = mant·2^(exp−1075)
	switch {
	case mant == 0 || shift < -53:
		return Sum{}
	case shift < 0:
		half := uint64(1) << (-shift - 1)
		return Sum{(mant + half) >> -shift}
	case shift+53 > 192:
		return Sum{math.MaxUint64, math.MaxUint64, math.MaxUint64}
	}
	var s Sum
	word, off := shift/64, shift%64
	s[word] = mant << off
	if off > 11 {
		s[word+1] = mant >> (64 - off)
	}
	return s
}

// Float64 gives the float64 nearest to s.
func (s *Sum) Float64() float64 {
	top := 2
	for top > 0 && s[top] == 0 {
		top--
	}
	lead := bits.LeadingZeros64(s[top])
	m := s[top] << lead
	var rest uint64
	if top > 0 {
		m |= s[top-1] >> (64 - lead)
		rest = s[top-1] << lead
	}
	if top > 1 {
		rest |= s[0]
	}
	if rest != 0 {
		m |= 1 // 64 bits round to 53: the last one says only that more follows
	}
	return math.Ldexp(float64(m), (top-1)*64-lead)
}
