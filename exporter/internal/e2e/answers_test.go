package e2e

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/prometheus/common/expfmt"
)

// everything is an event with every field of the contract but increments.
const everything = `{"id": "e-1", "conversation_id": "c-1", "time": "2026-01-05T09:30:00Z",
  "customer_id": "customer-7", "intent": "refund", "tier": "gold", "language": "en",
  "experiment": "greeting", "variant": "warm", "episode": 1,
  "resolution": {"resolved": true, "seconds": 95.5, "confirmed": true},
  "escalation": {"escalated": true, "reason": "asked_for_human"},
  "turns": 3, "cost": {"usd": 0.25, "detail": {"llm": 0.125, "voice": 0.0625}},
  "survey_sent": true, "csat": 5}`

// everythingCounts is all that it counts.
const everythingCounts = `
support_conversations_total{intent="refund",language="en",outcome="escalated",tier="gold"} 1
support_resolutions_total{intent="refund",language="en",resolved="true",tier="gold"} 1
support_resolutions_confirmed_total{intent="refund",language="en",tier="gold"} 1
support_conversation_resolution_seconds_count{intent="refund",language="en",resolved="true",tier="gold"} 1
support_conversation_resolution_seconds_sum{intent="refund",language="en",resolved="true",tier="gold"} 95.5
support_conversation_turns_count{intent="refund",language="en",tier="gold"} 1
support_conversation_turns_sum{intent="refund",language="en",tier="gold"} 3
support_conversation_cost_usd_count{intent="refund",language="en",tier="gold"} 1
support_conversation_cost_usd_sum{intent="refund",language="en",tier="gold"} 0.25
support_cost_usd_total{component="llm",intent="refund",language="en",tier="gold"} 0.125
support_cost_usd_total{component="voice",intent="refund",language="en",tier="gold"} 0.0625
support_cost_usd_total{component="unspecified",intent="refund",language="en",tier="gold"} 0.0625
support_csat_responses_total{intent="refund",language="en",score="5",tier="gold"} 1
support_csat_surveys_total{intent="refund",language="en",tier="gold"} 1
support_escalations_total{intent="refund",language="en",reason="asked_for_human",tier="gold"} 1
support_values_total{intent="refund",kpi="resolution_seconds",language="en",tier="gold"} 1
support_values_total{intent="refund",kpi="turns",language="en",tier="gold"} 1
support_values_total{intent="refund",kpi="cost_usd",language="en",tier="gold"} 1
support_values_sum_total{intent="refund",kpi="resolution_seconds",language="en",tier="gold"} 95.5
support_values_sum_total{intent="refund",kpi="turns",language="en",tier="gold"} 3
support_values_sum_total{intent="refund",kpi="cost_usd",language="en",tier="gold"} 0.25
support_experiment_assigned_total{experiment="greeting",variant="warm"} 1
support_experiment_conversations_total{experiment="greeting",outcome="escalated",variant="warm"} 1
support_experiment_values_total{experiment="greeting",kpi="csat",variant="warm"} 1
support_experiment_values_total{experiment="greeting",kpi="resolution_seconds",variant="warm"} 1
support_experiment_values_total{experiment="greeting",kpi="turns",variant="warm"} 1
support_experiment_values_total{experiment="greeting",kpi="cost_usd",variant="warm"} 1
support_experiment_values_sum_total{experiment="greeting",kpi="csat",variant="warm"} 5
support_experiment_values_sum_total{experiment="greeting",kpi="resolution_seconds",variant="warm"} 95.5
support_experiment_values_sum_total{experiment="greeting",kpi="turns",variant="warm"} 3
support_experiment_values_sum_total{experiment="greeting",kpi="cost_usd",variant="warm"} 0.25
`

// The first minute of a user: one event in, and all that it counts out.
func TestFirstMinute(t *testing.T) {
	t.Parallel()
	e := startExporter(t, t.TempDir())
	if a := e.push(everything, "Content-Type", "application/json"); a.counts() != "200: 1 accepted, 0 duplicates, 0 rejected" {
		t.Fatal(a.counts(), string(a.body))
	}
	got := e.metrics()
	want := parseSeries(t, strings.NewReader(everythingCounts), expfmt.NewFormat(expfmt.TypeTextPlain))
	wantSeries(t, "what one event counts", got.counted(), want)
	e.push(everything, "Content-Type", "application/json")
	wantSeries(t, "after the same event again", e.metrics(), got)
	own := e.own()
	for name, want := range map[string]float64{
		"support_exporter_events_accepted_total": 1, "support_exporter_events_duplicate_total": 1,
		"support_exporter_conversations_tracked": 1, "support_exporter_event_delay_seconds_count": 2,
		"support_exporter_commit_events_sum": 2, "support_exporter_request_duration_seconds_count": 2,
		"support_exporter_store_healthy": 1, "support_exporter_queue_events": 0,
	} {
		if value, exposed := own[name]; value != want || !exposed {
			t.Errorf("%s: got %v, want %v", name, value, want)
		}
	}
	e.stop()
}

// The parts of the requests below.
const (
	mediaJSON   = "application/json"
	mediaNDJSON = "application/x-ndjson"
	goodEvent   = `{"conversation_id": "c-1", "turns": 2}`
	otherEvent  = `{"conversation_id": "c-2", "turns": 4}`
	badEvent    = `{"conversation_id": "c-3", "turns": 0}`
	badTurns    = "must be an integer from 1 to 9007199254740992, got 0"
)

// pushRequest is a push, and what it is answered.
type pushRequest struct {
	name, mediaType, encoding, body string

	want   string
	errors []answerError
}

func goodRequests(t *testing.T) []pushRequest {
	return []pushRequest{
		{name: "object", mediaType: mediaJSON, body: goodEvent, want: "200: 1 accepted, 0 duplicates, 0 rejected"},
		{name: "no media type", body: goodEvent, want: "200: 0 accepted, 1 duplicates, 0 rejected"},
		{name: "array", mediaType: mediaJSON, body: "[" + goodEvent + "," + otherEvent + "]", want: "200: 1 accepted, 1 duplicates, 0 rejected"},
		{name: "empty array", mediaType: mediaJSON, body: "[]", want: "200: 0 accepted, 0 duplicates, 0 rejected"},
		{name: "lines", mediaType: mediaNDJSON, body: goodEvent + "\n\n" + otherEvent + "\n", want: "200: 0 accepted, 2 duplicates, 0 rejected"},
		{name: "media type with charset", mediaType: mediaJSON + "; charset=utf-8", body: goodEvent, want: "200: 0 accepted, 1 duplicates, 0 rejected"},
		{name: "gzip", mediaType: mediaJSON, encoding: "gzip", body: zip(t, goodEvent), want: "200: 0 accepted, 1 duplicates, 0 rejected"},
		{name: "zstd", mediaType: mediaNDJSON, encoding: "zstd", body: zstandard(t, goodEvent), want: "200: 0 accepted, 1 duplicates, 0 rejected"},
	}
}

func badRequests(t *testing.T) []pushRequest {
	return []pushRequest{
		{name: "one of two is bad", mediaType: mediaNDJSON, body: goodEvent + "\n" + badEvent, want: "207: 0 accepted, 1 duplicates, 1 rejected",
			errors: []answerError{{Index: 1, Field: "turns", Message: badTurns}}},
		{name: "a line is no JSON", mediaType: mediaNDJSON, body: goodEvent + "\n{", want: "207: 0 accepted, 1 duplicates, 1 rejected",
			errors: []answerError{{Index: 1, Message: "not JSON: want a field name, got the end at offset 40"}}},
		{name: "all bad", mediaType: mediaJSON, body: badEvent, want: "400: 0 accepted, 0 duplicates, 1 rejected",
			errors: []answerError{{Field: "turns", Message: badTurns}}},
		{name: "empty body", mediaType: mediaJSON, want: "400: 0 accepted, 0 duplicates, 0 rejected",
			errors: []answerError{{Index: -1, Message: "empty body"}}},
		{name: "no JSON", mediaType: mediaJSON, body: "[" + goodEvent + `, {"conversation_id" "c"}]`, want: "400: 0 accepted, 0 duplicates, 0 rejected",
			errors: []answerError{{Index: 1, Message: "not JSON: want ':', got '\"' at offset 60"}}},
		{name: "something behind the end", mediaType: mediaJSON, body: goodEvent + " {}", want: "400: 0 accepted, 0 duplicates, 0 rejected",
			errors: []answerError{{Index: 1, Message: "not JSON: want the end, got '{' at offset 39"}}},
		{name: "no gzip", mediaType: mediaJSON, encoding: "gzip", body: goodEvent, want: "400: 0 accepted, 0 duplicates, 0 rejected",
			errors: []answerError{{Index: -1, Message: "reading the body: gzip: invalid header"}}},

		{name: "body too large", mediaType: mediaJSON, body: strings.Repeat(" ", 4097), want: "413: 0 accepted, 0 duplicates, 0 rejected",
			errors: []answerError{{Index: -1, Message: "a body may have 4096 bytes, decompressed; this one has more"}}},
		{name: "body too large when decompressed", mediaType: mediaJSON, encoding: "gzip", body: zip(t, strings.Repeat(" ", 1<<20)),
			want:   "413: 0 accepted, 0 duplicates, 0 rejected",
			errors: []answerError{{Index: -1, Message: "a body may have 4096 bytes, decompressed; this one has more"}}},
		{name: "too many events", mediaType: mediaNDJSON, body: strings.Repeat(goodEvent+"\n", 4), want: "413: 0 accepted, 0 duplicates, 0 rejected",
			errors: []answerError{{Index: -1, Message: "a request may have 3 events, this one has more"}}},
		{name: "media type", mediaType: "text/csv", body: goodEvent, want: "415: 0 accepted, 0 duplicates, 0 rejected",
			errors: []answerError{{Index: -1, Message: `Content-Type: want application/json or application/x-ndjson, got "text/csv"`}}},
		{name: "encoding", mediaType: mediaJSON, encoding: "br", body: goodEvent, want: "415: 0 accepted, 0 duplicates, 0 rejected",
			errors: []answerError{{Index: -1, Message: `Content-Encoding: want gzip, zstd or none, got "br"`}}},
	}
}

// The statuses of the contract, each with the request that earns it.
func TestAnswers(t *testing.T) {
	t.Parallel()
	e := startExporter(t, t.TempDir(), "--config.file="+writeFile(t, "config.yml", `
ingest: {max_body_bytes: 4KiB, max_batch_events: 3}
`))
	for _, tc := range append(goodRequests(t), badRequests(t)...) {
		t.Run(tc.name, func(t *testing.T) {
			a := e.push(tc.body, "Content-Type", tc.mediaType, "Content-Encoding", tc.encoding)
			if a.counts() != tc.want {
				t.Errorf("got %s, want %s", a.counts(), tc.want)
			}
			if diff := cmp.Diff(append([]answerError{}, tc.errors...), a.Errors); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
		})
	}
	if r := e.wantStatus(http.StatusMethodNotAllowed, http.MethodGet, eventsPath); r.header.Get("Allow") != "POST" {
		t.Errorf("405 allows %q, want POST", r.header.Get("Allow"))
	}
	wantAnswersCounted(t, e)
}

// wantAnswersCounted checks what the exporter says about the requests above.
func wantAnswersCounted(t *testing.T, e *exporter) {
	t.Helper()
	if got := e.metrics().sum("support_conversation_turns_sum"); got != 6 {
		t.Errorf("turns of the two good conversations: got %v, want 6", got)
	}
	own := e.own()
	for name, want := range map[string]float64{
		`support_exporter_events_accepted_total`:                                 2,
		`support_exporter_events_duplicate_total`:                                9,
		`support_exporter_events_rejected_total{reason="range"}`:                 2,
		`support_exporter_events_rejected_total{reason="syntax"}`:                1,
		`support_exporter_requests_total{code="200"}`:                            8,
		`support_exporter_requests_total{code="207"}`:                            2,
		`support_exporter_requests_total{code="400"}`:                            5,
		`support_exporter_requests_total{code="405"}`:                            1,
		`support_exporter_requests_total{code="413"}`:                            3,
		`support_exporter_requests_total{code="415"}`:                            2,
		`support_exporter_requests_refused_total{reason="batch"}`:                1,
		`support_exporter_requests_refused_total{reason="body"}`:                 1,
		`support_exporter_requests_refused_total{reason="empty"}`:                1,
		`support_exporter_requests_refused_total{reason="encoding"}`:             1,
		`support_exporter_requests_refused_total{reason="media_type"}`:           1,
		`support_exporter_requests_refused_total{reason="method"}`:               1,
		`support_exporter_requests_refused_total{reason="syntax"}`:               2,
		`support_exporter_requests_refused_total{reason="too_large"}`:            2,
		`support_exporter_facts_ignored_total{fact="turns", reason="duplicate"}`: 9,
	} {
		if own[name] != want {
			t.Errorf("%s: got %v, want %v", name, own[name], want)
		}
	}
}

func zip(t *testing.T, s string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(s))
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func zstandard(t *testing.T, s string) string {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(w.EncodeAll([]byte(s), nil))
}
