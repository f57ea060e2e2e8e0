package ledger_test

import (
	"strings"
	"testing"
	"time"

	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/conversation"
	"supportexporter/exporter/internal/event"
	"supportexporter/exporter/internal/ledger"
)

// step is time that goes by, and one thing that is done then.
type step struct {
	wait   time.Duration // 0: at once, while a checkpoint may still be written
	push   []string      // events
	reload func(conversation.Settings) conversation.Settings
	end    end
}

// end is how the process ends, to be started again.
type end int

const (
	goesOn end = iota
	stopped
	killed
	powerCut
)

// script has every kind of event and whatever happens to a store. A conversation
// is idle after a minute, which is far from any wait, so that sending again a few
// seconds later makes no other outcome. Whatever goes idle in one wait was pushed
// in one moment, since a start may come between two ticks.
func script() []step {
	const short = 7 * time.Second
	tight := func(s conversation.Settings) conversation.Settings {
		s.IdleTimeout, s.Retention = time.Minute, 10*time.Minute
		s.Limits.Intents = 2
		s.Experiments = []config.Experiment{{
			Name: "greeting", Variants: []config.Variant{{Name: "short", Weight: 1}, {Name: "warm", Weight: 2}},
		}}
		return s
	}
	loose := func(s conversation.Settings) conversation.Settings {
		s.Limits.Intents, s.Exemplars = 10, false
		return s
	}
	steps := []step{
		{reload: tight},
		{wait: short, push: []string{`"gone", "intent": "refund", "turns": 2, "csat": 5`}},
		{wait: 80 * time.Second, push: []string{
			`"a", "id": "1", "intent": "refund", "tier": "gold", "language": "en", "customer_id": "x",
			 "experiment": "greeting", "variant": "warm", "turns_delta": 1, "cost_delta": {"usd": 0.1, "detail": {"model": 0.07}}`,
			`"b", "id": "1", "intent": "login"`,
			`"c", "id": "1", "intent": "refund", "resolution": {"resolved": true, "seconds": 45}, "turns": 4, "cost": {"usd": 0.5}`,
		}},
		{wait: short, push: []string{
			`"a", "id": "2", "turns_delta": 2, "cost_delta": {"usd": 0.2}`,
			`"a", "id": "1", "turns_delta": 1`,
			`"c", "id": "2", "turns": 5`,
			`"d", "id": "1", "intent": "billing", "experiment": "greeting", "variant": "short", "survey_sent": true`,
		}},
		{push: []string{`"e", "resolution": {"resolved": false}`, `"b", "id": "2", "turns_delta": 3`}},
		{push: []string{`"f", "resolution": {"resolved": true, "seconds": 100, "confirmed": true}`}},
		{wait: short, end: stopped},
		{wait: 75 * time.Second, push: []string{ // a, b and d were abandoned
			`"b", "id": "3", "resolution": {"resolved": true, "seconds": 300}`,
			`"a", "id": "3", "turns_delta": 1, "cost_delta": {"usd": 0.05}`,
			`"c", "id": "3", "escalation": {"escalated": true, "reason": "angry"}`,
		}},
		{wait: short, end: killed},
		{wait: short, push: []string{`"c", "id": "4", "csat": 1`, `"a", "id": "4", "csat": 2`}},
		{wait: short, end: powerCut},
		{wait: short, push: []string{`"f", "id": "2", "episode": 2, "turns": 9`, `"d", "id": "2", "csat": 4`}},
		{push: []string{`"e", "escalation": {"escalated": true}`, `"g", "customer_id": "y", "language": "de"`}},
		{wait: short, reload: loose},
		{push: []string{`"g", "intent": "billing", "resolution": {"resolved": true}`}},
		{wait: short, push: []string{`"h", "tier": "gold", "csat": 3`}},
		{wait: 50 * time.Second}, // f's second episode is abandoned
		{wait: 25 * time.Second}, // and h
		{end: killed},
		{wait: 7 * time.Minute}, // gone is forgotten
	}
	again := step{wait: short}
	for _, s := range steps[2:] {
		again.push = append(again.push, s.push...)
	}
	return append(steps, again, steps[1], step{end: powerCut}, again)
}

// shown is part of what the script comes to, worked out by hand.
func shown() []string {
	const (
		c = `intent="refund",language="unknown"`
		e = `intent="unknown",language="unknown"`
	)
	return []string{
		`support_conversations_total{intent="other",language="unknown",outcome="abandoned",tier="unknown"} 1`, // d, a third intent
		`support_conversations_total{intent="refund",language="en",outcome="abandoned",tier="gold"} 1`,
		`support_conversations_reversed_total{cause="resumed",intent="login",language="unknown",outcome="abandoned",tier="unknown"} 1`,
		`support_conversations_reversed_total{cause="escalated",` + c + `,outcome="resolved",tier="unknown"} 1`,
		`support_conversations_reversed_total{cause="escalated",` + e + `,outcome="unresolved",tier="unknown"} 1`,
		`support_conversations_reversed_total{cause="reopened",` + e + `,outcome="resolved",tier="unknown"} 1`,
		`support_conversation_turns_sum{intent="refund",language="en",tier="gold"} 3`,                    // and 1 that was late
		`support_cost_usd_total{component="unspecified",intent="refund",language="en",tier="gold"} 0.28`, // late cost, too
		`support_csat_responses_total{` + c + `,score="1",tier="unknown"} 1`,                             // days late in life
		`support_csat_responses_total{` + c + `,score="5",tier="unknown"} 2`,                             // told again when it was forgotten
		`support_experiment_values_sum_total{experiment="greeting",kpi="csat",variant="warm"} 2`,
		`support_experiment_assigned_total{experiment="greeting",variant="short"} 1`,
		`support_conversations_open 1`,
	}
}

// add puts events into a batch, whose conversation_id and what follows it body
// holds.
func add(t *testing.T, b *ledger.Batch, body []string) {
	t.Helper()
	var lines strings.Builder
	for _, e := range body {
		lines.WriteString(`{"conversation_id": ` + strings.ReplaceAll(e, "\n", " ") + "}\n")
	}
	var d event.Decoder
	err := d.Decode([]byte(lines.String()), event.NDJSON, func(i int, e *event.Event, err error) bool {
		if err != nil {
			t.Fatalf("%s: %v", body[i], err)
		}
		b.Add(e)
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
}
