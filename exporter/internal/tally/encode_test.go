package tally

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"pgregory.net/rapid"

	"supportexporter/exporter/internal/event"
)

// encoded are the formats that an Encoder knows.
var encoded = []expfmt.Format{
	expfmt.FmtText, expfmt.FmtOpenMetrics_1_0_0, expfmt.FmtOpenMetrics_0_0_1, expfmt.FmtProtoDelim,
	expfmt.FmtText + "; escaping=dots", expfmt.FmtOpenMetrics_1_0_0 + "; escaping=values", expfmt.FmtProtoDelim + "; escaping=allow-utf-8",
}

// encode gives what an Encoder writes of a snapshot.
func encode(t rapid.TB, s *Snapshot, f expfmt.Format) []byte {
	t.Helper()
	var b bytes.Buffer
	e := NewEncoder(&b, s, f)
	for _, name := range FamilyNames() {
		e.Family(name)
	}
	if err := e.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// reference gives what a registry and expfmt make of it.
func reference(t rapid.TB, s *Snapshot, f expfmt.Format) []byte {
	t.Helper()
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(NewCollector(func() (*Snapshot, error) { return s, nil }))
	all, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	enc := expfmt.NewEncoder(&b, f)
	for _, mf := range all {
		if err := enc.Encode(mf); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func compareFormats(t rapid.TB, s *Snapshot) {
	t.Helper()
	for _, f := range encoded {
		got, want := encode(t, s, f), reference(t, s, f)
		if bytes.Equal(got, want) {
			continue
		}
		if f.FormatType() == expfmt.TypeProtoDelim {
			t.Fatalf("%s (-want +got):\n%s", f, cmp.Diff(decoded(want, f), decoded(got, f)))
		}
		t.Fatalf("%s (-want +got):\n%s", f, cmp.Diff(string(want), string(got)))
	}
}

// decoded gives protobuf as text, to read.
func decoded(b []byte, f expfmt.Format) string {
	var out strings.Builder
	dec := expfmt.NewDecoder(bytes.NewReader(b), f)
	for {
		var mf dto.MetricFamily
		if err := dec.Decode(&mf); err != nil {
			fmt.Fprintln(&out, err)
			return out.String()
		}
		for _, m := range mf.Metric {
			fmt.Fprintln(&out, mf.GetName(), m)
		}
	}
}

// nastyCounts and nastyNumbers are where formats change their ways.
var (
	nastyCounts  = []uint64{0, 1, 9, 10, 127, 128, 16383, 16384, 999_999, 1_000_000, 1_000_001, 1_234_567, 1<<48 - 1, 1<<53 + 1, math.MaxUint64}
	nastyNumbers = []float64{
		0, 1, 0.1, 2.5, 999_999, 999_999.5, 1_000_000, 1_000_001, 123_456_789, 1e20, 1e21, 1e22, 1.5e300, math.MaxFloat64,
		1e-5, 1e-4, 0.00012345, 5e-324, zeroThreshold, 1 << 40, 1<<53 + 2,
	}
	nastyTexts = []string{"", "refund", "unknown", "other", "Z", "a b", `say "no"`, `back\slash`, "line\nbreak", "\\n\"\n", "größer", "日本", "a,b", "{}", "\x00", strings.Repeat("long ", 40)}
)

func drawText(r *rapid.T, what string) string {
	if rapid.Bool().Draw(r, what+" is nasty") {
		return rapid.SampledFrom(nastyTexts).Draw(r, what)
	}
	return fmt.Sprint(what, rapid.IntRange(0, 3).Draw(r, what))
}

func drawNumber(r *rapid.T) float64 {
	if rapid.Bool().Draw(r, "nasty") {
		return rapid.SampledFrom(nastyNumbers).Draw(r, "number")
	}
	return rapid.Float64Range(0, 1e7).Draw(r, "number")
}

func drawBounds(r *rapid.T, what string) []float64 {
	return rapid.SampledFrom([][]float64{
		{}, {1}, {0.005, 0.25, 1, 60, 1e6, 1e21}, {-1, 0, 5e-324, 2.5}, {60, 180, 86400},
	}).Draw(r, what)
}

// random counts whatever there is to count.
func random(r *rapid.T) *Snapshot {
	t := New(Buckets{Seconds: drawBounds(r, "seconds"), Turns: drawBounds(r, "turns"), Cost: drawBounds(r, "cost")})
	l := roomy()
	if rapid.Bool().Draw(r, "caps") {
		l = Limits{Intents: 2, Tiers: 2, Languages: 2, Reasons: 1, Components: 1, Arms: 2, Series: 1000}
	}
	t.SetLimits(l)
	now := rapid.SampledFrom([]int64{created, 0, -1, -1000, 1999, created + 123}).Draw(r, "now")
	for range rapid.IntRange(0, 40).Draw(r, "steps") {
		at := At{
			Cell: t.Cell(Labels{
				t.Label(LabelIntent, drawText(r, "intent")), t.Label(LabelTier, drawText(r, "tier")), t.Label(LabelLanguage, drawText(r, "language")),
			}, now),
			Now: now + rapid.Int64Range(0, 100_000).Draw(r, "later"),
			ID:  drawText(r, "id"),
		}
		if rapid.Bool().Draw(r, "in an experiment") {
			at.Arm = t.Arm(drawText(r, "experiment"), drawText(r, "variant"), now)
		}
		for range rapid.IntRange(0, 5).Draw(r, "counts") {
			countAny(r, t, at)
		}
	}
	s := t.Snapshot()
	s.Open, s.Start = rapid.SampledFrom([]int{0, 3, 1_000_000, 12_345_678}).Draw(r, "open"), now
	distort(r, s)
	return s
}

func countAny(r *rapid.T, t *Tally, at At) {
	v := drawNumber(r)
	switch rapid.IntRange(0, 3).Draw(r, "any") {
	case 0:
		t.Spend(at, event.Money{USD: v, Detail: []event.Component{{Name: drawText(r, "component"), USD: v / 2}}})
	case 1:
		t.Escalation(at, t.Reason(drawText(r, "reason")))
	default:
		countOne(r, t, at, v)
	}
}

// distort brings counts and sums that no test could count up to.
func distort(r *rapid.T, s *Snapshot) {
	count := func(n *uint64) {
		if rapid.IntRange(0, 3).Draw(r, "distort") == 0 {
			*n = rapid.SampledFrom(nastyCounts).Draw(r, "count")
		}
	}
	for i := range s.cells {
		c := &s.cells[i]
		count(&c.outcomes[Resolved])
		count(&c.csat[1])
		count(&c.values[Turns].count)
		distortHistogram(r, c.seconds[0], s.buckets.Seconds, count)
		distortHistogram(r, c.seconds[1], s.buckets.Seconds, count)
		distortHistogram(r, c.turns, s.buckets.Turns, count)
		distortHistogram(r, c.cost, s.buckets.Cost, count)
	}
}

func distortHistogram(r *rapid.T, h *histogram, bounds []float64, count func(*uint64)) {
	if h == nil {
		return
	}
	count(&h.buckets[0])
	if rapid.Bool().Draw(r, "saturate") {
		h.sum = Sum{math.MaxUint64, math.MaxUint64, math.MaxUint64}
	}
	if rapid.Bool().Draw(r, "one bucket") {
		h.exemplars[1] = h.exemplars[0]
		h.exemplars[1].at++
	}
	_, natives := h.shapes(bounds)
	for k := range natives {
		natives[k] = natives[k]&^nativeCount | rapid.Uint64Range(1, nativeCount).Draw(r, "native")
	}
}

// Whatever is counted, an Encoder writes what a registry and expfmt would.
func TestEncodesAsExpfmt(t *testing.T) {
	ta := newTally(roomy())
	compareFormats(t, ta.Snapshot())
	everything(ta)
	compareFormats(t, ta.Snapshot())
	rapid.Check(t, func(r *rapid.T) { compareFormats(r, random(r)) })
}

func TestEncodes(t *testing.T) {
	for _, f := range encoded {
		if !Encodes(f) {
			t.Errorf("%s is not known", f)
		}
	}
	for _, f := range []expfmt.Format{"", expfmt.FmtProtoText, expfmt.FmtProtoCompact, expfmt.FmtOpenMetrics_2_0_0, expfmt.FmtOpenMetrics_2_0_0_rc} {
		if Encodes(f) {
			t.Errorf("%s is known", f)
		}
	}
}
