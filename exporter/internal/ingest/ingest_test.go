package ingest_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/conversation"
	"supportexporter/exporter/internal/ingest"
	"supportexporter/exporter/internal/journal/simdisk"
	"supportexporter/exporter/internal/ledger"
	"supportexporter/exporter/internal/tally"
	"supportexporter/exporter/internal/telemetry"
	"supportexporter/exporter/internal/token"
)

const refusalReasons = 16 // a new one would begin with its first count

const (
	jsonType   = "application/json"
	ndjsonType = "application/x-ndjson"
)

// pushes is a handler on a ledger of its own.
type pushes struct {
	*ingest.Handler
	ledger  *ledger.Ledger
	metrics *telemetry.Metrics
	now     time.Time
}

func (p *pushes) clock() time.Time { return p.now }

func silent() *slog.Logger { return slog.New(slog.DiscardHandler) }

func newPushes(t testing.TB, change func(*config.Config)) *pushes {
	t.Helper()
	c := config.Default()
	if change != nil {
		change(c)
	}
	p := &pushes{metrics: telemetry.New(), now: time.UnixMilli(1_700_000_000_000)}
	l, err := ledger.Open(simdisk.New(nil), ledger.Options{
		Settings: conversation.Settings{
			IdleTimeout: time.Hour, Retention: 24 * time.Hour,
			Limits: tally.Limits{Intents: 9, Tiers: 9, Languages: 9, Reasons: 9, Components: 9, Arms: 9, Series: 10_000},
		},
		Now:     time.Now,
		Logger:  silent(),
		Metrics: p.metrics,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	var tokens *token.Set
	if c.Ingest.TokensFile != "" {
		if tokens, err = token.Load(c.Ingest.TokensFile); err != nil {
			t.Fatal(err)
		}
	}
	p.ledger = l
	p.Handler = ingest.New(l, c, tokens, nil, p.metrics, silent(), p.clock)
	return p
}

func (p *pushes) do(t testing.TB, r *http.Request) (int, ingest.Answer, http.Header) {
	t.Helper()
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	var a ingest.Answer
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		t.Fatalf("answer %q: %v", w.Body, err)
	}
	if got := w.Header().Get("Content-Type"); got != jsonType {
		t.Errorf("answer has Content-Type %q", got)
	}
	return w.Code, a, w.Header()
}

func post(contentType, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, ingest.Path, strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	return r
}

func TestAnswers(t *testing.T) {
	const good, other, bad = `{"conversation_id":"a","csat":4}`, `{"conversation_id":"b","csat":5}`, `{"conversation_id":"c","csat":7}`
	badCSAT := func(i int) ingest.Error {
		return ingest.Error{Index: i, Field: "csat", Message: "must be an integer from 1 to 5, got 7"}
	}
	tests := []struct {
		name, contentType, body string
		code                    int
		want                    ingest.Answer
	}{
		{"one object", jsonType, good, 200, ingest.Answer{Accepted: 1}},
		{"the media type may have parameters", "application/json; charset=utf-8", good, 200, ingest.Answer{Accepted: 1}},
		{"no media type is JSON", "", good, 200, ingest.Answer{Accepted: 1}},
		{"an array", jsonType, "[" + good + "," + other + "]", 200, ingest.Answer{Accepted: 2}},
		{"an empty array", jsonType, "[]", 200, ingest.Answer{}},
		{"NDJSON", ndjsonType, good + "\n" + other + "\n\n", 200, ingest.Answer{Accepted: 2}},
		{"a repetition in one request", jsonType, "[" + good + "," + good + "]", 200, ingest.Answer{Accepted: 1, Duplicates: 1}},
		{"a bad event does not sink its batch", jsonType, "[" + good + "," + bad + "," + other + "]", 207, ingest.Answer{Accepted: 2, Rejected: 1, Errors: []ingest.Error{badCSAT(1)}}},
		{"a bad line does not sink its batch", ndjsonType, bad + "\n" + good, 207, ingest.Answer{Accepted: 1, Rejected: 1, Errors: []ingest.Error{badCSAT(0)}}},
		{"all events rejected", jsonType, "[" + bad + "]", 400, ingest.Answer{Rejected: 1, Errors: []ingest.Error{badCSAT(0)}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, got, _ := newPushes(t, nil).do(t, post(tt.contentType, tt.body))
			if code != tt.code {
				t.Errorf("code %d, want %d", code, tt.code)
			}
			if diff := cmp.Diff(tt.want, got, cmpopts.IgnoreUnexported(ingest.Answer{}, ingest.Error{}), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}

// What is refused as a whole counts nothing, not even its good events.
func TestRefusals(t *testing.T) {
	const good = `{"conversation_id":"a","csat":4}`
	tests := []struct {
		name    string
		request func() *http.Request
		code    int
		message string
		reason  string
	}{
		{"empty body", func() *http.Request { return post(jsonType, " \n") }, 400, "empty", "empty"},
		{"nothing in gzip", func() *http.Request { return encoded("gzip", "") }, 400, "empty body", "empty"},
		{"nothing in zstd", func() *http.Request { return encoded("zstd", "") }, 400, "empty body", "empty"},
		{"not JSON", func() *http.Request { return post(jsonType, "["+good+", x]") }, 400, "at offset 35", "syntax"},
		{"something behind the last value", func() *http.Request { return post(jsonType, good+good) }, 400, "at offset 32", "syntax"},
		{"another method", func() *http.Request { return httptest.NewRequest(http.MethodGet, ingest.Path, nil) }, 405, "want POST, got GET", "method"},
		{"another media type", func() *http.Request { return post("text/plain", good) }, 415, `got "text/plain"`, "media_type"},
		{"another encoding", func() *http.Request { return encoded("br", good) }, 415, `got "br"`, "encoding"},
		{"a broken encoding", func() *http.Request { return encoded("gzip", good) }, 400, "reading the body", "body"},
		{"a body too large", func() *http.Request { return post(jsonType, good+strings.Repeat(" ", 1000)) }, 413, "1000 bytes", "too_large"},
		{"a body too large, of unknown length", func() *http.Request {
			r := post(jsonType, good+strings.Repeat(" ", 1000))
			r.ContentLength = -1
			return r
		}, 413, "1000 bytes", "too_large"},
		{"a small body of large content", func() *http.Request { return compressed(t, "gzip", good+strings.Repeat(" ", 1000)) }, 413, "1000 bytes", "too_large"},
		{"the same in zstd", func() *http.Request { return compressed(t, "zstd", good+strings.Repeat(" ", 1000)) }, 413, "1000 bytes", "too_large"},
		{"too many events", func() *http.Request { return post(ndjsonType, strings.Repeat(good+"\n", 6)) }, 413, "5 events", "batch"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPushes(t, func(c *config.Config) {
				c.Ingest.MaxBodyBytes, c.Ingest.MaxBatchEvents = 1000, 5
			})
			code, got, header := p.do(t, tt.request())
			if code != tt.code {
				t.Errorf("code %d, want %d", code, tt.code)
			}
			if got.Accepted+got.Duplicates+got.Rejected != 0 || len(got.Errors) != 1 || !strings.Contains(got.Errors[0].Message, tt.message) {
				t.Errorf("answer %+v, want one error with %q and nothing counted", got, tt.message)
			}
			if code == 429 && header.Get("Retry-After") == "" {
				t.Error("429 without Retry-After")
			}
			s, err := p.ledger.Snapshot(context.Background())
			if err != nil || s.Open != 0 {
				t.Errorf("something was counted: %d conversations are open, %v", s.Open, err)
			}
			wantNothingHeld(t, p)
			want := fmt.Sprintf(`support_exporter_requests_refused_total{reason=%q} 1`, tt.reason)
			if text := own(t, p); !strings.Contains(text, want) || strings.Count(text, "support_exporter_requests_refused_total{") != refusalReasons {
				t.Errorf("no %s among all %d reasons in\n%s", want, refusalReasons, text)
			}
		})
	}
}

func TestCompressedBodies(t *testing.T) {
	p := newPushes(t, nil)
	for i, encoding := range []string{"gzip", "zstd", "GZIP", "identity", "zstd", "gzip"} {
		body := fmt.Sprintf(`{"conversation_id":"%d"}`, i)
		if code, got, _ := p.do(t, compressed(t, encoding, body)); code != 200 || got.Accepted != 1 {
			t.Errorf("%s: code %d, answer %+v", encoding, code, got)
		}
	}
}

func TestTokens(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(file, fmt.Appendf(nil, "bot %x\n", sha256.Sum256([]byte("secret"))), 0o600); err != nil {
		t.Fatal(err)
	}
	p := newPushes(t, func(c *config.Config) { c.Ingest.TokensFile = file })
	for _, tt := range []struct {
		authorization string
		code          int
	}{{"", 401}, {"Basic c2VjcmV0", 401}, {"Bearer", 401}, {"Bearer wrong", 403}, {"Bearer secret", 200}, {"bearer secret", 200}} {
		r := post(jsonType, `{"conversation_id":"a"}`)
		r.Header.Set("Authorization", tt.authorization)
		code, answer, header := p.do(t, r)
		if code != tt.code {
			t.Errorf("%q: code %d, want %d", tt.authorization, code, tt.code)
		}
		if (code == 401) != (header.Get("WWW-Authenticate") != "") {
			t.Errorf("%q: code %d with WWW-Authenticate %q", tt.authorization, code, header.Get("WWW-Authenticate"))
		}
		if strings.Contains(fmt.Sprint(answer), "secret") {
			t.Errorf("the answer shows a token: %+v", answer)
		}
	}
}

// Who was let in because a token is asked for needs it, whatever a reload does
// meanwhile.
func TestNow(t *testing.T) {
	p := newPushes(t, nil)
	c, err := config.Load("")
	if err != nil {
		t.Fatal(err)
	}
	open, tokens := p.Now()
	if tokens {
		t.Error("without tokens one is asked for")
	}
	p.Configure(c, &token.Set{}, nil)
	guarded, tokens := p.Now()
	if !tokens {
		t.Error("with tokens none is asked for")
	}
	p.Configure(c, nil, nil)
	for want, serve := range map[int]http.HandlerFunc{http.StatusOK: open, http.StatusUnauthorized: guarded} {
		w := httptest.NewRecorder()
		if serve(w, post(jsonType, `{"conversation_id":"a"}`)); w.Code != want {
			t.Errorf("got %d, want %d: %s", w.Code, want, w.Body)
		}
	}
}

func TestRate(t *testing.T) {
	p := newPushes(t, func(c *config.Config) { c.Ingest.EventsPerSecond, c.Ingest.MaxBatchEvents = 2, 10 })
	push := func(body string) (int, string) {
		code, _, header := p.do(t, post(ndjsonType, body))
		return code, header.Get("Retry-After")
	}
	if code, _ := push(numbered(10)); code != 200 {
		t.Fatalf("the burst: code %d", code)
	}
	if code, after := push(numbered(4)); code != 429 || after != "4" { // the last quarter of a burst is for other clients
		t.Errorf("4 events at 2 a second: code %d, Retry-After %q", code, after)
	}
	p.now = p.now.Add(4 * time.Second)
	if code, _ := push(numbered(4)); code != 200 {
		t.Errorf("after Retry-After: code %d", code)
	}
}

// A reload that leaves the rate as it is gives no new burst; another rate does.
func TestRateSurvivesAReload(t *testing.T) {
	c := config.Default()
	c.Ingest.EventsPerSecond, c.Ingest.MaxBatchEvents = 2, 10
	p := newPushes(t, func(first *config.Config) { first.Ingest = c.Ingest })
	for i, step := range []struct {
		rate float64
		code int
	}{{2, 200}, {2, 429}, {3, 200}, {3, 429}, {0, 200}} {
		c.Ingest.EventsPerSecond = step.rate
		p.Configure(c, nil, nil)
		if code, _, _ := p.do(t, post(ndjsonType, numbered(10))); code != step.code {
			t.Errorf("step %d: code %d, want %d", i, code, step.code)
		}
	}
}

func TestReloadedRules(t *testing.T) {
	p := newPushes(t, nil)
	if code, _, _ := p.do(t, post(ndjsonType, numbered(3))); code != 200 {
		t.Fatalf("code %d", code)
	}
	c := config.Default()
	c.Ingest.MaxBatchEvents = 2
	p.Configure(c, nil, nil)
	if code, _, _ := p.do(t, post(ndjsonType, numbered(3))); code != 413 {
		t.Errorf("code %d after the reload, want 413", code)
	}
}

// Components that become one add up in another order than they were pushed in. By
// that no store may become one that cannot be opened.
func TestMergedComponentsCanBeRecovered(t *testing.T) {
	for _, cost := range []string{
		`{"usd":15.491732078521476,"detail":{"LLM":4.377141871869802,"tools":4.246374970712657,"llm":6.868230728671094}}`,
		`{"usd":1.7976931348623157e308,"detail":{"a":7.48e291,"b":1.7976931348623157e308,"A":7.48e291}}`,
	} {
		disk, c := simdisk.New(nil), config.Default()
		o := ledger.Options{Settings: conversation.Configured(c), Now: time.Now, Logger: silent(), Metrics: telemetry.New()}
		l, err := ledger.Open(disk, o)
		if err != nil {
			t.Fatal(err)
		}
		p := &pushes{Handler: ingest.New(l, c, nil, nil, o.Metrics, silent(), time.Now)}
		if code, got, _ := p.do(t, post(jsonType, `[{"conversation_id":"a","csat":5},{"conversation_id":"b","cost":`+cost+`}]`)); code != 200 || got.Accepted != 2 {
			t.Errorf("%s: code %d, answer %+v", cost, code, got)
		}
		disk.Crash()
		defer l.Close() // its disk was taken from under it
		o.Metrics = telemetry.New()
		again, err := ledger.Open(disk, o)
		if err != nil {
			t.Errorf("%s: %v", cost, err)
			continue
		}
		defer again.Close()
	}
}

// unavailable is a ledger that can make nothing durable.
type unavailable struct {
	*ledger.Ledger
	err error
}

func (u unavailable) Commit(*ledger.Batch) (ledger.Result, error) { return ledger.Result{}, u.err }

func TestUndurableEvents(t *testing.T) {
	p := newPushes(t, nil)
	for _, tt := range []struct {
		err     error
		code    int
		message string
	}{
		{ledger.ErrClosed, 503, "shutting down"},
		{fmt.Errorf("%w: write /var/lib/x: no space left", ledger.ErrUnavailable), 503, "events cannot be made durable"},
	} {
		p.Handler = ingest.New(unavailable{p.ledger, tt.err}, config.Default(), nil, nil, p.metrics, slog.New(slog.DiscardHandler), time.Now)
		code, got, header := p.do(t, post(jsonType, `{"conversation_id":"a"}`))
		if code != tt.code || !strings.Contains(got.Errors[0].Message, tt.message) {
			t.Errorf("%v: code %d, answer %+v", tt.err, code, got)
		}
		if n, err := strconv.Atoi(header.Get("Retry-After")); err != nil || n < 1 {
			t.Errorf("%v: Retry-After %q", tt.err, header.Get("Retry-After"))
		}
		if strings.Contains(got.Errors[0].Message, "/var") {
			t.Errorf("the answer shows a path: %+v", got)
		}
	}
}

// Everything that happens to an event is counted.
func TestOwnMetrics(t *testing.T) {
	p := newPushes(t, func(c *config.Config) { c.Labels.Tier.Allow = []string{"gold"} })
	p.do(t, post(ndjsonType, strings.Join([]string{
		`{"conversation_id":"a","csat":4,"tier":"gold"}`,
		`{"conversation_id":"a","csat":4}`,
		`{"conversation_id":"a","csat":5,"tier":"silver"}`,
		`{"conversation_id":"a","csat":9}`,
		`{"conversation_id":"a","colour":"red"}`,
		`{"conversation_id":"b","time":"2023-11-14T22:13:15Z"}`, // five seconds before arrival
	}, "\n")))
	got := own(t, p)
	for _, want := range []string{
		`support_exporter_events_accepted_total 3`,
		`support_exporter_events_duplicate_total 1`,
		`support_exporter_events_rejected_total{reason="range"} 1`,
		`support_exporter_events_rejected_total{reason="unknown"} 1`,
		`support_exporter_facts_ignored_total{fact="csat",reason="duplicate"} 1`,
		`support_exporter_facts_ignored_total{fact="csat",reason="conflict"} 1`,
		`support_exporter_facts_ignored_total{fact="tier",reason="conflict"} 1`,
		`support_exporter_label_overflow_total{label="tier"} 1`,
		`support_exporter_event_delay_seconds_sum 5`,
		`support_exporter_requests_total{code="207"} 1`,
		`support_exporter_request_duration_seconds_count 1`,
		`support_exporter_conversations_tracked 2`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func own(t testing.TB, p *pushes) string {
	t.Helper()
	var b bytes.Buffer
	if err := p.metrics.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "{\"conversation_id\":\"%d\"}\n", i)
	}
	return b.String()
}

func encoded(encoding, body string) *http.Request {
	r := post(jsonType, body)
	r.Header.Set("Content-Encoding", encoding)
	return r
}

func compressed(t testing.TB, encoding, body string) *http.Request {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	switch strings.ToLower(encoding) {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "zstd":
		var err error
		if w, err = zstd.NewWriter(&b); err != nil {
			t.Fatal(err)
		}
	default:
		return encoded(encoding, body)
	}
	if _, err := io.WriteString(w, body); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return encoded(encoding, b.String())
}
