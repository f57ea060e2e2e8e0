package verdict

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/stat"

	"supportexporter/exporter/internal/config"
)

// Two runs of one benchmark, 84 and 92 of 200 resolved: no difference that
// counts.
func TestRunsOfOneBenchmark(t *testing.T) {
	a, _ := Rate(84, 200)
	b, _ := Rate(92, 200)
	l, ok := compare(config.ResolutionRate, b, a, bounds{0.05, 200, 30})
	if !ok || !near(l.Ratio, 0.0952381, 1e-6) || math.Abs(*l.PValue-0.42) > 0.01 {
		t.Errorf("lift %g, p %g; want 0.095 and 0.42", l.Ratio, *l.PValue)
	}
	if l.Fixed.Low > 0 || l.Fixed.High < 0 || l.Sequential.Low >= l.Fixed.Low || l.Sequential.High <= l.Fixed.High {
		t.Errorf("intervals %v and %v: want both around 0, the sequential one wider", *l.Fixed, *l.Sequential)
	}
}

// The published examples: of two proportions, the aspirin arm of the
// Physicians' Health Study (104 of 11,037 heart attacks against 189 of 11,034;
// z = 5.00, relative risk 0.55), and of two means with unequal variances.
func TestPublishedExamples(t *testing.T) {
	aspirin, _ := Rate(104, 11_037)
	placebo, _ := Rate(189, 11_034)
	z := zscore(config.EscalationRate, aspirin, placebo)
	l, _ := compare(config.EscalationRate, aspirin, placebo, bounds{0.05, 10_000, 30})
	if math.Abs(z+5.00) > 0.01 || math.Abs(l.Ratio-(0.55-1)) > 0.005 {
		t.Errorf("z %.3f, lift %.3f; want -5.00 and -0.45", z, l.Ratio)
	}

	x := []float64{27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4}
	y := []float64{27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 30.5, 34.5}
	if z := zscore(config.Turns, sampleOf(x), sampleOf(y)); !near(z, welch(x, y), 1e-9) {
		t.Errorf("z %g, want %g, as gonum's variances have it", z, welch(x, y))
	}
}

func sampleOf(values []float64) Sample {
	sum, squares := 0.0, 0.0
	for _, v := range values {
		sum, squares = sum+v, squares+v*v
	}
	s, _ := Values(config.Turns, float64(len(values)), sum, squares)
	return s
}

// welch is Welch's statistic by gonum.
func welch(x, y []float64) float64 {
	mx, vx := stat.MeanVariance(x, nil)
	my, vy := stat.MeanVariance(y, nil)
	return (mx - my) / math.Sqrt(vx/float64(len(x))+vy/float64(len(y)))
}

// The quantiles that every table has.
func TestTabulatedQuantiles(t *testing.T) {
	for alpha, z := range map[float64]float64{0.1: 1.644854, 0.05: 1.959964, 0.01: 2.575829, 0.001: 3.290527} {
		if got := fixedWidth(alpha); math.Abs(got-z) > 1e-6 {
			t.Errorf("alpha %g: %g, want %g", alpha, got, z)
		}
		if got := twoSided(z); math.Abs(got-alpha) > 1e-6 {
			t.Errorf("z %g: p %g, want %g", z, got, alpha)
		}
	}
}

// The confidence sequence as it was published: its half-width is
// sigma sqrt(2 (n rho^2 + 1) / (n^2 rho^2) ln(sqrt(n rho^2 + 1) / alpha)), with
// equal arms, and it is narrowest about where it was tuned for.
func TestSequentialWidthIsThePublishedOne(t *testing.T) {
	const n, alpha, planned = 700.0, 0.05, 1000.0
	a, b := Sample{n, 10, 4}, Sample{n, 10, 5}
	l, _ := compare(config.Turns, a, b, bounds{alpha, planned, 30})
	rho2 := 7.936 / planned
	want := math.Sqrt(4+5) * math.Sqrt(2*(n*rho2+1)/(n*n*rho2)*math.Log(math.Sqrt(n*rho2+1)/alpha)) / 10
	if !near(l.Sequential.High, want, 1e-4) || !near(l.Sequential.Low, -want, 1e-4) {
		t.Errorf("%v, want +-%g", *l.Sequential, want)
	}
	for _, alpha := range []float64{0.0001, 0.01, 0.05, 0.2} {
		at := sequentialWidth(tunedInformation(alpha), alpha)
		for _, factor := range []float64{0.25, 0.5, 2, 4} {
			if w := sequentialWidth(factor*tunedInformation(alpha), alpha); w < at*0.999 {
				t.Errorf("alpha %g: %g at %g times the planned size, %g there", alpha, w, factor, at)
			}
		}
	}
	if got := tunedInformation(0.05); math.Abs(got-7.93) > 0.01 {
		t.Errorf("tuned for %g / n, want about 7.93", got)
	}
}

func TestSamples(t *testing.T) {
	tests := []struct {
		name string
		got  func() (Sample, bool)
		want Sample
		ok   bool
	}{
		{"rate", func() (Sample, bool) { return Rate(30, 100) }, Sample{100, 0.3, 0.21}, true},
		{"rate of 0", func() (Sample, bool) { return Rate(0, 100) }, Sample{100, 0, 0.0099}, true},
		{"rate of 1", func() (Sample, bool) { return Rate(100, 100) }, Sample{100, 1, 0.0099}, true},
		{"no outcomes", func() (Sample, bool) { return Rate(0, 0) }, Sample{}, false},
		{"negative", func() (Sample, bool) { return Rate(-1, 10) }, Sample{}, false},
		{"values", func() (Sample, bool) { return Values(config.Turns, 3, 6, 14) }, Sample{3, 2, 1}, true},
		{"values all alike", func() (Sample, bool) { return Values(config.Turns, 3, 6, 12) }, Sample{3, 2, 0}, true},
		{"ratings all alike", func() (Sample, bool) { return Values(config.CSAT, 3, 15, 75) }, Sample{3, 5, 1.0 / 12}, true},
		{"no values", func() (Sample, bool) { return Values(config.Turns, 0, 0, 0) }, Sample{}, false},
	}
	for _, tt := range tests {
		got, ok := tt.got()
		if ok != tt.ok || math.Abs(got.N-tt.want.N)+math.Abs(got.Mean-tt.want.Mean)+math.Abs(got.Variance-tt.want.Variance) > 1e-12 {
			t.Errorf("%s: %+v, %v; want %+v, %v", tt.name, got, ok, tt.want, tt.ok)
		}
	}
	if s, ok := Values(config.Turns, 1, 2, 4); !ok || !math.IsNaN(s.Variance) {
		t.Errorf("one value: %+v, %v; want no variance", s, ok)
	}
}
