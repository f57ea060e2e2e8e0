package bench

import (
	"io"
	"iter"
	"net/http"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"supportexporter/exporter/internal/conversation"
	"supportexporter/exporter/internal/event"
	"supportexporter/exporter/internal/tally"
)

// scrapedSeries is how many histogram series BenchmarkScrape's times are for.
const scrapedSeries = 10_000

// scrapedValues is how many values each of them has.
const scrapedValues = 100

// A format is asked for, and served to Prometheus 3, by a header.
var scrapeFormats = [...]struct{ name, accept string }{
	{"text", "text/plain;version=0.0.4"},
	{"openmetrics", "application/openmetrics-text;version=1.0.0"},
	{"protobuf", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"},
}

// scrapeEncodings are how an answer can be compressed. Where the exporter does not
// offer one, there is nothing to measure.
var scrapeEncodings = [...]string{"identity", "gzip", "zstd"}

// BenchmarkScrape scrapes 10,000 histogram series and the counters of their 2,500
// label sets: from an exporter, and from client_golang's vectors which hold the
// same, classic and, where the format has them, native buckets, and exemplars. Each
// is a process of its own. What the histograms alone cost is the difference to an
// exporter that has the same label sets and no histogram.
func BenchmarkScrape(b *testing.B) {
	series := sized(scrapedSeries, scrapedSeries/10)
	labelSets, exporter := series/4, buildExporter(b)
	all := startExporterOn(b, exporter, scrapedStore(b, labelSets, scrapedValues))
	counters := startExporterOn(b, exporter, scrapedStore(b, labelSets, 0))
	classic, native := startRole(b, roleVectors, labelSets), startRole(b, roleNativeVectors, labelSets)
	scale := float64(scrapedSeries) / float64(series)
	for _, format := range scrapeFormats {
		for _, encoding := range scrapeEncodings {
			b.Run("format="+format.name+"/encoding="+encoding, func(b *testing.B) {
				r := rounds{}
				for r.next(b) {
					whole, size := all.scrape(b, format.accept, encoding)
					less, _ := counters.scrape(b, format.accept, encoding)
					r.add("exporter-cpu-ms", whole*scale)
					r.add("histograms-cpu-ms", (whole-less)*scale)
					r.add("exporter-MB", size*scale)
					if encoding == "identity" {
						vectors := classic
						if format.name == "protobuf" {
							vectors = native
						}
						took, _ := vectors.scrape(b, format.accept, encoding)
						r.add("vectors-cpu-ms", took*scale)
					}
				}
				r.ratio("ratio-to-vectors", "exporter-cpu-ms", "vectors-cpu-ms")
				r.report(b)
			})
		}
	}
}

// scrape gives the CPU milliseconds that a process needs for a scrape, and the
// megabytes that it sends.
func (p *process) scrape(b *testing.B, accept, encoding string) (took, size float64) {
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
	n, err := io.Copy(io.Discard, answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		b.Fatalf("scraping %s: %s, %v", p.cmd.Path, answer.Status, err)
	}
	if got := answer.Header.Get("Content-Encoding"); got != encoding && encoding != "identity" {
		b.Skipf("the exporter does not offer %s", encoding)
	}
	return milliseconds(p.cpu(b) - before), float64(n) / 1e6
}

// scrapedEvents gives the events of observations. With no values they are surveys,
// of which no histogram comes.
func scrapedEvents(labelSets, values int) iter.Seq[*event.Event] {
	return func(yield func(*event.Event) bool) {
		var e event.Event
		for o := range observations(labelSets, max(1, values)) {
			e.Reset()
			e.Intent, e.Tier, e.Language = o.intent, o.tier, o.language
			e.ConversationID = o.id
			if values == 0 {
				e.Facts = event.SurveySent
			} else {
				e.Facts = event.Resolution | event.Turns | event.Cost
				e.Resolved, e.Seconds, e.Turns, e.Cost.USD = true, o.resolved, uint64(o.turns), o.cost
			}
			if !yield(&e) {
				return
			}
			if values > 0 {
				e.ConversationID = "un" + o.id
				e.Facts, e.Resolved, e.Seconds = event.Resolution, false, o.unresolved
				if !yield(&e) {
					return
				}
			}
		}
	}
}

// scrapedStore gives a store of observations.
func scrapedStore(b *testing.B, labelSets, values int) string {
	b.Helper()
	dir := b.TempDir()
	l := openLedger(b, dir, options(noCheckpoint))
	next, stop := iter.Pull(scrapedEvents(labelSets, values))
	defer stop()
	c := committer{ledger: l, next: next}
	for left := labelSets * max(1, 2*values); left > 0; left -= 1000 {
		c.commit(b, min(left, 1000))
	}
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
	return dir
}

// scrapedRegistry gives what the exporter counts of observations.
func scrapedRegistry(labelSets, values int) *prometheus.Registry {
	s := conversation.New(make([]byte, conversation.SecretBytes), 0, settings())
	for e := range scrapedEvents(labelSets, values) {
		s.Apply(e)
	}
	r := prometheus.NewRegistry()
	r.MustRegister(tally.NewCollector(func() (*tally.Snapshot, error) { return s.Snapshot(), nil }))
	return r
}
