package tally

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

func TestSumOfOneValueIsThatValue(t *testing.T) {
	for _, v := range []float64{0, 1, 0.42, 4.2, 0.1, 1e-3, 180.25, 86400, 1e15, 1 << 53, 1e30, math.Ldexp(1, -12), math.Ldexp(1, 127)} {
		var s Sum
		s.Add(v)
		if got := s.Float64(); got != v {
			t.Errorf("sum of %v is %v", v, got)
		}
	}
}

func TestSumSaturates(t *testing.T) {
	var s Sum
	s.Add(math.MaxFloat64)
	s.Add(1)
	if got, want := s.Float64(), math.Ldexp(1, 128); got != want {
		t.Errorf("a sum beyond its range is %v, want %v", got, want)
	}
	var grown Sum
	grown.Add(math.Ldexp(1.5, 127))
	grown.Add(math.Ldexp(1.5, 127))
	if grown != s {
		t.Errorf("a sum that grew beyond its range is %v, want %v", grown, s)
	}
}

func TestSumOfTinyValuesRoundsEach(t *testing.T) {
	var s Sum
	s.Add(math.SmallestNonzeroFloat64)
	s.Add(math.Ldexp(1, -66))
	if s != (Sum{}) {
		t.Errorf("values under half a unit add up to %v, want 0", s)
	}
	s.Add(math.Ldexp(1, -65))
	if s != (Sum{1}) {
		t.Errorf("half a unit adds up to %v, want one unit", s)
	}
}

// A sum is that of arithmetic without rounding, rounded once at the end,
// whatever the order.
func TestSumIsExactInAnyOrder(t *testing.T) {
	value := rapid.OneOf(
		rapid.Float64Range(math.Ldexp(1, -12), 1),
		rapid.Float64Range(0, 1e6).Filter(func(v float64) bool { return v == 0 || v >= math.Ldexp(1, -12) }),
		rapid.Float64Range(1, 1e18),
		rapid.Map(rapid.IntRange(1, 1000), func(n int) float64 { return float64(n) / 100 }),
	)
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(value, 1, 50).Draw(t, "values")
		exact := new(big.Float).SetPrec(400)
		var s Sum
		for _, v := range values {
			s.Add(v)
			exact.Add(exact, new(big.Float).SetFloat64(v))
		}
		want, _ := exact.Float64()
		if got := s.Float64(); got != want {
			t.Fatalf("sum of %v is %v, want %v", values, got, want)
		}
		rand.Shuffle(len(values), func(i, j int) { values[i], values[j] = values[j], values[i] })
		var other Sum
		for _, v := range values {
			other.Add(v)
		}
		if other != s {
			t.Fatalf("another order gives %v, want %v", other, s)
		}
	})
}
