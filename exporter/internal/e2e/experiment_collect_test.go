package e2e

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

// Two arms with every kind of fact, worked out by hand: outcomes and their
// reversals, exact sums and sums of squares; none of it lost by a crash.
func TestExperimentCollection(t *testing.T) {
	t.Parallel()
	store := t.TempDir()
	flag := "--config.file=" + writeFile(t, "config.yml", declared)
	e := startExporter(t, store, flag)
	wantVariant(t, e, "greeting", "c-2", "short")
	wantVariant(t, e, "greeting", "c-3", "warm")
	say := func(id, variant, facts string) {
		e.mustPush(fmt.Sprintf(`{"conversation_id": "%s", "experiment": "greeting", "variant": "%s", %s}`, id, variant, facts))
	}
	say("c-2", "short", `"turns": 3, "cost": {"usd": 0.1}, "resolution": {"resolved": true, "seconds": 30}, "csat": 4`)
	say("c-2", "short", `"escalation": {"escalated": true}`)
	say("c-3", "warm", `"turns": 4, "cost": {"usd": 0.2}, "resolution": {"resolved": true, "seconds": 0.5}, "csat": 5`)
	say("c-3", "warm", `"episode": 2, "turns": 1, "cost": {"usd": 0.3}, "resolution": {"resolved": false, "seconds": 7}, "csat": 2`)
	say("c-4", "warm", `"cost_delta": {"usd": 0.25}, "id": "1", "resolution": {"resolved": true}`)

	a := e.push(`{"conversation_id": "c-5", "experiment": "greeting", "variant": "Warm", "csat": 1}`)
	if a.status != http.StatusBadRequest || len(a.Errors) != 1 || a.Errors[0] != (answerError{
		0, "variant", `must be one of short, warm, which experiment "greeting" has; got "Warm"`}) {
		t.Errorf("an unknown variant: %s", a.body)
	}
	e.mustPush(`{"conversation_id": "c-6", "experiment": "undeclared", "variant": "z", "csat": 3}`)

	// By hand. The square of 0.1 and the like are doubles, as are their sums.
	want := series{
		`support_experiment_assigned_total{experiment="greeting", variant="short"}`:                                                      1,
		`support_experiment_assigned_total{experiment="greeting", variant="warm"}`:                                                       2,
		`support_experiment_assigned_total{experiment="undeclared", variant="z"}`:                                                        1,
		`support_experiment_conversations_total{experiment="greeting", outcome="resolved", variant="short"}`:                             1,
		`support_experiment_conversations_total{experiment="greeting", outcome="escalated", variant="short"}`:                            1,
		`support_experiment_conversations_reversed_total{cause="escalated", experiment="greeting", outcome="resolved", variant="short"}`: 1,
		`support_experiment_conversations_total{experiment="greeting", outcome="resolved", variant="warm"}`:                              2,
		`support_experiment_conversations_total{experiment="greeting", outcome="unresolved", variant="warm"}`:                            1,
		`support_experiment_conversations_reversed_total{cause="reopened", experiment="greeting", outcome="resolved", variant="warm"}`:   1,
		`support_experiment_conversations_reversed_total{cause="escalated", experiment="greeting", outcome="resolved", variant="warm"}`:  0,
		`support_experiment_values_total{experiment="greeting", kpi="csat", variant="short"}`:                                            1,
		`support_experiment_values_squares_total{experiment="greeting", kpi="csat", variant="short"}`:                                    16,
		`support_experiment_values_total{experiment="greeting", kpi="csat", variant="warm"}`:                                             2,
		`support_experiment_values_sum_total{experiment="greeting", kpi="csat", variant="warm"}`:                                         7,
		`support_experiment_values_squares_total{experiment="greeting", kpi="csat", variant="warm"}`:                                     29,
		`support_experiment_values_total{experiment="greeting", kpi="turns", variant="warm"}`:                                            2,
		`support_experiment_values_sum_total{experiment="greeting", kpi="turns", variant="warm"}`:                                        5,
		`support_experiment_values_squares_total{experiment="greeting", kpi="turns", variant="warm"}`:                                    17,
		`support_experiment_values_total{experiment="greeting", kpi="resolution_seconds", variant="warm"}`:                               1, // of resolved ones alone
		`support_experiment_values_sum_total{experiment="greeting", kpi="resolution_seconds", variant="warm"}`:                           0.5,
		`support_experiment_values_squares_total{experiment="greeting", kpi="resolution_seconds", variant="warm"}`:                       0.25,
		`support_experiment_values_total{experiment="greeting", kpi="cost_usd", variant="warm"}`:                                         2, // the increment waits for idle
		`support_experiment_values_sum_total{experiment="greeting", kpi="cost_usd", variant="warm"}`:                                     0.5,
		`support_experiment_values_squares_total{experiment="greeting", kpi="cost_usd", variant="warm"}`:                                 0.13,
		`support_experiment_values_squares_total{experiment="undeclared", kpi="csat", variant="z"}`:                                      9,
		`support_experiment_conversations_total{experiment="undeclared", outcome="resolved", variant="z"}`:                               0,
		`support_experiment_variant_weight{experiment="undeclared", role="control", variant="z"}`:                                        1,
	}
	check := func(when string) {
		t.Helper()
		got := e.metrics()
		for key, value := range want {
			if g, exposed := got[key]; !exposed || g != value {
				t.Errorf("%s: %s is %v (exposed: %t), want %v", when, key, g, exposed, value)
			}
		}
	}
	check("at once")
	if got := e.own()[`support_exporter_events_rejected_total{reason="range"}`]; got != 1 {
		t.Errorf("%v events rejected, want 1", got)
	}
	e.kill()
	e = startExporter(t, store, flag)
	check("after a crash")
	e.stop()
	e = startExporter(t, store, flag)
	check("after a restart")
}

// Contradictions of the assignment count in the arm that the event names, and
// are told. Conversations that come after the end do not count at all.
func TestExperimentContradictions(t *testing.T) {
	t.Parallel()
	const contradictions = `support_exporter_experiment_contradictions_total{experiment="greeting"}`
	config := writeFile(t, "config.yml", weighing(t, 1, nil))
	e := startExporter(t, t.TempDir(), "--config.file="+config, "--web.enable-lifecycle")
	wantCounts := func(contradicting, assigned, ignored float64) {
		t.Helper()
		own, metrics := e.own(), e.metrics()
		got := [3]float64{
			own[contradictions], metrics.sum("support_experiment_assigned_total", `experiment="greeting"`),
			own[`support_exporter_facts_ignored_total{fact="experiment", reason="not_running"}`],
		}
		if want := [3]float64{contradicting, assigned, ignored}; got != want {
			t.Errorf("contradicting, assigned, ignored: got %v, want %v", got, want)
		}
	}
	event := func(id, variant string) string {
		return fmt.Sprintf(`{"conversation_id": "%s", "experiment": "greeting", "variant": "%s"}`, id, variant)
	}
	wantCounts(0, 0, 0)
	wantVariant(t, e, "greeting", "c-1", "plain")
	e.mustPush(event("c-1", "plain"))
	wantCounts(0, 1, 0)
	wantVariant(t, e, "greeting", "c-3", "warm")
	e.mustPush(event("c-3", "plain"))
	wantCounts(1, 2, 0)

	rewrite(t, config, weighing(t, 1, map[string]any{"end": time.Now()}))
	e.wantStatus(http.StatusOK, http.MethodPost, reloadPath)
	wantVariant(t, e, "greeting", "c-3", "plain")
	e.mustPush(event("c-7", "warm"))
	wantCounts(1, 2, 1)
}
