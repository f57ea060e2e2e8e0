package tally

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Collector exposes snapshots. It implements prometheus.Collector. Scrapes are
// answered by an Encoder: this is what its bytes are held to, and what tests of
// other packages gather.
type Collector struct {
	take func() (*Snapshot, error)
}

// NewCollector makes a Collector of what take gives at each scrape. An error
// of take fails the scrape: half of the series would be worse than none.
func NewCollector(take func() (*Snapshot, error)) *Collector {
	return &Collector{take: take}
}

// Describe sends the descriptors of all metrics there can be.
func (c *Collector) Describe(ch chan<- *prometheus.Desc) {
	for i := range families {
		ch <- families[i].desc
	}
}

// Collect sends every series.
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	s, err := c.take()
	if err != nil {
		ch <- prometheus.NewInvalidMetric(families[famOpen].desc, err)
		return
	}
	e := emitter{ch: ch, s: s}
	e.gauge(famOpen, float64(s.Open))
	e.gauge(famStart, float64(s.Start)/1000)
	for i := range s.cells {
		e.cell(&s.cells[i])
	}
	for i := range s.arms {
		e.arm(&s.arms[i])
	}
}

// emitter turns a snapshot into metrics.
type emitter struct {
	ch chan<- prometheus.Metric
	s  *Snapshot
}

func (e *emitter) gauge(f family, v float64) {
	e.ch <- &metric{desc: families[f].desc, m: dto.Metric{Gauge: &dto.Gauge{Value: &v}}}
}

func (e *emitter) counter(f family, labels []*dto.LabelPair, created *timestamppb.Timestamp, v float64, x *exemplar) {
	e.ch <- &metric{desc: families[f].desc, m: dto.Metric{
		Label:   labels,
		Counter: &dto.Counter{Value: &v, CreatedTimestamp: created, Exemplar: x.dto()},
	}}
}

func (e *emitter) cell(c *cell) {
	created := timestamp(c.created)
	intent := pair("intent", e.s.labels[LabelIntent][c.labels[LabelIntent]])
	language := pair("language", e.s.labels[LabelLanguage][c.labels[LabelLanguage]])
	tier := pair("tier", e.s.labels[LabelTier][c.labels[LabelTier]])
	plain := []*dto.LabelPair{intent, language, tier}

	for o := Resolved; o < numOutcomes; o++ {
		e.counter(famConversations, []*dto.LabelPair{intent, language, outcomePairs[o], tier}, created, float64(c.outcomes[o]), nil)
	}
	for i, r := range reversals {
		labels := []*dto.LabelPair{causePairs[i], intent, language, outcomePairs[r.outcome], tier}
		e.counter(famReversed, labels, created, float64(c.reversed[i]), nil)
	}
	for i, resolved := range resolvedPairs {
		labels := []*dto.LabelPair{intent, language, resolved, tier}
		e.counter(famResolutions, labels, created, float64(c.resolutions[i]), nil)
		e.histogram(famSeconds, labels, created, e.s.buckets.Seconds, c.seconds[i])
	}
	e.counter(famConfirmed, plain, created, float64(c.confirmed), nil)
	e.histogram(famTurns, plain, created, e.s.buckets.Turns, c.turns)
	e.histogram(famCost, plain, created, e.s.buckets.Cost, c.cost)
	for i, score := range scorePairs {
		var x *exemplar
		if i < len(c.detractors) {
			x = &c.detractors[i]
		}
		e.counter(famCSAT, []*dto.LabelPair{intent, language, score, tier}, created, float64(c.csat[i]), x)
	}
	e.counter(famSurveys, plain, created, float64(c.surveys), nil)
	for i := range c.escalations {
		x := &c.escalations[i]
		labels := []*dto.LabelPair{intent, language, pair("reason", e.s.reasons[x.reason]), tier}
		e.counter(famEscalations, labels, timestamp(x.created), float64(x.count), &x.last)
	}
	for i := range c.spend {
		x := &c.spend[i]
		labels := []*dto.LabelPair{pair("component", e.s.components[x.component]), intent, language, tier}
		e.counter(famSpend, labels, timestamp(x.created), x.usd.Float64(), nil)
	}
	for i := range c.values {
		labels := []*dto.LabelPair{intent, kpiPairs[i], language, tier}
		e.values(famValues, labels, created, &c.values[i])
	}
}

func (e *emitter) arm(a *arm) {
	created := timestamp(a.created)
	experiment, variant := pair("experiment", a.experiment), pair("variant", a.variant)
	e.counter(famAssigned, []*dto.LabelPair{experiment, variant}, created, float64(a.assigned), nil)
	for o := Resolved; o < numOutcomes; o++ {
		e.counter(famArmConversations, []*dto.LabelPair{experiment, outcomePairs[o], variant}, created, float64(a.outcomes[o]), nil)
	}
	for i, r := range reversals {
		labels := []*dto.LabelPair{causePairs[i], experiment, outcomePairs[r.outcome], variant}
		e.counter(famArmReversed, labels, created, float64(a.reversed[i]), nil)
	}
	for i := range a.values {
		e.values(famArmValues, []*dto.LabelPair{experiment, kpiPairs[i], variant}, created, &a.values[i])
	}
}

// values sends a count, a sum and a sum of squares: f and the two after it.
func (e *emitter) values(f family, labels []*dto.LabelPair, created *timestamppb.Timestamp, v *values) {
	e.counter(f, labels, created, float64(v.count), nil)
	e.counter(f+1, labels, created, v.sum.Float64(), nil)
	e.counter(f+2, labels, created, v.squares.Float64(), nil)
}

func (e *emitter) histogram(f family, labels []*dto.LabelPair, created *timestamppb.Timestamp, bounds []float64, h *histogram) {
	if h == nil {
		return
	}
	d := h.dto(bounds)
	d.CreatedTimestamp = created
	e.ch <- &metric{desc: families[f].desc, m: dto.Metric{Label: labels, Histogram: d}}
}

// metric is one series, ready to be written.
type metric struct {
	desc *prometheus.Desc
	m    dto.Metric
}

// Desc gives the descriptor of the metric's family.
func (m *metric) Desc() *prometheus.Desc { return m.desc }

// Write gives the series to out.
func (m *metric) Write(out *dto.Metric) error {
	out.Label, out.Counter, out.Gauge, out.Histogram = m.m.Label, m.m.Counter, m.m.Gauge, m.m.Histogram
	return nil
}

func pair(name, value string) *dto.LabelPair {
	return &dto.LabelPair{Name: &name, Value: &value}
}

func timestamp(ms int64) *timestamppb.Timestamp {
	return timestamppb.New(time.UnixMilli(ms))
}

func (x *exemplar) dto() *dto.Exemplar {
	if x == nil || len(x.id) == 0 {
		return nil
	}
	return &dto.Exemplar{
		Label:     []*dto.LabelPair{pair(exemplarLabel, string(x.id))},
		Value:     proto.Float64(x.value),
		Timestamp: timestamp(x.at),
	}
}

// Label pairs whose values are known before any event.
var (
	outcomePairs  = pairs("outcome", outcomeNames[:])
	kpiPairs      = pairs("kpi", kpiNames[:])
	resolvedPairs = pairs("resolved", []string{"false", "true"})
	scorePairs    = pairs("score", []string{"1", "2", "3", "4", "5"})
	causePairs    = pairs("cause", causes())
)

func pairs(name string, values []string) []*dto.LabelPair {
	out := make([]*dto.LabelPair, len(values))
	for i, v := range values {
		out[i] = pair(name, v)
	}
	return out
}

func causes() []string {
	var out []string
	for _, r := range reversals {
		out = append(out, r.cause)
	}
	return out
}
