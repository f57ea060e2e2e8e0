package simulate

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"supportexporter/exporter/internal/conversation"
)

// What the exporter makes of the events is what really happened, to the last
// conversation: nothing gets lost or doubled in the telling, by no agent.
func TestExporterFindsTheTruth(t *testing.T) {
	for _, scenario := range []Scenario{Healthy, EscalationStorm, IntentOutage} {
		t.Run(string(scenario), func(t *testing.T) {
			x := newExporter()
			const day = 24 * 60 * slotLength
			stories := whole(t, Options{Seed: 3, Start: monday(), PerDay: 5000, Scenario: scenario}, day, func(a *arrival) {
				x.push(t, timeOf(a.at), a.event)
			})
			x.scrape(t, monday().Add(day+2*Longest))
			want := truth(stories)
			got := map[string]float64{}
			for name := range want {
				got[name] = x.find(name)
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateApprox(1e-9, 0)); diff != "" {
				t.Errorf("series (-truth +exporter):\n%s", diff)
			}
			if x.state.Stats != (conversation.Stats{}) {
				t.Errorf("facts were ignored: %v", x.state.Stats)
			}
		})
	}
}

// find sums by a name such as support_csat_responses_total intent=refund.
func (x *exporter) find(name string) float64 {
	var metric string
	var labels [2]string
	n, _ := fmt.Sscan(name, &metric, &labels[0], &labels[1])
	if metric == netConversations {
		return x.sum("support_conversations_total", labels[:n-1]...) - x.sum("support_conversations_reversed_total", labels[:n-1]...)
	}
	return x.sum(metric, labels[:n-1]...)
}

const netConversations = "net"

// truth is what the series have to be.
func truth(stories []story) map[string]float64 {
	want := map[string]float64{}
	for i := range stories {
		c := &stories[i]
		want["support_experiment_assigned_total variant="+c.variant]++
		for n := range c.episodes {
			e := &c.episodes[n]
			count := func(name string, by float64) {
				want[name] += by
				want[name+" intent="+c.intent] += by
			}
			if n == len(c.episodes)-1 {
				want[fmt.Sprintf("net outcome=%s tier=%s", outcomeNames[e.outcome], c.tier)]++
				want[fmt.Sprintf("net outcome=%s language=%s", outcomeNames[e.outcome], c.language)]++
			} else {
				count("support_conversations_reversed_total cause=reopened", 1)
			}
			facts(e, count)
		}
	}
	return want
}

var outcomeNames = [numOutcomes]string{"resolved", "unresolved", "escalated", "abandoned"}

// facts are what one episode moves, beside its outcome.
func facts(e *episode, count func(string, float64)) {
	if e.outcome == resolved || e.claimed {
		count("support_resolutions_total resolved=true", 1)
		count("support_values_sum_total kpi=resolution_seconds", e.seconds())
	}
	if e.outcome == unresolved {
		count("support_resolutions_total resolved=false", 1)
	}
	if e.confirmed {
		count("support_resolutions_confirmed_total", 1)
	}
	if e.outcome == escalated {
		count("support_escalations_total reason="+e.reason, 1)
	}
	if e.claimed {
		count("support_conversations_reversed_total cause=escalated", 1)
	}
	if e.survey != 0 {
		count("support_csat_surveys_total", 1)
	}
	if e.csat != 0 {
		count(fmt.Sprintf("support_csat_responses_total score=%d", e.csat), 1)
	}
	count("support_values_total kpi=turns", 1)
	count("support_values_sum_total kpi=turns", float64(e.turns))
	count("support_values_sum_total kpi=cost_usd", e.usd.usd())
	count("support_cost_usd_total", e.usd.usd())
}
