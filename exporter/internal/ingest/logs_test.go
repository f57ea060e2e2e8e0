package ingest_test

import (
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	collogspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	statuspb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/ingest"
	"supportexporter/exporter/internal/ledger"
)

const protobufType = "application/x-protobuf"

// logRecord is about a conversation, and has a number.
func logRecord(conversation, attribute string, value int64) *logspb.LogRecord {
	return &logspb.LogRecord{TimeUnixNano: 1, Attributes: []*commonpb.KeyValue{
		{Key: "gen_ai.conversation.id", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: conversation}}},
		{Key: attribute, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: value}}},
	}}
}

func export(records ...*logspb.LogRecord) *collogspb.ExportLogsServiceRequest {
	return &collogspb.ExportLogsServiceRequest{ResourceLogs: []*logspb.ResourceLogs{{ScopeLogs: []*logspb.ScopeLogs{{LogRecords: records}}}}}
}

// logs makes a request of log records.
func logs(t testing.TB, contentType string, records ...*logspb.LogRecord) *http.Request {
	t.Helper()
	marshal := proto.Marshal
	if contentType != protobufType {
		marshal = protojson.Marshal
	}
	body, err := marshal(export(records...))
	if err != nil {
		t.Fatal(err)
	}
	return logsBody(contentType, string(body))
}

func logsBody(contentType, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, ingest.LogsPath, strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	return r
}

// answered reads an answer in the encoding of its request.
func answered(t testing.TB, w *httptest.ResponseRecorder, encoding string, into proto.Message) {
	t.Helper()
	unmarshal := proto.Unmarshal
	if encoding != protobufType {
		encoding, unmarshal = jsonType, protojson.Unmarshal
	}
	if got := w.Header().Get("Content-Type"); got != encoding {
		t.Errorf("answer has Content-Type %q, want %q", got, encoding)
	}
	if err := unmarshal(w.Body.Bytes(), into); err != nil {
		t.Errorf("answer %q: %v", w.Body, err)
	}
}

func TestLogs(t *testing.T) {
	good, bad, alien := logRecord("a", "support.csat", 5), logRecord("b", "support.csat", 9), logRecord("c", "http.response.status_code", 200)
	increment := logRecord("d", "support.turns_delta", 1)
	unknown := logRecord("e", "support.cost.detail.model", 1)
	nameless := &logspb.LogRecord{}
	tests := []struct {
		name     string
		records  []*logspb.LogRecord
		accepted int
		rejected int64
		message  string
	}{
		{"an event", []*logspb.LogRecord{good}, 1, 0, ""},
		{"nothing", nil, 0, 0, ""},
		{"what is ignored is a success", []*logspb.LogRecord{nameless, alien}, 0, 0, ""},
		{"a repetition", []*logspb.LogRecord{increment, increment}, 1, 0, ""},
		{"each stands alone", []*logspb.LogRecord{nameless, bad, good, alien, unknown}, 1, 2,
			"log record 1: support.csat: must be an integer from 1 to 5, got 9; log record 4: support.cost.usd: required"},
		{"all rejected", []*logspb.LogRecord{bad}, 0, 1, "log record 0: support.csat: must be an integer from 1 to 5, got 9"},
	}
	for _, tt := range tests {
		for _, contentType := range []string{protobufType, jsonType} {
			t.Run(tt.name+" in "+contentType, func(t *testing.T) {
				p := newPushes(t, nil)
				w := httptest.NewRecorder()
				p.ServeHTTP(w, logs(t, contentType, tt.records...))
				if w.Code != 200 {
					t.Errorf("code %d, want 200", w.Code)
				}
				var got collogspb.ExportLogsServiceResponse
				answered(t, w, contentType, &got)
				if s := got.PartialSuccess; s.GetRejectedLogRecords() != tt.rejected || s.GetErrorMessage() != tt.message || (s != nil) != (tt.rejected > 0) {
					t.Errorf("partial success %v, want %d, %s", s, tt.rejected, tt.message)
				}
				if want := fmt.Sprintf("support_exporter_events_accepted_total %d\n", tt.accepted); !strings.Contains(own(t, p), want) {
					t.Errorf("no %q", want)
				}
			})
		}
	}
}

// Only so many errors are told, and all are counted.
func TestManyLogErrors(t *testing.T) {
	p := newPushes(t, nil)
	var records []*logspb.LogRecord
	for range 12 {
		records = append(records, logRecord("a", "support.csat", 9))
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, logs(t, protobufType, records...))
	var got collogspb.ExportLogsServiceResponse
	answered(t, w, protobufType, &got)
	if s := got.PartialSuccess; s.GetRejectedLogRecords() != 12 || strings.Count(s.GetErrorMessage(), "log record") != 10 || !strings.HasSuffix(s.GetErrorMessage(), "; and 2 more") {
		t.Errorf("partial success %v", s)
	}
}

func TestIgnoredLogs(t *testing.T) {
	p := newPushes(t, nil)
	typo := logRecord("a", "support.csat", 5)
	typo.Attributes = append(typo.Attributes, logRecord("", "support.tires", 1).Attributes[1])
	p.ServeHTTP(httptest.NewRecorder(), logs(t, protobufType, &logspb.LogRecord{}, &logspb.LogRecord{}, logRecord("c", "x", 1), typo))
	p.do(t, post(jsonType, `{"conversation_id":"b"}`)) // has none of that
	for _, want := range []string{
		`support_exporter_otlp_records_ignored_total{reason="no_conversation"} 2`,
		`support_exporter_otlp_records_ignored_total{reason="no_attribute"} 1`,
		`support_exporter_otlp_attributes_ignored_total 1`,
		`support_exporter_events_accepted_total 2`,
		`support_exporter_requests_total{code="200"} 2`,
	} {
		if got := own(t, p); !strings.Contains(got, want+"\n") {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

// What is refused as a whole is answered with a google.rpc.Status.
func TestRefusedLogs(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(file, fmt.Appendf(nil, "bot %x\n", sha256.Sum256([]byte("secret"))), 0o600); err != nil {
		t.Fatal(err)
	}
	p := newPushes(t, func(c *config.Config) {
		c.Ingest.TokensFile, c.Ingest.MaxBatchEvents, c.Ingest.MaxBodyBytes, c.Ingest.EventsPerSecond = file, 5, 1000, 1e-3
	})
	busy, noQueue := *p, config.Default()
	noQueue.Ingest.MaxQueueEvents = 0
	busy.Handler = ingest.New(p.ledger, noQueue, nil, nil, p.metrics, slog.New(slog.DiscardHandler), time.Now)
	full := *p
	full.Handler = ingest.New(unavailable{p.ledger, ledger.ErrUnavailable}, config.Default(), nil, nil, p.metrics, slog.New(slog.DiscardHandler), time.Now)
	const csat = "support.csat"
	many := make([]*logspb.LogRecord, 6)
	for i := range many {
		many[i] = logRecord("a", csat, 5)
	}
	get := httptest.NewRequest(http.MethodGet, ingest.LogsPath, nil)
	tests := []struct {
		name    string
		handler http.Handler
		request *http.Request
		token   string
		code    int
		status  int32
		message string
	}{
		{"no token", p, logs(t, protobufType), "", 401, 16, "want a bearer token"},
		{"another token", p, logs(t, jsonType), "x", 403, 7, "not known"},
		{"another method", p, get, "secret", 405, 12, "want POST"},
		{"another media type", p, logsBody("text/plain", "x"), "secret", 415, 3, `got "text/plain"`},
		{"no media type", p, logsBody("", "x"), "secret", 415, 3, `got ""`},
		{"not protobuf", p, logsBody(protobufType, "\x0a\xff"), "secret", 400, 3, "not an ExportLogsServiceRequest"},
		{"not JSON", p, logsBody(jsonType, "{"), "secret", 400, 3, "not an ExportLogsServiceRequest"},
		{"too large", p, logsBody(jsonType, strings.Repeat(" ", 1001)), "secret", 413, 3, "1000 bytes"},
		{"too many events", p, logs(t, protobufType, many...), "secret", 413, 3, "5 events"},
		{"within the rate", p, logs(t, protobufType, many[:5]...), "secret", 200, 0, ""},
		{"over the rate", p, logs(t, protobufType, many[:5]...), "secret", 429, 8, "events a second"},
		{"over the queue", &busy, logs(t, protobufType, many...), "", 429, 8, "waiting"},
		{"a full disk", &full, logs(t, jsonType, many...), "", 503, 14, "durable"},
		{"a store that is not there yet", http.HandlerFunc(ingest.Recovering), logs(t, protobufType), "", 503, 14, "recovered"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.token != "" {
				tt.request.Header.Set("Authorization", "Bearer "+tt.token)
			}
			w := httptest.NewRecorder()
			tt.handler.ServeHTTP(w, tt.request)
			if w.Code != tt.code {
				t.Errorf("code %d, want %d", w.Code, tt.code)
			}
			if tt.code == 200 {
				return
			}
			var got statuspb.Status
			answered(t, w, tt.request.Header.Get("Content-Type"), &got)
			if got.Code != tt.status || !strings.Contains(got.Message, tt.message) {
				t.Errorf("status %v, want %d and %q", &got, tt.status, tt.message)
			}
			if seconds, err := strconv.Atoi(w.Header().Get("Retry-After")); (tt.code == 429 || tt.code == 503) && (err != nil || seconds < 1) {
				t.Errorf("Retry-After %q", w.Header().Get("Retry-After"))
			}
		})
	}
}
