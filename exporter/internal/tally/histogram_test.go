package tally

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/testing/protocmp"
	"pgregory.net/rapid"
)

// A histogram is the one that the client library makes of the same values,
// classic and native.
func TestHistogramIsThatOfTheClientLibrary(t *testing.T) {
	bounds := []float64{0.005, 0.25, 1, 60, 180, 86400}
	value := rapid.OneOf(
		rapid.SampledFrom(append([]float64{0, zeroThreshold, math.Ldexp(1, 40)}, bounds...)),
		rapid.Float64Range(0, 1),
		rapid.Float64Range(1, 1e6),
		rapid.Map(rapid.IntRange(-19, 39), func(e int) float64 { return math.Ldexp(1, e) }),
	)
	rapid.Check(t, func(t *rapid.T) {
		theirs := prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "h", Help: "h", Buckets: bounds,
			NativeHistogramBucketFactor:  1.1, // schema 3
			NativeHistogramZeroThreshold: zeroThreshold,
		})
		ours := newHistogram(bounds)
		for _, v := range rapid.SliceOfN(value, 1, 60).Draw(t, "values") {
			theirs.Observe(v)
			ours.observe(bounds, v)
		}
		var want dto.Metric
		if err := theirs.Write(&want); err != nil {
			t.Fatal(err)
		}
		got := ours.dto(bounds)
		want.Histogram.CreatedTimestamp = nil
		sumsAgree := math.Abs(got.GetSampleSum()-want.Histogram.GetSampleSum()) <= 1e-9*got.GetSampleSum()+1e-18
		want.Histogram.SampleSum, got.SampleSum = nil, nil // ours is exact
		if diff := cmp.Diff(want.Histogram, got, protocmp.Transform()); diff != "" || !sumsAgree {
			t.Fatalf("histograms differ (-client library +tally), sums agree: %v\n%s", sumsAgree, diff)
		}
	})
}

// Absurd values change the sum, not the size: the native buckets are bounded.
func TestHistogramIsBounded(t *testing.T) {
	h := newHistogram([]float64{1})
	for exp := -1070; exp < 1024; exp++ {
		for eighth := range 8 {
			h.observe([]float64{1}, math.Ldexp(1+float64(eighth)/8, exp))
		}
	}
	_, natives := h.shapes([]float64{1})
	if n := len(natives); n > 481 {
		t.Errorf("%d native buckets, want at most 481", n)
	}
	if all, zero := h.counts([]float64{1}); all != 8*(1024+1070) || zero != 8*(1070-20)+1 {
		t.Errorf("%d values, %d in the zero bucket", all, zero)
	}
}

func TestExemplarsTellDifferentStories(t *testing.T) {
	bounds := []float64{1, 10}
	var two [2]exemplar
	for _, step := range []struct {
		id    string
		value float64
		want  string
	}{
		{"a", 5, "a"},
		{"b", 6, "b"},     // the same bucket: the newer one
		{"c", 100, "c b"}, // another bucket: both
		{"d", 200, "d b"},
		{"e", 0.5, "e d"},
	} {
		keep(&two, bounds, At{ID: step.id}, step.value)
		got := string(two[0].id)
		if len(two[1].id) > 0 {
			got += " " + string(two[1].id)
		}
		if got != step.want {
			t.Errorf("after %s: exemplars %q, want %q", step.id, got, step.want)
		}
	}
}
