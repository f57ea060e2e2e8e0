package bundle

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"supportexporter/exporter/internal/program"
)

// What the dashboards count themselves over an hour, at the window's edges. Each
// series is scraped every minute, and stale is a scrape that failed. Where the
// rules record the same, both have to agree.
func TestDashboardWindowsAtTheirEdges(t *testing.T) {
	const (
		start     = `support_ledger_start_timestamp_seconds{job="support", instance="a"%s}`
		labels    = `{job="support", instance="a", intent="refund", tier="gold", language="en", %s}`
		spent     = "support_cost_usd_total" + labels
		escalated = "support_escalations_total" + labels
		counted   = "support_conversations_total" + labels
		reversed  = "support_conversations_reversed_total" + labels
		old       = "-2592000x200" // created a month before
	)
	series := func(name, with, values string) promtoolSeries {
		return promtoolSeries{fmt.Sprintf(name, with), values}
	}
	var queries []boardQuery
	for _, q := range boardQueries(t) {
		if q.board.UID == "support-overview" || q.board.UID == "support-intents" {
			queries = append(queries, q)
		}
	}
	// panel gives a query by its panel's title, the first unless a letter follows.
	panel := func(title string) string {
		for _, q := range queries {
			if strings.HasPrefix(q.where, title) {
				return q.board.chosen(t, time.Minute, choices{"window": "1h", "intent": "refund"}).fill(t, q.Expr)
			}
		}
		t.Fatalf("no panel %q", title)
		return ""
	}
	spend, asked, graph := panel("Spend by component"), panel("Why customers were handed over"), panel("Escalations, as they came in")
	const recorded = "support:cost_usd:sum"
	// dollars are expected of the panel and, where it is known, of the rules.
	dollars := func(at string, want ...float64) []promtoolExpected {
		out := []promtoolExpected{{spend, at, nil}, {recorded + `{window="1h"}`, at, nil}}
		for _, v := range want {
			out[0].Samples = append(out[0].Samples, promtoolSample{`{component="model"}`, v})
			out[1].Samples = append(out[1].Samples, promtoolSample{recorded + `{window="1h"}`, v})
		}
		return out
	}
	reasons := func(at string, want ...float64) []promtoolExpected {
		out := []promtoolExpected{{asked, at, nil}, {graph, at, nil}}
		for i := range out {
			for _, v := range want {
				out[i].Samples = append(out[i].Samples, promtoolSample{`{reason="asked"}`, v})
			}
		}
		return out
	}
	// by are a table's row for the tier, of the columns A to C.
	by := func(at, column string, want ...float64) []promtoolExpected {
		var samples []promtoolSample
		for _, v := range want {
			samples = append(samples, promtoolSample{`{tier="gold"}`, v})
		}
		return []promtoolExpected{{panel("Tier, the lowest resolution rate first: $intent " + column), at, samples}}
	}
	join := func(all ...[]promtoolExpected) (out []promtoolExpected) {
		for _, e := range all {
			out = append(out, e...)
		}
		return out
	}
	for _, c := range []struct {
		name string
		in   []promtoolSeries
		want []promtoolExpected
	}{
		{"no scrape when the window began", []promtoolSeries{
			// A dollar and an escalation a minute, not scraped from minute 56 to 64.
			series(start, "", "-2592000x55 stale _x8 "+old),
			series(spent, `component="model"`, "5000+1x55 stale _x8 5065+1x100"),
			series(escalated, `reason="asked"`, "1000+1x55 stale _x8 1065+1x100"),
		}, join(
			dollars("115m", 60), reasons("115m", 60),
			// The window begins in the gap: it was last seen at minute 55.
			dollars("120m", 65), reasons("120m", 65),
			dollars("125m", 60), reasons("125m", 60),
		)},
		{"an old store under a new Prometheus", []promtoolSeries{
			series(start, "", old),
			series(spent, `component="model"`, "5000+1x100"),
			series(escalated, `reason="asked"`, "1000+1x100"),
			series(counted, `outcome="resolved"`, "1000+1x100"),
		}, join(
			dollars("30m"), reasons("30m"), by("30m", "A"), by("30m", "B"),
			dollars("60m", 60), reasons("60m", 60), by("60m", "A", 60), by("60m", "B", 1),
		)},
		{"a young store", []promtoolSeries{
			// Created at minute 10, first scraped at minute 11, with something in it.
			series(start, "", "_x11 600x100"),
			series(spent, `component="model"`, "_x11 2+1x100"),
			series(escalated, `reason="asked"`, "_x20 3x100"),
		}, join(
			dollars("11m", 2), reasons("11m"),
			dollars("71m", 60), reasons("71m", 3),
		)},
		{"a store that was replaced", []promtoolSeries{
			series(start, "", "-2592000x99 stale 6030x100"),
			series(spent, `component="model"`, "5000+1x99 stale 2+1x100"),
			// The new store has none until minute 130.
			series(escalated, `reason="asked"`, "1000+1x99 stale _x29 7x100"),
		}, join(
			dollars("120m", 21), reasons("120m"),
			dollars("140m", 41), reasons("140m", 7),
			// The old store was last seen in the hour before this window began.
			dollars("170m", 60), reasons("170m", 7),
		)},
		{"several exporters, one of them new to Prometheus", []promtoolSeries{
			series(start, "", old),
			series(spent, `component="model"`, "5000+1x150"),
			{`support_ledger_start_timestamp_seconds{job="support", instance="b"}`, old},
			{`support_cost_usd_total{job="support", instance="b", intent="refund", tier="free", language="en", component="model"}`, "300+2x150"},
			{`support_ledger_start_timestamp_seconds{job="support", instance="c"}`, "_x90 " + old},
			{`support_cost_usd_total{job="support", instance="c", intent="refund", tier="free", language="en", component="model"}`, "_x90 9000+1x100"},
		}, dollars("120m", 180)},
		{"an exporter that moves, and for a while is seen twice", []promtoolSeries{
			series(start, `, node="n1"`, "-2592000x99 _x2 stale"),
			series(spent, `component="model", node="n1"`, "0+1x99 _x2 stale"),
			series(start, `, node="n2"`, "_x101 -2592000x80"),
			series(spent, `component="model", node="n2"`, "_x101 101+1x80"),
		}, join(dollars("103m", 60), dollars("161m", 62))},
		{"more taken back than counted", []promtoolSeries{
			series(start, "", old),
			series(counted, `outcome="resolved"`, "10x100"),
			series(reversed, `outcome="resolved", cause="reopened"`, "0x80 1x20"),
			series(counted, `outcome="escalated"`, "4x80 6x20"),
			// Another intent, of which nothing was taken back.
			{`support_conversations_total{job="support", instance="a", intent="status", tier="free", language="en", outcome="resolved"}`, "0x80 3x20"},
			{`support_conversations_total{job="support", instance="a", intent="status", tier="free", language="en", outcome="escalated"}`, "0x80 1x20"},
		}, join(
			by("90m", "A", 1), by("90m", "B"), by("90m", "C"),
			[]promtoolExpected{
				{`intent:support_kpi:value{kpi="resolution_rate", window="1h", intent="refund"}`, "90m", nil},
				{strings.ReplaceAll(panel("Tier, the lowest resolution rate first: $intent B"), "refund", "status"), "90m", []promtoolSample{{`{tier="free"}`, 0.75}}},
			},
		)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			test := promtoolTest{EvaluationInterval: "1m", Tests: [1]promtoolCase{{"1m", c.in, c.want}}}
			for _, name := range []string{"support_kpis.yml", "support_history.yml"} {
				test.RuleFiles = append(test.RuleFiles, filepath.Join(program.Root(t), "recording-rules", name))
			}
			test.run(t)
		})
	}
}
