package dashboard

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// breakdown answers where the agent does badly: for which intents, tiers,
// languages and hours, and in which conversations.
//
// All intents is the regular expression .*, which matches the absence of the
// label too. So {intent=~"$intent"} selects what is recorded of the whole
// system while all are chosen, and nothing of it once one is; then what is
// behind the or takes over. Alerts link here with ?var-intent=.
func breakdown() *board {
	b := newBoard("support-intents", "Support breakdown",
		"Where does the agent do well, and where badly? The KPIs by intent, tier, language and hour; pick an intent, and everything follows.",
		"now-7d", windowVariable(),
		labelVariable("intent", "Intent", "What the tiers, languages, hours and conversations below are about.",
			`label_values(intent:support_conversations:count{window="28d"}, intent)`, ".*", false))
	b.line(9, cell{24, byIntent()})
	b.line(8, cell{12, bySlice("tier", "Tier")}, cell{12, bySlice("language", "Language")})
	b.row("The last 24 hours against the same hours of past weeks: $intent")
	var past, hours []cell
	for _, k := range kpis() {
		past = append(past, cell{8, pastWeeks(k)})
		hours = append(hours, cell{8, byHour(k)})
	}
	b.line(7, past[:3]...).line(7, past[3:]...)
	b.row("By hour of the day (UTC): $intent")
	b.line(7, hours[:3]...).line(7, hours[3:]...)
	b.row("Into the conversations: $intent")
	b.line(9, cell{12, slowest()}, cell{12, dearest()})
	b.line(9, cell{12, unhappy()}, cell{12, escalations()})
	return b
}

// kpiColumns are a table's columns of KPIs, as merged renames them: the first
// query of the KPIs has the letter B.
func kpiColumns(slice, title string) [][2]string {
	names := [][2]string{{slice, title}, {"Value #A", "Conversations"}}
	for i, k := range kpis() {
		names = append(names, [2]string{fmt.Sprintf("Value #%c", 'B'+i), k.title})
	}
	return names
}

// kpiOverrides give each of these columns its unit, and a bar.
func kpiOverrides() []cog.Builder[dashboard.DashboardFieldConfigSourceOverrides] {
	var all []cog.Builder[dashboard.DashboardFieldConfigSourceOverrides]
	column := func(name, unit string, decimals float64) {
		all = append(all, dashboard.NewDashboardFieldConfigSourceOverridesBuilder().
			Matcher(dashboard.MatcherConfig{Id: "byName", Options: name}).
			Properties([]dashboard.DynamicConfigValue{
				set("unit", unit), set("decimals", decimals), set("min", 0), painted(measured),
				set("custom.cellOptions", map[string]string{"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}),
			}))
	}
	column("Conversations", "short", 0)
	for _, k := range kpis() {
		column(k.title, k.unit, k.decimals)
	}
	return all
}

// byIntent shows all intents whichever is chosen: it is where one is.
func byIntent() cog.Builder[dashboard.Panel] {
	queries := []query{column("sum by (intent) (%s)", sel("intent:support_conversations:count", chosenWindow))}
	for _, k := range kpis() {
		queries = append(queries, column("sum by (intent) (%s)", k.of("intent:support_kpi:value")))
	}
	queries = append(queries, column(
		"max by (intent) (0 * %s + 2 or 0 * %s + 1 or 0 * %s)",
		sel("intent:support_kpi:regression_ratio", eq("severity", "critical")),
		sel("intent:support_kpi:regression_ratio", eq("severity", "warning")),
		sel("intent:support_conversations:count", chosenWindow)))
	p := rows(text{"By intent, the lowest resolution rate first", "short", "Every intent's KPIs. Click a heading to sort by it, an intent to pick it. Against itself: whether its last day is worse than its 28 days before, beyond the thresholds of the alerts."}, noConversations, queries...).
		Transformations(merged(sorted("Value #B", false), []string{"Time"},
			append(kpiColumns("intent", "Intent"), [2]string{"Value #H", "Against itself"})...)).
		Overrides(kpiOverrides())
	return p.
		OverrideByName("Intent", []dashboard.DynamicConfigValue{leads("Pick this intent", "support-intents?var-intent=${__value.raw:percentencode}")}).
		OverrideByName("Against itself", []dashboard.DynamicConfigValue{
			set("custom.cellOptions", map[string]string{"type": "color-text"}),
			set("mappings", mapped(map[string]dashboard.ValueMappingResult{
				"0": shown(asExpected, good), "1": shown(worse, warning), "2": shown(muchWorse, bad),
			})),
		})
}

// bySlice is a table by tier or language: recorded for all intents together,
// and counted by the exporter for one.
func bySlice(slice, title string) cog.Builder[dashboard.Panel] {
	either := func(recorded, raw string) query { return column("sum by (%s) (%s)\nor on () %s", slice, recorded, raw) }
	queries := []query{either(sel(slice+":support_conversations:count", chosenWindow, chosenIntent), net(slice))}
	for _, k := range kpis() {
		queries = append(queries, either(k.of(slice+":support_kpi:value", chosenIntent), k.within(slice)))
	}
	return rows(text{title + ", the lowest resolution rate first: $intent", "short", "The KPIs by " + slice + ", of the chosen intent. Click a heading to sort by it."}, noConversations, queries...).
		Transformations(merged(sorted("Value #B", false), []string{"Time"}, kpiColumns(slice, title)...)).
		Overrides(kpiOverrides())
}
