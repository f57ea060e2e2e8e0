package dashboard

// kpi is one of those that have a baseline.
type kpi struct {
	name     string // the label's value
	title    string
	unit     string // Grafana's
	decimals float64
	higher   bool // is better
	about    string
}

// kpis are the six, in the order in which they stand everywhere.
func kpis() []kpi {
	return []kpi{
		{"resolution_rate", "Resolution rate", "percentunit", 1, true, "Share of conversations that the agent resolved itself, without a human."},
		{"escalation_rate", "Escalation rate", "percentunit", 1, false, "Share of conversations that were handed to a human."},
		{"csat", "CSAT", "short", 2, true, "Mean score of the customers who answered the survey, 1 to 5."},
		{"resolution_seconds", "Resolution time", "s", 1, false, "Mean time to resolution, of what the agent resolved."},
		{"turns", "Turns", "short", 2, false, "Mean number of turns of a conversation."},
		{"cost_usd", "Cost", "currencyUSD", 3, false, "Mean cost of a conversation."},
	}
}

// of selects the KPI's series over the chosen window; more are further matchers.
func (k kpi) of(metric string, more ...string) string {
	return sel(metric, append([]string{eq("kpi", k.name), chosenWindow}, more...)...)
}

// benchmark is the value that just belongs to a class: its low bound where
// higher is better, else its high one.
func (k kpi) benchmark(class string) string {
	bound := "high"
	if k.higher {
		bound = "low"
	}
	return sel("support:benchmark:value", eq("kpi", k.name), eq("class", class), eq("bound", bound))
}
