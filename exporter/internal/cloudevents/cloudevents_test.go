package cloudevents_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"supportexporter/exporter/internal/cloudevents"
	"supportexporter/exporter/internal/event"
)

// ce is a CloudEvent in JSON with more members than those it must have.
func ce(members string) string {
	return `{"specversion":"1.0","id":"e-1","source":"/agent","type":"support.event"` + members + `}`
}

// outcome is what became of a CloudEvent: its line, or its error.
type outcome struct{ Line, Err string }

func each(t *testing.T, body string, m cloudevents.Mode) ([]outcome, error) {
	t.Helper()
	var all []outcome
	err := cloudevents.Each([]byte(body), m, func(line []byte, err error) bool {
		all = append(all, judged(t, line, err))
		return true
	})
	return all, err
}

func judged(t *testing.T, line []byte, err error) outcome {
	t.Helper()
	if err == nil {
		return outcome{Line: string(line)}
	}
	var field *event.FieldError
	if !errors.As(err, &field) {
		t.Errorf("error %v is a %T, want a FieldError", err, err)
	}
	return outcome{Err: err.Error()}
}

func TestStructured(t *testing.T) {
	const data = `{"conversation_id":"c","csat":5}`
	tests := []struct {
		name, body string
		want       outcome
	}{
		{"the id goes into the event", ce(`,"data":` + data), outcome{Line: `{"id":"e-1","conversation_id":"c","csat":5}`}},
		{"and the time", ce(`,"time":"2026-03-01T10:00:00Z","data":` + data),
			outcome{Line: `{"id":"e-1","time":"2026-03-01T10:00:00Z","conversation_id":"c","csat":5}`}},
		{"white space goes", strings.ReplaceAll(ce(`,"data":`+data), ",", " ,\n\t"), outcome{Line: `{"id":"e-1","conversation_id":"c","csat":5}`}},
		{"extensions, subject and schema are ignored", ce(`,"data":` + data + `,"traceparent":"00-1","subject":"s","dataschema":"x:y"`),
			outcome{Line: `{"id":"e-1","conversation_id":"c","csat":5}`}},
		{"null is nothing", ce(`,"data":` + data + `,"time":null,"data_base64":null`), outcome{Line: `{"id":"e-1","conversation_id":"c","csat":5}`}},
		{"what is in the data is not judged", ce(`,"data":{"x":[1]}`), outcome{Line: `{"id":"e-1","x":[1]}`}},
		{"empty data", ce(`,"data":{}`), outcome{Line: `{"id":"e-1"}`}},
		{"data in base64", ce(`,"data_base64":"eyAiYSI6CjEgfQ=="`), outcome{Line: `{"id":"e-1","a":1}`}},
		{"a JSON content type", ce(`,"datacontenttype":"application/vnd.x+json; charset=utf-8","data":{}`), outcome{Line: `{"id":"e-1"}`}},

		{"the same id within", ce(`,"data":{"id":"e\u002d1"}`), outcome{Line: `{"id":"e\u002d1"}`}},
		{"another id within", ce(`,"data":{"id":"e-2"}`), outcome{Err: `id: that of the CloudEvent and that of its data must be the same, got "e-1" and "e-2"`}},
		{"the same moment within", ce(`,"time":"2026-03-01T10:00:00Z","data":{"time":"2026-03-01T11:00:00+01:00"}`),
			outcome{Line: `{"id":"e-1","time":"2026-03-01T11:00:00+01:00"}`}},
		{"another moment within", ce(`,"time":"2026-03-01T10:00:00Z","data":{"time":"2026-03-01T10:00:01Z"}`),
			outcome{Err: `time: that of the CloudEvent and that of its data must be the same, got "2026-03-01T10:00:00Z" and "2026-03-01T10:00:01Z"`}},
		{"another case within is another field", ce(`,"data":{"ID":"e-2"}`), outcome{Line: `{"id":"e-1","ID":"e-2"}`}},

		{"no specversion", `{"id":"1","source":"s","type":"t","data":{}}`, outcome{Err: `specversion: required of a CloudEvent`}},
		{"another specversion", `{"specversion":"0.3","id":"1","source":"s","type":"t","data":{}}`, outcome{Err: `specversion: must be "1.0", got "0.3"`}},
		{"no id", `{"specversion":"1.0","source":"s","type":"t","data":{}}`, outcome{Err: `id: required of a CloudEvent`}},
		{"an id of another type", `{"specversion":"1.0","id":7,"source":"s","type":"t","data":{}}`, outcome{Err: `id: must be a string, got a number`}},
		{"a time of another type", ce(`,"data":{},"time":7`), outcome{Err: `time: must be a string, got a number`}},
		{"a time of many lines", ce(",\"data\":{},\"time\":[\n{\"conversation_id\":\"c\"}\n]"), outcome{Err: `time: must be a string, got an array`}},
		{"no source", `{"specversion":"1.0","id":"1","type":"t","data":{}}`, outcome{Err: `source: required of a CloudEvent`}},
		{"an empty type", `{"specversion":"1.0","id":"1","source":"s","type":"","data":{}}`, outcome{Err: `type: must not be empty, got ""`}},
		{"given twice", ce(`,"data":{},"id":"e-2"`), outcome{Err: `id: given twice`}},
		{"no data", ce(``), outcome{Err: `data: required`}},
		{"data that are text", ce(`,"data":"{}"`), outcome{Err: `data: must be an event, a JSON object, got a string`}},
		{"data that are many", ce(`,"data":[{}]`), outcome{Err: `data: must be an event, a JSON object, got an array`}},
		{"data that are a number in base64", ce(`,"data_base64":"MQ=="`), outcome{Err: `data_base64: must be an event, a JSON object, got a number`}},
		{"data twice", ce(`,"data":{},"data_base64":"e30="`), outcome{Err: `data_base64: must not stand beside data`}},
		{"no base64", ce(`,"data_base64":"{}"`), outcome{Err: `data_base64: must be base64: illegal base64 data at input byte 0`}},
		{"base64 of something else", ce(`,"data_base64":"e30ge30="`), outcome{Err: `data_base64: must be JSON: invalid character '{' after top-level value`}},
		{"base64 of nothing", ce(`,"data_base64":""`), outcome{Err: `data_base64: must be JSON: unexpected end of JSON input`}},
		{"another content type", ce(`,"datacontenttype":"text/xml","data":{}`), outcome{Err: `datacontenttype: must be application/json, got "text/xml"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := each(t, tt.body, cloudevents.Structured)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]outcome{tt.want}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Each CloudEvent of a batch stands alone.
func TestBatched(t *testing.T) {
	got, err := each(t, "[\n"+ce(`,"data":{"a":1}`)+",\n5,\n{},"+ce(`,"data":{"b":2}`)+"]", cloudevents.Batched)
	if err != nil {
		t.Fatal(err)
	}
	want := []outcome{
		{Line: `{"id":"e-1","a":1}`},
		{Err: "must be a CloudEvent in JSON, got something else than an object"},
		{Err: "specversion: required of a CloudEvent"},
		{Line: `{"id":"e-1","b":2}`},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	calls := 0
	err = cloudevents.Each([]byte(`[{},{}]`), cloudevents.Batched, func([]byte, error) bool { calls++; return false })
	if calls != 1 || err != nil {
		t.Errorf("%d calls, %v; want none after the one that wants no more", calls, err)
	}
	if got, err := each(t, "[]", cloudevents.Batched); got != nil || err != nil {
		t.Errorf("an empty batch gives %v, %v", got, err)
	}
}

// A body that is no document of CloudEvents is refused before anything of it is read.
func TestNoCloudEvents(t *testing.T) {
	for _, tt := range []struct {
		body string
		mode cloudevents.Mode
		want string
	}{
		{" \n", cloudevents.Structured, "empty body"},
		{"", cloudevents.Batched, "empty body"},
		{ce("") + "x", cloudevents.Structured, "not JSON: invalid character 'x' after top-level value at offset 74"},
		{"[" + ce(""), cloudevents.Batched, "not JSON: unexpected end of JSON input at offset 74"},
		{"[]", cloudevents.Structured, "want an object, got an array at offset 0"},
		{"{}", cloudevents.Batched, "want an array of objects, got an object at offset 0"},
		{`"x"`, cloudevents.Batched, "want an array of objects, got a string at offset 0"},
		{"true", cloudevents.Batched, "want an array of objects, got a boolean at offset 0"},
		{"null", cloudevents.Structured, "want an object, got null at offset 0"},
	} {
		got, err := each(t, tt.body, tt.mode)
		if len(got) != 0 || err == nil || err.Error() != tt.want {
			t.Errorf("%q: %v, %v; want %s", tt.body, got, err, tt.want)
		}
	}
}

func TestBinary(t *testing.T) {
	tests := []struct {
		name, body string
		headers    []string // names and values, besides those of every CloudEvent
		want       outcome
	}{
		{"the id and the time are headers", `{"a": 1}`, []string{"Ce-Time", "2026-03-01T10:00:00Z"}, outcome{Line: `{"id":"e-1","time":"2026-03-01T10:00:00Z","a":1}`}},
		{"extensions are ignored", `{}`, []string{"Ce-Traceparent", "00", "Ce-Data", "x"}, outcome{Line: `{"id":"e-1"}`}},
		{"percent encoding", `{}`, []string{"Ce-Id", "%E2%82%AC %22x%22 +"}, outcome{Line: `{"id":"€ \"x\" +"}`}},
		{"a quoted value", `{}`, []string{"Ce-Id", `"a\"b\\"`}, outcome{Line: `{"id":"a\"b\\"}`}},
		{"another id within", `{"id":"e-2"}`, nil, outcome{Err: `id: that of the CloudEvent and that of its data must be the same, got "e-1" and "e-2"`}},
		{"a broken encoding", `{}`, []string{"Ce-Id", "%zz"}, outcome{Err: `id: must be text in percent encoding: invalid URL escape "%zz"`}},
		{"invalid UTF-8", `{}`, []string{"Ce-Id", "%C0%A0"}, outcome{Err: `id: must be text, got invalid UTF-8 in "\xc0\xa0"`}},
		{"no source", `{}`, []string{"Ce-Source", ""}, outcome{Err: `source: must not be empty, got ""`}},
		{"another specversion", `{}`, []string{"Ce-Specversion", "2"}, outcome{Err: `specversion: must be "1.0", got "2"`}},
		{"no body", ``, nil, outcome{Err: `data: required`}},
		{"a body that is not JSON", `{`, nil, outcome{Err: `data: must be JSON: unexpected end of JSON input`}},
		{"many events", `[{}]`, nil, outcome{Err: `data: must be an event, a JSON object, got an array`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := http.Header{}
			for _, pair := range [][2]string{{"Specversion", "1.0"}, {"Id", "e-1"}, {"Source", "/agent"}, {"Type", "support.event"}} {
				h.Set("Ce-"+pair[0], pair[1])
			}
			for i := 0; i < len(tt.headers); i += 2 {
				h.Set(tt.headers[i], tt.headers[i+1])
			}
			line, err := cloudevents.Binary(h, []byte(tt.body))
			if diff := cmp.Diff(tt.want, judged(t, line, err)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	h := http.Header{"Ce-Id": {"a", "b"}}
	if _, err := cloudevents.Binary(h, nil); err == nil || err.Error() != "id: given twice" {
		t.Errorf("two ids: %v", err)
	}
}

func TestIsBinary(t *testing.T) {
	for name, want := range map[string]bool{"ce-id": true, "CE-Specversion": true, "ce-source": true, "ce-type": true, "ce-time": false, "x": false} {
		h := http.Header{}
		h.Set(name, "")
		if got := cloudevents.IsBinary(h); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}
