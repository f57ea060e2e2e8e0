package event

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// scanNumber reads a literal that is nothing but a number.
func scanNumber(t interface{ Fatalf(string, ...any) }, literal string) number {
	s := scanner{buf: []byte(literal)}
	n, err := s.number()
	if err != nil || s.pos != len(literal) {
		t.Fatalf("%s: %v at %d, want a number", literal, err, s.pos)
	}
	return n
}

func TestNumberFloat(t *testing.T) {
	for _, c := range []struct {
		literal string
		want    float64
		ok      bool
	}{
		{"0", 0, true},
		{"-0", math.Copysign(0, -1), true},
		{"0.1", 0.1, true},
		{"-12.5e1", -125, true},
		{"1E+2", 100, true},
		{"9007199254740993", 9007199254740992, true},
		{"0.30000000000000004", 0.30000000000000004, true},
		{"123456789012345678901234567890", 123456789012345678901234567890, true},
		{"1e22", 1e22, true},
		{"1e23", 1e23, true},
		{"1e-22", 1e-22, true},
		{"1e-23", 1e-23, true},
		{"9007199254740991e-22", 9007199254740991e-22, true},
		{"1.7976931348623157e308", math.MaxFloat64, true},
		{"1.7976931348623159e308", 0, false},
		{"-1e400", 0, false},
		{"1e99999999999999999999", 0, false},
		{"0e99999999999999999999", 0, true},
		{"5e-324", math.SmallestNonzeroFloat64, true},
		{"1e-400", 0, true},
		{"1e-99999999999999999999", 0, true},
		{"1" + strings.Repeat("0", 400) + "e-400", 1, true},
		{"0." + strings.Repeat("0", 400) + "1e401", 1, true},
	} {
		got, ok := scanNumber(t, c.literal).float()
		if ok != c.ok || ok && math.Float64bits(got) != math.Float64bits(c.want) {
			t.Errorf("%s: got %v, %t, want %v, %t", c.literal, got, ok, c.want, c.ok)
		}
	}
}

func TestNumberInteger(t *testing.T) {
	zeros := strings.Repeat("0", 1e5)
	for _, c := range []struct {
		literal string
		want    uint64
		ok      bool
	}{
		{"4", 4, true},
		{"4.0", 4, true},
		{"4e0", 4, true},
		{"40e-1", 4, true},
		{"0.4E1", 4, true},
		{"0.04e+2", 4, true},
		{"4.000000000000000000000000", 4, true},
		{"4000000000000000000000000e-24", 4, true},
		{"0.000000000000000000000004e24", 4, true},
		{"4e00000000000000000000000000", 4, true},
		{"4" + zeros + "e-100000", 4, true},
		{"0." + zeros + "4e100001", 4, true},
		{"-0", 0, true},
		{"0.00", 0, true},
		{"0e99999999999999999999", 0, true},
		{"0.0000000000000000000000000e5", 0, true},
		{"9007199254740992", 1 << 53, true},
		{"9999999999999999999", 9999999999999999999, true},
		{"4.5", 0, false},
		{"4.0000000000000000000000001", 0, false},
		{"4e-1", 0, false},
		{"4e-9999", 0, false},
		{"4e-99999999999999999999", 0, false},
		{"4e9999", 0, false},
		{"4e99999999999999999999", 0, false},
		{"12345678901234567891", 0, false},
		{"-4", 4, false},
		{"-4.00000000000000000000000000", 4, false},
	} {
		got, ok := scanNumber(t, c.literal).integer()
		if ok != c.ok || ok && got != c.want {
			t.Errorf("%.40s: got %d, %t, want %d, %t", c.literal, got, ok, c.want, c.ok)
		}
	}
}

// TestNumberAgrees compares with strconv and math/big on numbers of all shapes.
func TestNumberAgrees(t *testing.T) {
	literal := rapid.StringMatching(`-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,25}|\.0{1,25})?([eE][+-]?[0-9]{1,3})?`)
	rapid.Check(t, func(t *rapid.T) {
		l := literal.Draw(t, "literal")
		n := scanNumber(t, l)
		want, err := strconv.ParseFloat(l, 64)
		if got, ok := n.float(); ok != (err == nil) || ok && math.Float64bits(got) != math.Float64bits(want) {
			t.Fatalf("%s: float %v, %t, want %v, %v", l, got, ok, want, err)
		}
		exact, _ := new(big.Rat).SetString(l)
		fits := exact.IsInt() && exact.Sign() >= 0 && exact.Num().Cmp(big.NewInt(MaxTurns)) <= 0
		got, ok := n.integer()
		if ok = ok && got <= MaxTurns; ok != fits || ok && got != exact.Num().Uint64() {
			t.Fatalf("%s: integer %d, %t, want %v", l, got, ok, exact)
		}
	})
}

// TestAmountHasNoSign makes sure that a negative zero never gets through.
func TestAmountHasNoSign(t *testing.T) {
	for _, literal := range []string{"-0", "-0.0e7", "-1e-400"} {
		got, err := decode(t, `{"conversation_id":"c","cost":{"usd":`+literal+`,"detail":{"a":`+literal+`}}}`, JSON)
		if err != nil || got[0].Err != "" {
			t.Fatalf("%s: %v, %v", literal, err, got)
		}
		cost := got[0].Event.Cost
		if math.Signbit(cost.USD) || math.Signbit(cost.Detail[0].USD) {
			t.Errorf("%s: a sign is left in %v", literal, cost)
		}
	}
}
