package conversation_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"pgregory.net/rapid"

	"supportexporter/exporter/internal/conversation"
	"supportexporter/exporter/internal/event"
	"supportexporter/exporter/internal/tally"
)

// truth is what really happened in one episode of a conversation. The model
// below works out the series from it directly, with no notion of an order.
type truth struct {
	conversation     string
	intent, tier     string
	arm              [2]string
	episode          int
	lastEpisode      bool
	facts            event.Fact
	resolved         bool
	seconds          float64
	confirmed        event.Confirmation
	reason           string
	turns            uint64
	cost             float64
	detail           string
	score            int
	turnsIncrements  []uint64
	dollarIncrements []float64
}

const cents = 100

func drawTruth(t *rapid.T) []truth {
	var all []truth
	for c := range rapid.IntRange(1, 5).Draw(t, "conversations") {
		base := truth{
			conversation: fmt.Sprintf("c%d", c),
			intent:       rapid.SampledFrom([]string{"", "refund", "login"}).Draw(t, "intent"),
			tier:         rapid.SampledFrom([]string{"", "gold"}).Draw(t, "tier"),
		}
		if rapid.Bool().Draw(t, "in experiment") {
			base.arm = [2]string{"prompt", rapid.SampledFrom([]string{"a", "b"}).Draw(t, "variant")}
		}
		episodes := rapid.IntRange(1, 3).Draw(t, "episodes")
		for n := 1; n <= episodes; n++ {
			e := base
			e.episode, e.lastEpisode = n, n == episodes
			drawFacts(t, &e)
			all = append(all, e)
		}
	}
	return all
}

func drawFacts(t *rapid.T, e *truth) {
	e.facts = event.Fact(rapid.IntRange(0, 1<<8-1).Draw(t, "facts"))
	e.resolved = rapid.Bool().Draw(t, "resolved")
	e.seconds = rapid.SampledFrom([]float64{event.NoSeconds, 0, 12.5, 180, 1e5}).Draw(t, "seconds")
	e.confirmed = event.Confirmation(rapid.IntRange(0, 2).Draw(t, "confirmed"))
	e.reason = rapid.SampledFrom([]string{"", "angry", "policy"}).Draw(t, "reason")
	e.turns = uint64(rapid.IntRange(1, 40).Draw(t, "turns"))
	e.cost = float64(rapid.IntRange(0, 900).Draw(t, "cost")) / cents
	e.detail = rapid.SampledFrom([]string{"", "model"}).Draw(t, "detail")
	e.score = rapid.IntRange(1, 5).Draw(t, "score")
	// A total and increments contradict each other.
	if e.facts&event.Turns != 0 {
		e.facts &^= event.TurnsDelta
	}
	if e.facts&event.Cost != 0 {
		e.facts &^= event.CostDelta
	}
	for range rapid.IntRange(1, 4).Draw(t, "increments") {
		e.turnsIncrements = append(e.turnsIncrements, uint64(rapid.IntRange(1, 5).Draw(t, "turns increment")))
		e.dollarIncrements = append(e.dollarIncrements, float64(rapid.IntRange(0, 90).Draw(t, "cost increment"))/cents)
	}
}

// events tells the truth in events of one fact each, in no order, each of them
// once or twice, and some facts a second time under another id.
func drawEvents(t *rapid.T, all []truth) []event.Event {
	var out []event.Event
	for _, e := range all {
		for n, piece := range e.pieces() {
			piece.ID = fmt.Sprintf("%d-%d", e.episode, n)
			for range rapid.IntRange(1, 2).Draw(t, "sent") {
				out = append(out, piece)
			}
			if piece.Facts&(event.TurnsDelta|event.CostDelta) == 0 && rapid.Bool().Draw(t, "said again") {
				piece.ID = rapid.SampledFrom([]string{"", piece.ID + "-again"}).Draw(t, "other id")
				out = append(out, piece)
			}
		}
	}
	return rapid.Permutation(out).Draw(t, "order")
}

func (e *truth) pieces() []event.Event {
	opening := event.Event{
		ConversationID: e.conversation, Intent: e.intent, Tier: e.tier,
		Experiment: e.arm[0], Variant: e.arm[1], Episode: e.episode, Seconds: event.NoSeconds,
	}
	out := []event.Event{opening}
	add := func(f event.Fact, set func(*event.Event)) {
		if e.facts&f != 0 {
			piece := opening
			piece.Facts = f
			set(&piece)
			out = append(out, piece)
		}
	}
	add(event.Resolution, func(p *event.Event) { p.Resolved = e.resolved })
	add(event.Resolution, func(p *event.Event) { p.Resolved, p.Seconds = e.resolved, e.seconds })
	add(event.Resolution, func(p *event.Event) { p.Resolved, p.Confirmed = e.resolved, e.confirmed })
	add(event.Escalation, func(p *event.Event) { p.Reason = e.reason })
	add(event.Turns, func(p *event.Event) { p.Turns = e.turns })
	add(event.Cost, func(p *event.Event) { p.Cost = e.money(e.cost) })
	add(event.SurveySent, func(*event.Event) {})
	add(event.CSAT, func(p *event.Event) { p.CSAT = e.score })
	for i := range e.turnsIncrements {
		add(event.TurnsDelta, func(p *event.Event) { p.TurnsDelta = e.turnsIncrements[i] })
		add(event.CostDelta, func(p *event.Event) { p.CostDelta = e.money(e.dollarIncrements[i]) })
	}
	return out
}

func (e *truth) money(usd float64) event.Money {
	if e.detail == "" {
		return event.Money{USD: usd}
	}
	return event.Money{USD: usd, Detail: []event.Component{{Name: e.detail, USD: usd}}}
}

// outcome gives the net outcome of an episode, "" if a reversal took it away.
func (e *truth) outcome() string {
	switch {
	case e.facts&event.Escalation != 0:
		return "escalated"
	case e.facts&event.Resolution != 0 && !e.resolved:
		return "unresolved"
	case !e.lastEpisode:
		return ""
	case e.facts&event.Resolution != 0:
		return "resolved"
	}
	return "abandoned"
}

// expected works out every series from the truth, as strings name{labels}.
func expected(all []truth) map[string]float64 {
	m := model{}
	joined := map[string]bool{}
	for i := range all {
		e := &all[i]
		if e.arm[0] != "" && !joined[e.conversation] {
			joined[e.conversation] = true
			m.add(fmt.Sprintf("support_experiment_assigned_total{experiment=%s,variant=%s}", e.arm[0], e.arm[1]), 1)
		}
		m.episode(e)
	}
	return m
}

type model map[string]float64

func (m model) add(series string, v float64) {
	if v != 0 {
		m[series] += v
	}
}

func (m model) episode(e *truth) {
	or := func(v, otherwise string) string {
		if v == "" {
			return otherwise
		}
		return v
	}
	count := func(name, extra string, v float64) {
		labels := []string{"intent=" + or(e.intent, "unknown"), "language=unknown", "tier=" + or(e.tier, "unknown")}
		m.add(name+key(extra, labels...), v)
	}
	inArm := func(name, extra string, v float64) {
		if e.arm[0] != "" {
			m.add(name+key(extra, "experiment="+e.arm[0], "variant="+e.arm[1]), v)
		}
	}
	value := func(kpi string, v float64) {
		for _, s := range []struct {
			name string
			by   float64
		}{{"values_total", 1}, {"values_sum_total", v}, {"values_squares_total", v * v}} {
			if kpi != "csat" {
				count("support_"+s.name, "kpi="+kpi, s.by)
			}
			inArm("support_experiment_"+s.name, "kpi="+kpi, s.by)
		}
	}
	histogram := func(name, extra string, v float64) {
		count(name+"_count", extra, 1)
		count(name+"_sum", extra, v)
	}
	if o := e.outcome(); o != "" {
		count("support_conversations_total", "outcome="+o, 1)
		inArm("support_experiment_conversations_total", "outcome="+o, 1)
	}
	if e.facts&event.Resolution != 0 {
		resolved := fmt.Sprintf("resolved=%v", e.resolved)
		count("support_resolutions_total", resolved, 1)
		if e.seconds >= 0 {
			histogram("support_conversation_resolution_seconds", resolved, e.seconds)
			if e.resolved {
				value("resolution_seconds", e.seconds)
			}
		}
		if e.confirmed == event.Confirmed && e.resolved {
			count("support_resolutions_confirmed_total", "", 1)
		}
	}
	if e.facts&event.Escalation != 0 {
		count("support_escalations_total", "reason="+or(e.reason, "unknown"), 1)
	}
	turns, cost := float64(e.turns), e.cost
	if e.facts&event.TurnsDelta != 0 {
		turns = 0
		for _, n := range e.turnsIncrements {
			turns += float64(n)
		}
	}
	if e.facts&event.CostDelta != 0 {
		var sum tally.Sum
		for _, v := range e.dollarIncrements {
			sum.Add(v)
		}
		cost = sum.Float64()
	}
	if e.facts&(event.Turns|event.TurnsDelta) != 0 {
		histogram("support_conversation_turns", "", turns)
		value("turns", turns)
	}
	if e.facts&(event.Cost|event.CostDelta) != 0 {
		histogram("support_conversation_cost_usd", "", cost)
		value("cost_usd", cost)
		count("support_cost_usd_total", "component="+or(e.detail, "unspecified"), cost)
	}
	if e.facts&(event.SurveySent|event.CSAT) != 0 {
		count("support_csat_surveys_total", "", 1)
	}
	if e.facts&event.CSAT != 0 {
		count("support_csat_responses_total", fmt.Sprintf("score=%d", e.score), 1)
		value("csat", float64(e.score))
	}
}

func key(extra string, labels ...string) string {
	if extra != "" {
		labels = append(labels, extra)
	}
	sorted := append([]string(nil), labels...)
	for i := range sorted {
		for j := i; j > 0 && sorted[j] < sorted[j-1]; j-- {
			sorted[j], sorted[j-1] = sorted[j-1], sorted[j]
		}
	}
	return "{" + strings.Join(sorted, ",") + "}"
}

// series gives every series of a state that is not 0, outcomes net of their
// reversals, histograms as their count and sum.
func series(t testing.TB, s *conversation.State) map[string]float64 {
	t.Helper()
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(tally.NewCollector(func() (*tally.Snapshot, error) { return s.Snapshot(), nil }))
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	m := model{}
	for _, f := range families {
		name, sign := f.GetName(), 1.0
		if strings.HasSuffix(name, "_reversed_total") {
			name, sign = strings.Replace(name, "_reversed", "", 1), -1
		}
		for _, x := range f.GetMetric() {
			labels := labelsOf(x)
			switch {
			case x.Counter != nil:
				m.add(name+labels, sign*x.GetCounter().GetValue())
			case x.Histogram != nil:
				m.add(name+"_count"+labels, float64(x.GetHistogram().GetSampleCount()))
				m.add(name+"_sum"+labels, x.GetHistogram().GetSampleSum())
			}
		}
	}
	for k, v := range m {
		if v == 0 {
			delete(m, k)
		}
	}
	return m
}

func labelsOf(x *dto.Metric) string {
	var labels []string
	for _, l := range x.GetLabel() {
		if l.GetName() != "cause" {
			labels = append(labels, l.GetName()+"="+l.GetValue())
		}
	}
	return key("", labels...)
}
