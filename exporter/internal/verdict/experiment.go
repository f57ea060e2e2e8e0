// Package verdict estimates what an experiment's treatments change, and says
// what to do about it.
//
// It is the reference of recording-rules/support_experiments.yml: the same
// figures from the same counters, with gonum's normal distribution. A test
// compares the two.
package verdict

import (
	"math"
	"slices"

	"supportexporter/exporter/internal/config"
)

// Experiment is what was declared of an experiment, and what its arms have
// counted since.
type Experiment struct {
	Name       string
	Control    string       // a variant; empty if it is not clear which
	Arms       []Arm        // of all variants that are declared, or seen if none is
	Primary    config.KPI   // empty: it was not declared, and gets no verdict
	Guardrails []config.KPI // without Primary, distinct

	Alpha                   float64
	MinLiftRatio            float64
	GuardrailToleranceRatio float64
	PlannedConversations    float64 // in each arm
}

// Arm is a variant of an experiment.
type Arm struct {
	Variant  string
	Weight   float64 // its share of the traffic is Weight by the sum of all
	Assigned float64 // conversations that joined it
	KPIs     map[config.KPI]Sample
}

// What an experiment that was not declared is estimated with.
const (
	DefaultAlpha   = 0.05
	DefaultPlanned = 10_000
)

// Limits are the numbers that decide and that no experiment declares. Zero
// values are not useful: begin with DefaultLimits.
type Limits struct {
	MinSamples float64 // of a KPI in each arm, before it decides anything
	SRMPValue  float64 // below which the split of the traffic is not the declared one
}

// DefaultLimits are those of recording-rules/support_targets.yml.
func DefaultLimits() Limits { return Limits{MinSamples: 30, SRMPValue: 0.001} }

// minSplitVariance is the variance of an arm's conversations from which on the
// normal distribution fits them.
const minSplitVariance = 10

// SRM gives the p-value of each arm's share of the conversations being that of
// its weight, by variant: two-sided, times the number of arms (Bonferroni), at
// most 1. Arms with too few conversations to tell have none.
func (e *Experiment) SRM() map[string]float64 {
	total, weights := 0.0, 0.0
	for _, a := range e.Arms {
		total += a.Assigned
		weights += a.Weight
	}
	p := map[string]float64{}
	for _, a := range e.Arms {
		share := a.Weight / weights
		if variance := total * share * (1 - share); variance >= minSplitVariance {
			z := (a.Assigned - total*share) / math.Sqrt(variance)
			p[a.Variant] = min(twoSided(z)*float64(len(e.Arms)), 1)
		}
	}
	return p
}

// Treatments are the arms that are not the control; none if there is no control.
func (e *Experiment) Treatments() []Arm {
	if e.Control == "" {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(e.Arms), func(a Arm) bool { return a.Variant == e.Control })
}

// ControlArm is the arm that the others are compared with; empty if there is
// none.
func (e *Experiment) ControlArm() Arm {
	for _, a := range e.Arms {
		if a.Variant == e.Control {
			return a
		}
	}
	return Arm{}
}

// AlphaOf is the probability that an interval of a KPI misses the truth, so
// that all together do so with Alpha at most (Bonferroni): the primary KPI's
// are as many as there are treatments, the guardrails' as many as treatments
// times guardrails.
func (e *Experiment) AlphaOf(kpi config.KPI) float64 {
	alpha := e.Alpha / float64(len(e.Treatments()))
	if slices.Contains(e.Guardrails, kpi) {
		alpha /= float64(len(e.Guardrails))
	}
	return alpha
}

// Lifts compares an arm with the control, in the order of config.KPIs.
func (e *Experiment) Lifts(a Arm, limits Limits) []Lift {
	control := e.ControlArm()
	var lifts []Lift
	for _, kpi := range config.KPIs() {
		t, ok := a.KPIs[kpi]
		c, known := control.KPIs[kpi]
		if !ok || !known {
			continue
		}
		if l, ok := compare(kpi, t, c, bounds{e.AlphaOf(kpi), e.PlannedConversations, limits.MinSamples}); ok {
			lifts = append(lifts, l)
		}
	}
	return lifts
}
