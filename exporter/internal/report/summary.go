package report

import "math"

// Summary is the whole system over the period.
type Summary struct {
	Conversations        Figure    `json:"conversations"` // net outcomes
	TotalCostUSD         Figure    `json:"total_cost_usd"`
	ResolutionSecondsP50 Figure    `json:"resolution_seconds_p50"` // of resolved conversations
	ResolutionSecondsP95 Figure    `json:"resolution_seconds_p95"`
	Outcomes             []Outcome `json:"outcomes"`
	KPIs                 []KPI     `json:"kpis"`
}

// Figure is a number and what it was in the period before.
type Figure struct {
	Value    *float64 `json:"value"`
	Samples  *float64 `json:"samples"` // what it was made of
	Previous *float64 `json:"previous"`
}

// Outcome is one of the four, net.
type Outcome struct {
	Outcome       string   `json:"outcome"`
	Conversations Figure   `json:"conversations"`
	Share         *float64 `json:"share"`
}

// KPI is one of the fifteen, and what it is compared with.
type KPI struct {
	KPI       string     `json:"kpi"`
	Title     string     `json:"title"`
	Unit      string     `json:"unit"`
	Direction *float64   `json:"direction"` // 1 higher is better, -1 lower
	Current   *Estimate  `json:"current"`
	Previous  *Estimate  `json:"previous"`
	Change    *Change    `json:"change"`
	Deviation *Deviation `json:"deviation"`
	Benchmark *string    `json:"benchmark"` // the best class that the value belongs to
	Small     bool       `json:"small_sample"`
}

// The verdicts on a change.
const (
	verdictBetter  = "better"
	verdictWorse   = "worse"
	verdictChance  = "chance"  // it does not stand out from chance
	verdictUnknown = "unknown" // too few samples, no standard error, no threshold or no direction
)

// Change is the current value against the period before.
type Change struct {
	Difference float64  `json:"difference"`
	Ratio      *float64 `json:"ratio"` // of the previous value
	ZScore     *float64 `json:"zscore"`
	Verdict    string   `json:"verdict"`
}

// Deviation is the current value against the static baseline.
type Deviation struct {
	Baseline float64  `json:"baseline"`
	Ratio    float64  `json:"ratio"` // of the baseline, signed
	ZScore   *float64 `json:"zscore"`
}

func summarize(now, before *counted, t *targets) Summary {
	figure := func(of func(*counted) *float64, samples float64) Figure {
		return Figure{of(now), now.known(samples), of(before)}
	}
	conversations, _ := now.all().conversations()
	costs := now.all()[counter{name: "values", kpi: "cost_usd"}]
	times := now.all()[counter{name: "values", kpi: "resolution_seconds"}]
	s := Summary{
		Conversations:        figure((*counted).total, conversations),
		TotalCostUSD:         figure((*counted).spend, costs),
		ResolutionSecondsP50: figure(func(c *counted) *float64 { return c.all().quantile(0.5) }, times),
		ResolutionSecondsP95: figure(func(c *counted) *float64 { return c.all().quantile(0.95) }, times),
	}
	for _, outcome := range outcomes() {
		o := Outcome{Outcome: outcome, Conversations: figure(func(c *counted) *float64 { return c.known(c.all().net(outcome)) }, conversations)}
		if total, ok := now.all().conversations(); ok {
			share := *o.Conversations.Value / total
			o.Share = &share
		}
		s.Outcomes = append(s.Outcomes, o)
	}
	for _, k := range kpis() {
		s.KPIs = append(s.KPIs, summarizeKPI(k, now.estimate(k.name), before.estimate(k.name), t))
	}
	return s
}

func summarizeKPI(k kpi, now, before *Estimate, t *targets) KPI {
	out := KPI{KPI: k.name, Title: k.title, Unit: k.unit, Current: now, Previous: before, Change: t.change(k.name, now, before),
		Deviation: t.deviation(k.name, now), Small: t.small(k.name, now)}
	if d, ok := t.direction[k.name]; ok {
		out.Direction = &d
	}
	if now != nil {
		if class := t.class(k.name, now.Value); class != "" {
			out.Benchmark = &class
		}
	}
	return out
}

// known makes a figure of a number, if any exporter's counts are known.
func (c *counted) known(v float64) *float64 {
	if c.stores == 0 {
		return nil
	}
	return &v
}

func (c *counted) total() *float64 {
	total, _ := c.all().conversations()
	return c.known(total)
}

func (c *counted) spend() *float64 { return c.known(c.all().named("cost_usd")) }

// rounding is the share of a value below which a difference is none: sums of
// the same amount, such as a cost that is always $0.07, differ in the last digit.
const rounding = 1e-9

// change compares two periods. It is better or worse only if it stands out from
// chance as much as an alert must, and both periods have the samples for it.
func (t *targets) change(kpi string, now, before *Estimate) *Change {
	if now == nil || before == nil {
		return nil
	}
	c := &Change{Difference: now.Value - before.Value, Verdict: verdictUnknown}
	if math.Abs(c.Difference) <= rounding*math.Abs(before.Value) {
		c.Difference = 0
	}
	if before.Value != 0 {
		ratio := c.Difference / before.Value
		c.Ratio = &ratio
	}
	if now.Stderr == nil || before.Stderr == nil {
		return c
	}
	if stderr := differenceStderr(now, before, c.Difference); stderr > 0 {
		z := c.Difference / stderr
		c.ZScore = &z
	}
	direction := t.direction[kpi]
	switch {
	case t.zscore == nil || direction == 0 || !t.enough(kpi, now) || !t.enough(kpi, before):
	case c.ZScore == nil || math.Abs(*c.ZScore) < *t.zscore:
		c.Verdict = verdictChance
	case c.Difference*direction > 0:
		c.Verdict = verdictBetter
	default:
		c.Verdict = verdictWorse
	}
	return c
}

// differenceStderr is the standard error of a difference of two periods, by the
// spread of each; or by that of both taken as one, if that is more. The latter,
// which for rates is that of the pooled rate, is 0 only without a difference: a
// few samples that happen to be alike, such as 24 of 24, are no certainty.
func differenceStderr(now, before *Estimate, difference float64) float64 {
	n, m := now.Samples, before.Samples
	within := (math.Pow(*now.Stderr*n, 2) + math.Pow(*before.Stderr*m, 2)) / (n + m)
	between := n * m * math.Pow(difference/(n+m), 2)
	return max(math.Hypot(*now.Stderr, *before.Stderr), math.Sqrt((within+between)*(1/n+1/m)))
}
