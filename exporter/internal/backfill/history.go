package backfill

import (
	"context"
	"crypto/rand"
	"fmt"
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/conversation"
	"supportexporter/exporter/internal/event"
	"supportexporter/exporter/internal/experiment"
	"supportexporter/exporter/internal/label"
	"supportexporter/exporter/internal/tally"
)

// history applies events as an exporter would have at the time, and scrapes
// itself at every step.
type history struct {
	config *config.Config
	policy *label.Policy
	target labels.Labels // job and instance
	step   int64
	out    chan<- *period
	skip   func(from int64) bool // a period whose samples are not needed any more
	done   func(at int64) float64

	state   *conversation.State // nil before the first event
	sampler *tally.Sampler
	next    int64 // the next step
	arrived int64 // the last event

	labels   []labels.Labels // of all series, in the order of their values
	declared []float64       // the values of what the configuration declares
	values   []float64
	period   *period
	series   []*series // of the period

	events uint64
}

// begin makes the empty store of an exporter that is started at the step before
// the first event.
func (h *history) begin(at int64) error {
	start := floor(at, h.step)
	secret := make([]byte, conversation.SecretBytes)
	if _, err := rand.Read(secret); err != nil {
		return err
	}
	h.state = conversation.New(secret, start, conversation.Configured(h.config))
	h.next, h.arrived = start, start
	h.name(tally.ConversationsOpen, nil)
	h.name(tally.LedgerStart, nil)
	if err := h.declare(); err != nil {
		return err
	}
	h.sampler = h.state.Sampler(h.name)
	return nil
}

// name takes the labels of the next series.
func (h *history) name(name string, pairs []*dto.LabelPair) {
	b := labels.NewBuilder(h.target)
	for _, p := range pairs {
		b.Set(p.GetName(), p.GetValue())
	}
	b.Set(model.MetricNameLabel, name)
	h.labels = append(h.labels, b.Labels())
}

// declare adds the gauges of declared experiments.
func (h *history) declare() error {
	d := experiment.NewDeclared()
	d.Declare(h.config.Experiments)
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(d); err != nil {
		return err
	}
	families, err := registry.Gather()
	if err != nil {
		return err
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			h.name(f.GetName(), m.GetLabel())
			h.declared = append(h.declared, m.GetGauge().GetValue())
		}
	}
	return nil
}

// apply counts an event that arrives at a time, in Unix milliseconds.
func (h *history) apply(ctx context.Context, at int64, e *event.Event) error {
	if h.state == nil {
		if err := h.begin(at); err != nil {
			return err
		}
	}
	if at < h.arrived {
		return fmt.Errorf("event of %s comes after one of %s: events must be in the order of time", text(at), text(h.arrived))
	}
	if err := h.scrapeUntil(ctx, at-1); err != nil {
		return err
	}
	h.arrived = at
	h.policy.Apply(e)
	e.Customer = conversation.CustomerHash(h.state.Secret(), e.CustomerID)
	h.state.Advance(at)
	h.state.Apply(e)
	h.events++
	return nil
}

// scrapeUntil takes the samples of all steps that are not behind t.
func (h *history) scrapeUntil(ctx context.Context, t int64) error {
	for ; h.next <= t; h.next += h.step {
		h.state.Advance(h.next)
		if h.period == nil || periodOf(h.next) != h.period.from {
			if err := h.hand(ctx); err != nil {
				return err
			}
			h.period, h.series = newPeriod(h.next), nil
		}
		h.period.last = h.next
		if h.skip(h.period.from) {
			continue
		}
		if err := h.scrape(); err != nil {
			return err
		}
	}
	return nil
}

// hand gives the period at hand to whoever evaluates rules over it.
func (h *history) hand(ctx context.Context) error {
	if h.period == nil {
		return nil
	}
	h.period.progress = h.done(h.next)
	select {
	case h.out <- h.period:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// scrape takes a sample of every series.
func (h *history) scrape() error {
	h.values = append(h.values[:0], float64(h.state.Open()), float64(h.state.Start())/1000)
	h.values = append(h.values, h.declared...)
	h.values = append(h.values, h.sampler.Sample()...)
	for i := len(h.series); i < len(h.values); i++ {
		h.series = append(h.series, h.period.add(h.labels[i]))
	}
	for i, v := range h.values {
		if err := h.series[i].append(h.next, v); err != nil {
			return err
		}
	}
	return nil
}

// finish takes the last samples, up to the end. An end that is not known is the
// step behind the last event, or the last step there was by now.
func (h *history) finish(ctx context.Context, end, now int64) error {
	if h.state == nil {
		return errNoEvents
	}
	if end == math.MinInt64 {
		end = min(h.arrived+h.step-1, now)
	}
	if err := h.scrapeUntil(ctx, end); err != nil {
		return err
	}
	return h.hand(ctx)
}

// text writes a moment for people.
func text(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.RFC3339Nano) }
