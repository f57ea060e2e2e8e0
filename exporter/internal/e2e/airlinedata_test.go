package e2e

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// generateAirline writes conversations such as those recorded, and counts them
// as they are made up, not as an exporter would.
func generateAirline(t *testing.T) (file string, want airlineTruth) {
	t.Helper()
	rng := rand.New(rand.NewPCG(42, 0))
	var text strings.Builder
	event := func(conversation int, name, fields string) {
		fmt.Fprintf(&text, `{"id": "c-%[1]d-%[2]s", "conversation_id": "c-%[1]d", %[3]s}`+"\n", conversation, name, fields)
	}
	want.ByIntent = map[string]intentTruth{}
	for i := range 200 {
		intent := pick(rng, "book_reservation", "cancel_reservation", "information")
		resolved, escalated, turns := rng.IntN(10) < 4, rng.IntN(4) == 0, 1+rng.IntN(15)
		event(i, "start", fmt.Sprintf(`"intent": %q, "tier": "gold", "language": "en", "customer_id": "customer-%d"`, intent, i%50))
		if escalated {
			event(i, "handoff", `"escalation": {"escalated": true, "reason": "transfer_to_human"}`)
		}
		event(i, "end", fmt.Sprintf(`"turns": %d, "resolution": {"resolved": %t}`, turns, resolved))

		of := want.ByIntent[intent]
		of.Conversations++
		want.Conversations++
		want.TurnsSum += float64(turns)
		if resolved {
			want.ReportedResolved++
		}
		switch {
		case escalated:
			want.Escalated++
		case resolved:
			want.OutcomeResolved++
			of.OutcomeResolved++
		default:
			want.OutcomeUnresolved++
		}
		want.ByIntent[intent] = of
	}
	want.ReportedResolutionRate = want.ReportedResolved / want.Conversations
	want.EscalationRate = want.Escalated / want.Conversations
	want.TurnsMean = want.TurnsSum / want.Conversations
	return writeFile(t, "airline.ndjson", text.String()), want
}
