package dashboard

import (
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// place is where a panel or row stands.
type place struct {
	title      string
	id         uint32
	x, y, w, h uint32
}

func placesOf(d dashboard.Dashboard) []place {
	var out []place
	for _, p := range d.Panels {
		if r := p.RowPanel; r != nil {
			out = append(out, place{*r.Title, r.Id, r.GridPos.X, r.GridPos.Y, r.GridPos.W, r.GridPos.H})
			continue
		}
		g := p.Panel.GridPos
		out = append(out, place{*p.Panel.Title, *p.Panel.Id, g.X, g.Y, g.W, g.H})
	}
	return out
}

func TestNoPanelOverlaps(t *testing.T) {
	for _, d := range decoded(t) {
		taken := map[[2]uint32]string{}
		ids := map[uint32]string{}
		for _, p := range placesOf(d) {
			if other, ok := ids[p.id]; ok || p.id == 0 {
				t.Errorf("%s: %q has the id %d, as %q", *d.Uid, p.title, p.id, other)
			}
			ids[p.id] = p.title
			if p.w == 0 || p.h == 0 || p.x+p.w > columns {
				t.Errorf("%s: %q stands at %+v", *d.Uid, p.title, p)
			}
			for x := p.x; x < p.x+p.w; x++ {
				for y := p.y; y < p.y+p.h; y++ {
					if other, ok := taken[[2]uint32{x, y}]; ok {
						t.Fatalf("%s: %q overlaps %q", *d.Uid, p.title, other)
					}
					taken[[2]uint32{x, y}] = p.title
				}
			}
		}
	}
}

// Panels side by side are equally high, and leave no hole.
func TestLinesAreEvenAndFull(t *testing.T) {
	for _, d := range decoded(t) {
		heights, widths := map[uint32]uint32{}, map[uint32]uint32{}
		for _, p := range placesOf(d) {
			if h, ok := heights[p.y]; ok && h != p.h {
				t.Errorf("%s: %q is %d high, beside %d", *d.Uid, p.title, p.h, h)
			}
			heights[p.y] = p.h
			widths[p.y] += p.w
		}
		for y, w := range widths {
			if w != columns {
				t.Errorf("%s: the line at %d is %d wide", *d.Uid, y, w)
			}
			if _, ok := heights[y+heights[y]]; !ok && y+heights[y] != bottom(d) {
				t.Errorf("%s: nothing follows the line at %d", *d.Uid, y)
			}
		}
	}
}

func bottom(d dashboard.Dashboard) uint32 {
	var bottom uint32
	for _, p := range placesOf(d) {
		bottom = max(bottom, p.y+p.h)
	}
	return bottom
}

// What is seen without scrolling at 1600×1000: a unit of the grid is 38 pixels
// high, and Grafana's own bars take at most 150.
func TestFirstScreenAnswers(t *testing.T) {
	const visible = (1000 - 150) / 38
	want := map[string][]string{
		"support-overview": {"Resolution rate", "Escalation rate", "CSAT", "Resolution time", "Turns", "Cost",
			"Cost in detail", "Open alerts", "What alerts", "Outcomes", "Why customers were handed over", "CSAT scores", "Spend"},
		"support-intents":     {"By intent, the lowest resolution rate first", "Tier, the lowest resolution rate first: $intent"},
		"support-experiments": {"Verdict", "Why", "Sample ratio", "Arms side by side", "Every KPI against the control"},
		"support-executive": {"Savings in the period", "Saved for each dollar spent", "Handled without a human", "Hours of work saved",
			"Customers' rating, 1 to 5", "Cost of a solved case", "Better or worse than the period before"},
		"support-exporter": {"Scraped", "Events are durable", "Rejected", "Queue", "Series budget", "Rejected events by reason", "Delay of events"},
	}
	for _, d := range decoded(t) {
		seen := map[string]bool{}
		for _, p := range placesOf(d) {
			seen[p.title] = seen[p.title] || p.y+p.h <= visible
		}
		for _, title := range want[*d.Uid] {
			if !seen[title] {
				t.Errorf("%s: %q is not on the first screen", *d.Uid, title)
			}
		}
	}
}
