package e2e

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The usage that tutorials on the subject show, unchanged but for the import,
// ends in /metrics; and so does what code that reads the collector's list needs.
func TestPythonDropIn(t *testing.T) {
	t.Parallel()
	e := startExporter(t, t.TempDir())
	const usage = `
import sys; sys.path.insert(0, "examples/python")
from support_metrics import MetricsCollector

# Usage
collector = MetricsCollector()
collector.record_resolution_time("conv_123", "cust_456", 3.2, resolved=True)
collector.record_csat("conv_123", "cust_456", 4) # 4 out of 5
collector.record_cost("conv_123", "cust_456", 42) # $0.42

from datetime import datetime, timedelta
recent = [m for m in collector.metrics if m.timestamp >= datetime.now() - timedelta(days=7)]
print([(m.metric_name, m.value) for m in recent])
`
	out := runClient(t, "http://"+e.address(), "python3", "-c", usage)
	if want := "[('resolution_time', 3.2), ('csat', 4.0), ('cost', 0.42)]\n"; out != want {
		t.Errorf("collector.metrics: got %s, want %s", out, want)
	}
	none := []string{"intent", "unknown", "language", "unknown", "tier", "unknown"}
	of := func(name string, labels ...string) string { return seriesName(name, append(labels, none...)...) }
	wantSeries(t, "the usage lines", e.metrics().counted(), series{
		of("support_conversations_total", "outcome", "resolved"):                1,
		of("support_resolutions_total", "resolved", "true"):                     1,
		of("support_conversation_resolution_seconds_count", "resolved", "true"): 1,
		of("support_conversation_resolution_seconds_sum", "resolved", "true"):   192,
		of("support_csat_responses_total", "score", "4"):                        1,
		of("support_csat_surveys_total"):                                        1,
		of("support_conversation_cost_usd_count"):                               1,
		of("support_conversation_cost_usd_sum"):                                 0.42,
		of("support_cost_usd_total", "component", "unspecified"):                0.42,
		of("support_values_total", "kpi", "resolution_seconds"):                 1,
		of("support_values_sum_total", "kpi", "resolution_seconds"):             192,
		of("support_values_total", "kpi", "cost_usd"):                           1,
		of("support_values_sum_total", "kpi", "cost_usd"):                       0.42,
	})
}

// Both agents tell the same of the same three conversations, call by call; when
// these are idle, the calls have come to their conversations' turns and costs.
func TestExampleAgents(t *testing.T) {
	t.Parallel()
	config := "--config.file=" + writeFile(t, "config.yml", "idle_timeout: 3s")
	var expositions []string
	for _, command := range [][]string{{"python3", "examples/python/agent.py"}, {"node", "examples/typescript/agent.js"}} {
		t.Run(command[0], func(t *testing.T) {
			e := startExporter(t, t.TempDir(), config)
			runClient(t, "http://"+e.address(), command...)
			spent := e.metrics().sum("support_cost_usd_total", `component="model"`)
			eventually(t, "all conversations are idle", func() error {
				if e.metrics().sum("support_values_total", `kpi="turns"`) < 3 {
					return errors.New("some are not")
				}
				return nil
			})
			s := e.metrics()
			wantSeries(t, "the agent", rounded(series{
				"spent on models, at once": spent,
				"spent on models":          s.sum("support_cost_usd_total", `component="model"`),
				"spent on tools":           s.sum("support_cost_usd_total", `component="tools"`),
				"cost of conversations":    s.sum("support_values_sum_total", `kpi="cost_usd"`),
				"turns":                    s.sum("support_values_sum_total", `kpi="turns"`),
				"resolved":                 s.net(`outcome="resolved"`),
				"escalated":                s.sum("support_escalations_total", `reason="asked_for_human"`),
				"surveys":                  s.sum("support_csat_surveys_total"),
				"votes":                    s.sum("support_csat_responses_total"),
			}), agentTruth())
			expositions = append(expositions, e.exposition())
		})
	}
	if len(expositions) == 2 {
		if diff := cmp.Diff(expositions[0], expositions[1]); diff != "" {
			t.Errorf("exposition (-Python +TypeScript):\n%s", diff)
		}
	}
}

// agentTruth was worked out by hand from the agents' rules: two conversations
// with model calls of 0.00165, 0.00195, 0.00225 and 0.00255 dollars and one with
// the first two; each finds an order (0.0005), and one makes a refund (0.003).
func agentTruth() series {
	return series{
		"spent on models, at once": 0.0204,
		"spent on models":          0.0204,
		"spent on tools":           0.0045,
		"cost of conversations":    0.0249,
		"turns":                    5,
		"resolved":                 2,
		"escalated":                1,
		"surveys":                  2,
		"votes":                    2,
	}
}

// rounded leaves out what adding series of this size in binary adds to them.
func rounded(s series) series {
	for name, value := range s {
		s[name] = math.Round(value*1e9) / 1e9
	}
	return s
}
