package report

import "context"

// The sources of issues.
const (
	sourceLine      = "quality_line" // a fixed line, whatever the baseline
	sourceBaseline  = "baseline"     // worse than the static baseline, as the alerts have it
	sourceThreshold = "threshold"    // below support:threshold:min_value
)

// Issue is something to work on.
type Issue struct {
	Area           string   `json:"area"`
	KPI            string   `json:"kpi"`
	Source         string   `json:"source"`
	Severity       string   `json:"severity"`
	Current        float64  `json:"current"`
	Samples        float64  `json:"samples"`
	Limit          float64  `json:"limit"`  // what it is beyond
	Target         float64  `json:"target"` // where it should be
	DeviationRatio float64  `json:"deviation_ratio"`
	Small          bool     `json:"small_sample"` // too few to act on
	Recommendation string   `json:"recommendation"`
	Evidence       Evidence `json:"evidence"`
}

// line is a quality line: a value beyond it is an issue however the baselines
// are set.
type line struct {
	kpi, severity string
	limit, target float64
}

// lines are three of CSAT, escalations and cost. They are a matter of quality,
// so they belong to the report; what a team expects of itself, and may change,
// are the baselines.
func lines() []line {
	return []line{
		{"csat", "high", 4.0, 4.2},
		{"escalation_rate", "medium", 0.15, 0.10},
		{"cost_usd", "low", 0.40, 0.25},
	}
}

// advice is what an area is called, and what helps.
func advice(kpi string) (area, recommendation string) {
	switch kpi {
	case "csat":
		return "CSAT", "Read the conversations with scores 1 and 2 of the intents below: is the answer wrong, or its tone? Mend the prompt or the knowledge for these intents, and test it as an experiment."
	case "escalation_rate":
		return "Escalation", "See for which reasons these intents are handed over: give the agent the tool or the permission it lacks, or more confidence where it gives up too early."
	case "cost_usd":
		return "Cost", "Shorten prompts and contexts of these intents, use a smaller model where it does as well, and save tool calls and turns."
	case "resolution_rate":
		return "Resolution", "Find out what these intents end as instead: escalated lacks tools or confidence, abandoned lacks speed or trust, unresolved lacks knowledge."
	case "resolution_seconds":
		return "Resolution time", "Look for slow tools and needless turns in these intents."
	case "turns":
		return "Turns", "Have the agent ask for everything it needs at once, and look up what it can in these intents."
	case "csat_response_rate":
		return "Survey response", "Ask right after the conversation, with one click; below 30 % the ratings say little about those who did not answer."
	}
	return titleOf(kpi), "Look at the intents below."
}

// findIssues gives what is beyond a quality line, worse than its baseline, or
// answered too rarely, worst first.
func findIssues(ctx context.Context, o Options, now *counted, t *targets) ([]Issue, error) {
	issues := []Issue{}
	add := func(source, kpi, severity string, limit, target float64) {
		e := now.estimate(kpi)
		area, recommendation := advice(kpi)
		direction := 1.0
		if target < limit {
			direction = -1
		}
		issues = append(issues, Issue{
			Area: area, KPI: kpi, Source: source, Severity: severity, Current: e.Value, Samples: e.Samples, Limit: limit, Target: target,
			DeviationRatio: (e.Value - target) / target, Small: t.small(kpi, e), Recommendation: recommendation,
			Evidence: Evidence{Drivers: drivers(now, kpi, target, direction)},
		})
	}
	for _, k := range kpis() {
		if severity := t.regression(k.name, now.estimate(k.name)); severity != "" {
			baseline := t.baseline[k.name]
			limit := baseline * (1 - t.direction[k.name]*t.threshold[[2]string{k.name, severity}])
			add(sourceBaseline, k.name, severity, limit, baseline)
		}
	}
	for _, l := range lines() {
		e := now.estimate(l.kpi)
		if e != nil && (l.limit < l.target) == (e.Value < l.limit) && e.Value != l.limit {
			add(sourceLine, l.kpi, l.severity, l.limit, l.target)
		}
	}
	const surveys = "csat_response_rate"
	if e, limit := now.estimate(surveys), t.minValue[surveys]; e != nil && e.Value < limit && e.Samples >= t.minSamples[[2]string{surveys, "warning"}] {
		add(sourceThreshold, surveys, "warning", limit, limit)
	}
	sortIssues(issues)
	for i := range issues {
		if err := issues[i].lookUp(ctx, o); err != nil {
			return nil, err
		}
	}
	return issues, nil
}
