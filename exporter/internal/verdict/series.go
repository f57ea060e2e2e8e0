package verdict

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/prometheus/common/model"

	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/tally"
)

// Metrics matches the names of the series that FromSeries reads.
const Metrics = "support_experiment_.+"

// FromSeries puts experiments together from the series of one or more
// exporters, as they are exposed or as Prometheus has them, in order of name.
// An exporter that is seen twice (the same job and instance) counts once.
//
// An experiment without weights was not declared: its variants have equal
// weights, and the first by name is the control.
func FromSeries(series model.Vector) []Experiment {
	all := newCounted(series)
	var out []Experiment
	for _, name := range all.experiments() {
		out = append(out, all.experiment(name))
	}
	return out
}

// counted are series by name and by their own labels, all exporters together.
type counted map[string]map[labels]float64

// labels are those that series of experiments have, some of them empty.
type labels struct{ experiment, variant, kpi, outcome, role string }

func newCounted(series model.Vector) counted {
	type source struct {
		name          string
		job, instance model.LabelValue
		cause         model.LabelValue
		labels        labels
	}
	seen := map[source]float64{}
	for _, s := range series {
		text := func(name model.LabelName) string { return string(s.Metric[name]) }
		key := source{
			text(model.MetricNameLabel), s.Metric[model.JobLabel], s.Metric[model.InstanceLabel], s.Metric["cause"],
			labels{text("experiment"), text("variant"), text("kpi"), text("outcome"), text("role")},
		}
		if key.labels.experiment != "" && possible(key.name, float64(s.Value)) {
			seen[key] = max(seen[key], float64(s.Value))
		}
	}
	c := counted{}
	for key, value := range seen {
		of := c[key.name]
		if of == nil {
			of = map[labels]float64{}
			c[key.name] = of
		}
		switch old, ok := of[key.labels]; {
		case strings.HasSuffix(key.name, "_total"):
			of[key.labels] += value
		case key.name == tally.ExperimentAlpha || key.name == tally.ExperimentTolerance:
			if !ok || value < old { // the stricter one
				of[key.labels] = value
			}
		default:
			of[key.labels] = max(old, value)
		}
	}
	return c
}

// possible says whether an exporter can have shown this value. Nothing can be
// worked out of another one, so it counts as not there.
func possible(name string, v float64) bool {
	switch name {
	case tally.ExperimentAlpha:
		return 0 < v && v < 1
	case tally.ExperimentPlanned, tally.ExperimentWeight:
		return 0 < v && !math.IsInf(v, 1)
	}
	return 0 <= v && !math.IsInf(v, 1)
}

func (c counted) experiments() []string {
	names := map[string]bool{}
	for _, name := range []string{tally.ExperimentAssignedTotal, tally.ExperimentWeight} {
		for l := range c[name] {
			names[l.experiment] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func (c counted) experiment(name string) Experiment {
	e := Experiment{Name: name, Alpha: DefaultAlpha, PlannedConversations: DefaultPlanned}
	own := labels{experiment: name}
	for metric, field := range map[string]*float64{
		tally.ExperimentAlpha: &e.Alpha, tally.ExperimentMinLift: &e.MinLiftRatio,
		tally.ExperimentTolerance: &e.GuardrailToleranceRatio, tally.ExperimentPlanned: &e.PlannedConversations,
	} {
		if v, ok := c[metric][own]; ok {
			*field = v
		}
	}
	var primaries []config.KPI
	for l := range c[tally.ExperimentKPIInfo] {
		switch {
		case l.experiment != name:
		case l.role == "primary":
			primaries = append(primaries, config.KPI(l.kpi))
		default:
			e.Guardrails = append(e.Guardrails, config.KPI(l.kpi))
		}
	}
	slices.Sort(e.Guardrails)
	if len(primaries) == 1 {
		e.Primary = primaries[0]
	}
	c.arms(&e)
	return e
}

// arms fills in Arms and Control. Two exporters that disagree about the control
// leave it empty.
func (c counted) arms(e *Experiment) {
	weights := map[string]float64{}
	var controls []string
	for l, w := range c[tally.ExperimentWeight] {
		if l.experiment != e.Name {
			continue
		}
		weights[l.variant] = max(weights[l.variant], w)
		if l.role == "control" {
			controls = append(controls, l.variant)
		}
	}
	if len(weights) == 0 {
		for l := range c[tally.ExperimentAssignedTotal] {
			if l.experiment == e.Name {
				weights[l.variant] = 1
			}
		}
		controls = []string{slices.Min(slices.Collect(maps.Keys(weights)))}
	}
	if len(controls) == 1 {
		e.Control = controls[0]
	}
	for variant, weight := range weights {
		e.Arms = append(e.Arms, c.arm(e.Name, variant, weight))
	}
	slices.SortFunc(e.Arms, func(a, b Arm) int { return cmp.Compare(a.Variant, b.Variant) })
}

func (c counted) arm(experiment, variant string, weight float64) Arm {
	own := labels{experiment: experiment, variant: variant}
	a := Arm{Variant: variant, Weight: weight, Assigned: c[tally.ExperimentAssignedTotal][own], KPIs: map[config.KPI]Sample{}}
	net, total, least := map[string]float64{}, 0.0, 0.0
	for _, o := range []tally.Outcome{tally.Resolved, tally.Unresolved, tally.Escalated, tally.Abandoned} {
		of := own
		of.outcome = o.String()
		n := c[tally.ExperimentConversationsTotal][of] - c[tally.ExperimentReversedTotal][of]
		net[of.outcome] = n
		total += n
		least = min(least, n)
	}
	for kpi, outcome := range map[config.KPI]tally.Outcome{
		config.ResolutionRate: tally.Resolved, config.EscalationRate: tally.Escalated, config.AbandonmentRate: tally.Abandoned,
	} {
		if s, ok := Rate(net[outcome.String()], total); ok && least >= 0 {
			a.KPIs[kpi] = s
		}
	}
	for _, kpi := range []config.KPI{config.CSAT, config.ResolutionSeconds, config.Turns, config.CostUSD} {
		of := own
		of.kpi = string(kpi)
		s, ok := Values(kpi, c[tally.ExperimentValuesTotal][of], c[tally.ExperimentValuesSumTotal][of], c[tally.ExperimentValuesSquaresTotal][of])
		if ok {
			a.KPIs[kpi] = s
		}
	}
	return a
}
