package dashboard

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// The breakdown's panels by hour, and those that lead to conversations.

// hourly selects a KPI's 1h window: of all conversations, or of the intent.
func (k kpi) hourly(metric string, more ...string) string {
	return sel(metric, append([]string{eq("kpi", k.name), `window="1h"`, chosenIntent}, more...)...)
}

func pastWeeks(k kpi) cog.Builder[dashboard.Panel] {
	queries := []query{over("these 24 hours", "%s\nor on (kpi, window) %s", k.hourly("support:kpi:value"), k.hourly("intent:support_kpi:value"))}
	for week := 1; week <= 3; week++ {
		queries = append(queries, over(fmt.Sprintf("%d weeks before", week), "%s\nor on (kpi, window) %s offset %dd",
			k.hourly("support:weeks_ago:value", eq("weeks", fmt.Sprint(week))), k.hourly("intent:support_kpi:value"), 7*week))
	}
	queries[1].legend = "a week before"
	return timeline(text{k.title + ", today and before", k.unit, k.about + " Each point is the hour before it: the last 24 hours, and thin the same hours of the three weeks before."}, noConversations, queries...).
		Decimals(k.decimals).
		TimeFrom("24h").
		LineWidth(1).
		FillOpacity(0).
		OverrideByQuery("A", []dashboard.DynamicConfigValue{set("custom.lineWidth", 3)})
}

// byHour is recorded of all conversations. Of one intent its hours of the last
// 28 days are weighted by their samples, as the recording rule does.
func byHour(k kpi) cog.Builder[dashboard.Panel] {
	const hour = `* on () group_left (hour) count_values("hour", hour(vector(time() - 1800)))`
	value, samples := k.hourly("intent:support_kpi:value"), k.hourly("intent:support_kpi:samples")
	intent := fmt.Sprintf(`label_replace(
  sum by (hour, kpi) (sum_over_time((%s * %s %s)[28d:1h]))
  / sum by (hour, kpi) (sum_over_time((%s %s)[28d:1h])),
  "hour", "0$1", "hour", "(.)")`, value, samples, hour, samples, hour)
	return histogram(text{k.title + " by hour", k.unit, k.about + " By hour of the day, in UTC, over the last 28 days, whichever window is chosen: 13 is 13:00 to 14:00."}, noConversations, "hour",
		column("sum by (hour) (%s\nor on (kpi) %s)", sel("hour:support_kpi:value", eq("kpi", k.name), chosenIntent), intent)).
		Decimals(k.decimals).
		Min(0).
		XTickLabelSpacing(100).
		Transformations(merged(sorted("hour", false), []string{"Time"}, [2]string{"hour", "hour"}, [2]string{"Value", k.title}))
}

// Each dot on these is a conversation; the data source says where its id leads.
const dots = " At each point, of the hour before it. Each dot is a conversation: click it to go there."

func quantile(q, buckets string, matchers ...string) string {
	return fmt.Sprintf("histogram_quantile(%s, %s) >= 0", q, lastHour("le", buckets, matchers...))
}

func slowest() cog.Builder[dashboard.Panel] {
	const buckets = "support_conversation_resolution_seconds_bucket"
	return conversations("6h", text{"Resolution time, as it came in", "s", "Half of the resolved conversations took less than p50, 95 of 100 less than p95." + dots},
		over("p50", "%s", quantile("0.5", buckets, eq("resolved", "true"))),
		over("p95", "%s", quantile("0.95", buckets, eq("resolved", "true"))).withExemplars())
}

func dearest() cog.Builder[dashboard.Panel] {
	const buckets = "support_conversation_cost_usd_bucket"
	return conversations("6h", text{"Cost of a conversation, as it came in", "currencyUSD", "Half of the conversations cost less than p50, 95 of 100 less than p95." + dots},
		over("p50", "%s", quantile("0.5", buckets)),
		over("p95", "%s", quantile("0.95", buckets)).withExemplars())
}

func unhappy() cog.Builder[dashboard.Panel] {
	return conversations("24h", text{"Scores 1 and 2, as they came in", "short", "Answers to the survey by customers who were unhappy." + dots},
		over("score {{score}}", lastHour("score", "support_csat_responses_total", `score=~"1|2"`)).withExemplars()).
		FillOpacity(30)
}

func escalations() cog.Builder[dashboard.Panel] {
	return conversations("24h", text{"Escalations, as they came in", "short", "Conversations that were handed to a human, by the reason that the agent gave." + dots},
		over("{{reason}}", lastHour("reason", "support_escalations_total")).withExemplars()).
		FillOpacity(30)
}

// conversations is a timeline of the exporter's own series, whose exemplars
// are conversations. There are many of these series, so that it looks back no
// further than what one would look into, whichever time is chosen.
func conversations(back string, t text, queries ...query) *timeseries.PanelBuilder {
	return timeline(t, noEvents, queries...).Min(0).TimeFrom(back).MaxDataPoints(200).Interval("10m")
}
