package report

import (
	"testing"
	"time"

	"supportexporter/exporter/internal/config"
)

// told is what the events of one episode said, each fact once.
type told struct {
	intent                        string
	resolved, unresolved, escaped bool
	confirmed                     bool
	seconds                       *float64
	survey                        bool
	csat                          int
	turns                         int
	total                         bool // the turns and the cost came as totals, not as increments
	usd                           float64
}

// episodes puts together what happened, from the events alone.
func episodes(all []arrival) (of map[string][]*told, last map[string]time.Time) {
	of, last = map[string][]*told{}, map[string]time.Time{}
	seen, intents := map[string]bool{}, map[string]string{}
	for _, a := range all {
		last[a.ConversationID] = a.at
		if key := a.ConversationID + "\xff" + a.ID; a.ID != "" && seen[key] {
			continue
		} else {
			seen[key] = true
		}
		if intents[a.ConversationID] == "" {
			intents[a.ConversationID] = a.Intent
		}
		for len(of[a.ConversationID]) < max(a.Episode, 1) {
			of[a.ConversationID] = append(of[a.ConversationID], &told{})
		}
		e := of[a.ConversationID][max(a.Episode, 1)-1]
		e.intent = intents[a.ConversationID]
		if a.Resolution != nil {
			e.resolved, e.unresolved = e.resolved || a.Resolution.Resolved, e.unresolved || !a.Resolution.Resolved
			e.confirmed = e.confirmed || a.Resolution.Confirmed != nil && *a.Resolution.Confirmed
			if a.Resolution.Seconds != nil {
				e.seconds = a.Resolution.Seconds
			}
		}
		e.escaped = e.escaped || a.Escalation != nil && a.Escalation.Escalated
		e.survey = e.survey || a.SurveySent || a.CSAT > 0
		e.csat = max(e.csat, a.CSAT)
		e.turns += a.Turns + a.TurnsDelta
		e.total = e.total || a.Turns > 0
		if a.Cost != nil {
			e.usd += a.Cost.USD
		}
		if a.CostDelta != nil {
			e.usd += a.CostDelta.USD
		}
	}
	return of, last
}

// happened is what the events add up to: sum and number of samples by KPI.
type happened struct {
	outcome map[string]float64
	kpis    map[string][2]float64
	spend   float64
}

func (h *happened) add(kpi string, yes bool, value float64) {
	s := h.kpis[kpi]
	if s[1]++; yes {
		s[0] += value
	}
	h.kpis[kpi] = s
}

func (h *happened) total() float64 {
	sum := 0.0
	for _, n := range h.outcome {
		sum += n
	}
	return sum
}

// addUp counts every episode until a time, straight from what was told of it.
func addUp(all []arrival, until time.Time) *happened {
	h := &happened{outcome: map[string]float64{}, kpis: map[string][2]float64{}}
	of, last := episodes(all)
	for id, list := range of {
		idle := !last[id].Add(config.Default().IdleTimeout).After(until)
		for n, e := range list {
			h.outcomeOf(e, n == len(list)-1, idle)
			h.facts(e)
			if final := n == len(list)-1; e.total || !final || idle { // increments are added up when it is idle
				h.add("turns", true, float64(e.turns))
				h.add("cost_usd", true, e.usd)
			}
		}
	}
	for _, rate := range [][2]string{{"resolution_rate", "resolved"}, {"escalation_rate", "escalated"}, {"abandonment_rate", "abandoned"}} {
		h.kpis[rate[0]] = [2]float64{h.outcome[rate[1]], h.total()}
	}
	h.kpis["cost_per_resolution_usd"] = [2]float64{h.spend, h.outcome["resolved"]}
	return h
}

// outcomeOf counts an episode's net outcome, if it has one.
func (h *happened) outcomeOf(e *told, final, idle bool) {
	switch {
	case e.escaped:
		h.outcome["escalated"]++
	case e.unresolved && !e.resolved:
		h.outcome["unresolved"]++
	case e.resolved && final:
		h.outcome["resolved"]++
	case !e.resolved && final && idle:
		h.outcome["abandoned"]++
	}
}

func (h *happened) facts(e *told) {
	h.spend += e.usd
	if e.csat > 0 {
		h.add("csat", true, float64(e.csat))
		h.add("csat "+e.intent, true, float64(e.csat))
		h.add("csat_detractor_rate", e.csat <= 2, 1)
		h.add("csat_top_two_rate", e.csat >= 4, 1)
	}
	if e.survey {
		h.add("csat_response_rate", e.csat > 0, 1)
	}
	if e.resolved || e.unresolved {
		h.add("reported_resolution_rate", e.resolved, 1)
	}
	if e.resolved {
		h.add("confirmed_share", e.confirmed, 1)
	}
	if e.resolved && e.seconds != nil {
		h.add("resolution_seconds", true, *e.seconds)
	}
}

// asHappened compares a report of a store's whole life with the events.
func asHappened(t *testing.T, all []arrival, until time.Time, r *Report) {
	t.Helper()
	h := addUp(all, until)
	compared := 0
	compare := func(name string, got *Estimate) {
		t.Helper()
		want, ok := h.kpis[name]
		if !ok {
			return
		}
		compared++
		if got == nil || got.Samples != want[1] || !near(got.Value, want[0]/want[1]) {
			t.Errorf("%s: %v of %v happened, %+v reported", name, want[0], want[1], got)
		}
	}
	for _, k := range r.Summary.KPIs {
		compare(k.KPI, k.Current)
	}
	for _, row := range r.Breakdowns[0].Rows {
		compare("csat "+row.Value, row.cell("csat").Current)
	}
	for _, o := range r.Summary.Outcomes {
		if *o.Conversations.Value != h.outcome[o.Outcome] {
			t.Errorf("%s: %v happened, %v reported", o.Outcome, h.outcome[o.Outcome], *o.Conversations.Value)
		}
	}
	if *r.Summary.Conversations.Value != h.total() || !near(*r.Summary.TotalCostUSD.Value, h.spend) || r.ROI.DurableResolutions != h.outcome["resolved"] {
		t.Errorf("%v conversations for %v happened, %v for %v reported", h.total(), h.spend, *r.Summary.Conversations.Value, *r.Summary.TotalCostUSD.Value)
	}
	if compared != 16 || h.total() < 400 {
		t.Errorf("compared %d figures of %v conversations", compared, h.total())
	}
}
