package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// mostExemplar is the length of the longest id that an exemplar takes, in bytes.
const mostExemplar = 113

// hostileIDs are conversations' ids that could end an exemplar early, be two, or
// be longer than OpenMetrics allows; each is padded to the lengths around the
// limit.
func hostileIDs() []string {
	var all []string
	for _, part := range []string{
		`"`, `\`, `\"`, `\n`, `"} 1 # {`, `# {}`, `{`, `}`, `",a="b`, `"} 1 1` + "\u2028", "é", "日", "😀", "\u202e", "\u200b", "\ufeff", `# EOF`, `%s%n`, `$(id)`, "'", "<!--", "\u00a0",
	} {
		for _, length := range []int{len(part), 112, 113, 114, 255} {
			id := strings.Repeat(part, max(1, length/len(part)))
			all = append(all, id+strings.Repeat("x", length-len(id)))
		}
	}
	return all
}

// Whatever a conversation's id holds, every format stays readable, to the byte;
// exemplars have the ids as they were pushed, and ids that are too long for one
// are in none.
func TestExemplarAttack(t *testing.T) {
	t.Parallel()
	e := startExporter(t, t.TempDir())
	ids := hostileIDs()
	for i, id := range ids {
		line, err := json.Marshal(map[string]any{ // under labels of its own: its exemplars are not replaced
			"conversation_id": id, "intent": fmt.Sprint("i-", i%50), "tier": fmt.Sprint("t-", i%11), "turns": 3, "csat": 1 + i%2,
			"resolution": map[string]any{"resolved": true, "seconds": 30}, "cost": map[string]any{"usd": 0.1},
			"escalation": map[string]any{"escalated": true, "reason": "asked"},
		})
		if err != nil {
			t.Fatal(err)
		}
		e.mustPush(string(line))
	}
	got := parseAll(t, e)
	shown := 0
	for _, id := range ids {
		if want := len(id) <= mostExemplar; got.exemplars[id] != want {
			t.Errorf("%q, of %d bytes, is in an exemplar: %t, want %t", id, len(id), got.exemplars[id], want)
		}
		delete(got.exemplars, id)
		shown++
	}
	if len(got.exemplars) > 0 || shown < 100 {
		t.Errorf("exemplars that nobody pushed: %v, of %d ids", got.exemplars, shown)
	}
	if n := got.series.sum("support_conversation_turns_count"); n != float64(len(ids)) {
		t.Errorf("counted %v conversations, want %d", n, len(ids))
	}
}

// What could end a line of an exposition, and what is no text, does not come in
// as a label or an id, by whatever way it is written.
func TestControlCharactersAreRejected(t *testing.T) {
	t.Parallel()
	e := startExporter(t, t.TempDir())
	rejected := 0
	for _, bad := range []string{`\n`, `\r`, `\t`, `\u0000`, `\u000a`, `\u0085`, `\u001b[2J`, `\u007f`, `\ud800`, "\n", "\x00", "\x7f", "\xff", "\xc0\xaf", "\xed\xa0\x80"} {
		for _, field := range []string{
			`"conversation_id": "c-%s"`, `"conversation_id": "c", "id": "%s"`, `"conversation_id": "c", "intent": "a%sb"`, `"conversation_id": "c", "tier": "%s"`,
			`"conversation_id": "c", "language": "e%sn"`, `"conversation_id": "c", "experiment": "%s", "variant": "v"`, `"conversation_id": "c", "experiment": "x", "variant": "%s"`,
			`"conversation_id": "c", "escalation": {"escalated": true, "reason": "%s"}`, `"conversation_id": "c", "cost": {"usd": 1, "detail": {"%s": 1}}`,
		} {
			body := "{" + fmt.Sprintf(field, bad) + "}"
			if a := e.push(body, "Content-Type", mediaJSON); a.Accepted+a.Duplicates > 0 || a.status != 400 {
				t.Errorf("%q: %s", body, a.body)
			}
			rejected++
		}
	}
	if got := e.own()[`support_exporter_events_rejected_total{reason="text"}`]; got != float64(rejected) {
		t.Errorf("%v events rejected for their text, want %d", got, rejected)
	}
	if got := parseAll(t, e); got.series.sum("support_conversations_open") != 0 {
		t.Errorf("something was counted: %v", got.series)
	}
}

// An error that repeats what was pushed is as long as it has to be, and no HTML.
func TestErrorsAreBounded(t *testing.T) {
	t.Parallel()
	e := startExporter(t, t.TempDir(), "--config.file="+writeFile(t, "config.yml", declared))
	long := strings.Repeat(`<script>alert(1)</script>`, 10_000)
	for _, body := range []string{
		`{"conversation_id": "` + long + `"}`, `{"conversation_id": "c", "` + long + `": 1}`, `{"conversation_id": "c", "intent": "` + long + `"}`,
		`{"conversation_id": "c", "turns": ` + strings.Repeat("9", 100_000) + `}`, `{"conversation_id": "c", "time": "` + long + `"}`,
		`{"conversation_id": "c", "csat": "` + long + `"}`, `{"conversation_id": "c", "cost": {"usd": 1, "detail": {"` + long + `": 1}}}`,
		`{"conversation_id": "c", "experiment": "greeting", "variant": "<script>"}`, long, `"` + long + `"`, `{"conversation_id": "c", "resolution": {"` + long + `": 1}}`,
	} {
		for _, header := range [][]string{{"Content-Type", mediaJSON}, {"Content-Type", mediaNDJSON}, {"Content-Type", "text/" + long[:8000]}, {"Content-Encoding", long[:8000]}} {
			a := e.push(body, header...)
			if a.status < 400 || len(a.body) > 1000 || strings.Contains(string(a.body), "<script>") || a.header.Get("Content-Type") != mediaJSON {
				t.Errorf("%.60s: %d, %d bytes of %s: %.300s", body, a.status, len(a.body), a.header.Get("Content-Type"), a.body)
			}
		}
	}
}
