package otlp_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	collogspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	statuspb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"supportexporter/exporter/internal/event"
	"supportexporter/exporter/internal/otlp"
)

// In JSON a record has ids in hexadecimal, and may have members that are new.
const jsonRecord = `{"timeUnixNano":"1772359200500000000","traceId":"30313233343536373839616263646566","spanId":"3031323334353637",
	"severityNumber":9,"new":{"er":[1]},"body":{"stringValue":"hi"},"attributes":[
	{"key":"gen_ai.conversation.id","value":{"stringValue":"c"}},
	{"key":"support.turns_delta","value":{"intValue":"1"}},
	{"key":"support.resolution.resolved","value":{"boolValue":true}},
	{"key":"support.resolution.seconds","value":{"doubleValue":1.5}}]}`

func logs(records string) string {
	return `{"new":1,"resourceLogs":[{"resource":{},"scopeLogs":[{"scope":null,"logRecords":[` + records + `]}]}]}`
}

// Both encodings of a record are the same event, with the same id.
func TestEncodingsAgree(t *testing.T) {
	want, _, err := each(t, request(t, &logspb.LogRecord{
		TimeUnixNano: nanos, TraceId: []byte("0123456789abcdef"), SpanId: []byte("01234567"),
		Attributes: attributes("gen_ai.conversation.id", "c", "support.turns_delta", 1, "support.resolution.resolved", true, "support.resolution.seconds", 1.5),
	}), otlp.Protobuf)
	if err != nil || len(want) != 1 || want[0].Err != "" {
		t.Fatalf("%v, %v", want, err)
	}
	for name, body := range map[string]string{
		"as OTLP has it":              logs(jsonRecord),
		"with names of protobuf":      `{"resource_logs":[{"scope_logs":[{"log_records":[` + jsonRecord + `]}]}]}`,
		"with an escaped name":        logs(string(bytes.ReplaceAll([]byte(jsonRecord), []byte("gen_ai"), []byte(`gen\u005fai`)))),
		"with nulls for empty arrays": `{"resourceLogs":[{"scopeLogs":null},{"scopeLogs":[{"logRecords":null},{"logRecords":[` + jsonRecord + `]}]}]}`,
	} {
		got, _, err := each(t, []byte(body), otlp.JSON)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-protobuf +JSON):\n%s", name, diff)
		}
	}
}

// A record that cannot be decoded is rejected alone; a request that cannot is
// refused.
func TestBroken(t *testing.T) {
	broken := `{"attributes":[{"key":"gen_ai.conversation.id","value":{"intValue":"x"}}]}`
	got, ignored, err := each(t, []byte(logs(broken+","+jsonRecord+",{}")), otlp.JSON)
	if err != nil || len(got) != 2 || got[0].Index != 0 || got[1].Index != 1 || got[1].Err != "" || ignored.NoConversation != 1 {
		t.Errorf("%+v, %+v, %v", got, ignored, err)
	}
	for body, want := range map[string]string{
		" ":                       "empty body",
		"[]":                      "not an ExportLogsServiceRequest in JSON: want an object at offset 1",
		"x":                       "not an ExportLogsServiceRequest in JSON: want an object at offset 0",
		"{}{}":                    "not an ExportLogsServiceRequest in JSON: want nothing behind the request at offset 3",
		`{"resourceLogs":{}}`:     "not an ExportLogsServiceRequest in JSON: want resourceLogs to be an array at offset 17",
		`{"resourceLogs":[1]}`:    "not an ExportLogsServiceRequest in JSON: want an object at offset 18",
		`{"resourceLogs":[{}`:     "not an ExportLogsServiceRequest in JSON: want ']' at offset 19",
		`{"resourceLogs":[{"a":}`: "not an ExportLogsServiceRequest in JSON: want a value at offset 22",
		`{"a":1`:                  "not an ExportLogsServiceRequest in JSON: want '}' at offset 6",
		`{"a":1,}`:                "not an ExportLogsServiceRequest in JSON: want a name at offset 7",
	} {
		if _, _, err := each(t, []byte(body), otlp.JSON); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", body, err, want)
		}
	}
	if _, _, err := each(t, []byte(" "), otlp.JSON); !errors.Is(err, event.ErrEmpty) {
		t.Errorf("a blank body in JSON: %v", err)
	}
	if got, _, err := each(t, nil, otlp.Protobuf); got != nil || err != nil {
		t.Errorf("an empty request is %v, %v; want nothing", got, err)
	}
	whole := request(t, &logspb.LogRecord{Attributes: attributes("gen_ai.conversation.id", "c", "support.csat", 5)})
	if _, _, err := each(t, whole[:len(whole)-1], otlp.Protobuf); err == nil {
		t.Error("a request cut short is taken")
	}
}

func TestStopsWhenTold(t *testing.T) {
	for _, tt := range []struct {
		encoding otlp.Encoding
		body     []byte
	}{
		{otlp.JSON, []byte(logs(jsonRecord + "," + jsonRecord))},
		{otlp.Protobuf, request(t, records(3)...)},
	} {
		calls := 0
		_, err := otlp.Each(tt.body, tt.encoding, func(int, []byte, error) bool { calls++; return false })
		if calls != 1 || err != nil {
			t.Errorf("%d calls, %v", calls, err)
		}
	}
}

func records(n int) []*logspb.LogRecord {
	var all []*logspb.LogRecord
	for range n {
		all = append(all, &logspb.LogRecord{Attributes: attributes("gen_ai.conversation.id", "c", "support.csat", 5)})
	}
	return all
}

// Records of others cost next to nothing: sixteen megabytes of them must not take
// a hundred times that in memory.
func TestForeignRecordsAreNotDecoded(t *testing.T) {
	const n = 10_000
	empty := make([]*logspb.LogRecord, n)
	for i := range empty {
		empty[i] = &logspb.LogRecord{}
	}
	for _, tt := range []struct {
		encoding otlp.Encoding
		body     []byte
		most     float64 // allocations a record
	}{
		{otlp.Protobuf, request(t, empty...), 0.01},
		{otlp.JSON, []byte(logs(strings.Repeat("{},", n-1) + "{}")), 2},
	} {
		allocated := testing.AllocsPerRun(3, func() {
			ignored, err := otlp.Each(tt.body, tt.encoding, nil)
			if ignored.NoConversation != n || err != nil {
				t.Errorf("ignored %+v, %v", ignored, err)
			}
		})
		if allocated > n*tt.most {
			t.Errorf("encoding %d: %v allocations for %d records", tt.encoding, allocated, n)
		}
	}
}

// What is written by hand is what the library reads.
func TestAnswers(t *testing.T) {
	partial := &collogspb.ExportLogsServiceResponse{PartialSuccess: &collogspb.ExportLogsPartialSuccess{RejectedLogRecords: 2, ErrorMessage: "«why»"}}
	for _, tt := range []struct {
		protobuf, json []byte
		want           proto.Message
	}{
		{otlp.Response(otlp.Protobuf, 0, "x"), otlp.Response(otlp.JSON, 0, "x"), &collogspb.ExportLogsServiceResponse{}},
		{otlp.Response(otlp.Protobuf, 2, "«why»"), otlp.Response(otlp.JSON, 2, "«why»"), partial},
		{otlp.Status(otlp.Protobuf, otlp.Unavailable, "full"), otlp.Status(otlp.JSON, otlp.Unavailable, "full"), &statuspb.Status{Code: 14, Message: "full"}},
	} {
		got := tt.want.ProtoReflect().New().Interface()
		if err := proto.Unmarshal(tt.protobuf, got); err != nil || !proto.Equal(got, tt.want) {
			t.Errorf("%v:\n%s", err, cmp.Diff(tt.want, got, protocmp.Transform()))
		}
		if err := protojson.Unmarshal(tt.json, got); err != nil || !proto.Equal(got, tt.want) {
			t.Errorf("%s: %v:\n%s", tt.json, err, cmp.Diff(tt.want, got, protocmp.Transform()))
		}
	}
	if otlp.JSON.ContentType() != "application/json" || otlp.Protobuf.ContentType() != "application/x-protobuf" {
		t.Error("wrong media types")
	}
}

// Every attribute is named in errors as it was sent.
func TestAttribute(t *testing.T) {
	for field, want := range map[string]string{
		"": "", "time": "time_unix_nano", "conversation_id": "gen_ai.conversation.id", "id": "support.event.id",
		"customer_id": "support.customer.id", "cost_delta.detail.x": "support.cost_delta.detail.x",
	} {
		if got := otlp.Attribute(field); got != want {
			t.Errorf("%q is %q, want %q", field, got, want)
		}
	}
}
