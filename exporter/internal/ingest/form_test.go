package ingest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/ingest"
)

const (
	cloudEventType = "application/cloudevents+json"
	batchType      = "application/cloudevents-batch+json; charset=utf-8"
)

// cloudEvent wraps an event.
func cloudEvent(id, data string) string {
	return fmt.Sprintf(`{"specversion":"1.0","type":"support.event","source":"/test","id":%q,"data":%s}`, id, data)
}

// CloudEvents are answered as events are: the index is the CloudEvent's, the
// field one of its own or of the event in it.
func TestCloudEvents(t *testing.T) {
	good, bad := cloudEvent("1", `{"conversation_id":"a","csat":4}`), cloudEvent("2", `{"conversation_id":"b","csat":7}`)
	increment := cloudEvent("3", `{"conversation_id":"c","turns_delta":2}`)
	badCSAT := ingest.Error{Index: 1, Field: "csat", Message: "must be an integer from 1 to 5, got 7"}
	noVersion := ingest.Error{Index: 2, Field: "specversion", Message: "required of a CloudEvent"}
	tests := []struct {
		name, contentType, body string
		code                    int
		want                    ingest.Answer
	}{
		{"structured", cloudEventType, good, 200, ingest.Answer{Accepted: 1}},
		{"the id is that of an increment", cloudEventType, increment, 200, ingest.Answer{Accepted: 1}},
		{"a batch", batchType, "[" + good + "," + increment + "," + increment + "]", 200, ingest.Answer{Accepted: 2, Duplicates: 1}},
		{"an empty batch", batchType, "[]", 200, ingest.Answer{}},
		{"each stands alone", batchType, "[" + good + "," + bad + ",{}]", 207, ingest.Answer{Accepted: 1, Rejected: 2, Errors: []ingest.Error{badCSAT, noVersion}}},
		{"all rejected", batchType, "[" + bad + "]", 400, ingest.Answer{Rejected: 1, Errors: []ingest.Error{{Field: "csat", Message: badCSAT.Message}}}},
		{"an unknown field", cloudEventType, cloudEvent("1", `{"conversation_id":"a","colour":"red"}`), 400,
			ingest.Answer{Rejected: 1, Errors: []ingest.Error{{Field: "colour", Message: "unknown field"}}}},
		{"a field twice", cloudEventType, cloudEvent("1", `{"conversation_id":"a","csat":4,"csat":4}`), 400,
			ingest.Answer{Rejected: 1, Errors: []ingest.Error{{Field: "csat", Message: "given twice"}}}},
		{"a time that is many lines", cloudEventType, strings.TrimSuffix(good, "}") + ",\"time\":[\n{\"conversation_id\":\"b\"}\n]}", 400,
			ingest.Answer{Rejected: 1, Errors: []ingest.Error{{Field: "time", Message: "must be a string, got an array"}}}},
		{"not JSON", batchType, "[" + good + ",", 400, ingest.Answer{Errors: []ingest.Error{{Index: 0, Message: fmt.Sprintf("not JSON: unexpected end of JSON input at offset %d", len(good)+2)}}}},
		{"nothing", cloudEventType, " ", 400, ingest.Answer{Errors: []ingest.Error{{Index: -1, Message: "empty body"}}}},
		{"too many", batchType, "[" + strings.Repeat(good+",", 5) + good + "]", 413, ingest.Answer{Errors: []ingest.Error{{Index: -1, Message: "a request may have 5 events, this one has more"}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPushes(t, func(c *config.Config) { c.Ingest.MaxBatchEvents = 5 })
			code, got, _ := p.do(t, post(tt.contentType, tt.body))
			if code != tt.code {
				t.Errorf("code %d, want %d", code, tt.code)
			}
			if diff := cmp.Diff(tt.want, got, cmpopts.IgnoreUnexported(ingest.Answer{}, ingest.Error{}), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}

func binaryCloudEvent(contentType, data string) *http.Request {
	r := post(contentType, data)
	for name, value := range map[string]string{"Specversion": "1.0", "Type": "support.event", "Source": "/test", "Id": "1", "Time": "2023-11-14T22:13:15Z"} {
		r.Header.Set("Ce-"+name, value)
	}
	return r
}

func TestBinaryCloudEvents(t *testing.T) {
	const data = `{"conversation_id":"a","turns_delta":1}`
	p := newPushes(t, nil)
	for i, contentType := range []string{"application/json", "", "application/json; charset=utf-8"} {
		code, got, _ := p.do(t, binaryCloudEvent(contentType, data))
		if want := map[bool]int{true: 1}[i == 0]; code != 200 || got.Accepted != want || got.Duplicates != 1-want {
			t.Errorf("%q: code %d, answer %+v", contentType, code, got)
		}
	}
	if want := "support_exporter_event_delay_seconds_sum 15\n"; !strings.Contains(own(t, p), want) {
		t.Errorf("no %q: the time of the header is not the event's", want)
	}
	r := binaryCloudEvent(jsonType, data)
	r.Header.Del("Ce-Specversion")
	if code, got, _ := p.do(t, r); code != 400 || got.Errors[0].Field != "specversion" {
		t.Errorf("no specversion: code %d, answer %+v", code, got)
	}
}

// Who sends CloudEvents is told which forms of them are read.
func TestCloudEventsOfAnotherForm(t *testing.T) {
	for _, tt := range []struct {
		request *http.Request
		want    string
	}{
		{post("application/cloudevents+avro", "x"), `Content-Type: want application/cloudevents+json or application/cloudevents-batch+json, got "application/cloudevents+avro"`},
		{binaryCloudEvent("application/x-ndjson", "{}"), `Content-Type: want application/json in a CloudEvent of binary mode, got "application/x-ndjson"`},
		{binaryCloudEvent("text/xml", "x"), `Content-Type: want application/json in a CloudEvent of binary mode, got "text/xml"`},
		{post("text/xml", "x"), `Content-Type: want application/json or application/x-ndjson, got "text/xml"`},
	} {
		code, got, _ := newPushes(t, nil).do(t, tt.request)
		if code != 415 || got.Errors[0].Message != tt.want {
			t.Errorf("code %d, %s; want %s", code, got.Errors[0].Message, tt.want)
		}
	}
}
