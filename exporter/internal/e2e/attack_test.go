package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// disguises make a value look like something else: another label, a reserved
// value, another client's value, or the end of a line.
var disguises = []string{
	`%d`, `Other-%d`, ` other `, `OTHER`, `unknown`, `UNKNOWN `, `unspecified`, `refund`, ` Refund`, `REFUND`, `rеfund %d`, "refund\u200b%d", "\u202ednufer %d", "ref\u00adund %d",
	`"} 1 # {%d`, `",tier="gold%d`, `intent="refund"%d`, `\n%d`, `\\%d\`, `%d\"`, `# HELP x %d`, `# EOF %d`, `# {conversation_id="c"} %d`, `{%d}`, `}{%d`, `%d,`, `=%d`,
	"’%d", "\u2028%d", "\ufeff%d", "İ%d", "ẞ%d", "😀%d", "%%d%d", "$%d", "{{%d}}", "<script>%d</script>", "'; drop table %d", "\u00a0%d\u00a0", "NaN", "+Inf", "%d.0", "le", "__name__",
}

// disguised is value number i, of at most 64 bytes, and of 64 now and then.
func disguised(i int) string {
	v := disguises[i%len(disguises)]
	if strings.Contains(v, "%d") {
		v = fmt.Sprintf(v, i)
	}
	if pad := 64 - len(v); i%7 == 0 && pad > 0 && strings.Contains(v, fmt.Sprint(i)) {
		v += strings.Repeat("x", pad)
	}
	return v
}

// attack is event number i: a conversation of its own, and new values of all
// labels there are.
func attack(i int) []byte {
	letters := string([]byte{byte('a' + i%26), byte('a' + i/26%26), byte('a' + i/676%26)})
	detail := map[string]float64{}
	for k := range 3 {
		detail[disguised(i+k)] += 0.25
	}
	line, _ := json.Marshal(map[string]any{ // strings and numbers always have a form
		"conversation_id": fmt.Sprintf("attack-%d", i), "turns": 1, "csat": 1 + i%5,
		"intent": disguised(i), "tier": disguised(i + 1), "language": letters + []string{"", "-Latn-US", "-x-" + letters}[i%3],
		"experiment": disguised(i), "variant": disguised(i + 3),
		"resolution": map[string]any{"resolved": true, "seconds": 30},
		"escalation": map[string]any{"escalated": true, "reason": disguised(i+2) + strings.Repeat("y", i%150)},
		"cost":       map[string]any{"usd": 1, "detail": detail},
	})
	return line
}

// bystanders are the label sets of clients that do nothing wrong.
var bystanders = []string{"refund", "shipping", "billing"}

// honest pushes a conversation of each bystander.
func honest(e *exporter, round int) {
	e.tb.Helper()
	for _, intent := range bystanders {
		e.mustPush(fmt.Sprintf(`{"conversation_id": "%[1]s-%[2]d", "intent": %[1]q, "tier": "gold", "language": "en", "turns": 3, "csat": 4, `+
			`"resolution": {"resolved": true, "seconds": 60}, "cost": {"usd": 0.5, "detail": {"llm": 0.25}}}`, intent, round))
	}
}

// The limits of an attacked exporter: the defaults, and a budget that they do not
// fit into.
const (
	attackedSeries = 10_000
	attackConfig   = "labels: {max_series: 10000}\n" + declared
)

// of is a client's own series: all that have its labels.
func ofIntent(s series, intent string) series {
	out := series{}
	for key, v := range s {
		if strings.Contains(key, fmt.Sprintf(`intent=%q, `, intent)) && strings.Contains(key, `language="en"`) && strings.Contains(key, `tier="gold"`) {
			out[key] = v
		}
	}
	return out
}

// A client that makes up values for every label fills what it may fill, and is
// told of. What others count stays exact to the last conversation, the exposition
// stays readable, nothing is lost, and memory stays within what the operating
// guide says.
func TestCardinalityAttack(t *testing.T) {
	t.Parallel()
	events, batch := 200_000, 2_000
	if testing.Short() {
		events = 20_000
	}
	e := startExporter(t, t.TempDir(), "--config.file="+writeFile(t, "config.yml", attackConfig))
	honest(e, 0)
	alone := e.metrics()
	before := e.own()["process_resident_memory_bytes"]
	rounds := 1
	for from := 0; from < events; from += batch {
		var body strings.Builder
		for i := from; i < from+batch; i++ {
			body.Write(attack(i))
			body.WriteByte('\n')
		}
		if a := e.push(body.String()); a.Accepted != batch {
			t.Fatalf("%s: %.500s", a.counts(), a.body)
		}
		if from%(10*batch) == 0 {
			honest(e, rounds)
			rounds++
			t.Logf("%d of %d events", from+batch, events)
		}
	}
	got := parseAll(t, e)
	wantBystandersExact(t, alone, got.series, rounds)
	wantBounded(t, got)
	wantNothingLost(t, got.series, events, rounds*len(bystanders))
	own := e.own()
	wantAttackTold(t, own, events)
	if raceFlags == nil {
		wantMemory(t, own, before)
	}
	e.stop()
}

// wantBystandersExact compares a client's series with what they were after one
// conversation.
func wantBystandersExact(t *testing.T, alone, attacked series, rounds int) {
	t.Helper()
	for _, intent := range bystanders[1:] { // of the first the attack has guessed a name
		before, now := ofIntent(alone, intent), ofIntent(attacked, intent)
		if len(before) < 50 {
			t.Fatalf("%s has %d series", intent, len(before))
		}
		for key, v := range before {
			if want := v * float64(rounds); now[key] != want && !strings.Contains(key, "_bucket{") {
				t.Errorf("%s: got %v, want %v", key, now[key], want)
			}
		}
	}
}

// wantBounded checks the caps of each label and of all series together.
func wantBounded(t *testing.T, got parsed) {
	t.Helper()
	values := map[string]map[string]bool{}
	series := 0
	for key := range got.series {
		name, rest, _ := strings.Cut(key, "{")
		if strings.HasPrefix(name, "support_experiment_") {
			rest = "arm, " + rest
		} else {
			series++
		}
		for _, label := range []string{"intent", "tier", "language", "reason", "component", "experiment"} {
			if _, value, ok := strings.Cut(", "+rest, ", "+label+`="`); ok {
				if values[label] == nil {
					values[label] = map[string]bool{}
				}
				value, _, _ = strings.Cut(value, `", `)
				values[label][strings.TrimSuffix(value, `"}`)] = true
			}
		}
	}
	const other, arms, aCell = 2, 100 + 2, 110 // other and unknown; made up and declared; other, other, other has a place of its own
	for label, limit := range map[string]int{"intent": 100 + other, "tier": 20 + other, "language": 50 + other, "reason": 50 + other, "component": 20 + other, "experiment": arms} {
		if n := len(values[label]); n > limit || n < 5 {
			t.Errorf("%s has %d values, want at most %d", label, n, limit)
		}
	}
	if series > attackedSeries+aCell || series < attackedSeries*7/10 { // histograms have their room before they observe
		t.Errorf("%d series, want nearly the %d that are allowed, and no more", series, attackedSeries)
	}
}

// wantNothingLost checks that every conversation counts once, under one label set
// or another.
func wantNothingLost(t *testing.T, s series, attacks, honest int) {
	t.Helper()
	for name, want := range map[string]float64{
		"support_conversation_turns_count": float64(attacks + honest), "support_csat_responses_total": float64(attacks + honest),
		"support_escalations_total": float64(attacks), "support_cost_usd_total": float64(attacks) + 0.5*float64(honest),
	} {
		if got := s.sum(name); got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

// wantAttackTold checks that the exporter says what happened.
func wantAttackTold(t *testing.T, own series, events int) {
	t.Helper()
	for _, label := range []string{"intent", "tier", "language", "reason", "component", "experiment", "series"} {
		name := fmt.Sprintf(`support_exporter_label_overflow_total{label=%q}`, label)
		least := float64(events) / 20
		if label == "series" {
			least = 1 // there are few label sets to be made up when the labels are full
		}
		if own[name] < least {
			t.Errorf("%s: %v of %d events", name, own[name], events)
		}
	}
	if got := own[`support_exporter_facts_ignored_total{fact="experiment", reason="limit"}`]; got < float64(events)/2 {
		t.Errorf("%v of %d events are told to have joined no arm", got, events)
	}
	if own["support_exporter_series"] > own["support_exporter_series_limit"]+110 || own["support_exporter_series_limit"] != attackedSeries {
		t.Errorf("%v series of %v", own["support_exporter_series"], own["support_exporter_series_limit"])
	}
}

// wantMemory checks what the operating guide says memory is: 18 MB, 160 bytes a
// conversation, and 4 + 9 KB for each label set that fits into the budget at some
// 90 series a set; twice that, since garbage is collected when there is as much.
func wantMemory(t *testing.T, own series, before float64) {
	t.Helper()
	conversations, rss := own["support_exporter_conversations_tracked"], own["process_resident_memory_bytes"]
	limit := 2 * (18e6 + 160*conversations + 13e3*attackedSeries/90)
	t.Logf("%v conversations: %.0f MB before, %.0f MB after, %.0f MB allowed", conversations, before/1e6, rss/1e6, limit/1e6)
	if rss > limit {
		t.Errorf("%.0f MB, want at most %.0f", rss/1e6, limit/1e6)
	}
}
