package exposition_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	_ "github.com/prometheus/client_golang/prometheus/promhttp/zstd"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"google.golang.org/protobuf/proto"

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

const protobuf = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"

// accepts are what scrapers send, and what goes wrong.
var accepts = map[string][]string{
	"Prometheus 3, Alloy, OpenTelemetry Collector": {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.7,application/openmetrics-text;version=0.0.1;q=0.6,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.3"},
	"the same with native histograms":              {protobuf + ";q=0.7,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"},
	"the same, legacy names":                       {protobuf + ";escaping=underscores;q=0.7,application/openmetrics-text;version=1.0.0;escaping=underscores;q=0.6,*/*;q=0.2"},
	"Prometheus 2":                                 {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"},
	"OpenMetrics 2":                                {"application/openmetrics-text;version=2.0.0;q=0.9,application/openmetrics-text;version=1.0.0;q=0.8"},
	"vmagent":                                      {"text/plain;version=0.0.4;q=1,*/*;q=0.1"},
	"curl":                                         {"*/*"},
	"browser":                                      {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
	"nothing":                                      nil,
	"empty":                                        {""},
	"OpenMetrics 0.0.1":                            {"application/openmetrics-text; version=0.0.1"},
	"OpenMetrics of no version":                    {"application/openmetrics-text"},
	"dots":                                         {"text/plain;version=0.0.4;escaping=dots"},
	"values":                                       {protobuf + ";escaping=values"},
	"protobuf as text":                             {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text"},
	"protobuf as compact text":                     {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=compact-text"},
	"nothing that there is":                        {"image/png"},
	"two lines":                                    {"image/png", "application/openmetrics-text; version=1.0.0"},
}

// acceptEncodings likewise. Of Prometheus: the last of its line.
var acceptEncodings = map[string][]string{
	"none": nil, "empty": {""}, "vmagent, Prometheus": {"gzip"}, "Prometheus, uncompressed": {"identity"}, "Prometheus with zstd": {"zstd,gzip"},
	"browser": {"gzip, deflate, br, zstd"}, "any": {"*"}, "rather any than gzip": {"gzip;q=0.5, *;q=0.8"}, "unknown": {"br"}, "weights": {"gzip;q=0.5, zstd;q=0.8"}, "gzip preferred": {"gzip;q=1.0, identity; q=0.5, *;q=0"},
	"no gzip": {"gzip;q=0"}, "nothing at all": {"*;q=0"}, "two lines": {"br", "gzip"}, "identity last": {"identity;q=0.1, gzip;q=0.2"},
}

// Whatever a scraper asks for, it gets what promhttp would give it.
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

// A scrape that fails before its first byte is an error, in every format.
func TestFailedScrape(t *testing.T) {
	failing := source(nil)
	failing.Snapshot = func(context.Context) (*tally.Snapshot, error) { return nil, errors.New("shutting down") }
	ungathered := source(counted())
	ungathered.Others = prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return nil, errors.New("shutting down") })
	for name, s := range map[string]exposition.Source{"snapshot": failing, "others": ungathered} {
		for _, accept := range []string{protobuf, "text/plain", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text"} {
			w := httptest.NewRecorder()
			r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
			r.Header.Set("Accept", accept)
			r.Header.Set("Accept-Encoding", "gzip")
			handler(s).ServeHTTP(w, r)
			if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "shutting down") || w.Header().Get("Content-Encoding") != "" {
				t.Errorf("%s fails, %s: got %d %v %s", name, accept, w.Code, w.Header(), w.Body)
			}
		}
	}
}

// One that fails later does not end as a whole one does.
func TestScrapeIsCutOff(t *testing.T) {
	s := source(counted())
	s.Others = prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
		return []*dto.MetricFamily{{Name: proto.String("support_z")}}, nil // without a metric: expfmt refuses it
	})
	server := httptest.NewServer(handler(s))
	defer server.Close()
	for _, encoding := range []string{"identity", "gzip", "zstd"} {
		r, err := http.NewRequest(http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept-Encoding", encoding)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			continue
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err == nil {
			t.Errorf("%s: got a whole answer of %d bytes", encoding, len(body))
		}
	}
}

// An error of the writer ends it.
func TestWriteFails(t *testing.T) {
	s := source(counted())
	m, err := s.Take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []expfmt.Format{expfmt.FmtText, expfmt.FmtOpenMetrics_1_0_0, expfmt.FmtProtoDelim} {
		var whole bytes.Buffer
		if err := m.Write(&whole, f); err != nil {
			t.Fatal(err)
		}
		for room := 0; room < whole.Len(); room += 1000 {
			if err := m.Write(&limited{room}, f); !errors.Is(err, errFull) {
				t.Fatalf("%s, room for %d of %d bytes: got %v", f, room, whole.Len(), err)
			}
		}
	}
}

var errFull = errors.New("full")

// limited fails when it has no room left.
type limited struct{ room int }

func (l *limited) Write(p []byte) (int, error) {
	if l.room -= len(p); l.room < 0 {
		return 0, errFull
	}
	return len(p), nil
}

// Scrapes beyond those that are answered at once are refused, and answered when
// there is room again.
func TestTooManyScrapes(t *testing.T) {
	s := source(nil)
	const limit = 8
	entered, release := make(chan struct{}, 2*limit), make(chan struct{})
	s.Snapshot = func(context.Context) (*tally.Snapshot, error) {
		entered <- struct{}{}
		<-release
		return counted(), nil
	}
	h := handler(s)
	codes := make(chan int, 2*limit)
	get := func() int {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		return w.Code
	}
	for range limit {
		go func() { codes <- get() }()
	}
	for range limit {
		<-entered
	}
	beyond := make(chan int, 1)
	go func() { beyond <- get() }()
	select {
	case code := <-beyond:
		if code != http.StatusServiceUnavailable {
			t.Errorf("a scrape beyond the limit got %d", code)
		}
	case <-entered:
		t.Error("a scrape beyond the limit is answered")
	}
	close(release)
	for range limit {
		if code := <-codes; code != http.StatusOK {
			t.Errorf("a scrape within the limit got %d", code)
		}
	}
	if code := get(); code != http.StatusOK {
		t.Errorf("a later scrape got %d", code)
	}
}
