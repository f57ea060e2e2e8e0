package e2e

import (
	"bytes"
	"strings"
	"testing"
)

// A rejected event is named, the others of its batch count, and the client says
// so at its end.
func TestExampleClientsSayWhatIsRejected(t *testing.T) {
	t.Parallel()
	events := writeFile(t, "events.ndjson", `{"conversation_id":"c-1","csat":5}`+"\n"+`{"conversation_id":"c-2","turns":-1}`+"\n")
	for _, c := range exampleClients() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := startExporter(t, t.TempDir())
			out, err := clientCommand(t, "http://"+e.address(), c.with(events)...).CombinedOutput()
			if err == nil {
				t.Errorf("no failure:\n%s", out)
			}
			for _, want := range []string{"turns", "got -1"} {
				if !strings.Contains(string(out), want) {
					t.Errorf("it does not say what is wrong, %q:\n%s", want, out)
				}
			}
			if got := e.metrics().sum("support_csat_responses_total"); got != 1 {
				t.Errorf("%v votes, want that of the good event", got)
			}
		})
	}
}

// A file that is none is named at once, and the others are pushed.
func TestPushScriptsWithoutFile(t *testing.T) {
	t.Parallel()
	events := writeFile(t, "events.ndjson", `{"conversation_id":"c-1","id":"1","csat":5}`+"\n")
	for _, script := range []string{"examples/curl/push.sh", "examples/cloudevents/push.sh", "examples/otlp/push.sh"} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			if script != "examples/curl/push.sh" {
				interpreter(t, "jq")
			}
			e := startExporter(t, t.TempDir())
			cmd := clientCommand(t, "http://"+e.address(), script, "nope.ndjson", "examples", events)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			want := "nope.ndjson: no file that can be read\nexamples: no file that can be read\n"
			if err == nil || stderr.String() != want {
				t.Errorf("%v, %q, want %q", err, stderr.String(), want)
			}
			if got := e.metrics().sum("support_csat_responses_total"); got != 1 {
				t.Errorf("%v votes, want that of the file that is one:\n%s", got, out)
			}
		})
	}
}

// Where the exporter wants a token, each client takes it from the environment;
// with a wrong one it fails, and does not try for ever.
func TestExampleClientsToken(t *testing.T) {
	t.Parallel()
	e := startExporter(t, t.TempDir(), "--config.file="+writeTokens(t, "secret"))
	events := writeFile(t, "events.ndjson", `{"conversation_id":"c-1","id":"1","csat":5}`+"\n")
	url := "http://" + e.address()
	for _, c := range exampleClients() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cmd := clientCommand(t, url, c.with(events)...)
			cmd.Env = append(cmd.Env, "SUPPORT_EXPORTER_TOKEN=secret")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			cmd = clientCommand(t, url, c.with(events)...)
			cmd.Env = append(cmd.Env, "SUPPORT_EXPORTER_TOKEN=wrong")
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "403") {
				t.Errorf("with a wrong token: %v\n%s", err, out)
			}
		})
	}
}

// One conversation by hand: run again, all of it is counted already.
func TestCurlConversation(t *testing.T) {
	e := startExporter(t, t.TempDir(), "--config.file="+writeTokens(t, "secret"))
	t.Setenv("SUPPORT_EXPORTER_TOKEN", "secret")
	for _, answer := range []string{`{"accepted":1,"duplicates":0,`, `{"accepted":0,"duplicates":1,`} {
		out := runClient(t, "http://"+e.address(), "examples/curl/conversation.sh", "c-1")
		if got := strings.Count(out, answer); got != 7 {
			t.Errorf("%d times %s, want 7:\n%s", got, answer, out)
		}
	}
	s := e.metrics()
	of := []string{`intent="refund"`, `tier="gold"`, `language="en"`}
	wantSeries(t, "the conversation", rounded(series{
		"resolved": s.net(append(of, `outcome="resolved"`)...),
		"score 5":  s.sum("support_csat_responses_total", append(of, `score="5"`)...),
		"models":   s.sum("support_cost_usd_total", append(of, `component="model"`)...),
		"tools":    s.sum("support_cost_usd_total", append(of, `component="tools"`)...),
	}), series{"resolved": 1, "score 5": 1, "models": 0.026, "tools": 0.003})
}
