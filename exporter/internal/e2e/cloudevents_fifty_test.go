package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// wrapped is the fifty conversations as CloudEvents, whose ids are the events'
// own, and which have them no more.
func wrapped(t *testing.T) []map[string]any {
	t.Helper()
	var all []map[string]any
	for _, line := range fiftyEvents(t) {
		data := map[string]any{}
		if err := json.Unmarshal([]byte(line), &data); err != nil {
			t.Fatal(err)
		}
		id := data["id"]
		delete(data, "id")
		all = append(all, map[string]any{"specversion": "1.0", "type": "support.event", "source": "/test", "id": id, "data": data})
	}
	return all
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The same fifty conversations give the same exposition in every mode of
// CloudEvents. Sent twice, they count once.
func TestCloudEventsModes(t *testing.T) {
	t.Parallel()
	reference := startExporter(t, t.TempDir())
	reference.mustPush(fiftyEvents(t)...)
	want := reference.exposition()
	wantFifty(t, reference.metrics())
	events := wrapped(t)
	for mode, push := range map[string]func(e *exporter) (accepted, duplicates int){
		"structured": func(e *exporter) (accepted, duplicates int) {
			for _, ce := range events {
				a := e.push(string(encode(t, ce)), "Content-Type", "application/cloudevents+json")
				accepted, duplicates = accepted+a.Accepted, duplicates+a.Duplicates
			}
			return accepted, duplicates
		},
		"batched": func(e *exporter) (int, int) {
			a := e.push(string(encode(t, events)), "Content-Type", "application/cloudevents-batch+json; charset=UTF-8")
			return a.Accepted, a.Duplicates
		},
		"binary": func(e *exporter) (accepted, duplicates int) {
			for _, ce := range events {
				a := e.push(string(encode(t, ce["data"])), "Content-Type", "application/json", "ce-specversion", "1.0",
					"ce-type", "support.event", "ce-source", "/test", "ce-id", fmt.Sprint(ce["id"]))
				accepted, duplicates = accepted+a.Accepted, duplicates+a.Duplicates
			}
			return accepted, duplicates
		},
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			e := startExporter(t, t.TempDir())
			for _, counts := range [][2]int{{len(events), 0}, {0, len(events)}} {
				if accepted, duplicates := push(e); accepted != counts[0] || duplicates != counts[1] {
					t.Errorf("%d accepted and %d duplicates, want %v", accepted, duplicates, counts)
				}
			}
			if diff := cmp.Diff(want, e.exposition()); diff != "" {
				t.Errorf("exposition (-JSON +%s):\n%s", mode, diff)
			}
		})
	}
}

// standardExamples are the examples that push in another form than the contract's.
func standardExamples(t *testing.T) []exampleClient {
	t.Helper()
	interpreter(t, "jq")
	return []exampleClient{
		{"CloudEvents", []string{"examples/cloudevents/push.sh"}},
		{"OTLP", []string{"examples/otlp/push.sh"}},
	}
}

// The examples push the fifty conversations to the same exposition, even if the
// first request is refused and the answer to the second is lost.
func TestStandardExamples(t *testing.T) {
	t.Parallel()
	reference := startExporter(t, t.TempDir())
	reference.mustPush(fiftyEvents(t)...)
	want := reference.exposition()
	for _, c := range standardExamples(t) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := startExporter(t, t.TempDir(), "--config.file="+writeTokens(t, "secret"))
			cmd := clientCommand(t, newLossyFront(t, e).URL, c.with(fifty)...)
			cmd.Env = append(cmd.Env, "SUPPORT_EXPORTER_TOKEN=secret")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if diff := cmp.Diff(want, e.exposition()); diff != "" {
				t.Errorf("exposition (-JSON +%s):\n%s", c.name, diff)
			}
			if e.own()["support_exporter_events_duplicate_total"] == 0 {
				t.Error("nothing was sent again")
			}
		})
	}
}

// They say what was rejected, and what of their credentials is wrong.
func TestStandardExamplesFail(t *testing.T) {
	t.Parallel()
	e := startExporter(t, t.TempDir(), "--config.file="+writeTokens(t, "secret"))
	events := writeFile(t, "events.ndjson", `{"conversation_id":"c-1","csat":5}`+"\n"+`{"conversation_id":"c-2","turns":-1}`+"\n")
	for _, c := range standardExamples(t) {
		for token, message := range map[string]string{"secret": "got -1", "wrong": "403"} {
			cmd := clientCommand(t, "http://"+e.address(), c.with(events)...)
			cmd.Env = append(cmd.Env, "SUPPORT_EXPORTER_TOKEN="+token)
			if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), message) {
				t.Errorf("%s with token %q: %v, want %q in\n%s", c.name, token, err, message, out)
			}
		}
	}
	if got := e.metrics().sum("support_csat_responses_total"); got != 1 {
		t.Errorf("%v votes, want that of the good event", got)
	}
}

// One conversation by hand, in all three modes.
func TestCloudEventsConversation(t *testing.T) {
	t.Parallel()
	e := startExporter(t, t.TempDir())
	for _, answers := range []map[string]int{
		{`{"accepted":1,"duplicates":0,`: 2, `{"accepted":2,"duplicates":0,`: 1},
		{`{"accepted":0,"duplicates":1,`: 2, `{"accepted":0,"duplicates":2,`: 1},
	} {
		out := runClient(t, "http://"+e.address(), "examples/cloudevents/conversation.sh", "c-1")
		for answer, times := range answers {
			if got := strings.Count(out, answer); got != times {
				t.Errorf("%d times %s, want %d:\n%s", got, answer, times, out)
			}
		}
	}
	s := e.metrics()
	of := []string{`intent="refund"`, `tier="gold"`, `language="en"`}
	wantSeries(t, "the conversation", rounded(series{
		"resolved": s.net(append(of, `outcome="resolved"`)...),
		"score 5":  s.sum("support_csat_responses_total", append(of, `score="5"`)...),
		"models":   s.sum("support_cost_usd_total", append(of, `component="model"`)...),
	}), series{"resolved": 1, "score 5": 1, "models": 0.012})
	if got := e.wantStatus(http.StatusOK, "GET", "/metrics/exporter").body; !strings.Contains(string(got), "support_exporter_event_delay_seconds_count 6\n") {
		t.Error("the times of the CloudEvents are not the events'")
	}
}
