package cloudevents_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"
	"unicode/utf8"

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
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		for _, m := range []cloudevents.Mode{cloudevents.Structured, cloudevents.Batched} {
			err := cloudevents.Each(body, m, func(line []byte, err error) bool {
				read(t, line, err)
				return true
			})
			var syntax *event.SyntaxError
			if err != nil && err != event.ErrEmpty && !errors.As(err, &syntax) {
				t.Errorf("error %v is a %T", err, err)
			}
		}
		if !bytes.Equal(before, body) {
			t.Error("the body was changed")
		}
	})
}

// FuzzModes puts the same data, id and time into a CloudEvent of every mode.
// All give the same event, the one that plain data with that id and time are;
// or all reject it.
func FuzzModes(f *testing.F) {
	const now = "2026-03-01T10:00:00Z"
	for _, data := range []string{
		`{"conversation_id":"c","csat":5}`, `{"conversation_id":"c","id":"e-1","time":"2026-03-01T11:00:00+01:00","turns_delta":1}`,
		`{"conversation_id":"c","id":"e-2"}`, `{"ID":"e-1"}`, " {\n} ", "null", "[{}]", `"x"`, `{"conversation_id":"c","id":"e-1","id":"e-1"}`, "{",
	} {
		f.Add([]byte(data), "e-1", now)
	}
	f.Add([]byte(`{"conversation_id":"c","csat":5}`), `"é %41\"`, "")
	f.Add([]byte(`{"conversation_id":"c","csat":5}`), "\u2028\x7f", "yesterday")
	f.Fuzz(func(t *testing.T, data []byte, id, at string) {
		if !utf8.ValidString(id + at) {
			t.Skip("JSON holds no such text")
		}
		want := plain(t, data, id, at)
		for mode, got := range inEveryMode(t, data, id, at) {
			if got != want {
				t.Errorf("%s: got %s, want %s", mode, got, want)
			}
		}
	})
}

// plain gives what becomes of an event that is data with an id and a time, if
// data have none of their own; rejected where they contradict.
func plain(t *testing.T, data []byte, id, at string) string {
	t.Helper()
	var own map[string]any
	if json.Unmarshal(data, &own) != nil || own == nil || id == "" {
		return rejection
	}
	members := bytes.TrimSuffix(bytes.TrimSpace(bytes.Clone(data)), []byte("}"))
	for name, value := range map[string]string{"id": id, "time": at} {
		given, twice := own[name]
		text, _ := given.(string)
		switch {
		case name == "time" && at == "":
		case twice && text != value && (name == "id" || !sameMoment(text, value)):
			return rejection
		case !twice:
			quoted, _ := json.Marshal(value) // a string always has a form
			if len(own) > 0 {
				members = append(members, ',')
			}
			members = fmt.Appendf(members, "%q:%s", name, quoted)
			own[name] = value
		}
	}
	return read(t, bytes.ReplaceAll(append(members, '}'), []byte("\n"), []byte(" ")), nil)
}

func sameMoment(a, b string) bool {
	one, err := time.Parse(time.RFC3339, a)
	other, err2 := time.Parse(time.RFC3339, b)
	return err == nil && err2 == nil && one.Equal(other)
}

// inEveryMode gives what becomes of a CloudEvent, by mode. Data that are no JSON
// cannot be in some.
func inEveryMode(t *testing.T, data []byte, id, at string) map[string]string {
	t.Helper()
	got := map[string]string{}
	take := func(mode string) func([]byte, error) bool {
		return func(line []byte, err error) bool { got[mode] = read(t, line, err); return true }
	}
	h := http.Header{"Ce-Specversion": {"1.0"}, "Ce-Id": {url.PathEscape(id)}, "Ce-Source": {"s"}, "Ce-Type": {"t"}}
	rest := ""
	if at != "" {
		h["Ce-Time"] = []string{url.PathEscape(at)}
		quoted, _ := json.Marshal(at)
		rest = `,"time":` + string(quoted)
	}
	take("binary")(cloudevents.Binary(h, data))
	quoted, _ := json.Marshal(id)
	envelope := `{"specversion":"1.0","source":"s","id":` + string(quoted) + `,"type":"t"` + rest
	bodies := map[string]string{"structured, in base64": envelope + `,"data_base64":"` + base64.StdEncoding.EncodeToString(data) + `"}`}
	if json.Valid(data) {
		bodies["structured"] = `{"data":` + string(data) + "," + envelope[1:] + "}"
	}
	for mode, body := range bodies {
		if err := cloudevents.Each([]byte(body), cloudevents.Structured, take(mode)); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		if err := cloudevents.Each([]byte("["+ce("")+","+body+"]"), cloudevents.Batched, take(mode+", batched")); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
	}
	return got
}

const rejection = "a rejection"

// read gives the event that a line is, as text, or rejection. It has an id.
func read(t *testing.T, line []byte, err error) string {
	t.Helper()
	var field *event.FieldError
	if err != nil {
		if !errors.As(err, &field) {
			t.Errorf("error %v is a %T", err, err)
		}
		return rejection
	}
	var d event.Decoder
	var all []string
	err = d.Decode(line, event.NDJSON, func(_ int, e *event.Event, err error) bool {
		switch {
		case err != nil:
			all = append(all, rejection)
		case e.ID == "":
			t.Errorf("%s: an event without an id", line)
		default:
			all = append(all, fmt.Sprintf("%+v", *e))
		}
		return true
	})
	if err != nil || len(all) != 1 {
		t.Fatalf("%s: events %q, %v", line, all, err)
	}
	return all[0]
}
