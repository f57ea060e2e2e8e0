// Package experiment knows the experiments that the configuration declares:
// what was declared of each, and which variant a conversation gets.
package experiment

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/conversation"
	"supportexporter/exporter/internal/tally"
)

// Declared exposes what was declared, so that rules need no second copy of it.
// It implements prometheus.Collector.
type Declared struct {
	experiments atomic.Pointer[[]config.Experiment]

	weight, kpi, alpha, minLift, tolerance, planned *prometheus.Desc
}

// NewDeclared makes a Declared with no experiments.
func NewDeclared() *Declared {
	one := []string{"experiment"}
	return &Declared{
		weight:    weightDesc(),
		kpi:       prometheus.NewDesc(tally.ExperimentKPIInfo, "KPIs that an experiment is judged by, and their role (primary, guardrail); always 1.", []string{"experiment", "kpi", "role"}, nil),
		alpha:     prometheus.NewDesc(tally.ExperimentAlpha, "Probability that an experiment's intervals miss the truth.", one, nil),
		minLift:   prometheus.NewDesc(tally.ExperimentMinLift, "Smallest improvement of the primary KPI that is worth shipping, as a ratio.", one, nil),
		tolerance: prometheus.NewDesc(tally.ExperimentTolerance, "How much worse than the control's a guardrail may be, as a ratio.", one, nil),
		planned:   prometheus.NewDesc(tally.ExperimentPlanned, "Conversations planned for each variant.", one, nil),
	}
}

func weightDesc() *prometheus.Desc {
	return prometheus.NewDesc(tally.ExperimentWeight, "Weight of a variant in its experiment's traffic, and its role (control, treatment).", []string{"experiment", "variant", "role"}, nil)
}

// Declare puts other experiments in force.
func (d *Declared) Declare(experiments []config.Experiment) { d.experiments.Store(&experiments) }

// Describe sends the descriptors.
func (d *Declared) Describe(ch chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{d.weight, d.kpi, d.alpha, d.minLift, d.tolerance, d.planned} {
		ch <- desc
	}
}

// Collect sends the declarations.
func (d *Declared) Collect(ch chan<- prometheus.Metric) {
	all := d.experiments.Load()
	if all == nil {
		return
	}
	gauge := func(desc *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, v, labels...)
	}
	for _, x := range *all {
		for _, v := range x.Variants {
			gauge(d.weight, v.Weight, x.Name, v.Name, role(v.Name == x.Control))
		}
		gauge(d.kpi, 1, x.Name, string(x.Primary), "primary")
		for _, k := range x.Guardrails {
			gauge(d.kpi, 1, x.Name, string(k), "guardrail")
		}
		gauge(d.alpha, x.Alpha, x.Name)
		gauge(d.minLift, x.MinLiftRatio, x.Name)
		gauge(d.tolerance, x.GuardrailToleranceRatio, x.Name)
		gauge(d.planned, float64(x.PlannedConversations), x.Name)
	}
}

func role(control bool) string {
	if control {
		return "control"
	}
	return "treatment"
}

// Undeclared exposes what is taken for granted of experiments that nobody has
// declared: equal weights, and the first name by the alphabet as the control.
// That is enough for estimates, and too little for a verdict. It implements
// prometheus.Collector.
type Undeclared struct {
	// Arms gives their arms, by experiment and variant. It may fail while the
	// exporter stops: then there are none.
	Arms func() ([]conversation.Arm, error)
}

// Describe sends nothing: Declared has described the one metric.
func (u Undeclared) Describe(chan<- *prometheus.Desc) {}

// Collect sends the weights.
func (u Undeclared) Collect(ch chan<- prometheus.Metric) {
	arms, err := u.Arms()
	if err != nil {
		return
	}
	weight := weightDesc()
	for i, a := range arms {
		first := i == 0 || arms[i-1].Experiment != a.Experiment
		ch <- prometheus.MustNewConstMetric(weight, prometheus.GaugeValue, 1, a.Experiment, a.Variant, role(first))
	}
}
