package e2e

import (
	"bytes"
	"net/http"
	"os"
	"strings"
	"testing"
)

// idMark begins every conversation's id of the tests below.
const idMark = "CONVERSATION-4711"

// tellAll pushes events of every kind, right and wrong, whose conversations have
// ids that are easily found.
func tellAll(e *exporter) {
	e.tb.Helper()
	for _, fields := range []string{
		`"turns": 1, "cost": {"usd": 0.1}`, `"csat": 1, "escalation": {"escalated": true, "reason": "angry"}`, `"csat": 2`,
		`"resolution": {"resolved": true, "seconds": 5}`, `"turns_delta": 1`, `"turns": 0`, `"unknown": 1`, `"turns": 7`, `"experiment": "x", "variant": "y"`,
		`"resolution": {"resolved": false, "seconds": 9}`, `"episode": 2, "turns": 3`,
	} {
		for _, id := range []string{"-a", "-b"} {
			e.push(`{"conversation_id": "` + idMark + id + `", ` + fields + `}`)
		}
	}
	e.get("/api/v1/experiments/greeting/variant?conversation_id=" + idMark)
	e.get("/api/v1/experiments/none/variant?conversation_id=" + idMark)
}

// Without exemplars a conversation's id is in the log of events, until the next
// checkpoint, and nowhere else.
func TestConversationIDsWithoutExemplars(t *testing.T) {
	t.Parallel()
	store := t.TempDir()
	flags := []string{"--log.level=debug", "--config.file=" + writeFile(t, "config.yml", "exemplars: false\n"+declared)}
	e := startExporter(t, store, flags...)
	tellAll(e)
	if e.metrics().sum("support_values_total", `kpi="turns"`) == 0 {
		t.Fatal("nothing was counted: the test searches nothing")
	}
	seen := &search{t: t, marks: []string{idMark}}
	seen.inAnswers(e)
	if !inLogOfEvents(t, store) {
		t.Error("the log of events has no id: the test looks for the wrong thing")
	}
	e.kill()
	e = startExporter(t, store, flags...)
	seen.inAnswers(e)
	e.stop() // and a checkpoint
	seen.inStore(store)
	seen.in("the log", []byte(e.output.String()))
}

func inLogOfEvents(t *testing.T, store string) bool {
	t.Helper()
	for _, file := range glob(t, store, "*") {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(content, []byte(idMark)) {
			return true
		}
	}
	return false
}

// With exemplars it is in those, and still in no label and no line of the log.
func TestConversationIDsInExemplarsOnly(t *testing.T) {
	t.Parallel()
	e := startExporter(t, t.TempDir(), "--log.level=debug")
	tellAll(e)
	seen := &search{t: t, marks: []string{idMark}}
	seen.in("text", e.get("/metrics").body)
	seen.in("the exporter's own metrics", e.get("/metrics/exporter").body)
	found := 0
	for line := range strings.Lines(string(e.get("/metrics", "Accept", acceptOpenMetrics).body)) {
		sample, exemplar, _ := strings.Cut(line, ` # {conversation_id="`)
		seen.in("OpenMetrics", []byte(sample))
		if strings.HasPrefix(exemplar, idMark) {
			found++
		}
	}
	if found == 0 {
		t.Error("no exemplar: the test searches nothing")
	}
	seen.in("the log", []byte(e.output.String()))
	e.wantStatus(http.StatusOK, http.MethodGet, "/-/ready")
	e.stop()
	seen.in("the log", []byte(e.output.String()))
}

// Exemplars that were turned off are gone from the disk with the next checkpoint.
func TestExemplarsTurnedOffLeaveTheStore(t *testing.T) {
	t.Parallel()
	store := t.TempDir()
	e := startExporter(t, store)
	tellAll(e)
	e.stop()
	if !inLogOfEvents(t, store) {
		t.Error("the checkpoint keeps no exemplars: the test looks for the wrong thing")
	}
	e = startExporter(t, store, "--config.file="+writeFile(t, "config.yml", "exemplars: false"))
	e.mustPush(`{"conversation_id": "another", "turns": 1}`)
	e.stop()
	(&search{t: t, marks: []string{idMark}}).inStore(store)
}
