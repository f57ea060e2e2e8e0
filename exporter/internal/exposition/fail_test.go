package exposition_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"google.golang.org/protobuf/proto"

	"supportexporter/exporter/internal/exposition"
	"supportexporter/exporter/internal/tally"
)

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

// Scrapes beyond those that are answered at once are refused, sooner of a client
// that has most of them, and answered when there is room again.
func TestTooManyScrapes(t *testing.T) {
	s := source(nil)
	entered, release := make(chan struct{}), make(chan struct{})
	s.Snapshot = func(context.Context) (*tally.Snapshot, error) {
		entered <- struct{}{}
		<-release
		return counted(), nil
	}
	h := handler(s)
	get := func(client string) int {
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		r.RemoteAddr = client
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	codes := make(chan int)
	begin := func(client string) (code int) { // 0: it is being answered
		go func() { codes <- get(client) }()
		select {
		case <-entered:
			return 0
		case code := <-codes:
			return code
		}
	}
	answered := 0
	for _, step := range []struct {
		client         string
		taken, refused int
	}{{"192.0.2.1:1", 6, 3}, {"192.0.2.2:1", 1, 0}, {"192.0.2.3:1", 1, 0}, {"192.0.2.4:1", 0, 1}} {
		for range step.taken {
			if code := begin(step.client); code != 0 {
				t.Fatalf("%s got %d, want to be answered", step.client, code)
			}
			answered++
		}
		for range step.refused {
			if code := begin(step.client); code != http.StatusServiceUnavailable {
				t.Fatalf("%s got %d, want to be refused", step.client, code)
			}
		}
	}
	close(release)
	for range answered {
		if code := <-codes; code != http.StatusOK {
			t.Errorf("a scrape within the limit got %d", code)
		}
	}
	go func() { <-entered }()
	if code := get("192.0.2.4:1"); code != http.StatusOK {
		t.Errorf("a later scrape got %d", code)
	}
}
