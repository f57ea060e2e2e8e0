package e2e

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The rate is given back at the pace of the configuration, so slow here that
// it does not come back while the test runs. The last quarter of a burst is not
// for a client that has had the rest.
func TestRateLimit(t *testing.T) {
	t.Parallel()
	e := startExporter(t, t.TempDir(), "--config.file="+writeFile(t, "config.yml", `
ingest: {events_per_second: 0.001, max_batch_events: 2}
`))
	e.mustPush(`{"conversation_id": "c-1", "turns": 1}`, `{"conversation_id": "c-2", "turns": 1}`)
	a := e.push(`{"conversation_id": "c-3", "turns": 1}`)
	wait, err := strconv.Atoi(a.header.Get("Retry-After"))
	if a.status != http.StatusTooManyRequests || err != nil || wait < 1400 || wait > 1500 {
		t.Errorf("got %d and Retry-After %q, want 429 and about 1500: %s", a.status, a.header.Get("Retry-After"), a.body)
	}
	if got := e.metrics().sum("support_values_total", `kpi="turns"`); got != 2 {
		t.Errorf("counted %v conversations, want the 2 accepted", got)
	}
	if got := e.own()[`support_exporter_requests_refused_total{reason="rate"}`]; got != 1 {
		t.Errorf("refused for the rate: got %v, want 1", got)
	}
}

// A queue of one batch is too short for eight clients. None of what is refused
// is counted, and all of what is sent again is.
func TestQueueLimit(t *testing.T) {
	t.Parallel()
	const clients, batchEvents = 8, 1000
	e := startExporter(t, t.TempDir(), "--config.file="+writeFile(t, "config.yml",
		fmt.Sprintf("ingest: {max_batch_events: %[1]d, max_queue_events: %[1]d}", batchEvents)))
	var accepted, refused atomic.Int64
	deadline := time.Now().Add(patience)
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			for n := 0; refused.Load() == 0 && time.Now().Before(deadline); n++ {
				var b strings.Builder
				for i := range batchEvents {
					fmt.Fprintf(&b, "{\"conversation_id\": \"c-%d-%d-%d\", \"turns\": 1}\n", c, n, i)
				}
				a := answer{}
				for a.status != http.StatusOK {
					var err error
					if a, err = e.tryPush([]byte(b.String())); err != nil {
						t.Error(err)
						return
					}
					if a.status == http.StatusTooManyRequests && a.header.Get("Retry-After") == "1" {
						refused.Add(1)
					} else if a.status != http.StatusOK {
						t.Errorf("got %s", a.counts())
						return
					}
				}
				accepted.Add(int64(a.Accepted))
			}
		})
	}
	wg.Wait()
	if refused.Load() == 0 {
		t.Error("no push was refused")
	}
	if got := e.metrics().sum("support_values_total", `kpi="turns"`); got != float64(accepted.Load()) {
		t.Errorf("counted %v conversations, want the %d accepted", got, accepted.Load())
	}
	if got := e.own()[`support_exporter_requests_refused_total{reason="queue"}`]; got != float64(refused.Load()) {
		t.Errorf("refused for the queue: got %v, want %v", got, refused.Load())
	}
}

// Without credentials a push is answered with 401, with wrong ones with 403.
func TestTokens(t *testing.T) {
	t.Parallel()
	e := startExporter(t, t.TempDir(), "--config.file="+writeTokens(t, "secret-of-the-test"))
	const event = `{"conversation_id": "c-1", "turns": 1}`
	for _, tc := range []struct {
		credentials string
		want        int
	}{
		{"", http.StatusUnauthorized},
		{"Basic c2VjcmV0LW9mLXRoZS10ZXN0", http.StatusUnauthorized},
		{"Bearer ", http.StatusUnauthorized},
		{"Bearer secret-of-another", http.StatusForbidden},
		{"Bearer secret-of-the-test", http.StatusOK},
		{"bearer secret-of-the-test", http.StatusOK},
	} {
		a := e.push(event, "Authorization", tc.credentials)
		if a.status != tc.want {
			t.Errorf("credentials %q: got %d, want %d", tc.credentials, a.status, tc.want)
		}
		if challenged := a.header.Get("WWW-Authenticate") != ""; challenged != (tc.want == http.StatusUnauthorized) {
			t.Errorf("credentials %q: WWW-Authenticate is %q", tc.credentials, a.header.Get("WWW-Authenticate"))
		}
	}
	e.wantStatus(http.StatusOK, http.MethodGet, "/metrics")
}
