package bench

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/proto"

	"supportexporter/exporter/internal/tally"
)

// vectorRegistry gives client_golang's vectors: histograms that made the same
// observations, and counters with the values that a tally of them has.
func vectorRegistry(labelSets, values int, native bool) (*prometheus.Registry, error) {
	r := prometheus.NewRegistry()
	factor := 0.0
	if native {
		factor = 1.1 // schema 3
	}
	vector := func(name string, buckets []float64, more ...string) *prometheus.HistogramVec {
		v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: name, Buckets: buckets, NativeHistogramBucketFactor: factor},
			append([]string{"intent", "tier", "language"}, more...))
		r.MustRegister(v)
		return v
	}
	buckets := settings().Buckets
	seconds := vector(tally.ResolutionSeconds, buckets.Seconds, "resolved")
	turns := vector(tally.ConversationTurns, buckets.Turns)
	cost := vector(tally.ConversationCost, buckets.Cost)
	for o := range observations(labelSets, values) {
		o.observeIn(seconds.WithLabelValues(o.intent, o.tier, o.language, "true"), o.resolved)
		o.observeIn(seconds.WithLabelValues(o.intent, o.tier, o.language, "false"), o.unresolved)
		o.observeIn(turns.WithLabelValues(o.intent, o.tier, o.language), o.turns)
		o.observeIn(cost.WithLabelValues(o.intent, o.tier, o.language), o.cost)
	}
	families, err := scrapedRegistry(labelSets, values).Gather()
	for _, f := range families {
		if f.GetType() != dto.MetricType_HISTOGRAM {
			mirror(r, f)
		}
	}
	return r, err
}

// observeIn counts a value in a vector's histogram, with an exemplar if it is
// one of the last two: as many as a tally keeps.
func (o *observation) observeIn(h prometheus.Observer, v float64) {
	if o.number < o.of-2 {
		h.Observe(v)
		return
	}
	h.(prometheus.ExemplarObserver).ObserveWithExemplar(v, prometheus.Labels{"conversation_id": o.id})
}

// mirror registers counters or gauges with the values of a family.
func mirror(r *prometheus.Registry, f *dto.MetricFamily) {
	var names []string
	for _, l := range f.GetMetric()[0].GetLabel() {
		names = append(names, l.GetName())
	}
	counters := prometheus.NewCounterVec(prometheus.CounterOpts{Name: f.GetName(), Help: f.GetHelp()}, names)
	gauges := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: f.GetName(), Help: f.GetHelp()}, names)
	for _, m := range f.GetMetric() {
		var values []string
		for _, l := range m.GetLabel() {
			values = append(values, l.GetValue())
		}
		if c := m.GetCounter(); c != nil {
			counters.WithLabelValues(values...).Add(c.GetValue())
		} else {
			gauges.WithLabelValues(values...).Set(m.GetGauge().GetValue())
		}
	}
	if f.GetType() == dto.MetricType_COUNTER {
		r.MustRegister(counters)
	} else {
		r.MustRegister(gauges)
	}
}

// TestScrapesHoldTheSame compares what the two sides of BenchmarkScrape expose,
// series by series.
func TestScrapesHoldTheSame(t *testing.T) {
	const labelSets, values = 20, 50
	got, err := scrapedRegistry(labelSets, values).Gather()
	if err != nil {
		t.Fatal(err)
	}
	vectors, err := vectorRegistry(labelSets, values, true)
	if err != nil {
		t.Fatal(err)
	}
	want, err := vectors.Gather()
	if err != nil || len(want) != len(got) {
		t.Fatalf("want %d families, got %d, %v", len(want), len(got), err)
	}
	for i, f := range got {
		for k, m := range f.GetMetric() {
			w := want[i].GetMetric()[k]
			strip(m)
			strip(w)
			if !proto.Equal(m, w) {
				t.Fatalf("%s:\nwant %v\ngot  %v", f.GetName(), w, m)
			}
		}
	}
}

// strip drops what two processes that count the same may differ in: the
// times of creation and the choice of exemplars.
func strip(m *dto.Metric) {
	if m.Counter != nil {
		m.Counter.CreatedTimestamp, m.Counter.Exemplar = nil, nil
	}
	if h := m.Histogram; h != nil {
		h.CreatedTimestamp, h.Exemplars, h.ZeroThreshold = nil, nil, nil
		for _, b := range h.Bucket {
			b.Exemplar = nil
		}
	}
}
