package report

import (
	"fmt"
	"strings"
)

func (r *Report) summarySection() section {
	return section{id: "summary", title: "Summary", blocks: []block{
		{table: r.headline()}, {table: r.outcomeTable()}, {table: r.kpiTable()},
	}}
}

// headline has the figures that are not KPIs.
func (r *Report) headline() *table {
	t := &table{caption: "Volume, cost and time", columns: []column{words("Figure"), numbers("This period"), numbers("Samples"), numbers("Before"), numbers("Change")}}
	for _, f := range []struct {
		title  string
		figure Figure
		format func(float64) string
	}{
		{"Conversations", r.Summary.Conversations, integer},
		{"Total cost", r.Summary.TotalCostUSD, dollars},
		{"Resolution time, median", r.Summary.ResolutionSecondsP50, duration},
		{"Resolution time, 95th percentile", r.Summary.ResolutionSecondsP95, duration},
	} {
		t.rows = append(t.rows, plain(f.title, orNoData(f.figure.Value, f.format), orNoData(f.figure.Samples, integer), orNoData(f.figure.Previous, f.format), f.figure.change()))
	}
	return t
}

// change is relative to the period before.
func (f Figure) change() string {
	if f.Value == nil || f.Previous == nil || *f.Previous == 0 {
		return noData
	}
	return signedPercent((*f.Value - *f.Previous) / *f.Previous)
}

func (r *Report) outcomeTable() *table {
	t := &table{caption: "Outcomes", columns: []column{words("Outcome"), numbers("Conversations"), numbers("Share"), numbers("Before")}}
	for _, o := range r.Summary.Outcomes {
		t.rows = append(t.rows, plain(capital(o.Outcome), orNoData(o.Conversations.Value, integer), orNoData(o.Share, percent), orNoData(o.Conversations.Previous, integer)))
	}
	if c, ok := outcomeChart(r.Summary.Outcomes); ok {
		t.charts = []chart{c}
	}
	return t
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func (r *Report) kpiTable() *table {
	t := &table{caption: "KPIs", columns: []column{
		words("KPI"), numbers("Value"), numbers("Samples"), numbers("Before"), numbers("Change"), words("Verdict"),
		numbers("Baseline"), numbers("Deviation"), words("Benchmark"),
	}}
	for _, k := range r.Summary.KPIs {
		t.rows = append(t.rows, k.row())
	}
	return t
}

func (k *KPI) row() []cell {
	format := formatIn(k.Unit)
	row := plain(k.Title, noData, noData, noData, noData, "", "none", "", "none")
	if k.Current != nil {
		row[1].text, row[2].text = mark(format(k.Current.Value), k.Small), integer(k.Current.Samples)
	}
	if k.Previous != nil {
		row[3].text = format(k.Previous.Value)
	}
	if k.Change != nil {
		row[4].text, row[5] = formatChange(k.Unit)(k.Change.Difference), cell{verdictText(k.Change.Verdict), moodOf(k.Change.Verdict)}
	}
	if k.Deviation != nil {
		row[6].text, row[7].text = format(k.Deviation.Baseline), signedPercent(k.Deviation.Ratio)
	}
	if k.Benchmark != nil {
		row[8].text = classText(*k.Benchmark)
	}
	return row
}

func verdictText(verdict string) string {
	switch verdict {
	case verdictChance:
		return "within chance"
	case verdictUnknown:
		return ""
	}
	return verdict
}

func classText(class string) string {
	switch class {
	case classBest:
		return "best in class"
	case classAI:
		return "AI target"
	case classHuman:
		return "tier-1 human"
	}
	return "below tier-1 human"
}

func (r *Report) breakdownSection(b *Breakdown) section {
	s := section{id: "by-" + b.Label, title: "By " + b.Label}
	if len(b.Rows) == 0 {
		s.blocks = []block{{paragraph: "No conversations."}}
		return s
	}
	t := &table{caption: fmt.Sprintf("By %s, worst %s first", b.Label, lowerTitle(b.SortedBy))}
	t.columns = []column{words(capital(b.Label)), numbers("Conversations")}
	for _, k := range baselined() {
		t.columns = append(t.columns, numbers(k.title))
	}
	for i := range b.Rows {
		t.rows = append(t.rows, b.Rows[i].cells())
	}
	t.charts = []chart{barChart(b)}
	s.blocks = []block{{table: t}}
	return s
}

// lowerTitle is a KPI's title within a sentence.
func lowerTitle(kpi string) string {
	title := titleOf(kpi)
	if strings.HasPrefix(title, "CSAT") {
		return title
	}
	return strings.ToLower(title[:1]) + title[1:]
}

func (r *Row) cells() []cell {
	row := plain(r.Value, integer(r.Conversations))
	for _, c := range r.Cells {
		text := cell{text: noData}
		if c.Current != nil {
			text.text = mark(formatIn(unitOf(c.KPI))(c.Current.Value), c.Small)
		}
		if c.Change != nil {
			text.mood = moodOf(c.Change.Verdict)
			if text.mood != "" {
				text.text += " (" + formatChange(unitOf(c.KPI))(c.Change.Difference) + ")"
			}
		}
		row = append(row, text)
	}
	return row
}

func (r *Report) trendSection() section {
	t := &table{caption: "Weeks since the launch", columns: []column{words("Week"), words("From"), numbers("Conversations")}}
	for _, k := range baselined() {
		t.columns = append(t.columns, numbers(k.title))
	}
	for _, w := range r.Trend.Weeks {
		name := fmt.Sprint(w.Number)
		if w.Partial {
			name += " (so far)"
		}
		row := plain(name, w.From.Format("2006-01-02"), orNoData(w.Conversations, integer))
		for _, p := range w.KPIs {
			text := noData
			if p.Current != nil {
				text = formatIn(unitOf(p.KPI))(p.Current.Value)
			}
			row = append(row, cell{text: text})
		}
		t.rows = append(t.rows, row)
	}
	for _, k := range baselined() {
		if c, ok := r.trendChart(k); ok {
			t.charts = append(t.charts, c)
		}
	}
	last := r.Trend.Weeks[len(r.Trend.Weeks)-1].Number
	text := fmt.Sprintf("Launched %s; this is week %d.", moment(r.Trend.Launch), last)
	if last <= 12 {
		text += " The first 4 to 12 weeks are iteration: most agents begin below their baselines, and what counts is the direction."
	}
	return section{id: "trend", title: "Trend since launch", blocks: []block{{paragraph: text}, {table: t}}}
}
