package cloudevents_test

import (
	"bytes"
	"errors"
	"net/http"
	"testing"

	"supportexporter/exporter/internal/cloudevents"
	"supportexporter/exporter/internal/event"
)

// FuzzEach sees that whatever comes is judged: every CloudEvent gives one line,
// of which package event makes one event or one error, with the envelope's id.
func FuzzEach(f *testing.F) {
	for _, seed := range []string{
		ce(`,"time":"2026-03-01T10:00:00Z","data":{"conversation_id":"c","cost_delta":{"usd":1}}`), ce(`,"data_base64":"e30="`),
		"[" + ce(`,"data":{"id":"e-1"}`) + ",{}]", `{"specversion":null}`, "[[]]", ce(`,"data":{"\n":"` + "\xff" + `\ud800"}`),
	} {
		f.Add([]byte(seed), "e-1")
	}
	f.Fuzz(func(t *testing.T, body []byte, id string) {
		before := bytes.Clone(body)
		for _, m := range []cloudevents.Mode{cloudevents.Structured, cloudevents.Batched} {
			err := cloudevents.Each(body, m, func(line []byte, err error) bool {
				one(t, line, err)
				return true
			})
			var syntax *event.SyntaxError
			if err != nil && err != event.ErrEmpty && !errors.As(err, &syntax) {
				t.Errorf("error %v is a %T", err, err)
			}
		}
		h := http.Header{"Ce-Specversion": {"1.0"}, "Ce-Id": {id}, "Ce-Source": {"s"}, "Ce-Type": {"t"}}
		line, err := cloudevents.Binary(h, body)
		one(t, line, err)
		if !bytes.Equal(before, body) {
			t.Error("the body was changed")
		}
	})
}

func one(t *testing.T, line []byte, err error) {
	t.Helper()
	var field *event.FieldError
	if err != nil {
		if !errors.As(err, &field) {
			t.Errorf("error %v is a %T", err, err)
		}
		return
	}
	var d event.Decoder
	events := 0
	if err := d.Decode(line, event.NDJSON, func(_ int, e *event.Event, err error) bool {
		events++
		if err == nil && e.ID == "" {
			t.Errorf("%s: an event without an id", line)
		}
		return true
	}); err != nil || events != 1 {
		t.Errorf("%s: %d events, %v", line, events, err)
	}
}
