package dashboard

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// overview answers whether the agent does well: the six KPIs, each with its
// verdict, what alerts, and what customers got, on one screen; then the same
// over time.
func overview() *board {
	b := newBoard("support-overview", "Support overview",
		"Is the support agent doing well? The KPIs against their baselines and the field's benchmarks, outcomes and open alerts.",
		"now-7d", windowVariable(), baselineVariable())
	var tiles, details []cell
	var courses []cell
	for _, k := range kpis() {
		tiles = append(tiles, cell{4, judgedTile(
			text{k.title, k.unit, k.about + " Painted and named by its deviation from the $baseline baseline: what would alert is worse; not compared is too small a sample, or a window without that baseline."},
			over("{{state}}", k.judged()),
		).Decimals(k.decimals)})
		details = append(details, cell{4, detail(k)})
		courses = append(courses, cell{8, course(k)})
	}
	b.line(4, tiles...)
	b.line(5, details...)
	b.line(6, cell{4, openAlerts()}, cell{10, alertList()}, cell{10, outcomes()})
	b.line(7, cell{8, reasons()}, cell{8, scores()}, cell{8, spend()})
	b.row("Against baseline and benchmark")
	b.line(8, courses[:3]...)
	b.line(8, courses[3:]...)
	b.row("Volume, time and answers")
	b.line(8, cell{8, volume()}, cell{8, quantiles()}, cell{8, responseRate()})
	b.row("What lasted, and what it cost")
	b.line(8, cell{8, durable()}, cell{8, reversals()}, cell{8, components()})
	return b
}

// detail is what a KPI is compared with.
func detail(k kpi) cog.Builder[dashboard.Panel] {
	return list(text{k.title + " in detail", k.unit, "What the KPI is compared with: its baseline and how far it is from it, what tier-1 human agents reach, the least that an AI agent should reach, and the number of samples behind it."}, noConversations,
		now("$baseline baseline", k.of("support:baseline:value", chosenBaseline)),
		now("deviation", k.of("support:kpi:deviation_ratio", chosenBaseline)),
		now("human agents", k.benchmark("tier1_human")),
		now("AI target", k.benchmark("ai_target")),
		now("samples", k.of("support:kpi:samples")),
	).
		ColorMode(common.BigValueColorModeNone).
		Decimals(k.decimals).
		OverrideByName("deviation", []dashboard.DynamicConfigValue{set("unit", "percentunit"), set("decimals", 1)}).
		OverrideByName("samples", []dashboard.DynamicConfigValue{set("unit", "short"), set("decimals", 0)})
}

// course is a KPI over time, between what it is compared with.
func course(k kpi) cog.Builder[dashboard.Panel] {
	return timeline(text{k.title + " over time", k.unit, k.about + " Dashed: the $baseline baseline, tier-1 human agents, and the range that an AI agent should be in."}, noConversations,
		over("now", k.of("support:kpi:value")),
		over("$baseline baseline", k.of("support:baseline:value", chosenBaseline)),
		over("human agents", k.benchmark("tier1_human")),
		over("AI target {{bound}}", sel("support:benchmark:value", eq("kpi", k.name), eq("class", "ai_target"))),
	).
		Decimals(k.decimals).
		OverrideByQuery("B", dashed(neutral)).
		OverrideByQuery("C", dashed(shades()[2])).
		OverrideByQuery("D", dashed(faint))
}

// alerts are those of this project that fire.
func alerts(severity string) string {
	return sel("ALERTS", firing, supportAlerts, eq("severity", severity))
}

func openAlerts() cog.Builder[dashboard.Panel] {
	count := func(severity string) query {
		return now(severity, "count(%s) or vector(0)", alerts(severity))
	}
	return list(text{"Open alerts", "short", "How many alerts fire. Critical: somebody is paged; warning: look at it today; info: nothing to get up for."}, "0",
		count("critical"), count("warning"), count("info"),
	).
		OverrideByName("critical", []dashboard.DynamicConfigValue{set("thresholds", thresholds(neutral, from(0, good), from(1, bad)))}).
		OverrideByName("warning", []dashboard.DynamicConfigValue{set("thresholds", thresholds(neutral, from(0, good), from(1, warning)))}).
		Text(common.NewVizTextDisplayOptionsBuilder().TitleSize(16).ValueSize(28))
}

func alertList() cog.Builder[dashboard.Panel] {
	return rows(text{"What alerts", "short", "The alerts that fire, the most severe first."}, "No open alerts",
		column("sum by (severity, alertname, kpi, window, baseline, intent, instance) (3 * %s or 2 * %s or %s)\nor on () label_replace(vector(0), \"alertname\", \"No open alerts\", \"\", \"\")",
			alerts("critical"), alerts("warning"), alerts("info")),
	).
		Transformations(merged(sorted("Value", true), []string{"Time", "Value"},
			[2]string{"severity", "Severity"}, [2]string{"alertname", "Alert"}, [2]string{"kpi", "KPI"}, [2]string{"window", "Window"},
			[2]string{"baseline", "Baseline"}, [2]string{"intent", "Intent"}, [2]string{"instance", "Instance"})).
		OverrideByName("Alert", []dashboard.DynamicConfigValue{set("custom.minWidth", 190)}).
		OverrideByName("Severity", []dashboard.DynamicConfigValue{
			set("custom.cellOptions", map[string]string{"type": "color-text"}),
			set("custom.width", 90),
			set("mappings", mapped(map[string]dashboard.ValueMappingResult{
				"critical": shown("critical", bad), "warning": shown("warning", warning), "info": shown("info", good),
			})),
		})
}

func outcomes() cog.Builder[dashboard.Panel] {
	p := stacked(text{"Outcomes", "short", "Closed conversations within the window, by how they ended, net of outcomes that no longer hold. Abandoned is silence, not resolution."}, noConversations,
		over("{{outcome}}", sel("slice:support_outcomes:net", chosenWindow, whole)))
	for _, o := range [][2]string{{"resolved", good}, {"unresolved", warning}, {"escalated", bad}, {"abandoned", faint}} {
		p.OverrideByName(o[0], []dashboard.DynamicConfigValue{painted(o[1])})
	}
	return p
}

func reasons() cog.Builder[dashboard.Panel] {
	return bars(text{"Why customers were handed over", "short", "Escalations within the window, by the reason that the agent gave."}, "No escalations in this window",
		now("{{reason}}", "sort_desc(topk(10, %s > 0))", counted("reason", "support_escalations_total")))
}

func scores() cog.Builder[dashboard.Panel] {
	return histogram(text{"CSAT scores", "short", "Answers to the survey within the window, by score: 1 is worst, 5 is best."}, "No answers in this window", "score",
		column("sum by (score) (%s)", delta("csat_responses"))).
		Transformations(merged(sorted("score", false), []string{"Time"}, [2]string{"score", "score"}, [2]string{"Value", "answers"}))
}

func spend() cog.Builder[dashboard.Panel] {
	return timeline(text{"Spend", "currencyUSD", "What the agent cost within the window, failed and escalated conversations included; beside it, what that makes for each resolution."}, noConversations,
		over("all conversations", sel("support:cost_usd:sum", chosenWindow)),
		over("per resolution", sel("support:kpi:value", eq("kpi", "cost_per_resolution_usd"), chosenWindow)),
	).
		OverrideByName("per resolution", []dashboard.DynamicConfigValue{
			set("custom.axisPlacement", "right"), set("custom.fillOpacity", 0), set("decimals", 2),
		})
}
