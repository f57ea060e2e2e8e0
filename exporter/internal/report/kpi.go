package report

import (
	"math"
	"strings"
)

// kpi is one of those the recording rules have.
type kpi struct{ name, title, unit string }

// The units of a KPI's value, and of an assumption's.
const (
	unitRatio   = "ratio" // 0 to 1
	unitScore   = "score" // 1 to 5
	unitSeconds = "seconds"
	unitTurns   = "turns"
	unitUSD     = "usd"
	unitMinutes = "minutes"
)

// kpis are all, in the order in which they are reported.
func kpis() []kpi {
	return []kpi{
		{"resolution_rate", "Resolution rate", unitRatio},
		{"escalation_rate", "Escalation rate", unitRatio},
		{"csat", "CSAT", unitScore},
		{"resolution_seconds", "Resolution time, mean", unitSeconds},
		{"turns", "Turns per conversation", unitTurns},
		{"cost_usd", "Cost per conversation", unitUSD},
		{"cost_per_resolution_usd", "Cost per resolution", unitUSD},
		{"durable_resolution_rate", "Durable resolutions", unitRatio},
		{"reported_resolution_rate", "Reported resolved", unitRatio},
		{"confirmed_share", "Resolutions confirmed", unitRatio},
		{"abandonment_rate", "Abandonment rate", unitRatio},
		{"csat_weighted", "CSAT, last 7 days twice", unitScore},
		{"csat_top_two_rate", "CSAT 4 and 5", unitRatio},
		{"csat_detractor_rate", "CSAT 1 and 2", unitRatio},
		{"csat_response_rate", "Survey response rate", unitRatio},
	}
}

// baselined are the six with a static baseline: those of breakdowns and trends.
func baselined() []kpi { return kpis()[:6] }

// Sortable are the KPIs that a breakdown has.
func Sortable() []string {
	var names []string
	for _, k := range baselined() {
		names = append(names, k.name)
	}
	return names
}

func titleOf(name string) string {
	for _, k := range kpis() {
		if k.name == name {
			return k.title
		}
	}
	return name
}

func unitOf(name string) string {
	for _, k := range kpis() {
		if k.name == name {
			return k.unit
		}
	}
	return ""
}

// Estimate is a KPI's value over a period.
type Estimate struct {
	Value   float64  `json:"value"`
	Samples float64  `json:"samples"`
	Stderr  *float64 `json:"stderr"`
	sum     float64  // Value times Samples, exactly
}

// moments are what a KPI is made of: Value is sum / n.
type moments struct{ sum, n, squares float64 }

// estimate works a KPI out, or gives nil if there is no sample. Each formula is
// that of support_kpis.yml.
func (c counts) estimate(name string) *Estimate {
	m, ok := c.moments(name)
	if !ok || m.n <= 0 {
		return nil
	}
	e := &Estimate{Value: m.sum / m.n, Samples: m.n, sum: m.sum}
	variance := -1.0
	switch unitOf(name) {
	case unitRatio:
		variance = e.Value * (1 - e.Value)
	case unitScore:
		variance = max(m.squares/m.n-e.Value*e.Value, 1.0/12)
	default:
		if name != "cost_per_resolution_usd" {
			variance = max(m.squares/m.n-e.Value*e.Value, 0)
		}
	}
	if variance >= 0 {
		stderr := math.Sqrt(variance / m.n)
		e.Stderr = &stderr
	}
	return e
}

func (c counts) moments(name string) (moments, bool) {
	switch {
	case strings.HasPrefix(name, "csat"):
		return c.satisfaction(name), true
	case name == "reported_resolution_rate":
		return moments{sum: c[counter{name: "resolutions", resolved: "true"}], n: c.named("resolutions")}, true
	case name == "confirmed_share":
		return moments{sum: c.named("resolutions_confirmed"), n: c[counter{name: "resolutions", resolved: "true"}]}, true
	case name == "durable_resolution_rate":
		r := c[counter{name: "conversations", outcome: "resolved"}] - c.reversed("resolved", "escalated")
		return moments{sum: c.net("resolved"), n: r}, c.net("resolved") >= 0
	case name == "cost_per_resolution_usd":
		return moments{sum: c.named("cost_usd"), n: c.net("resolved")}, true
	case strings.HasSuffix(name, "_rate"):
		total, ok := c.conversations()
		return moments{sum: c.net(outcomeOf(name)), n: total}, ok
	}
	return moments{
		n:       c[counter{name: "values", kpi: name}],
		sum:     c[counter{name: "values_sum", kpi: name}],
		squares: c[counter{name: "values_squares", kpi: name}],
	}, true
}

func outcomeOf(rate string) string {
	switch rate {
	case "escalation_rate":
		return "escalated"
	case "abandonment_rate":
		return "abandoned"
	}
	return "resolved"
}

func (c counts) satisfaction(name string) moments {
	n, sum, squares := c.scores(1, 5)
	switch name {
	case "csat_top_two_rate":
		good, _, _ := c.scores(4, 5)
		return moments{sum: good, n: n}
	case "csat_detractor_rate":
		bad, _, _ := c.scores(1, 2)
		return moments{sum: bad, n: n}
	case "csat_response_rate":
		return moments{sum: n, n: c.named("csat_surveys")}
	}
	return moments{sum, n, squares}
}

// estimate is that of the whole system; csat_weighted counts the last seven
// days twice, which needs a longer period.
func (c *counted) estimate(name string) *Estimate {
	if name != "csat_weighted" {
		return c.all().estimate(name)
	}
	e := c.all().estimate("csat")
	if e == nil || c.recent == nil {
		return nil
	}
	n, sum, _ := c.recent.scores(1, 5)
	weights := e.Samples + n
	stderr := *e.Stderr * math.Sqrt((e.Samples+3*n)*e.Samples) / weights
	return &Estimate{Value: (e.sum + sum) / weights, Samples: e.Samples, Stderr: &stderr}
}
