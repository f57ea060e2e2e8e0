package e2e

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"testing"
)

// recorded is where the recorded conversations are, if they are: 200 of a real
// agent on the airline tasks of tau-bench, and the truth about them.
const recorded = root + "/../shared/data/tau-bench-airline-gpt-4o"

// airlineTruth is what is known about a set of conversations.
type airlineTruth struct {
	Conversations          float64                `json:"conversations"`
	ReportedResolved       float64                `json:"reported_resolved"`
	Escalated              float64                `json:"escalated"`
	OutcomeResolved        float64                `json:"outcome_resolved"`
	OutcomeUnresolved      float64                `json:"outcome_unresolved"`
	TurnsSum               float64                `json:"turns_sum"`
	ReportedResolutionRate float64                `json:"reported_resolution_rate"`
	EscalationRate         float64                `json:"escalation_rate"`
	TurnsMean              float64                `json:"turns_mean"`
	ByIntent               map[string]intentTruth `json:"by_intent"`
}

type intentTruth struct {
	Conversations   float64 `json:"conversations"`
	OutcomeResolved float64 `json:"outcome_resolved"`
}

// TestAirline pushes conversations with supportctl, and compares every figure
// of the truth about them: after the push, after kill -9, after pushing it all
// again, and with the events in another order.
func TestAirline(t *testing.T) {
	t.Parallel()
	t.Run("generated", func(t *testing.T) {
		t.Parallel()
		file, want := generateAirline(t)
		testAirline(t, file, want)
	})
	t.Run("recorded", func(t *testing.T) {
		t.Parallel()
		text, err := os.ReadFile(recorded + ".truth.json")
		if err != nil {
			t.Skip("the recorded conversations are not here; those generated are as many")
		}
		var want airlineTruth
		decoder := json.NewDecoder(strings.NewReader(string(text)))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&want); err != nil {
			t.Fatal(err)
		}
		if want.ReportedResolutionRate != 0.42 {
			t.Errorf("the published rate is 0.420, not %v", want.ReportedResolutionRate)
		}
		testAirline(t, recorded+".ndjson", want)
	})
}

func testAirline(t *testing.T, file string, want airlineTruth) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	store := t.TempDir()
	e := startExporter(t, store)
	wantPushed(t, e, file, len(lines), 0)
	wantAirline(t, "pushed", e, want)
	before := e.metrics()
	e.kill()
	e = startExporter(t, store)
	wantSeries(t, "after kill -9", e.metrics(), before)
	wantPushed(t, e, file, 0, len(lines))
	wantSeries(t, "pushed again", e.metrics(), before)
	e.stop()

	for seed := range uint64(3) {
		shuffled := writeFile(t, "shuffled.ndjson", strings.Join(shuffle(t, lines, seed), "\n"))
		e := startExporter(t, t.TempDir())
		wantPushed(t, e, shuffled, len(lines), 0)
		wantAirline(t, fmt.Sprintf("shuffled with seed %d", seed), e, want)
		e.stop()
	}
}

// shuffle puts the lines into another order, but for each conversation's first,
// which stays ahead of its others: it names what they count under.
func shuffle(t *testing.T, lines []string, seed uint64) []string {
	t.Helper()
	out := make([]string, len(lines))
	for i, at := range rand.New(rand.NewPCG(seed, 0)).Perm(len(lines)) {
		out[at] = lines[i]
	}
	first := map[string]string{} // by conversation
	id := func(line string) string {
		var event struct {
			ConversationID string `json:"conversation_id"`
		}
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			t.Fatal(err)
		}
		return event.ConversationID
	}
	for _, line := range lines {
		if c := id(line); first[c] == "" {
			first[c] = line
		}
	}
	earliest := map[string]int{} // place of a conversation's first line in out
	for i, line := range out {
		c := id(line)
		j, seen := earliest[c]
		if !seen {
			earliest[c] = i
		} else if line == first[c] {
			out[i], out[j] = out[j], out[i]
		}
	}
	return out
}

// wantAirline compares every figure of the truth with the exposition.
func wantAirline(t *testing.T, what string, e *exporter, want airlineTruth) {
	t.Helper()
	m := e.metrics()
	check := func(name string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-12 {
			t.Errorf("%s: %s: got %v, want %v", what, name, got, want)
		}
	}
	reported := m.sum("support_resolutions_total", `resolved="true"`)
	turns, conversations := m.sum("support_conversation_turns_sum"), m.sum("support_conversation_turns_count")
	check("conversations", m.net(), want.Conversations)
	check("conversations that gave their turns", conversations, want.Conversations)
	check("reported_resolved", reported, want.ReportedResolved)
	check("escalated", m.net(`outcome="escalated"`), want.Escalated)
	check("escalations", m.sum("support_escalations_total"), want.Escalated)
	check("outcome_resolved", m.net(`outcome="resolved"`), want.OutcomeResolved)
	check("outcome_unresolved", m.net(`outcome="unresolved"`), want.OutcomeUnresolved)
	check("turns_sum", turns, want.TurnsSum)
	check("reported_resolution_rate", reported/m.sum("support_resolutions_total"), want.ReportedResolutionRate)
	check("escalation_rate", m.net(`outcome="escalated"`)/m.net(), want.EscalationRate)
	check("turns_mean", turns/conversations, want.TurnsMean)
	check("turns_mean of the exact values", m.sum("support_values_sum_total", `kpi="turns"`)/m.sum("support_values_total", `kpi="turns"`), want.TurnsMean)
	check("conversations open", m["support_conversations_open"], 0)
	all := 0.0
	for intent, of := range want.ByIntent {
		label := fmt.Sprintf("intent=%q", intent)
		check(intent+" conversations", m.net(label), of.Conversations)
		check(intent+" outcome_resolved", m.net(label, `outcome="resolved"`), of.OutcomeResolved)
		all += of.Conversations
	}
	check("conversations of all intents", all, want.Conversations)
	e.wantStatus(http.StatusOK, http.MethodGet, "/-/healthy")
}
