package verdict

import (
	"math"
	"strings"
	"testing"
)

func rateEffect(p, lift float64) Effect {
	treated := p * (1 + lift)
	return Effect{
		Control: Sample{0, p, p * (1 - p)}, Treatment: Sample{0, 0, treated * (1 - treated)},
		LiftRatio: lift, Alpha: 0.05, Power: 0.8,
	}
}

// Escalations from 12 % to 11.4 % need about 45,000 conversations in each arm
// at a fixed horizon; a tenth of a point of CSAT with a deviation of 1 the
// textbook's 2 (1.96 + 0.84)^2 / 0.1^2 = 1,570 ratings.
func TestSizes(t *testing.T) {
	sizes, err := rateEffect(0.12, -0.05).Sizes()
	if err != nil || !near(sizes.Fixed, 45_000, 0.03) {
		t.Errorf("escalations: %+v, %v; want about 45,000", sizes, err)
	}
	if ratio := sizes.Sequential / sizes.Fixed; ratio < 1.8 || ratio > 2.1 {
		t.Errorf("the sequential size is %.2f times the fixed one, want about 2", ratio)
	}
	sizes, err = Effect{
		Control: Sample{0, 4, 1}, Treatment: Sample{0, 0, 1}, LiftRatio: -0.1 / 4, Alpha: 0.05, Power: 0.8,
	}.Sizes()
	if err != nil || sizes.Fixed != 1570 {
		t.Errorf("csat: %+v, %v; want 1570", sizes, err)
	}
}

// What was planned for itself is as large as it says; what was planned for
// another size needs more, but not much.
func TestSizeAsPlanned(t *testing.T) {
	e := rateEffect(0.5, 0.05)
	sizes, err := e.Sizes()
	if err != nil {
		t.Fatal(err)
	}
	for planned, most := range map[float64]float64{sizes.Sequential: 1.001, sizes.Sequential / 4: 1.25, sizes.Sequential * 4: 1.25} {
		got, err := e.SizeAsPlanned(planned)
		if err != nil || got < sizes.Sequential*0.999 || got > sizes.Sequential*most {
			t.Errorf("planned %g: %g, %v; want %g to %g times that", planned, got, err, sizes.Sequential, most)
		}
	}
}

func TestSizesAreMonotone(t *testing.T) {
	size := func(e Effect) float64 {
		s, err := e.Sizes()
		if err != nil {
			t.Fatal(err)
		}
		return s.Sequential
	}
	base := rateEffect(0.7, 0.05)
	stronger, surer, stricter, pickier := base, base, base, base
	stronger.LiftRatio = 0.06
	surer.Power = 0.9
	stricter.Alpha = 0.01
	pickier.MinLiftRatio = 0.049
	if size(stronger) >= size(base) || size(surer) <= size(base) || size(stricter) <= size(base) || size(pickier) <= size(base) {
		t.Errorf("sizes %g, %g, %g, %g, %g", size(base), size(stronger), size(surer), size(stricter), size(pickier))
	}
}

func TestImpossibleSizes(t *testing.T) {
	tests := map[string]func(*Effect){
		"baseline must be more than 0, got 0": func(e *Effect) { e.Control.Mean = 0 },
		"variance must be more than 0":        func(e *Effect) { e.Treatment.Variance = math.NaN() },
		"lift must not be 0":                  func(e *Effect) { e.LiftRatio = 0 },
		"smallest one that ships, 0.05":       func(e *Effect) { e.MinLiftRatio = 0.05 },
	}
	for want, change := range tests {
		e := rateEffect(0.12, -0.05)
		change(&e)
		if _, err := e.Sizes(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("sizes: %v, want %q", err, want)
		}
		if _, err := e.SizeAsPlanned(100); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("size as planned: %v, want %q", err, want)
		}
	}
}
