package report

import (
	"fmt"
	"math"
	"strings"
)

// chart is an SVG drawing of a table's numbers: geometry and words, no style,
// so that the page's style sheet gives light, dark and paper their colours.
type chart struct {
	ID            string
	Title         string
	Key           string // what a dashed line is
	Description   string // what a screen reader says in place of the drawing
	Width, Height int
	Shapes        []shape
}

// shape is a rectangle, a line through points, a circle, or words.
type shape struct {
	Kind                string // rect, line, dot, text
	Class               string
	X, Y, Width, Height string
	Points              string
	Text                string
}

func px(v float64) string { return fmt.Sprintf("%.1f", v) }

func (c *chart) rect(class string, x, y, width, height float64) {
	c.Shapes = append(c.Shapes, shape{Kind: "rect", Class: class, X: px(x), Y: px(y), Width: px(width), Height: px(height)})
}

func (c *chart) text(class string, x, y float64, text string) {
	c.Shapes = append(c.Shapes, shape{Kind: "text", Class: class, X: px(x), Y: px(y), Text: text})
}

// line needs two points to be seen.
func (c *chart) line(class string, points ...[2]float64) {
	if len(points) < 2 {
		return
	}
	var at []string
	for _, p := range points {
		at = append(at, px(p[0])+","+px(p[1]))
	}
	c.Shapes = append(c.Shapes, shape{Kind: "line", Class: class, Points: strings.Join(at, " ")})
}

func (c *chart) dot(class string, x, y float64, text string) {
	c.Shapes = append(c.Shapes, shape{Kind: "dot", Class: class, X: px(x), Y: px(y), Text: text})
}

// outcomeChart is one bar that the outcomes share. There is none of no outcome.
func outcomeChart(outcomes []Outcome) (chart, bool) {
	c := chart{ID: "chart-outcomes", Title: "Outcome split", Width: 400, Height: 30 + 24*len(outcomes)}
	x, described := 0.0, []string{}
	for i, o := range outcomes {
		if o.Share == nil {
			return chart{}, false
		}
		label := capital(o.Outcome) + " " + percent(*o.Share)
		described = append(described, label)
		width := *o.Share * float64(c.Width)
		c.rect("series"+fmt.Sprint(i), x, 0, width, 20)
		x += width
		y := float64(30 + 24*i)
		c.rect("series"+fmt.Sprint(i), 0, y, 12, 12)
		c.text("label", 20, y+11, label)
	}
	c.Description = strings.Join(described, ", ") + "."
	return c, true
}

// barChart has a bar for each row, as long as the KPI that sorts, and a line
// where its baseline is.
func barChart(b *Breakdown) chart {
	const bar, names, values = 24.0, 130.0, 85.0
	format := formatIn(unitOf(b.SortedBy))
	c := chart{
		ID: "chart-" + b.Label, Title: titleOf(b.SortedBy) + " by " + b.Label,
		Width: 400, Height: int(bar)*len(b.Rows) + 20,
	}
	longest := 0.0
	for i := range b.Rows {
		if e := b.Rows[i].cell(b.SortedBy); e.Current != nil {
			longest = max(longest, e.Current.Value)
			if e.Deviation != nil {
				longest = max(longest, e.Deviation.Baseline)
			}
		}
	}
	scale := (float64(c.Width) - names - values) / max(longest, math.SmallestNonzeroFloat64)
	var described []string
	baseline := 0.0
	for i := range b.Rows {
		row, y := &b.Rows[i], bar*float64(i)
		e := row.cell(b.SortedBy)
		text, length := noData, 0.0
		if e.Current != nil {
			text, length = mark(format(e.Current.Value), e.Small), e.Current.Value*scale
		}
		if e.Deviation != nil {
			baseline = e.Deviation.Baseline
		}
		class := "bar"
		if e.Small {
			class = "bar small"
		}
		c.text("label", 0, y+15, shortened(row.Value))
		c.rect(class, names, y+3, length, bar-8)
		c.text("value", names+length+6, y+15, text)
		described = append(described, row.Value+" "+text)
	}
	if baseline > 0 {
		x, bottom := names+baseline*scale, bar*float64(len(b.Rows))
		c.line("baseline", [2]float64{x, 0}, [2]float64{x, bottom})
		c.text("axis middle", x, bottom+14, "baseline "+format(baseline))
		described = append(described, "baseline "+format(baseline))
	}
	c.Description = strings.Join(described, ", ") + "."
	return c
}

// shortened keeps a name within its column; the table has all of it.
func shortened(name string) string {
	runes := []rune(name)
	if len(runes) <= 19 {
		return name
	}
	return string(runes[:18]) + "…"
}

// trendChart is a KPI week by week. Weeks without data leave a gap. There is
// none before there are two weeks with data.
func (r *Report) trendChart(k kpi) (chart, bool) {
	const left, top, width, height = 70.0, 10.0, 240.0, 110.0
	format := formatIn(k.unit)
	c := chart{ID: "chart-trend-" + k.name, Title: k.title + " by week", Width: 320, Height: 150}
	baseline := r.baselineOf(k.name)
	low, high, known := r.span(k.name, baseline)
	if known < 2 {
		return chart{}, false
	}
	weeks := r.Trend.Weeks
	x := func(i int) float64 { return left + width*float64(i)/float64(len(weeks)-1) }
	y := func(v float64) float64 { return top + height*(high-v)/(high-low) }
	c.line("grid", [2]float64{left, top + height}, [2]float64{left + width, top + height})
	c.text("axis end", left-6, top+8, format(high))
	c.text("axis end", left-6, top+height, format(low))
	c.text("axis", left, top+height+18, "week "+fmt.Sprint(weeks[0].Number))
	c.text("axis end", left+width, top+height+18, "week "+fmt.Sprint(weeks[len(weeks)-1].Number))
	if baseline > 0 {
		c.line("baseline", [2]float64{left, y(baseline)}, [2]float64{left + width, y(baseline)})
		c.Key = "dashed: baseline " + format(baseline)
	}
	var run [][2]float64
	var described []string
	for i := range weeks {
		e := weeks[i].estimate(k.name)
		if e == nil {
			c.line("trend", run...)
			run = nil
			continue
		}
		text := fmt.Sprintf("week %d %s", weeks[i].Number, format(e.Value))
		run = append(run, [2]float64{x(i), y(e.Value)})
		c.dot("dot", x(i), y(e.Value), text)
		described = append(described, text)
	}
	c.line("trend", run...)
	if baseline > 0 {
		described = append(described, "baseline "+format(baseline))
	}
	c.Description = strings.Join(described, ", ") + "."
	return c, true
}

func (w *Week) estimate(kpi string) *Estimate {
	for _, p := range w.KPIs {
		if p.KPI == kpi {
			return p.Current
		}
	}
	return nil
}

// baselineOf is 0 if there is none.
func (r *Report) baselineOf(kpi string) float64 {
	for _, k := range r.Summary.KPIs {
		if k.KPI == kpi && k.Deviation != nil {
			return k.Deviation.Baseline
		}
	}
	return 0
}

// span is what an axis has to hold, with some air, and how many weeks are known.
func (r *Report) span(kpi string, baseline float64) (low, high float64, known int) {
	low, high = math.Inf(1), math.Inf(-1)
	hold := func(v float64) { low, high = min(low, v), max(high, v) }
	for i := range r.Trend.Weeks {
		if e := r.Trend.Weeks[i].estimate(kpi); e != nil {
			known++
			hold(e.Value)
		}
	}
	if baseline > 0 {
		hold(baseline)
	}
	air := max((high-low)*0.1, math.Abs(high)*0.01, 1e-6)
	return max(low-air, 0), high + air, known
}
