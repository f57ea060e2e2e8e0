package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
)

// What is drawn is within its picture, and has the length of its number.
func TestChartsAreDrawnToScale(t *testing.T) {
	r := goldenReport(t)
	charts := []chart{barChart(&r.Breakdowns[0])}
	outcome, ok := outcomeChart(r.Summary.Outcomes)
	if !ok {
		t.Fatal("no outcomes")
	}
	charts = append(charts, outcome)
	for _, k := range baselined() {
		c, ok := r.trendChart(k)
		if !ok {
			t.Fatalf("no trend of %s", k.name)
		}
		charts = append(charts, c)
	}
	for _, c := range charts {
		for _, s := range c.Shapes {
			x, y := number(t, s.X), number(t, s.Y)
			for _, p := range strings.Fields(s.Points) {
				px, py, _ := strings.Cut(p, ",")
				x, y = max(x, number(t, px)), max(y, number(t, py))
			}
			if x < 0 || y < 0 || x+number(t, s.Width) > float64(c.Width)+0.1 || y+number(t, s.Height) > float64(c.Height)+0.1 {
				t.Errorf("%s: outside: %+v", c.ID, s)
			}
		}
	}
	var lengths []float64
	for _, s := range charts[0].Shapes {
		if s.Kind == "rect" {
			lengths = append(lengths, number(t, s.Width))
		}
	}
	for i, row := range r.Breakdowns[0].Rows {
		want := row.cell("resolution_rate").Current.Value / r.Breakdowns[0].Rows[0].cell("resolution_rate").Current.Value
		if math.Abs(lengths[i]/lengths[0]-want) > 0.01 {
			t.Errorf("%s is %v long, want %v of the first", row.Value, lengths[i], want)
		}
	}
	if sum := width(t, outcome, 0, 1, 2, 3); math.Abs(sum-float64(outcome.Width)) > 0.5 {
		t.Errorf("the outcomes are %v wide together", sum)
	}
}

func number(t *testing.T, text string) float64 {
	t.Helper()
	if text == "" {
		return 0
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// width is that of the bar's parts.
func width(t *testing.T, c chart, series ...int) float64 {
	t.Helper()
	sum := 0.0
	for _, s := range c.Shapes {
		for _, i := range series {
			if s.Class == fmt.Sprint("series", i) && s.Height == "20.0" {
				sum += number(t, s.Width)
			}
		}
	}
	return sum
}
