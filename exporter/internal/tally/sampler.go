package tally

import (
	"strconv"
	"strings"

	dto "github.com/prometheus/client_model/go"
)

// Sampler reads all series of a Tally again and again, as scrapes of the
// classic text would. A scrape makes every label anew, which a history of
// thousands of scrapes cannot afford; a Sampler names each series once and
// then only reads numbers, some nanoseconds each.
//
// It is the Tally's owner who calls it. Exemplars and native buckets are not
// in the classic text.
type Sampler struct {
	tally    *Tally
	describe func(name string, labels []*dto.LabelPair)
	values   []float64
	cells    []cellNumbers
	arms     []int
}

// cellNumbers say where in the values those of a cell begin. Its histograms,
// reasons and components come when they are first counted; 0 is for not yet,
// since counters come before them.
type cellNumbers struct {
	counters    int
	histograms  [4]int
	escalations []int
	spend       []int
}

// NewSampler makes a Sampler. It calls describe once for each series, when it
// is first there, with its name in the text and its labels in no order. Bounds
// of buckets are written as in OpenMetrics ("5.0"), which is how Prometheus 3
// keeps them. The pairs must not be changed.
func NewSampler(t *Tally, describe func(name string, labels []*dto.LabelPair)) *Sampler {
	return &Sampler{tally: t, describe: describe}
}

// Sample gives the value of every series there is, in the order in which they
// were described. The values are good until the next call.
func (s *Sampler) Sample() []float64 {
	for i, c := range s.tally.cells {
		if i == len(s.cells) {
			s.cells = append(s.cells, cellNumbers{counters: len(s.values)})
			s.begin(c.counters, s.cellLabels(c))
		}
		n := &s.cells[i]
		s.read(c.counters, n.counters)
		s.histograms(c, n)
		s.escalations(c, n)
		s.spend(c, n)
	}
	for i, a := range s.tally.arms[1:] {
		if i == len(s.arms) {
			s.arms = append(s.arms, len(s.values))
			s.begin(a.counters, []*dto.LabelPair{pair("experiment", a.experiment), pair("variant", a.variant)})
		}
		s.read(a.counters, s.arms[i])
	}
	return s.values
}

// visit is told of one counter: its name, its value, and the labels that it has
// besides those of its cell or arm; nil for none.
type visit func(name string, v float64, a, b *dto.LabelPair)

// begin describes the counters of a cell or an arm.
func (s *Sampler) begin(counters func(visit), common []*dto.LabelPair) {
	counters(func(name string, _ float64, a, b *dto.LabelPair) { s.add(name, common, a, b) })
}

// read takes their values, from number i on.
func (s *Sampler) read(counters func(visit), i int) {
	counters(func(_ string, v float64, _, _ *dto.LabelPair) {
		s.values[i] = v
		i++
	})
}

func (s *Sampler) add(name string, common []*dto.LabelPair, more ...*dto.LabelPair) {
	labels := make([]*dto.LabelPair, 0, len(common)+len(more))
	labels = append(labels, common...)
	for _, p := range more {
		if p != nil {
			labels = append(labels, p)
		}
	}
	s.values = append(s.values, 0)
	s.describe(name, labels)
}

func (s *Sampler) cellLabels(c *cell) []*dto.LabelPair {
	t := s.tally
	return []*dto.LabelPair{
		pair("intent", t.labels[LabelIntent].names[c.labels[LabelIntent]]),
		pair("language", t.labels[LabelLanguage].names[c.labels[LabelLanguage]]),
		pair("tier", t.labels[LabelTier].names[c.labels[LabelTier]]),
	}
}

// counters visits the counters that a cell has from its beginning.
func (c *cell) counters(f visit) {
	for o := Resolved; o < numOutcomes; o++ {
		f(ConversationsTotal, float64(c.outcomes[o]), outcomePairs[o], nil)
	}
	for i, r := range reversals {
		f(ConversationsReversedTotal, float64(c.reversed[i]), outcomePairs[r.outcome], causePairs[i])
	}
	for i, resolved := range resolvedPairs {
		f(ResolutionsTotal, float64(c.resolutions[i]), resolved, nil)
	}
	f(ResolutionsConfirmedTotal, float64(c.confirmed), nil, nil)
	for i, score := range scorePairs {
		f(CSATResponsesTotal, float64(c.csat[i]), score, nil)
	}
	f(CSATSurveysTotal, float64(c.surveys), nil, nil)
	for i := range c.values {
		v := &c.values[i]
		f(ValuesTotal, float64(v.count), kpiPairs[i], nil)
		f(ValuesSumTotal, v.sum.Float64(), kpiPairs[i], nil)
		f(ValuesSquaresTotal, v.squares.Float64(), kpiPairs[i], nil)
	}
}

// counters visits the counters of an arm.
func (a *arm) counters(f visit) {
	f(ExperimentAssignedTotal, float64(a.assigned), nil, nil)
	for o := Resolved; o < numOutcomes; o++ {
		f(ExperimentConversationsTotal, float64(a.outcomes[o]), outcomePairs[o], nil)
	}
	for i, r := range reversals {
		f(ExperimentReversedTotal, float64(a.reversed[i]), outcomePairs[r.outcome], causePairs[i])
	}
	for i := range a.values {
		v := &a.values[i]
		f(ExperimentValuesTotal, float64(v.count), kpiPairs[i], nil)
		f(ExperimentValuesSumTotal, v.sum.Float64(), kpiPairs[i], nil)
		f(ExperimentValuesSquaresTotal, v.squares.Float64(), kpiPairs[i], nil)
	}
}

// escalations and spend grow by a series when a reason or a component is new.
func (s *Sampler) escalations(c *cell, n *cellNumbers) {
	for i := range c.escalations {
		if i == len(n.escalations) {
			n.escalations = append(n.escalations, len(s.values))
			s.add(EscalationsTotal, s.cellLabels(c), pair("reason", s.tally.reasons.names[c.escalations[i].reason]))
		}
		s.values[n.escalations[i]] = float64(c.escalations[i].count)
	}
}

func (s *Sampler) spend(c *cell, n *cellNumbers) {
	for i := range c.spend {
		if i == len(n.spend) {
			n.spend = append(n.spend, len(s.values))
			s.add(CostTotal, s.cellLabels(c), pair("component", s.tally.components.names[c.spend[i].component]))
		}
		s.values[n.spend[i]] = c.spend[i].usd.Float64()
	}
}

// histograms are there once they have observed something.
func (s *Sampler) histograms(c *cell, n *cellNumbers) {
	b := &s.tally.buckets
	for i, h := range [...]struct {
		*histogram
		name   string
		bounds []float64
		label  *dto.LabelPair
	}{
		{c.seconds[0], ResolutionSeconds, b.Seconds, resolvedPairs[0]},
		{c.seconds[1], ResolutionSeconds, b.Seconds, resolvedPairs[1]},
		{c.turns, ConversationTurns, b.Turns, nil},
		{c.cost, ConversationCost, b.Cost, nil},
	} {
		if h.histogram == nil {
			continue
		}
		if n.histograms[i] == 0 {
			n.histograms[i] = len(s.values)
			common := s.cellLabels(c)
			for _, bound := range h.bounds {
				s.add(h.name+"_bucket", common, h.label, pair("le", boundText(bound)))
			}
			s.add(h.name+"_bucket", common, h.label, pair("le", "+Inf"))
			s.add(h.name+"_sum", common, h.label)
			s.add(h.name+"_count", common, h.label)
		}
		h.read(h.bounds, s.values[n.histograms[i]:])
	}
}

// read writes the cumulative buckets, the sum and the count.
func (h *histogram) read(bounds, values []float64) {
	var cumulative uint64
	classic, _ := h.shapes(bounds)
	for i, n := range classic {
		cumulative += n
		values[i] = float64(cumulative)
	}
	values[len(classic)] = h.sum.Float64()
	values[len(classic)+1] = float64(cumulative)
}

// boundText writes a finite bound as OpenMetrics does.
func boundText(v float64) string {
	s := strconv.FormatFloat(v, 'g', -1, 64)
	if !strings.ContainsAny(s, "e.") {
		s += ".0"
	}
	return s
}
