package dashboard

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// The overview's panels below the first screen.

func kpiOver(legend, name string) query {
	return over(legend, sel("support:kpi:value", eq("kpi", name), chosenWindow))
}

func volume() cog.Builder[dashboard.Panel] {
	return timeline(text{"Conversations", "short", "Closed within the window, and open right now: neither closed nor idle."}, noConversations,
		over("closed", sel("support:conversations:count", chosenWindow)),
		over("open", "sum(support_conversations_open)"),
	).Min(0)
}

func quantiles() cog.Builder[dashboard.Panel] {
	return timeline(text{"Resolution time: half and nearly all", "s", "Of what the agent resolved within the window: half took less than p50, 95 of 100 less than p95; and the mean, with its baseline."}, noConversations,
		over("p50", sel("support:resolution_seconds:quantile", eq("quantile", "0.5"), chosenWindow)),
		over("p95", sel("support:resolution_seconds:quantile", eq("quantile", "0.95"), chosenWindow)),
		kpiOver("mean", "resolution_seconds"),
		over("$baseline baseline of the mean", sel("support:baseline:value", eq("kpi", "resolution_seconds"), chosenWindow, chosenBaseline)),
	).
		Min(0).
		OverrideByQuery("D", dashed(neutral))
}

func responseRate() cog.Builder[dashboard.Panel] {
	return timeline(text{"Survey response rate", "percentunit", "Answers within the window, of the surveys offered in it. Below the dashed line CSAT says little about those who did not answer."}, "No surveys in this window",
		kpiOver("answered", "csat_response_rate"),
		over("wanted at least", "%s", sel("support:threshold:min_value", eq("kpi", "csat_response_rate"))),
		kpiOver("scores 4 and 5", "csat_top_two_rate"),
		kpiOver("scores 1 and 2", "csat_detractor_rate"),
	).
		Min(0).
		OverrideByQuery("B", dashed(neutral)).
		OverrideByQuery("C", []dashboard.DynamicConfigValue{painted(good), set("custom.fillOpacity", 0)}).
		OverrideByQuery("D", []dashboard.DynamicConfigValue{painted(bad), set("custom.fillOpacity", 0)})
}

func durable() cog.Builder[dashboard.Panel] {
	return timeline(text{"Resolutions that last", "percentunit", "Lasted: the customer did not come back. Confirmed: the customer said so. Reported: what the agent itself claims. Abandoned: conversations that ended in silence."}, noConversations,
		kpiOver("lasted", "durable_resolution_rate"),
		kpiOver("confirmed", "confirmed_share"),
		kpiOver("reported resolved", "reported_resolution_rate"),
		kpiOver("abandoned", "abandonment_rate"),
	).
		Min(0).
		OverrideByName("lasted", []dashboard.DynamicConfigValue{painted(good)}).
		OverrideByName("abandoned", []dashboard.DynamicConfigValue{painted(faint)})
}

func reversals() cog.Builder[dashboard.Panel] {
	return stacked(text{"Outcomes that no longer hold", "short", "Within the window: outcomes taken back since the customer was handed over after all, came back, or went on after silence."}, "No outcome was taken back in this window",
		over("{{outcome}}, then {{cause}}", "sum by (outcome, cause) (%s)", delta("conversations_reversed")))
}

func components() cog.Builder[dashboard.Panel] {
	return bars(text{"Spend by component", "currencyUSD", "What the spend within the window went to; unspecified is what agents gave no detail of."}, noConversations,
		now("{{component}}", "sort_desc(%s > 0)", counted("component", "support_cost_usd_total")))
}
