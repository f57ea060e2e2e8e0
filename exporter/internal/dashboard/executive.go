package dashboard

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
)

const noHistory = "Nothing to show for this period yet"

// executive answers what the agent is worth, in words that need no glossary.
// A resolution counts here only if it lasted: no human had to step in, and the
// customer did not come back.
func executive() *board {
	b := newBoard("support-executive", "Support executive summary",
		"What is the support agent worth? Savings, hours saved and what customers think, with all assumptions at the top.",
		"now-90d",
		choice("period", "Period", "What each figure is about; it is compared with the same time before it.",
			"7d", []string{"7d", "28d"}, []string{"7 days", "28 days"}),
		number("human_cost_low", "Human cost, low ($)", "What it costs at least if a person answers one customer.", "8"),
		number("human_cost", "Human cost ($)", "What it costs if a person answers one customer.", "10"),
		number("human_cost_high", "Human cost, high ($)", "What it costs at most if a person answers one customer.", "12"),
		number("fixed_cost", "Fixed cost ($)", "What the agent costs in one period beside its use: licences, people who run it.", "0"),
		number("human_minutes", "Human minutes", "How long a person works to answer one customer.", "10"))
	b.line(6, cell{9, savings()}, cell{5, returns()}, cell{5, withoutHuman()}, cell{5, hoursSaved()})
	b.line(6, cell{6, satisfaction()}, cell{6, costPerResolution()}, cell{6, blended()}, cell{6, served()})
	b.line(9, cell{14, savingsOverTime()}, cell{10, change()})
	b.row("How it went")
	b.line(8, cell{12, satisfactionOverTime()}, cell{12, shareOverTime()})
	b.row("How this is worked out")
	b.line(9, cell{24, assumptions()})
	return b
}

func savings() cog.Builder[dashboard.Panel] {
	return tile(text{"Savings in the period", "currencyUSD", "What people would have cost for what the agent resolved for good, less all that the agent cost. Three figures, since what a person costs is an estimate."}, noHistory,
		over("cautious", saved("$human_cost_low", "")), over("expected", saved("$human_cost", "")), over("at best", saved("$human_cost_high", "")),
	).
		Decimals(0).
		Orientation(common.VizOrientationVertical).
		Thresholds(belowNothing())
}

func returns() cog.Builder[dashboard.Panel] {
	return tile(text{"Saved for each dollar spent", "currencyUSD", "The expected savings, divided by all that the agent cost in the period."}, noHistory,
		over("saved", "(%s) / ((%s + $fixed_cost) > 0)", saved("$human_cost", ""), spending("")),
	).
		Decimals(2).
		Thresholds(belowNothing())
}

func withoutHuman() cog.Builder[dashboard.Panel] {
	return againstHumans(text{"Handled without a human", "percentunit", "Share of all conversations that the agent resolved itself, compared with what human teams resolve."},
		"resolution_rate", human("resolution_rate", "low"), ">=").Decimals(1)
}

func hoursSaved() cog.Builder[dashboard.Panel] {
	return tile(text{"Hours of work saved", "short", "What the agent resolved for good, times the minutes that a person would have worked on each."}, noHistory,
		over("hours", "%s * $human_minutes / 60", lasting(""))).
		Decimals(0).
		OverrideByName("hours", []dashboard.DynamicConfigValue{painted(good)})
}

// belowNothing is bad: a loss, or a change for the worse. What is not there is
// neither.
func belowNothing() cog.Builder[dashboard.ThresholdsConfig] {
	return steps(neutral, from(-1e15, bad), from(0, good))
}

// againstHumans is a figure for the period and the one before, named and
// painted by whether it is at least as good as what human teams reach.
func againstHumans(t text, name, benchmark, asGood string) *stat.PanelBuilder {
	value := figure(name, "")
	return tile(t, noHistory,
		now("{{state}}", "%s\nor on () %s",
			state(betterThanHumans, value+" "+asGood+" on () "+benchmark),
			state(worseThanHumans, value)),
		now("the period before", figure(name, before)),
	).
		GraphMode(common.BigValueGraphModeNone).
		Orientation(common.VizOrientationHorizontal).
		OverrideByName(betterThanHumans, []dashboard.DynamicConfigValue{painted(good)}).
		OverrideByName(worseThanHumans, []dashboard.DynamicConfigValue{painted(bad)})
}

// The names of such a figure.
const (
	betterThanHumans = "at least as good as people"
	worseThanHumans  = "worse than people"
)

func satisfaction() cog.Builder[dashboard.Panel] {
	return againstHumans(text{"Customers' rating, 1 to 5", "short", "Mean rating by the customers who gave one, compared with what human agents get."},
		"csat", human("csat", "low"), ">=").Decimals(2)
}

func costPerResolution() cog.Builder[dashboard.Panel] {
	return againstHumans(text{"Cost of a solved case", "currencyUSD", "All that the agent was paid for, divided by the cases it solved, compared with what a case costs with human agents."},
		"cost_per_resolution_usd", human("cost_usd", "high"), "<=").Decimals(2)
}

func blended() cog.Builder[dashboard.Panel] {
	return tile(text{"Cost of a conversation, people included", "currencyUSD", "What the agent cost, and people for what was handed to them, divided by all conversations."}, noHistory,
		now("this period", contact("")), now("the period before", contact(before)),
	).
		Decimals(2).
		Orientation(common.VizOrientationHorizontal).
		GraphMode(common.BigValueGraphModeNone)
}

func served() cog.Builder[dashboard.Panel] {
	return tile(text{"Conversations", "short", "How many conversations came to an end in the period."}, noHistory,
		now("this period", "sum(support:conversations:count{window=\"$period\"})"),
		now("the period before", "sum(support:conversations:count{window=\"$period\"} offset $period)"),
	).
		Decimals(0).
		Orientation(common.VizOrientationHorizontal).
		GraphMode(common.BigValueGraphModeNone)
}
