//go:build unix

package exposition_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/prometheus/client_golang/prometheus"

	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/exposition"
	"supportexporter/exporter/internal/tally"
)

// observed gives a tally of 10,000 histogram series in 2,500 label sets, with
// the default bounds and 100 lognormal values each, the last two of them with
// exemplars.
func observed() *tally.Tally {
	c := config.Default().Buckets
	t := tally.New(tally.Buckets{Seconds: c.ResolutionSeconds, Turns: c.Turns, Cost: c.CostUSD})
	t.SetLimits(tally.Limits{Intents: 100, Tiers: 5, Languages: 5, Series: math.MaxInt})
	r := rand.New(rand.NewPCG(1, 0))
	value := func(median, spread float64) float64 { return median * math.Exp(spread*r.NormFloat64()) }
	for set := range 2500 {
		at := tally.At{Cell: t.Cell(tally.Labels{
			t.Label(tally.LabelIntent, fmt.Sprintf("intent_%02d", set%100)),
			t.Label(tally.LabelTier, fmt.Sprintf("tier_%02d", set/100%5)),
			t.Label(tally.LabelLanguage, fmt.Sprintf("l%d", set/500)),
		}, now)}
		for i := range 100 {
			at.Now, at.ID = now+int64(i)*1000, fmt.Sprintf("conv-%016x", r.Uint64())
			t.ResolutionSeconds(at, true, value(180, 0.8))
			t.ResolutionSeconds(at, false, value(240, 0.8))
			t.Turns(at, math.Ceil(value(4, 0.5)))
			t.Cost(at, value(0.15, 0.6))
		}
	}
	return t
}

// BenchmarkScrape takes the CPU time of a scrape of 10,000 histogram series and
// the counters of their label sets, snapshot and compression included, and how
// many times as much promhttp needs for the same. Nothing is sent: see
// exporter/internal/bench for processes that are scraped.
func BenchmarkScrape(b *testing.B) {
	t := observed()
	s := exposition.Source{
		Snapshot: func(context.Context) (*tally.Snapshot, error) { return t.Snapshot(), nil },
		Others:   prometheus.NewRegistry(),
	}
	ours, promhttp := handler(s), reference(s)
	for _, format := range []struct{ name, accept string }{
		{"text", "text/plain;version=0.0.4"}, {"openmetrics", "application/openmetrics-text;version=1.0.0"}, {"protobuf", protobuf},
	} {
		for _, encoding := range []string{"identity", "gzip", "zstd"} {
			b.Run("format="+format.name+"/encoding="+encoding, func(b *testing.B) {
				r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
				r.Header.Set("Accept", format.accept)
				r.Header.Set("Accept-Encoding", encoding)
				b.ReportAllocs()
				start := cpu(b)
				w := &discard{header: http.Header{}}
				for b.Loop() {
					*w = discard{header: http.Header{}}
					ours.ServeHTTP(w, r)
				}
				each := (cpu(b) - start) / time.Duration(b.N)
				start = cpu(b)
				promhttp.ServeHTTP(&discard{header: http.Header{}}, r)
				b.ReportMetric(float64(each)/1e6, "cpu-ms")
				b.ReportMetric(float64(cpu(b)-start)/float64(each), "promhttp/ours")
				b.ReportMetric(float64(w.size), "bytes")
			})
		}
	}
}

// BenchmarkSnapshot is the part of it for which no event is counted.
func BenchmarkSnapshot(b *testing.B) {
	t := observed()
	b.ReportAllocs()
	for b.Loop() {
		t.Snapshot()
	}
}

// discard is a ResponseWriter that counts bytes.
type discard struct {
	header http.Header
	size   int
}

func (d *discard) Header() http.Header { return d.header }
func (d *discard) WriteHeader(int)     {}
func (d *discard) Write(p []byte) (int, error) {
	d.size += len(p)
	return len(p), nil
}

// cpu gives the CPU time of this process, user and system.
func cpu(b *testing.B) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
