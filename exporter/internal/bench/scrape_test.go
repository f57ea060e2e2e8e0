package bench

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/proto"

	"supportexporter/exporter/internal/exposition"
	"supportexporter/exporter/internal/tally"
)

// scrapedValues is how many values each histogram of BenchmarkScrape has.
const scrapedValues = 100

// BenchmarkScrape scrapes 20,000 histogram series, and the counters of their
// 5,000 label sets, from a tally as the exporter does and from client_golang's
// vectors which hold the same: classic and, where the format has them, native
// buckets, and exemplars. Each is a process of its own. What is reported is for
// 10,000 histogram series.
func BenchmarkScrape(b *testing.B) {
	labelSets := sized(5000, 500)
	for _, format := range []struct{ name, accept, vectors string }{
		{"text", "text/plain;version=0.0.4", roleVectors},
		{"openmetrics", "application/openmetrics-text;version=1.0.0", roleVectors},
		{"protobuf", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited", roleNativeVectors},
	} {
		exporter, vectors := startRole(b, roleTally, labelSets), startRole(b, format.vectors, labelSets)
		for _, encoding := range []string{"identity", "gzip", "zstd"} {
			b.Run("format="+format.name+"/encoding="+encoding, func(b *testing.B) {
				r := rounds{}
				for b.Loop() {
					r.scrape(b, "exporter", exporter, format.accept, encoding, labelSets)
					if encoding != "zstd" { // which promhttp has only if asked for
						r.scrape(b, "vectors", vectors, format.accept, encoding, labelSets)
					}
				}
				r.ratio("ratio-to-vectors", "exporter-cpu-ms", "vectors-cpu-ms")
				r.report(b)
			})
		}
	}
}

// scrape takes the CPU time that a process needs for a scrape, and its size.
func (r rounds) scrape(b *testing.B, name string, p *process, accept, encoding string, labelSets int) {
	b.Helper()
	request, err := http.NewRequest(http.MethodGet, "http://"+p.http+metricsPath, nil)
	if err != nil {
		b.Fatal(err)
	}
	request.Header.Set("Accept", accept)
	request.Header.Set("Accept-Encoding", encoding)
	before := p.cpu(b)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		b.Fatal(err)
	}
	defer answer.Body.Close()
	size, err := io.Copy(io.Discard, answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		b.Fatalf("scraping %s: %s, %v", name, answer.Status, err)
	}
	const histograms = 4 // of a label set
	share := 10_000 / float64(histograms*labelSets)
	r.add(name+"-cpu-ms", milliseconds(p.cpu(b)-before)*share)
	r.add(name+"-MB", float64(size)/1e6*share)
}

// filledTally gives a tally that counted observations.
func filledTally(labelSets, values int) *tally.Tally {
	t := newTally()
	for o := range observations(labelSets, values) {
		o.observe(t)
	}
	return t
}

// tallyHandler serves a tally as the exporter does.
func tallyHandler(t *tally.Tally) http.Handler {
	return exposition.NewHandler(exposition.Source{
		Snapshot: func(context.Context) (*tally.Snapshot, error) { return t.Snapshot(), nil },
		Others:   prometheus.NewRegistry(),
	}, slog.New(slog.DiscardHandler))
}

// tallyRegistry gives a tally's series as a registry has them.
func tallyRegistry(t *tally.Tally) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(tally.NewCollector(func() (*tally.Snapshot, error) { return t.Snapshot(), nil }))
	return r
}

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
	families, err := tallyRegistry(filledTally(labelSets, values)).Gather()
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
	got, err := tallyRegistry(filledTally(labelSets, values)).Gather()
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
