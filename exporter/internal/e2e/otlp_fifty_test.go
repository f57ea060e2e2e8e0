package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	collogspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

const logsPath = "/v1/logs"

// logged is the fifty conversations as log records, between those of others.
func logged(t *testing.T, ids bool) *collogspb.ExportLogsServiceRequest {
	t.Helper()
	request := &collogspb.ExportLogsServiceRequest{}
	for i, line := range fiftyEvents(t) {
		event := map[string]any{}
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			t.Fatal(err)
		}
		if !ids {
			delete(event, "id")
		}
		ours := &logspb.LogRecord{TimeUnixNano: 1772359200_000_000_000 + uint64(i), Attributes: flat("support", event)}
		others := &logspb.LogRecord{Attributes: flat("http", map[string]any{"method": "GET"})}
		request.ResourceLogs = append(request.ResourceLogs, &logspb.ResourceLogs{
			ScopeLogs: []*logspb.ScopeLogs{{LogRecords: []*logspb.LogRecord{others, ours}}},
		})
	}
	return request
}

// flat makes attributes of an object.
func flat(prefix string, object map[string]any) []*commonpb.KeyValue {
	var all []*commonpb.KeyValue
	for name, value := range object {
		key := prefix + "." + name
		switch key {
		case "support.conversation_id":
			key = "gen_ai.conversation.id"
		case "support.id":
			key = "support.event.id"
		case "support.customer_id":
			key = "support.customer.id"
		}
		a := &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{}}
		switch v := value.(type) {
		case map[string]any:
			all = append(all, flat(key, v)...)
			continue
		case string:
			a.Value.Value = &commonpb.AnyValue_StringValue{StringValue: v}
		case bool:
			a.Value.Value = &commonpb.AnyValue_BoolValue{BoolValue: v}
		case float64:
			a.Value.Value = &commonpb.AnyValue_DoubleValue{DoubleValue: v}
			if key == "support.turns" || key == "support.csat" {
				a.Value.Value = &commonpb.AnyValue_IntValue{IntValue: int64(v)}
			}
		}
		all = append(all, a)
	}
	return all
}

// exported is an answer to log records.
type exported struct {
	status  int
	partial *collogspb.ExportLogsPartialSuccess
}

// export pushes log records as an SDK does.
func (e *exporter) export(t *testing.T, request *collogspb.ExportLogsServiceRequest, contentType string, compress bool) exported {
	t.Helper()
	marshal, unmarshal := proto.Marshal, proto.Unmarshal
	if contentType == "application/json" {
		marshal, unmarshal = protojson.Marshal, protojson.Unmarshal
	}
	body, err := marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	headers := []string{"Content-Type", contentType}
	if compress {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = w.Write(body) // to memory
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		body, headers = b.Bytes(), append(headers, "Content-Encoding", "gzip")
	}
	r := e.request(http.MethodPost, logsPath, body, headers...)
	if got := r.header.Get("Content-Type"); got != contentType {
		t.Errorf("answered in %q, want %q", got, contentType)
	}
	var response collogspb.ExportLogsServiceResponse
	if err := unmarshal(r.body, &response); err != nil {
		t.Fatalf("answer %d %q: %v", r.status, r.body, err)
	}
	return exported{r.status, response.PartialSuccess}
}

// The same fifty conversations give the same exposition in both encodings of
// OTLP, with ids of their own and without. Exported twice, they count once, and
// what others log is ignored and counted.
func TestLogRecords(t *testing.T) {
	t.Parallel()
	reference := startExporter(t, t.TempDir())
	lines := fiftyEvents(t)
	reference.mustPush(lines...)
	want := reference.exposition()
	wantFifty(t, reference.metrics())
	for _, contentType := range []string{"application/x-protobuf", "application/json"} {
		for _, ids := range []bool{true, false} {
			name := fmt.Sprintf("%s, ids %v", contentType, ids)
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				e := startExporter(t, t.TempDir())
				request := logged(t, ids)
				for range 2 {
					if got := e.export(t, request, contentType, ids); got.status != 200 || got.partial != nil {
						t.Errorf("answered %+v, want a full success", got)
					}
				}
				if diff := cmp.Diff(want, e.exposition()); diff != "" {
					t.Errorf("exposition (-JSON +%s):\n%s", name, diff)
				}
				own := e.own()
				for metric, want := range map[string]float64{
					"support_exporter_events_accepted_total":                                float64(len(lines)),
					"support_exporter_events_duplicate_total":                               float64(len(lines)),
					`support_exporter_otlp_records_ignored_total{reason="no_conversation"}`: float64(2 * len(lines)),
					`support_exporter_otlp_records_ignored_total{reason="no_attribute"}`:    0,
					`support_exporter_otlp_attributes_ignored_total`:                        0,
					`support_exporter_requests_refused_total{reason="media_type"}`:          0,
					`support_exporter_event_delay_seconds_count`:                            float64(2 * len(lines)),
				} {
					if own[metric] != want {
						t.Errorf("%s is %v, want %v", metric, own[metric], want)
					}
				}
			})
		}
	}
}

// The example request, with a kill between the export and its retry: the score
// that a customer gave is an evaluation, and everything counts once.
func TestLogRecordsExample(t *testing.T) {
	t.Parallel()
	store := t.TempDir()
	e := startExporter(t, store)
	const file = "examples/otlp/conversation.json"
	export := func() {
		t.Helper()
		out := runClient(t, "http://"+e.address(), "sh", "-c",
			`curl --silent --show-error --fail-with-body --header 'Content-Type: application/json' --data @`+file+` "$SUPPORT_EXPORTER_URL/v1/logs"`)
		if out != "{}\n" {
			t.Errorf("answer %s, want a full success", out)
		}
	}
	export()
	e.kill()
	e = startExporter(t, store)
	export()
	s := e.metrics()
	of := []string{`intent="refund"`, `tier="gold"`, `language="en"`}
	wantSeries(t, "the conversation", rounded(series{
		"resolved": s.net(append(of, `outcome="resolved"`)...),
		"score 5":  s.sum("support_csat_responses_total", append(of, `score="5"`)...),
		"surveys":  s.sum("support_csat_surveys_total", of...),
		"models":   s.sum("support_cost_usd_total", append(of, `component="model"`)...),
	}), series{"resolved": 1, "score 5": 1, "surveys": 1, "models": 0.012})
	if got := e.own()["support_exporter_events_duplicate_total"]; got != 4 {
		t.Errorf("%v duplicates, want the 4 events of the example", got)
	}
}

// A rejected record is named in the answer, and the others count. Log records
// need a token where there are tokens, and no more than that.
func TestLogRecordsPartialSuccess(t *testing.T) {
	t.Parallel()
	e := launchExporter(t, t.TempDir(), "--config.file="+writeTokens(t, "secret"), "--web.config.file="+writeFile(t, "web.yml", basicUsers))
	plain := e.client
	e.client = &http.Client{Transport: basicAuth{plain.Transport}}
	e.awaitReady()
	pusher := *e
	pusher.client = plain
	request := logged(t, true)
	bad := request.ResourceLogs[3].ScopeLogs[0].LogRecords[1]
	bad.Attributes = append(bad.Attributes, flat("support", map[string]any{"episode": -1.0})...)
	body, err := proto.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	headers := []string{"Content-Type", "application/x-protobuf"}
	if r := pusher.request(http.MethodPost, logsPath, body, headers...); r.status != http.StatusUnauthorized {
		t.Errorf("without a token: %d, want 401", r.status)
	}
	r := pusher.request(http.MethodPost, logsPath, body, append(headers, "Authorization", "Bearer secret")...)
	var response collogspb.ExportLogsServiceResponse
	if err := proto.Unmarshal(r.body, &response); err != nil || r.status != http.StatusOK {
		t.Fatalf("answer %d %q: %v", r.status, r.body, err)
	}
	const want = "log record 7: support.episode: must be an integer from 1 to 1000, got -1"
	if p := response.PartialSuccess; p.GetRejectedLogRecords() != 1 || p.GetErrorMessage() != want {
		t.Errorf("partial success %v, want 1 and %s", p, want)
	}
	if got := e.own()["support_exporter_events_accepted_total"]; int(got) != strings.Count(readFile(t, root+"/"+fifty), "\n")-1 {
		t.Errorf("%v accepted, want all but one", got)
	}
}
