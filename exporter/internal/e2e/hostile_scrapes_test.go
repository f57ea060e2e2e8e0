package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// maxScrapes is how many scrapes are answered at once.
const maxScrapes = 8

// Clients that ask for the metrics and do not read them keep neither memory
// without end nor others from scraping.
func TestSlowScrapers(t *testing.T) {
	t.Parallel()
	e := startExporter(t, t.TempDir())
	var b bytes.Buffer
	for i := range 1000 { // of which a scrape is larger than what the system keeps for a connection
		fmt.Fprintf(&b, "{\"conversation_id\": \"c-%d\", \"intent\": \"intent-%d\", \"tier\": \"tier-%d\", \"turns\": 1, "+
			"\"cost\": {\"usd\": 1}, \"resolution\": {\"resolved\": true, \"seconds\": 60}}\n", i, i%50, i/50)
	}
	if a, err := e.tryPush(b.Bytes()); err != nil || a.Accepted != 1000 {
		t.Fatalf("%s, %v", a.counts(), err)
	}
	for range 5 {
		e.open(t, 20, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
		e.open(t, 20, "GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: "+acceptProtobuf+"\r\n\r\n")
	}
	g := startGood(t, e)
	eventually(t, "slow scrapers have all that one client may have", func() error {
		r, err := e.try(http.MethodGet, "/metrics", nil)
		if err == nil && r.status != http.StatusServiceUnavailable {
			err = fmt.Errorf("one more is answered with %d", r.status)
		}
		return err
	})
	g.finish(t)
	const perLabelSet = 4 + maxScrapes*5 // KiB, as the operating guide has it
	e.wantMemory(150 + 2*1000*perLabelSet*1024/1_000_000)
}

// The exporter's own metrics have a bound of the same kind. They are short, so that
// only who asks for them many times does not read them.
func TestSlowScrapersOfTheExporter(t *testing.T) {
	t.Parallel()
	e := startExporter(t, t.TempDir())
	e.open(t, maxScrapes, strings.Repeat("GET /metrics/exporter HTTP/1.1\r\nHost: x\r\n\r\n", 1000))
	eventually(t, "slow scrapers have all that one client may have", func() error {
		r, err := e.try(http.MethodGet, "/metrics/exporter", nil)
		if err == nil && r.status != http.StatusServiceUnavailable {
			err = fmt.Errorf("one more is answered with %d", r.status)
		}
		return err
	})
	e.from(t, goodAddress).wantStatus(http.StatusOK, http.MethodGet, "/metrics/exporter")
	e.wantStatus(http.StatusOK, http.MethodGet, "/metrics")
}
