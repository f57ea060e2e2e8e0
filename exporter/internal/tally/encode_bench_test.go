package tally

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/prometheus/common/expfmt"
)

// benchBuckets are as many as the default configuration has, for like values.
func benchBuckets() Buckets {
	return Buckets{
		Seconds: []float64{15, 30, 60, 90, 120, 180, 240, 300, 480, 600, 720, 900, 1200, 1800, 3600, 7200, 14400, 28800, 86400},
		Turns:   []float64{1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30},
		Cost:    []float64{0.005, 0.01, 0.02, 0.05, 0.08, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1, 2, 5, 8, 10, 12, 20},
	}
}

// benchTally has 10,000 histogram series of 100 values each.
func benchTally() *Tally {
	t := New(benchBuckets())
	l := roomy()
	l.Intents, l.Series = 1000, math.MaxInt
	t.SetLimits(l)
	r := rand.New(rand.NewPCG(1, 0))
	value := func(median, spread float64) float64 { return median * math.Exp(spread*r.NormFloat64()) }
	for set := range 2500 {
		at := At{Cell: t.Cell(Labels{
			t.Label(LabelIntent, fmt.Sprintf("intent_%02d", set%100)),
			t.Label(LabelTier, fmt.Sprintf("tier_%02d", set/100%5)),
			t.Label(LabelLanguage, fmt.Sprintf("l%d", set/500)),
		}, created)}
		for i := range 100 {
			at.Now, at.ID = created+int64(i)*1000, fmt.Sprintf("conv-%016x", r.Uint64())
			t.ResolutionSeconds(at, true, value(180, 0.8))
			t.ResolutionSeconds(at, false, value(240, 0.8))
			t.Turns(at, math.Ceil(value(4, 0.5)))
			t.Cost(at, value(0.15, 0.6))
		}
	}
	return t
}

func BenchmarkSnapshot(b *testing.B) {
	t := benchTally()
	b.ReportAllocs()
	for b.Loop() {
		t.Snapshot()
	}
}

func BenchmarkEncode(b *testing.B) {
	s := benchTally().Snapshot()
	for _, f := range []struct {
		name   string
		format expfmt.Format
	}{{"text", expfmt.FmtText}, {"openmetrics", expfmt.FmtOpenMetrics_1_0_0}, {"protobuf", expfmt.FmtProtoDelim}} {
		b.Run(f.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				e := NewEncoder(io.Discard, s, f.format)
				for _, name := range FamilyNames() {
					e.Family(name)
				}
				if err := e.Flush(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
