package otlp_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	collogspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	"google.golang.org/protobuf/proto"

	"supportexporter/exporter/internal/event"
	"supportexporter/exporter/internal/otlp"
)

// nanos is 2026-03-01T10:00:00.5Z.
const nanos = 1772359200_500_000_000

// attributes makes attributes of names and values in turn.
func attributes(pairs ...any) []*commonpb.KeyValue {
	var all []*commonpb.KeyValue
	for i := 0; i < len(pairs); i += 2 {
		a := &commonpb.KeyValue{Key: pairs[i].(string), Value: &commonpb.AnyValue{}}
		switch v := pairs[i+1].(type) {
		case string:
			a.Value.Value = &commonpb.AnyValue_StringValue{StringValue: v}
		case bool:
			a.Value.Value = &commonpb.AnyValue_BoolValue{BoolValue: v}
		case int:
			a.Value.Value = &commonpb.AnyValue_IntValue{IntValue: int64(v)}
		case float64:
			a.Value.Value = &commonpb.AnyValue_DoubleValue{DoubleValue: v}
		case []byte:
			a.Value.Value = &commonpb.AnyValue_BytesValue{BytesValue: v}
		case *commonpb.ArrayValue:
			a.Value.Value = &commonpb.AnyValue_ArrayValue{ArrayValue: v}
		case *commonpb.KeyValueList:
			a.Value.Value = &commonpb.AnyValue_KvlistValue{KvlistValue: v}
		}
		all = append(all, a)
	}
	return all
}

// request spreads log records over two resources, with what surrounds them.
func request(t testing.TB, records ...*logspb.LogRecord) []byte {
	t.Helper()
	half := len(records) / 2
	resource := &resourcepb.Resource{Attributes: attributes("service.name", "bot", "support.tier", "of the resource")}
	scope := &commonpb.InstrumentationScope{Name: "agent"}
	body, err := proto.Marshal(&collogspb.ExportLogsServiceRequest{ResourceLogs: []*logspb.ResourceLogs{
		{Resource: resource, ScopeLogs: []*logspb.ScopeLogs{{Scope: scope, LogRecords: records[:half]}}, SchemaUrl: "x"},
		{Resource: resource},
		{ScopeLogs: []*logspb.ScopeLogs{{}, {Scope: scope, LogRecords: records[half:], SchemaUrl: "y"}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// outcome is what became of a log record.
type outcome struct {
	Index     int
	Line, Err string
}

func each(t testing.TB, body []byte, e otlp.Encoding) ([]outcome, otlp.Ignored, error) {
	t.Helper()
	var all []outcome
	ignored, err := otlp.Each(body, e, func(i int, line []byte, err error) bool {
		var field *event.FieldError
		switch {
		case err == nil:
			all = append(all, outcome{Index: i, Line: string(line)})
		case errors.As(err, &field):
			all = append(all, outcome{Index: i, Err: err.Error()})
		default:
			t.Errorf("error %v is a %T, want a FieldError", err, err)
		}
		return true
	})
	return all, ignored, err
}

func TestRecords(t *testing.T) {
	const id = "gen_ai.conversation.id"
	tests := []struct {
		name       string
		attributes []*commonpb.KeyValue
		want       string // the event, or the error
	}{
		{"every field", attributes(id, "c", "support.event.id", "1", "support.customer.id", "u", "support.intent", "refund", "support.tier", "pro",
			"support.language", "de", "support.experiment", "x", "support.variant", "y", "support.episode", 2, "support.turns", 3,
			"support.resolution.resolved", true, "support.resolution.seconds", 1.5, "support.resolution.confirmed", false,
			"support.escalation.escalated", true, "support.escalation.reason", "asked", "support.cost.usd", 0.5, "support.cost.detail.model", 0.25,
			"support.cost.detail.a.b", 0.125, "support.survey_sent", true, "support.csat", 5),
			`{"conversation_id":"c","cost":{"detail":{"a.b":0.125,"model":0.25},"usd":0.5},"csat":5,"customer_id":"u","episode":2,` +
				`"escalation":{"escalated":true,"reason":"asked"},"experiment":"x","id":"1","intent":"refund","language":"de",` +
				`"resolution":{"confirmed":false,"resolved":true,"seconds":1.5},"survey_sent":true,"tier":"pro","turns":3,"variant":"y"}`},
		{"increments", attributes(id, "c", "support.event.id", "1", "support.turns_delta", 1, "support.cost_delta.usd", 2, "support.cost_delta.detail.model", 2),
			`{"conversation_id":"c","cost_delta":{"detail":{"model":2},"usd":2},"id":"1","turns_delta":1}`},
		{"what is wrong is not judged here", attributes(id, 7, "support.csat", "5"), `{"conversation_id":7,"csat":"5"}`},
		{"an attribute without a value is none", attributes(id, "c", "support.csat", 5, "support.tier", nil), `{"conversation_id":"c","csat":5}`},
		{"others are ignored", attributes(id, "c", "support.csat", 5, "support.ticket", "t", "support.cost", 1, "support", "x", "gen_ai.request.model", "m"),
			`{"conversation_id":"c","csat":5}`},
		{"a customer's score", attributes(id, "c", "event.name", "gen_ai.evaluation.result", "gen_ai.evaluation.name", "CSAT", "gen_ai.evaluation.score.value", 4.0),
			`{"conversation_id":"c","csat":4}`},

		{"a list", attributes(id, "c", "support.intent", &commonpb.ArrayValue{}), `intent: must be a string, a boolean or a number, got an array`},
		{"a map", attributes(id, "c", "support.intent", &commonpb.KeyValueList{}), `intent: must be a string, a boolean or a number, got a map`},
		{"bytes", attributes(id, "c", "support.intent", []byte("x")), `intent: must be a string, a boolean or a number, got bytes`},
		{"no number", attributes(id, "c", "support.cost.usd", math.NaN()), `cost.usd: must be a finite number, got NaN`},
		{"beyond all numbers", attributes(id, "c", "support.cost.detail.x", math.Inf(1)), `cost.detail.x: must be a finite number, got +Inf`},
		{"twice", attributes(id, "c", "support.csat", 5, "support.csat", 5), `csat: given twice`},
		{"two conversations", attributes(id, "c", id, "d", "support.csat", 5), `conversation_id: given twice`},
		{"two scores", attributes(id, "c", "event.name", "gen_ai.evaluation.result", "gen_ai.evaluation.name", "csat", "gen_ai.evaluation.score.value", 4, "support.csat", 4),
			`csat: given twice`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, _, err := each(t, request(t, &logspb.LogRecord{Attributes: tt.attributes}), otlp.Protobuf)
			if err != nil || len(got) != 1 || got[0].Line+got[0].Err != tt.want {
				t.Errorf("got %+v, %v\nwant %s", got, err, tt.want)
			}
		})
	}
}

func TestIgnored(t *testing.T) {
	const id = "gen_ai.conversation.id"
	records := []*logspb.LogRecord{
		{},
		{Attributes: attributes("support.csat", 5)},
		{Attributes: attributes(id, nil, "support.csat", 5)},
		{Attributes: attributes("support.csat", &commonpb.ArrayValue{}), Body: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: id}}},
		{Attributes: attributes("x", strings.Repeat("x", otlp.MaxRecordBytes+1))}, // a log of somebody else
		{Attributes: attributes(id, "c")},
		{Attributes: attributes(id, "c", "gen_ai.evaluation.name", "csat", "gen_ai.evaluation.score.value", 4), EventName: "another"},
		{Attributes: attributes(id, "c", "gen_ai.evaluation.name", "Relevance", "gen_ai.evaluation.score.value", 4), EventName: "gen_ai.evaluation.result"},
		{Attributes: attributes(id, "c", "gen_ai.evaluation.name", "csat", "gen_ai.evaluation.score.label", "good"), EventName: "gen_ai.evaluation.result"},
		{Attributes: attributes(id, "c", "support.tickets", "t")},
		{Attributes: attributes(id, "c", "support.csat", 5, "support.ticket", "t", "support.queue", "q")},
		{Attributes: attributes(id, "c", "support.csat", 5, "x", strings.Repeat("x", otlp.MaxRecordBytes))},
	}
	got, ignored, err := each(t, request(t, records...), otlp.Protobuf)
	if err != nil {
		t.Fatal(err)
	}
	size := proto.Size(records[11])
	want := []outcome{
		{Index: 10, Line: `{"conversation_id":"c","csat":5}`},
		{Index: 11, Err: fmt.Sprintf("a log record of a conversation may have 262144 bytes, got %d", size)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if want := (otlp.Ignored{NoConversation: 5, NothingOfOurs: 5, Attributes: 2}); ignored != want {
		t.Errorf("ignored %+v, want %+v", ignored, want)
	}
}

// The time comes from the record, and so does the id, if it brings none.
func TestTimeAndID(t *testing.T) {
	record := func(change func(*logspb.LogRecord), more ...any) string {
		r := &logspb.LogRecord{
			TimeUnixNano: nanos, TraceId: []byte("0123456789abcdef"), SpanId: []byte("01234567"),
			Attributes: attributes(append([]any{"gen_ai.conversation.id", "c", "support.turns_delta", 1, "support.tier", "pro"}, more...)...),
		}
		if change != nil {
			change(r)
		}
		got, _, err := each(t, request(t, r), otlp.Protobuf)
		if err != nil || len(got) != 1 || got[0].Err != "" {
			t.Fatalf("%+v, %v", got, err)
		}
		return got[0].Line
	}
	const bare = `{"conversation_id":"c","id":"%s","tier":"pro","time":"2026-03-01T10:00:00.5Z","turns_delta":1}`
	first := record(nil)
	var e struct{ ID string }
	if err := json.Unmarshal([]byte(first), &e); err != nil || len(e.ID) != len("otlp-")+32 {
		t.Errorf("id %q, %v", e.ID, err)
	}
	if want := fmt.Sprintf(bare, e.ID); first != want {
		t.Errorf("got  %s\nwant %s", first, want)
	}
	if got, want := record(nil, "support.event.id", "7"), fmt.Sprintf(bare, "7"); got != want {
		t.Errorf("with an id of its own: got %s, want %s", got, want)
	}
	for name, same := range map[string]func(*logspb.LogRecord){
		"sent again":               nil,
		"observed at another time": func(r *logspb.LogRecord) { r.ObservedTimeUnixNano = 1 },
		"with other attributes":    func(r *logspb.LogRecord) { r.Attributes = append(r.Attributes, attributes("host.name", "h")...) },
		"in another order":         func(r *logspb.LogRecord) { r.Attributes[0], r.Attributes[2] = r.Attributes[2], r.Attributes[0] },
		"only observed":            func(r *logspb.LogRecord) { r.ObservedTimeUnixNano, r.TimeUnixNano = r.TimeUnixNano, 0 },
	} {
		if got := record(same); got != first {
			t.Errorf("%s: got %s, want %s", name, got, first)
		}
	}
	for name, other := range map[string]func(*logspb.LogRecord){
		"another time":  func(r *logspb.LogRecord) { r.TimeUnixNano++ },
		"another span":  func(r *logspb.LogRecord) { r.SpanId[0]++ },
		"another trace": func(r *logspb.LogRecord) { r.TraceId[0]++ },
		"another fact":  func(r *logspb.LogRecord) { r.Attributes[1].Value = attributes("", 2)[0].Value },
	} {
		if got := record(other); strings.Contains(got, e.ID) {
			t.Errorf("%s has the same id: %s", name, got)
		}
	}
	timeless := record(func(r *logspb.LogRecord) { r.TimeUnixNano = 0 })
	if want := `{"conversation_id":"c","tier":"pro","turns_delta":1}`; timeless != want {
		t.Errorf("without a time: got %s, want %s", timeless, want)
	}
	last := record(func(r *logspb.LogRecord) { r.TimeUnixNano = math.MaxUint64 })
	if want := `"time":"2554-07-21T23:34:33.709551615Z"`; !strings.Contains(last, want) {
		t.Errorf("the last moment there is: %s, want %s", last, want)
	}
}
