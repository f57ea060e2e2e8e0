package exposition_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	_ "github.com/prometheus/client_golang/prometheus/promhttp/zstd"

	"supportexporter/exporter/internal/event"
	"supportexporter/exporter/internal/exposition"
	"supportexporter/exporter/internal/tally"
)

const now = 1_700_000_000_000

// counted gives a snapshot of a few label sets and arms.
func counted() *tally.Snapshot {
	t := tally.New(tally.Buckets{Seconds: []float64{60, 180}, Turns: []float64{1, 3, 5}, Cost: []float64{0.25, 1}})
	t.SetLimits(tally.Limits{Intents: 50, Tiers: 50, Languages: 50, Reasons: 50, Components: 50, Arms: 50, Series: 100_000})
	for i := range 30 {
		l := tally.Labels{
			t.Label(tally.LabelIntent, fmt.Sprint("intent", i%10)), t.Label(tally.LabelTier, fmt.Sprint(`"tier"`, i%3)), t.Label(tally.LabelLanguage, "en"),
		}
		at := tally.At{Cell: t.Cell(l, now), Arm: t.Arm("greeting", fmt.Sprint(i%2), now), Now: now + int64(i), ID: fmt.Sprint("conv-", i)}
		t.Joined(at.Arm)
		t.Outcome(at, tally.Escalated)
		t.ResolutionSeconds(at, true, float64(i*10))
		t.Turns(at, float64(i))
		t.Cost(at, float64(i)/7)
		t.Spend(at, event.Money{USD: float64(i), Detail: []event.Component{{Name: fmt.Sprint(i % 4), USD: 0.1}}})
		t.CSAT(at, i%5+1)
		t.Escalation(at, t.Reason(fmt.Sprint("reason", i%4)))
	}
	s := t.Snapshot()
	s.Open, s.Start = 3, now
	return s
}

func source(s *tally.Snapshot) exposition.Source {
	others := prometheus.NewRegistry()
	for _, name := range []string{"support_a", "support_experiment_alpha", "support_z"} { // before, between, behind
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: `Of "others".`}, []string{"experiment"})
		g.WithLabelValues("greeting").Set(0.05)
		others.MustRegister(g)
	}
	return exposition.Source{Snapshot: func(context.Context) (*tally.Snapshot, error) { return s, nil }, Others: others}
}

func handler(s exposition.Source) http.Handler {
	return exposition.NewHandler(s, slog.New(slog.DiscardHandler))
}

// reference is what answered scrapes before there was a Handler.
func reference(s exposition.Source) http.Handler {
	series := prometheus.NewRegistry()
	series.MustRegister(tally.NewCollector(func() (*tally.Snapshot, error) { return s.Snapshot(context.Background()) }))
	return promhttp.HandlerFor(prometheus.Gatherers{s.Others, series}, promhttp.HandlerOpts{
		EnableOpenMetrics:   true,
		OfferedCompressions: []promhttp.Compression{promhttp.Identity, promhttp.Zstd, promhttp.Gzip},
	})
}

// answer is all that a scraper can see.
type answer struct {
	Status int
	Header http.Header
	Body   string // uncompressed
}

func scrape(t *testing.T, url string, accept, encoding []string) answer {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header["Accept"], r.Header["Accept-Encoding"] = accept, encoding
	response, err := (&http.Transport{DisableCompression: true, DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body := io.Reader(response.Body)
	switch response.Header.Get("Content-Encoding") {
	case "gzip":
		if body, err = gzip.NewReader(body); err != nil {
			t.Fatal(err)
		}
	case "zstd":
		z, err := zstd.NewReader(body)
		if err != nil {
			t.Fatal(err)
		}
		defer z.Close()
		body = z
	}
	text, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	response.Header.Del("Date")
	if response.Header.Get("Content-Encoding") != "" {
		response.Header.Del("Content-Length") // of what another compressor made
	}
	return answer{response.StatusCode, response.Header, string(text)}
}

// Protobuf as text is not among the formats: who asks for it gets the text format.
func TestProtobufAsText(t *testing.T) {
	server := httptest.NewServer(handler(source(counted())))
	defer server.Close()
	want := scrape(t, server.URL, nil, nil)
	for _, encoding := range []string{"text", "compact-text"} {
		accept := []string{"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=" + encoding}
		if diff := cmp.Diff(want, scrape(t, server.URL, accept, nil)); diff != "" {
			t.Errorf("%s (-text +got):\n%s", encoding, diff)
		}
	}
}

// Whatever else a scraper asks for, it gets what promhttp would give it.
func TestAnswersAsPromhttp(t *testing.T) {
	s := source(counted())
	got, want := httptest.NewServer(handler(s)), httptest.NewServer(reference(s))
	defer got.Close()
	defer want.Close()
	compare := func(t *testing.T, query string, accept, encoding []string) {
		t.Helper()
		g, w := scrape(t, got.URL+query, accept, encoding), scrape(t, want.URL+query, accept, encoding)
		if diff := cmp.Diff(w, g); diff != "" {
			t.Errorf("Accept %q, Accept-Encoding %q (-promhttp +got):\n%s", accept, encoding, diff)
		}
	}
	for name, accept := range accepts {
		t.Run(name, func(t *testing.T) {
			compare(t, "/metrics", accept, nil)
			compare(t, "/metrics", accept, []string{"gzip"})
			compare(t, "/metrics", accept, []string{"zstd"})
			compare(t, "/metrics?name[]=support_a&name[]=support_conversation_turns", accept, nil)
			compare(t, "/metrics?name[]=nothing", accept, []string{"gzip"})
		})
	}
	for name, encoding := range acceptEncodings {
		t.Run("encoding "+name, func(t *testing.T) {
			compare(t, "/metrics", []string{protobuf}, encoding)
			compare(t, "/metrics", nil, encoding)
		})
	}
}
