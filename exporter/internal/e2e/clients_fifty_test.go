package e2e

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// exampleClient is a program of examples/ that pushes a file of events: as they
// are or fact by fact, with ids of the file or of its own, in one request or in
// batches.
type exampleClient struct {
	name    string
	command []string
}

// with is the command for a file.
func (c exampleClient) with(file string) []string { return append(slices.Clone(c.command), file) }

func exampleClients() []exampleClient {
	return []exampleClient{
		{"curl", []string{"examples/curl/push.sh"}},
		{"Python", []string{"python3", "examples/python/push_conversations.py"}},
		{"TypeScript", []string{"node", "examples/typescript/push_conversations.js"}},
		{"Go", []string{"go", "run", "./examples/go"}},
	}
}

// The same fifty conversations give the same exposition, to the last digit,
// whichever client pushes them. What they must come to was counted by hand.
func TestExampleClients(t *testing.T) {
	t.Parallel()
	reference := startExporter(t, t.TempDir())
	reference.mustPush(fiftyEvents(t)...)
	want := reference.exposition()
	wantFifty(t, reference.metrics())
	for _, c := range exampleClients() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := startExporter(t, t.TempDir())
			t.Logf("%s", runClient(t, "http://"+e.address(), c.with(fifty)...))
			if diff := cmp.Diff(want, e.exposition()); diff != "" {
				t.Errorf("exposition (-HTTP +%s):\n%s", c.name, diff)
			}
		})
	}
}

func wantFifty(t *testing.T, s series) {
	t.Helper()
	for what, numbers := range map[string][2]float64{
		"resolved":         {s.net(`outcome="resolved"`), 34}, // 38, of which 4 customers came back
		"unresolved":       {s.net(`outcome="unresolved"`), 3},
		"escalated":        {s.net(`outcome="escalated"`), 5}, // 3 of them resolved by the human
		"open":             {s["support_conversations_open"], 8},
		"episodes' turns":  {s.sum("support_values_total", `kpi="turns"`), 54},
		"episodes' cost":   {s.sum("support_values_total", `kpi="cost_usd"`), 54},
		"customers' votes": {s.sum("support_csat_responses_total"), 15},
	} {
		if numbers[0] != numbers[1] {
			t.Errorf("%s: got %v, want %v", what, numbers[0], numbers[1])
		}
	}
	if got := s.sum("support_cost_usd_total"); got < 17.8169999 || got > 17.8170001 {
		t.Errorf("spent: got %v, want 17.817", got)
	}
}

// The first push is refused, and the answer to the second is lost after it was
// counted. Every client sends again what it sent, and nothing counts twice.
func TestExampleClientsResend(t *testing.T) {
	t.Parallel()
	reference := startExporter(t, t.TempDir())
	reference.mustPush(fiftyEvents(t)...)
	want := reference.exposition()
	for _, c := range exampleClients() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := startExporter(t, t.TempDir())
			runClient(t, newLossyFront(t, e).URL, c.with(fifty)...)
			if diff := cmp.Diff(want, e.exposition()); diff != "" {
				t.Errorf("exposition (-HTTP +%s):\n%s", c.name, diff)
			}
			if e.own()["support_exporter_events_duplicate_total"] == 0 {
				t.Error("nothing was sent again")
			}
		})
	}
}

// newLossyFront refuses the first request, and drops the answer to the second.
func newLossyFront(t *testing.T, e *exporter) *httptest.Server {
	t.Helper()
	address := e.address()
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host = "http", address
	}}
	var requests atomic.Int64
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch requests.Add(1) {
		case 1:
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
		case 2:
			proxy.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler) // the server's own way to cut a connection
		default:
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(front.Close)
	return front
}
