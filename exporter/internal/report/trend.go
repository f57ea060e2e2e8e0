package report

import (
	"context"
	"time"
)

// Trend is the whole system since its launch, week by week: agents start below
// their baselines, and the first 4 to 12 weeks are iteration.
type Trend struct {
	Launch time.Time `json:"launch"` // when the first exporter's store was created
	Weeks  []Week    `json:"weeks"`  // the last 53 at most
}

// Week is seven days from a multiple of seven days after the launch on; the
// last one may be shorter.
type Week struct {
	Number        int       `json:"number"` // from 1
	From          time.Time `json:"from"`
	To            time.Time `json:"to"`
	Partial       bool      `json:"partial"`
	Conversations *float64  `json:"conversations"`
	KPIs          []Point   `json:"kpis"`
}

// Point is a KPI in a week.
type Point struct {
	KPI     string    `json:"kpi"`
	Current *Estimate `json:"current"`
}

// trend counts every week up to a time.
func (h *history) trend(ctx context.Context, to time.Time) (Trend, error) {
	t := Trend{Weeks: []Week{}}
	for _, l := range h.lives {
		if t.Launch.IsZero() || l.start.Before(t.Launch) {
			t.Launch = l.start
		}
	}
	number := 1
	from := t.Launch
	for ; to.Sub(from) > longestTrend; number++ {
		from = from.Add(week)
	}
	for ; to.Sub(from) >= time.Hour; number++ {
		w := Week{Number: number, From: from, To: from.Add(week)}
		if w.To.After(to) {
			w.To, w.Partial = to, true
		}
		c, err := h.count(ctx, wholeExpr, Period{From: w.From, To: w.To})
		if err != nil {
			return Trend{}, err
		}
		if c.stores == 0 && len(t.Weeks) == 0 {
			from = w.To
			continue // Prometheus does not reach back so far
		}
		w.Conversations = c.total()
		for _, k := range baselined() {
			w.KPIs = append(w.KPIs, Point{k.name, c.all().estimate(k.name)})
		}
		t.Weeks = append(t.Weeks, w)
		from = w.To
	}
	return t, nil
}
