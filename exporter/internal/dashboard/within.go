package dashboard

import (
	"fmt"
	"strings"
)

// What no rule records: the KPIs of one intent by tier or language. The
// formulas are those of recording-rules/support_kpis.yml.

// net is the chosen intent's outcomes by labels: counted − reversed.
func net(by string, matchers ...string) string {
	matchers = append(matchers, chosenIntent)
	return growth("$window", "1m", by, sel("support_conversations_total", matchers...)+" or -"+sel("support_conversations_reversed_total", matchers...))
}

func (k kpi) within(slice string) string {
	switch k.name {
	case "resolution_rate":
		return share(slice, "resolved")
	case "escalation_rate":
		return share(slice, "escalated")
	case "csat":
		var scores []string
		for score := 1; score <= 5; score++ {
			scores = append(scores, fmt.Sprintf("%d * %s", score,
				sel("support_csat_responses_total", eq("score", fmt.Sprint(score)), chosenIntent)))
		}
		return fmt.Sprintf("%s / (%s > 0)", growth("$window", "1m", slice, strings.Join(scores, " or ")),
			counted(slice, "support_csat_responses_total", chosenIntent))
	default:
		return fmt.Sprintf("%s / (%s > 0)",
			counted(slice, "support_values_sum_total", eq("kpi", k.name), chosenIntent),
			counted(slice, "support_values_total", eq("kpi", k.name), chosenIntent))
	}
}

// share of an outcome: 0 where there are outcomes, but none of this. An outcome
// that was counted in one window and reversed in the next can make a net outcome
// negative: then there is no share.
func share(slice, outcome string) string {
	return fmt.Sprintf("(%s or 0 * sum by (%s) (%s)) / (%s > 0 unless min by (%s) (%s) < 0)",
		net(slice, eq("outcome", outcome)), slice, sel("support_conversations_total", chosenIntent), net(slice),
		slice, net(slice+", outcome"))
}
