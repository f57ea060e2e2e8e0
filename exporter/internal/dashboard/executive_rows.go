package dashboard

import (
	"fmt"
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	markdown "github.com/grafana/grafana-foundation-sdk/go/text"
)

// The executive's figures, and its panels below them.

// figure is a KPI over the chosen period; ago shifts it, "" or "offset …".
func figure(name, ago string) string {
	return fmt.Sprintf("sum(%s%s)", sel("support:kpi:value", eq("kpi", name), `window="$period"`), ago)
}

const before = " offset $period"

// countOf is a rate times what it is a rate of.
func countOf(name, ago string) string {
	m := []string{eq("kpi", name), `window="$period"`}
	return fmt.Sprintf("sum(%s%s * %s%s)", sel("support:kpi:value", m...), ago, sel("support:kpi:samples", m...), ago)
}

// lasting is the resolutions that lasted.
func lasting(ago string) string { return countOf("durable_resolution_rate", ago) }

func spending(ago string) string {
	return fmt.Sprintf("sum(support:cost_usd:sum{window=\"$period\"}%s)", ago)
}

// saved is what people would have cost for the same, less what the agent cost.
func saved(humanCost, ago string) string {
	return fmt.Sprintf("%s * %s - %s - $fixed_cost", lasting(ago), humanCost, spending(ago))
}

// contact is what a conversation costs on average, those that people finished
// at the price of people.
func contact(ago string) string {
	return fmt.Sprintf("(%s + %s * $human_cost) / (sum(support:conversations:count{window=\"$period\"}%s) > 0)",
		spending(ago), countOf("escalation_rate", ago), ago)
}

// human is what the field's human teams reach.
func human(name, bound string) string {
	return "sum(" + sel("support:benchmark:value", eq("kpi", name), eq("class", "tier1_human"), eq("bound", bound)) + ")"
}

func savingsOverTime() cog.Builder[dashboard.Panel] {
	return timeline(text{"Savings over time", "currencyUSD", "At each point, the savings of the period that ended there: the expected figure, and the range that it is in."}, noHistory,
		over("cautious", saved("$human_cost_low", "")), over("expected", saved("$human_cost", "")), over("at best", saved("$human_cost_high", "")),
	).
		Decimals(0).
		FillOpacity(0).
		OverrideByName("expected", []dashboard.DynamicConfigValue{painted(good), set("custom.lineWidth", 3)}).
		OverrideByName("cautious", dashed(faint)).
		OverrideByName("at best", append(dashed(faint), set("custom.fillBelowTo", "cautious"), set("custom.fillOpacity", 12)))
}

// change compares with the period before. Where less is better a fall is
// shown as better.
func change() cog.Builder[dashboard.Panel] {
	ratio := func(name, this, before string, better float64) query {
		return now(name, "%g * ((%s) / ((%s) > 0) - 1)", better, this, before)
	}
	of := func(name, kpi string, better float64) query {
		return ratio(name, figure(kpi, ""), figure(kpi, before), better)
	}
	return list(text{"Better or worse than the period before", "percentunit", "Change from the period before to this one. Above zero is better: where less is better, as with cost, the change is turned round."}, noHistory,
		ratio("savings", saved("$human_cost", ""), saved("$human_cost", before), 1),
		of("handled without a human", "resolution_rate", 1),
		of("customers' rating", "csat", 1),
		of("handed to a human", "escalation_rate", -1),
		of("time to a solution", "resolution_seconds", -1),
		of("cost of a solved case", "cost_per_resolution_usd", -1),
	).
		Decimals(1).
		Thresholds(belowNothing()).
		ColorMode(common.BigValueColorModeValue)
}

func satisfactionOverTime() cog.Builder[dashboard.Panel] {
	return timeline(text{"Customers' rating against human agents", "short", "Mean rating over the period that ended at each point; dashed, what human agents get."}, noHistory,
		over("our agent", figure("csat", "")), over("human agents", human("csat", "low"))).
		Decimals(2).
		OverrideByName("our agent", []dashboard.DynamicConfigValue{painted(good)}).
		OverrideByName("human agents", dashed(neutral))
}

func shareOverTime() cog.Builder[dashboard.Panel] {
	return timeline(text{"Handled without a human, and handed over", "percentunit", "Shares of all conversations, over the period that ended at each point."}, noHistory,
		over("handled without a human", figure("resolution_rate", "")), over("handed to a human", figure("escalation_rate", ""))).
		Decimals(1).
		Min(0).
		OverrideByName("handled without a human", []dashboard.DynamicConfigValue{painted(good)}).
		OverrideByName("handed to a human", []dashboard.DynamicConfigValue{painted(bad)})
}

func assumptions() cog.Builder[dashboard.Panel] {
	return markdown.NewPanelBuilder().
		Title("How the figures are worked out").
		Description("The assumptions behind the figures above. Change them at the top.").
		Mode(markdown.TextModeMarkdown).
		Content(strings.Join([]string{
			"- **Savings** = cases solved for good × what a person costs for one − all that the agent cost − **$${fixed_cost}** fixed cost. A person costs **$${human_cost_low}** (cautious), **$${human_cost}** (expected) or **$${human_cost_high}** (at best).",
			"- **Solved for good**: the agent solved it, no human had to step in, and the customer did not come back.",
			"- **Saved for each dollar spent** = expected savings / (all that the agent cost + fixed cost).",
			"- **Hours of work saved** = cases solved for good × **${human_minutes}** minutes.",
			"- **Handled without a human**: solved by the agent. Conversations that ended in silence do not count as solved.",
			"- **Cost of a conversation, people included** = (all that the agent cost + conversations handed over × **$${human_cost}**) / all conversations.",
			"- **Human agents**: what first-line support teams reach across the industry.",
			"",
			"All figures are about the last **${period:text}**, compared with the same time before.",
		}, "\n"))
}
