package simulate

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/prometheus/client_golang/prometheus"

	"supportexporter/exporter/client"
	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/conversation"
	"supportexporter/exporter/internal/event"
	"supportexporter/exporter/internal/tally"
)

// exporter counts events by the code of the real one.
type exporter struct {
	state      *conversation.State
	decoder    event.Decoder
	events     int
	duplicates int
	series     []sample
}

// sample is one series as scraped.
type sample struct {
	name   string
	labels string // ",intent=refund,tier=pro,"
	value  float64
}

func newExporter() *exporter {
	c := config.Default()
	return &exporter{state: conversation.New(make([]byte, conversation.SecretBytes), 0, conversation.Settings{
		IdleTimeout: c.IdleTimeout,
		Retention:   c.Retention,
		Limits: tally.Limits{
			Intents: c.Labels.Intent.MaxValues, Tiers: c.Labels.Tier.MaxValues, Languages: c.Labels.Language.MaxValues,
			Reasons: c.Labels.Reason.MaxValues, Components: c.Labels.Component.MaxValues,
			Arms: c.MaxExperimentArms, Series: c.Labels.MaxSeries,
		},
		Buckets: tally.Buckets{Seconds: c.Buckets.ResolutionSeconds, Turns: c.Buckets.Turns, Cost: c.Buckets.CostUSD},
	})}
}

// push takes an event in as it would come over the network.
func (x *exporter) push(t *testing.T, at time.Time, e client.Event) {
	t.Helper()
	body, err := json.Marshal(&e)
	if err != nil {
		t.Fatal(err)
	}
	err = x.decoder.Decode(body, event.JSON, func(_ int, e *event.Event, err error) bool {
		if err != nil {
			t.Fatalf("event %s: %v", body, err)
		}
		x.events++
		x.state.Advance(at.UnixMilli())
		if !x.state.Apply(e) {
			x.duplicates++
		}
		return true
	})
	if err != nil {
		t.Fatalf("event %s: %v", body, err)
	}
}

// scrape takes the series after the last conversation has gone idle.
func (x *exporter) scrape(t *testing.T, at time.Time) {
	t.Helper()
	x.state.Advance(at.UnixMilli())
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(tally.NewCollector(func() (*tally.Snapshot, error) { return x.state.Snapshot(), nil }))
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			var labels strings.Builder
			labels.WriteString(",")
			for _, l := range m.GetLabel() {
				labels.WriteString(l.GetName() + "=" + l.GetValue() + ",")
			}
			x.series = append(x.series, sample{f.GetName(), labels.String(), m.GetCounter().GetValue() + m.GetGauge().GetValue()})
		}
	}
}

// sum adds up the series of a metric that have all of these labels.
func (x *exporter) sum(name string, labels ...string) float64 {
	sum := 0.0
next:
	for _, s := range x.series {
		if s.name != name {
			continue
		}
		for _, l := range labels {
			if !strings.Contains(s.labels, ","+l+",") {
				continue next
			}
		}
		sum += s.value
	}
	return sum
}

// kpi is a KPI's value and its standard error, by the formulas of the rules.
func (x *exporter) kpi(name string, labels ...string) (value, stderr float64) {
	switch name {
	case "resolution_rate":
		return x.rate(labels, "outcome=resolved")
	case "escalation_rate":
		return x.rate(labels, "outcome=escalated")
	case "abandonment_rate":
		return x.rate(labels, "outcome=abandoned")
	case "csat_response_rate":
		surveys := x.sum("support_csat_surveys_total", labels...)
		return proportion(x.sum("support_csat_responses_total", labels...), surveys)
	case "csat":
		n, sum, squares := 0.0, 0.0, 0.0
		for i, score := range []string{"score=1", "score=2", "score=3", "score=4", "score=5"} {
			count, v := x.sum("support_csat_responses_total", append(labels, score)...), float64(i+1)
			n, sum, squares = n+count, sum+v*count, squares+v*v*count
		}
		return mean(n, sum, squares)
	}
	labels = append(labels, "kpi="+name)
	return mean(x.sum("support_values_total", labels...), x.sum("support_values_sum_total", labels...), x.sum("support_values_squares_total", labels...))
}

// rate is the share of net outcomes.
func (x *exporter) rate(labels []string, outcome string) (value, stderr float64) {
	net := func(labels ...string) float64 {
		return x.sum("support_conversations_total", labels...) - x.sum("support_conversations_reversed_total", labels...)
	}
	return proportion(net(append(labels, outcome)...), net(labels...))
}

func proportion(k, n float64) (value, stderr float64) {
	p := k / n
	return p, math.Sqrt(p * (1 - p) / n)
}

func mean(n, sum, squares float64) (value, stderr float64) {
	m := sum / n
	return m, math.Sqrt((squares/n - m*m) / n)
}
