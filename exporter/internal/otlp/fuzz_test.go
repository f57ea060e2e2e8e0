package otlp_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	collogspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"supportexporter/exporter/internal/event"
	"supportexporter/exporter/internal/otlp"
)

// FuzzEach holds the walk against the library, in both encodings. What the
// library takes as a request, the walk takes; it sees as many records, and as
// many of a conversation; and it makes of them what it makes of the library's
// own writing of that request, in either encoding. Whatever else comes is judged.
func FuzzEach(f *testing.F) {
	f.Add([]byte(logs(jsonRecord)))
	f.Add([]byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"attributes":[{"key":"gen_ai.conversation.id","value":{"stringValue":"\ud83d"}}]}]}]}]}`))
	f.Add(request(f, &logspb.LogRecord{TimeUnixNano: 1, EventName: "gen_ai.evaluation.result", Attributes: attributes("gen_ai.conversation.id", "c",
		"gen_ai.evaluation.name", "csat", "gen_ai.evaluation.score.value", 4.5, "support.cost.detail.x", -1.0)}))
	f.Add(request(f, &logspb.LogRecord{Attributes: attributes("gen_ai.conversation.id", "c", "support.intent", &commonpb.KeyValueList{})}))
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		for _, e := range []otlp.Encoding{otlp.Protobuf, otlp.JSON} {
			got, ignored, err := each(t, body, e)
			for _, o := range got {
				one(t, o)
			}
			var whole collogspb.ExportLogsServiceRequest
			if !library(body, e, &whole) {
				continue
			}
			if err != nil {
				t.Fatalf("the library takes a body that is refused: %v", err)
			}
			records, ours := count(&whole)
			if seen := len(got) + ignored.NothingOfOurs; seen != ours || seen+ignored.NoConversation != records {
				t.Fatalf("%d events and errors and %+v, want %d of conversations among %d records", len(got), ignored, ours, records)
			}
			for again, written := range rewritten(t, &whole) {
				other, alike, err := each(t, written, again)
				if diff := cmp.Diff(got, other); diff != "" || ignored != alike || err != nil {
					t.Fatalf("as the library writes it in encoding %d: %v, ignored %+v, want %+v (-as it came +again):\n%s", again, err, alike, ignored, diff)
				}
			}
		}
		if !bytes.Equal(before, body) {
			t.Error("the body was changed")
		}
	})
}

// library reads a request with the library, and says whether it is one. Ids in
// JSON are in hexadecimal, which the library takes for base64.
func library(body []byte, e otlp.Encoding, whole *collogspb.ExportLogsServiceRequest) bool {
	if e == otlp.Protobuf {
		return proto.Unmarshal(body, whole) == nil
	}
	if (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(body, whole) != nil {
		return false
	}
	for r := range eachRecord(whole) {
		for _, id := range []*[]byte{&r.TraceId, &r.SpanId} {
			if plain, err := hex.DecodeString(base64.StdEncoding.EncodeToString(*id)); err == nil {
				*id = plain
			}
		}
	}
	return true
}

// eachRecord gives the log records of a request, in order.
func eachRecord(whole *collogspb.ExportLogsServiceRequest) func(yield func(*logspb.LogRecord) bool) {
	return func(yield func(*logspb.LogRecord) bool) {
		for _, resource := range whole.ResourceLogs {
			for _, scope := range resource.ScopeLogs {
				for _, r := range scope.LogRecords {
					if !yield(r) {
						return
					}
				}
			}
		}
	}
}

// count counts log records, and those that name a conversation.
func count(whole *collogspb.ExportLogsServiceRequest) (records, ours int) {
	for r := range eachRecord(whole) {
		records++
		if slices.ContainsFunc(r.Attributes, func(a *commonpb.KeyValue) bool {
			return a.Key == "gen_ai.conversation.id" && a.GetValue().GetValue() != nil
		}) {
			ours++
		}
	}
	return records, ours
}

// rewritten gives a request as the library writes it. Ids of other lengths than
// those of OTLP have no form in JSON.
func rewritten(t *testing.T, whole *collogspb.ExportLogsServiceRequest) map[otlp.Encoding][]byte {
	t.Helper()
	both := map[otlp.Encoding][]byte{}
	var err error
	if both[otlp.Protobuf], err = proto.Marshal(whole); err != nil {
		t.Fatal(err)
	}
	for r := range eachRecord(whole) {
		if n, m := len(r.TraceId), len(r.SpanId); n != 0 && n != 16 || m != 0 && m != 8 {
			return both
		}
	}
	text, err := protojson.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&tree); err != nil {
		t.Fatal(err)
	}
	inHex(tree)
	if both[otlp.JSON], err = json.Marshal(tree); err != nil {
		t.Fatal(err)
	}
	return both
}

// inHex rewrites the ids in a request's JSON.
func inHex(tree any) {
	switch tree := tree.(type) {
	case []any:
		for _, v := range tree {
			inHex(v)
		}
	case map[string]any:
		for name, v := range tree {
			if id, ok := v.(string); ok && (name == "traceId" || name == "spanId") {
				plain, _ := base64.StdEncoding.DecodeString(id) // as the library has written it
				tree[name] = hex.EncodeToString(plain)
			}
			inHex(v)
		}
	}
}

// one sees that a line is one event or one error of package event's.
func one(t *testing.T, o outcome) {
	t.Helper()
	if o.Err != "" {
		return
	}
	var d event.Decoder
	events := 0
	err := d.Decode([]byte(o.Line), event.NDJSON, func(_ int, _ *event.Event, err error) bool {
		var field *event.FieldError
		if events++; errors.As(err, &field) && field.Reason == event.ReasonSyntax {
			t.Errorf("%s: %v", o.Line, err)
		}
		return true
	})
	if err != nil || events != 1 {
		t.Errorf("%s: %d events, %v", o.Line, events, err)
	}
}
