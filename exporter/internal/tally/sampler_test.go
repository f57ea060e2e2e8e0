package tally

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"
	"pgregory.net/rapid"

	"supportexporter/exporter/internal/event"
)

// sampled is what a Sampler gives, by series.
type sampled struct {
	sampler *Sampler
	names   []string
}

func sampling(t *Tally) *sampled {
	s := &sampled{}
	s.sampler = NewSampler(t, func(name string, labels []*dto.LabelPair) {
		s.names = append(s.names, seriesName(name, labels))
	})
	return s
}

func (s *sampled) sample(t rapid.TB) map[string]float64 {
	t.Helper()
	values := s.sampler.Sample()
	if len(values) != len(s.names) {
		t.Fatalf("%d values of %d series", len(values), len(s.names))
	}
	all := map[string]float64{}
	for i, v := range values {
		if _, ok := all[s.names[i]]; ok {
			t.Fatalf("%s is there twice", s.names[i])
		}
		all[s.names[i]] = v
	}
	return all
}

func seriesName(name string, labels []*dto.LabelPair) string {
	m := map[string]string{}
	for _, l := range labels {
		m[l.GetName()] = l.GetValue()
	}
	for _, l := range slices.Sorted(maps.Keys(m)) {
		name += fmt.Sprintf(",%s=%s", l, m[l])
	}
	return name
}

// scraped is what a scrape of the classic text has of the tally's series.
func scraped(t testing.TB, ta *Tally) map[string]float64 {
	t.Helper()
	all := map[string]float64{}
	for _, f := range gather(t, ta) {
		if f.GetName() == ConversationsOpen || f.GetName() == LedgerStart {
			continue // not of the tally
		}
		for _, m := range f.GetMetric() {
			h := m.GetHistogram()
			if h == nil {
				all[seriesName(f.GetName(), m.GetLabel())] = m.GetCounter().GetValue()
				continue
			}
			bucket := func(bound string, n uint64) {
				labels := append(slices.Clone(m.GetLabel()), pair("le", bound))
				all[seriesName(f.GetName()+"_bucket", labels)] = float64(n)
			}
			for _, b := range h.GetBucket() {
				if !math.IsInf(b.GetUpperBound(), 1) {
					bucket(boundText(b.GetUpperBound()), b.GetCumulativeCount())
				}
			}
			bucket("+Inf", h.GetSampleCount())
			all[seriesName(f.GetName()+"_sum", m.GetLabel())] = h.GetSampleSum()
			all[seriesName(f.GetName()+"_count", m.GetLabel())] = float64(h.GetSampleCount())
		}
	}
	return all
}

// Whatever is counted, a Sampler sees what a scrape sees, at any time.
func TestSamplerSeesWhatAScrapeSees(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		ta := newTally(roomy())
		s := sampling(ta)
		for range rapid.IntRange(1, 30).Draw(r, "steps") {
			l := Labels{
				ta.Label(LabelIntent, rapid.SampledFrom([]string{"", "refund", "other"}).Draw(r, "intent")),
				ta.Label(LabelTier, rapid.SampledFrom([]string{"", "gold"}).Draw(r, "tier")),
			}
			arm := rapid.SampledFrom([]string{"", "short", "warm"}).Draw(r, "arm")
			at := At{Cell: ta.Cell(l, created), Now: created}
			if arm != "" {
				at.Arm = ta.Arm("greeting", arm, created)
			}
			countOne(r, ta, at, rapid.Float64Range(0, 1000).Draw(r, "value"))
			if rapid.Bool().Draw(r, "look") {
				s.sample(r) // or series appear between two samples
			}
		}
		if diff := cmp.Diff(scraped(t, ta), s.sample(r)); diff != "" {
			r.Fatalf("scraped, sampled (-/+):\n%s", diff)
		}
	})
}

// countOne counts something that has the value v, if it has one.
func countOne(r *rapid.T, ta *Tally, at At, v float64) {
	switch rapid.IntRange(0, 9).Draw(r, "what") {
	case 0:
		ta.Outcome(at, Outcome(rapid.IntRange(int(Resolved), int(Abandoned)).Draw(r, "outcome")))
	case 1:
		ta.Reverse(at, Reversal(rapid.IntRange(0, int(numReversals)-1).Draw(r, "reversal")))
	case 2:
		ta.Resolution(at, v > 500)
		ta.Confirmed(at)
	case 3:
		ta.ResolutionSeconds(at, v > 500, v)
	case 4:
		ta.Turns(at, math.Ceil(v))
	case 5:
		ta.Cost(at, v)
	case 6:
		name := rapid.SampledFrom([]string{"model", "tools"}).Draw(r, "component")
		ta.Spend(at, event.Money{USD: v, Detail: []event.Component{{Name: name, USD: v / 2}}})
	case 7:
		ta.Survey(at)
		ta.CSAT(at, rapid.IntRange(1, 5).Draw(r, "csat"))
	case 8:
		ta.Escalation(at, ta.Reason(rapid.SampledFrom([]string{"", "policy", "anger"}).Draw(r, "reason")))
	case 9:
		ta.Joined(at.Arm)
	}
}

func TestSamplerOfEverything(t *testing.T) {
	ta := newTally(roomy())
	s := sampling(ta)
	if got := s.sample(t); len(got) != 0 {
		t.Errorf("an empty tally has %v", got)
	}
	everything(ta)
	first := s.sample(t)
	if diff := cmp.Diff(scraped(t, ta), first); diff != "" {
		t.Errorf("scraped, sampled (-/+):\n%s", diff)
	}
	everything(ta)
	second := s.sample(t)
	if diff := cmp.Diff(scraped(t, ta), second); diff != "" {
		t.Errorf("scraped, sampled (-/+):\n%s", diff)
	}
	if len(first) != len(second) {
		t.Errorf("%d series became %d", len(first), len(second))
	}
}

// A sample of what has not grown allocates little: closures, not labels.
func TestSamplerMakesNoLabelsAnew(t *testing.T) {
	ta := newTally(roomy())
	everything(ta)
	s := sampling(ta)
	s.sample(t)
	if n := testing.AllocsPerRun(100, func() { s.sampler.Sample() }); n > 10 {
		t.Errorf("a sample of %d series allocates %v times", len(s.names), n)
	}
}

func TestBoundText(t *testing.T) {
	for v, want := range map[float64]string{5: "5.0", 0.25: "0.25", 1e-7: "1e-07", 86400: "86400.0", 1e21: "1e+21"} {
		if got := boundText(v); got != want {
			t.Errorf("boundText(%v) = %q, want %q", v, got, want)
		}
	}
}

func BenchmarkSample(b *testing.B) {
	ta := newTally(roomy())
	for i := range 288 {
		ta.Cell(Labels{ta.Label(LabelIntent, fmt.Sprint(i))}, created)
		at := At{Cell: uint32(i), Now: created}
		ta.ResolutionSeconds(at, true, 100)
		ta.Turns(at, 4)
		ta.Cost(at, 0.3)
	}
	s := sampling(ta)
	for b.Loop() {
		s.sampler.Sample()
	}
	b.ReportMetric(float64(len(s.names)), "series")
}
