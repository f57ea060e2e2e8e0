package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/verdict"
)

// experimentList is every experiment in a line.
type experimentList []listedExperiment

type listedExperiment struct {
	Name          string                     `json:"name"`
	Control       string                     `json:"control"`
	Primary       config.KPI                 `json:"primary,omitempty"` // none if it was not declared
	Conversations float64                    `json:"conversations"`     // of all arms
	Planned       float64                    `json:"planned,omitempty"` // in each arm
	Verdicts      map[string]verdict.Verdict `json:"verdicts"`          // by variant
}

func newExperimentList(f found) experimentList {
	list := experimentList{}
	for i := range f.experiments {
		e := &f.experiments[i]
		l := listedExperiment{Name: e.Name, Control: e.Control, Primary: e.Primary, Verdicts: map[string]verdict.Verdict{}}
		for _, a := range e.Arms {
			l.Conversations += a.Assigned
		}
		if e.Primary != "" {
			l.Planned = e.PlannedConversations
			for _, j := range e.Judge(f.limits) {
				l.Verdicts[j.Variant] = j.Verdict
			}
		}
		list = append(list, l)
	}
	return list
}

func (l experimentList) text(w io.Writer) error {
	if len(l) == 0 {
		_, err := fmt.Fprintln(w, "There are no experiments.")
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "EXPERIMENT\tPRIMARY\tCONVERSATIONS\tPLANNED\tVERDICT")
	for _, e := range l {
		if e.Primary == "" {
			fmt.Fprintf(t, "%s\t-\t%.0f\t-\tnone: it was not declared\n", e.Name, e.Conversations)
			continue
		}
		var verdicts []string
		for _, variant := range sortedKeys(e.Verdicts) {
			verdicts = append(verdicts, variant+": "+string(e.Verdicts[variant]))
		}
		fmt.Fprintf(t, "%s\t%s\t%.0f\t%.0f in each arm\t%s\n", e.Name, e.Primary, e.Conversations, e.Planned, strings.Join(verdicts, ", "))
	}
	return t.Flush()
}

// experimentView is all that is known of one experiment.
type experimentView struct {
	Name       string       `json:"name"`
	Control    string       `json:"control"`
	Primary    config.KPI   `json:"primary,omitempty"`
	Guardrails []config.KPI `json:"guardrails,omitempty"`
	Alpha      float64      `json:"alpha"`
	MinLift    float64      `json:"min_lift_ratio"`
	Tolerance  float64      `json:"guardrail_tolerance_ratio"`
	Planned    float64      `json:"planned_conversations"`
	Arms       []armView    `json:"arms"`
}

type armView struct {
	Variant    string              `json:"variant"`
	Assigned   float64             `json:"conversations"`
	Expected   float64             `json:"expected"` // by its weight
	SRMPValue  *float64            `json:"srm_pvalue,omitempty"`
	PerDay     *float64            `json:"per_day,omitempty"`
	KPIs       []kpiView           `json:"kpis"`
	Verdict    verdict.Verdict     `json:"verdict,omitempty"`
	Conditions []verdict.Condition `json:"conditions,omitempty"`
	Remaining  *remainingView      `json:"remaining,omitempty"`
}

type kpiView struct {
	KPI     config.KPI      `json:"kpi"`
	Samples float64         `json:"samples"`
	Mean    float64         `json:"mean"`
	Lift    *verdict.Lift   `json:"lift,omitempty"` // none of the control
	Finding verdict.Finding `json:"finding,omitempty"`
}

type remainingView struct {
	verdict.Remaining
	Days *float64 `json:"days,omitempty"`
}

func newExperimentView(e *verdict.Experiment, f found, power, perDay float64) *experimentView {
	v := &experimentView{
		Name: e.Name, Control: e.Control, Primary: e.Primary, Guardrails: e.Guardrails, Alpha: e.Alpha,
		MinLift: e.MinLiftRatio, Tolerance: e.GuardrailToleranceRatio, Planned: e.PlannedConversations,
	}
	total, weights := 0.0, 0.0
	for _, a := range e.Arms {
		total += a.Assigned
		weights += a.Weight
	}
	srm := e.SRM()
	judged := map[string]verdict.Judgement{}
	for _, j := range e.Judge(f.limits) {
		judged[j.Variant] = j
	}
	for _, a := range e.Arms {
		j := judged[a.Variant]
		arm := armView{
			Variant: a.Variant, Assigned: a.Assigned, Expected: total * a.Weight / weights,
			KPIs: kpiViews(e, a, j.Lifts), Verdict: j.Verdict, Conditions: j.Conditions,
		}
		if p, ok := srm[a.Variant]; ok {
			arm.SRMPValue = &p
		}
		if rate, ok := f.perDay[e.Name][a.Variant]; ok && perDay == 0 {
			arm.PerDay = &rate
		} else if perDay > 0 {
			rate = perDay * a.Weight / weights
			arm.PerDay = &rate
		}
		v.Arms = append(v.Arms, arm)
	}
	v.remaining(e, power)
	return v
}

func kpiViews(e *verdict.Experiment, a verdict.Arm, lifts []verdict.Lift) []kpiView {
	views := []kpiView{}
	for _, kpi := range config.KPIs() {
		s, ok := a.KPIs[kpi]
		if !ok {
			continue
		}
		k := kpiView{KPI: kpi, Samples: s.N, Mean: s.Mean}
		for i := range lifts {
			if lifts[i].KPI == kpi {
				k.Lift, k.Finding = &lifts[i], e.Find(lifts[i])
			}
		}
		views = append(views, k)
	}
	return views
}

// remaining fills in what the treatments still need, of an experiment that was
// declared. An arm's conversations come as fast as its own, and the control's
// as fast as the control's: the slower one decides.
func (v *experimentView) remaining(e *verdict.Experiment, power float64) {
	var control armView
	for _, a := range v.Arms {
		if a.Variant == v.Control {
			control = a
		}
	}
	for _, treatment := range e.Treatments() {
		left, ok := e.Remaining(treatment, power)
		if !ok || e.Primary == "" {
			continue
		}
		for i := range v.Arms {
			arm := &v.Arms[i]
			if arm.Variant != treatment.Variant {
				continue
			}
			arm.Remaining = &remainingView{Remaining: left}
			if arm.PerDay != nil && control.PerDay != nil && min(*arm.PerDay, *control.PerDay) > 0 {
				days := max(
					max(0, left.Needed-arm.Assigned) / *arm.PerDay,
					max(0, left.Needed-control.Assigned) / *control.PerDay,
				)
				arm.Remaining.Days = &days
			}
		}
	}
}
