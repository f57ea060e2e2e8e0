package report

import (
	"fmt"
	"slices"
)

// issuesSection has one part for each KPI, where its worst issue would stand.
// What else is said of the KPI comes with it, and the evidence once.
func (r *Report) issuesSection() section {
	s := section{id: "issues", title: "Issues found"}
	told := map[string]bool{}
	for _, i := range r.Issues {
		if !told[i.KPI] {
			told[i.KPI] = true
			s.blocks = append(s.blocks, issueBlocks(slices.DeleteFunc(slices.Clone(r.Issues), func(o Issue) bool { return o.KPI != i.KPI }))...)
		}
	}
	against := ", or worse than its baseline by more than chance."
	if !slices.ContainsFunc(r.Summary.KPIs, func(k KPI) bool { return k.Deviation != nil }) {
		against = "; no baseline is known to compare with."
	}
	if len(r.Issues) == 0 {
		s.blocks = append(s.blocks, block{paragraph: "No KPI is beyond a quality line" + against})
	}
	return s
}

// issueBlocks tells of the issues of one KPI, of which the first is the worst.
func issueBlocks(issues []Issue) []block {
	first := &issues[0]
	format := formatIn(unitOf(first.KPI))
	about := []string{}
	for k := range issues {
		about = append(about, fmt.Sprintf("%s: %s", capital(issues[k].Severity), issues[k].reason(format)))
	}
	out := []block{
		{heading: first.Area, severity: first.Severity},
		{paragraph: fmt.Sprintf("%s is %s (%s samples).", titleOf(first.KPI), mark(format(first.Current), first.Small), integer(first.Samples))},
		{notes: about},
		{paragraph: first.Recommendation},
	}
	if len(first.Evidence.Drivers) > 0 {
		t := &table{caption: "Intents that drive it away from " + format(first.Target), columns: []column{
			words("Intent"), numbers(titleOf(first.KPI)), numbers("Samples"), numbers("Explains of the deviation"),
		}}
		for _, d := range first.Evidence.Drivers {
			t.rows = append(t.rows, plain(d.Intent, format(d.Value), integer(d.Samples), percent(d.Share)))
		}
		out = append(out, block{table: t})
	}
	return append(out, block{points: first.Evidence.points(first.KPI)})
}

// points are where to look.
func (e *Evidence) points(kpi string) []point {
	points := []point{
		{label: "Query", code: e.Query},
		{label: "Prometheus", text: "run the query", url: e.QueryURL},
		{label: "Grafana", text: "support-intents dashboard", url: e.DashboardURL},
	}
	for _, x := range e.Exemplars {
		text := moment(x.Time)
		if x.Intent != "" {
			text = x.Intent + ", " + text
		}
		if kpi == "cost_usd" || kpi == "turns" || kpi == "resolution_seconds" { // exemplars of histograms have a value
			text = formatIn(unitOf(kpi))(x.Value) + ", " + text
		}
		points = append(points, point{label: "Conversation", code: x.ConversationID, text: text})
	}
	if e.ExemplarsNote != "" {
		points = append(points, point{label: "Conversations", text: e.ExemplarsNote})
	}
	return points
}

// reason says what the value is beyond.
func (i *Issue) reason(format func(float64) string) string {
	switch i.Source {
	case sourceBaseline:
		return fmt.Sprintf("%s from its baseline of %s.", signedPercent(i.DeviationRatio), format(i.Target))
	case sourceThreshold:
		return fmt.Sprintf("below %s.", format(i.Limit))
	}
	return fmt.Sprintf("beyond the line of %s; the target is %s (%s).", format(i.Limit), format(i.Target), signedPercent(i.DeviationRatio))
}

func (r *Report) roiSection() section {
	s := section{id: "roi", title: "Return on investment"}
	if r.ROI == nil {
		s.blocks = []block{{paragraph: "No data: there are no outcomes to count, or more were reversed than counted."}}
		return s
	}
	s.blocks = []block{{table: r.ROI.scenarios()}, {table: r.ROI.figures()}, {table: r.ROI.assumptions()}}
	return s
}

func (r *ROI) scenarios() *table {
	t := &table{caption: "Savings: durable resolutions × cost of a human contact − AI spend − platform cost", columns: []column{
		words("Scenario"), numbers("Human contact"), numbers("Savings"), numbers("For each dollar spent"), numbers("Blended cost per contact"),
	}}
	for _, s := range r.Scenarios {
		t.rows = append(t.rows, plain(capital(s.Name), dollars(s.HumanCostUSD), dollars(s.SavingsUSD), orNoData(s.Return, dollars), dollars(s.BlendedCostUSD)))
	}
	return t
}

func (r *ROI) figures() *table {
	t := &table{caption: "What it rests on", columns: []column{words("Figure"), numbers("Value"), words("How")}}
	row := func(title, value, how string) { t.rows = append(t.rows, plain(title, value, how)) }
	row("Durable resolutions", integer(r.DurableResolutions), "resolved, and neither taken over by a human nor reopened")
	row("Share handled", percent(r.ShareHandled), "durable resolutions of all conversations, without a human")
	row("Hours saved", decimals(r.HoursSaved, 1), "durable resolutions × minutes of human work")
	row("AI spend", dollars(r.SpendUSD), "of all conversations, failed and escalated ones too")
	row("Cost per resolution", orNoData(r.CostPerResolutionUSD, dollars), "AI spend / durable resolutions")
	row("CSAT", orNoData(r.CSAT, formatIn(unitScore)), "mean of the ratings")
	row("CSAT against human agents", orNoData(r.CSATAgainstHuman, formatChange(unitScore)), "CSAT − that of human agents")
	row("Escalated", integer(r.Escalated), "each costs a human contact in the blended cost")
	return t
}

func (r *ROI) assumptions() *table {
	t := &table{caption: "Assumptions", columns: []column{words("Assumption"), numbers("Value"), words("Set by")}}
	for _, a := range r.Assumptions {
		t.rows = append(t.rows, plain(a.Name, formatIn(a.Unit)(a.Value), a.Flag))
	}
	return t
}
