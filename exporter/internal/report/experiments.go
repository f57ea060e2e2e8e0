package report

import (
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// Experiment is one that Prometheus knows a verdict or figures of.
type Experiment struct {
	Experiment string    `json:"experiment"`
	Planned    *float64  `json:"planned_conversations"` // in each arm
	SRMLimit   *float64  `json:"srm_limit"`             // a p-value below it is a sample ratio mismatch
	Variants   []Variant `json:"variants"`
}

// Variant is one arm.
type Variant struct {
	Variant   string       `json:"variant"`
	Role      string       `json:"role"`     // control, treatment, or empty if not declared
	Assigned  *float64     `json:"assigned"` // conversations that joined it
	Verdict   *string      `json:"verdict"`
	SRMPValue *float64     `json:"srm_pvalue"` // small: the split is not the one declared
	KPIs      []VariantKPI `json:"kpis"`
}

// VariantKPI is a KPI of an arm. Lift and interval are against the control, as
// shares of it; the interval stays valid while it is being watched.
type VariantKPI struct {
	KPI         string   `json:"kpi"`
	Role        string   `json:"role"` // primary, guardrail, or empty
	Mean        *float64 `json:"mean"`
	LiftRatio   *float64 `json:"lift_ratio"`
	CILowRatio  *float64 `json:"ci_low_ratio"`
	CIHighRatio *float64 `json:"ci_high_ratio"`
	PValue      *float64 `json:"pvalue"` // of the fixed horizon
}

// readExperiments gives the experiments as recorded at a time. Without the
// rules there are none.
func readExperiments(ctx context.Context, p Prometheus, at time.Time) ([]Experiment, error) {
	const names = "support:experiment:(assigned|mean|lift_ratio|pvalue|ci_low_ratio|ci_high_ratio|srm_pvalue|verdict)" +
		"|support:threshold:experiment_srm_pvalue|support_experiment_(planned_conversations|kpi_info|variant_weight)"
	vector, err := query(ctx, p, `last_over_time({__name__=~"`+names+`"}[1h])`, at)
	if err != nil {
		return nil, err
	}
	byName := map[string][]*model.Sample{}
	experiments := []Experiment{}
	for _, s := range vector {
		name := string(s.Metric["__name__"])
		byName[name] = append(byName[name], s)
		if v := string(s.Metric["variant"]); strings.HasPrefix(name, "support:experiment:") && v != "" {
			variantOf(&experiments, s.Metric)
		}
	}
	for name, samples := range byName {
		for _, s := range samples {
			if v := float64(s.Value); !math.IsNaN(v) && !math.IsInf(v, 0) {
				fill(experiments, name, s)
			}
		}
	}
	slices.SortFunc(experiments, func(a, b Experiment) int { return strings.Compare(a.Experiment, b.Experiment) })
	for _, e := range experiments {
		slices.SortFunc(e.Variants, func(a, b Variant) int { return strings.Compare(a.Role+"\xff"+a.Variant, b.Role+"\xff"+b.Variant) })
		for _, v := range e.Variants {
			slices.SortFunc(v.KPIs, compareVariantKPIs)
		}
	}
	return experiments, nil
}

// compareVariantKPIs puts primary KPIs first, then guardrails.
func compareVariantKPIs(a, b VariantKPI) int {
	order := []string{"primary", "guardrail", ""}
	if c := slices.Index(order, a.Role) - slices.Index(order, b.Role); c != 0 {
		return c
	}
	return strings.Compare(a.KPI, b.KPI)
}

// variantOf finds a variant, or makes it.
func variantOf(all *[]Experiment, m model.Metric) *Variant {
	i := slices.IndexFunc(*all, func(e Experiment) bool { return e.Experiment == string(m["experiment"]) })
	if i < 0 {
		i = len(*all)
		*all = append(*all, Experiment{Experiment: string(m["experiment"])})
	}
	e := &(*all)[i]
	k := slices.IndexFunc(e.Variants, func(v Variant) bool { return v.Variant == string(m["variant"]) })
	if k < 0 {
		k = len(e.Variants)
		e.Variants = append(e.Variants, Variant{Variant: string(m["variant"]), KPIs: []VariantKPI{}})
	}
	v := &e.Variants[k]
	if kpi := string(m["kpi"]); kpi != "" && !slices.ContainsFunc(v.KPIs, func(k VariantKPI) bool { return k.KPI == kpi }) {
		v.KPIs = append(v.KPIs, VariantKPI{KPI: kpi})
	}
	return v
}

// fill puts a sample where it belongs, in every variant that it is about.
func fill(all []Experiment, name string, s *model.Sample) {
	value := float64(s.Value)
	for i := range all {
		e := &all[i]
		if name == "support:threshold:experiment_srm_pvalue" { // of all experiments
			e.SRMLimit = &value
			continue
		}
		if e.Experiment != string(s.Metric["experiment"]) {
			continue
		}
		if name == "support_experiment_planned_conversations" {
			e.Planned = &value
		}
		for k := range e.Variants {
			if v := &e.Variants[k]; s.Metric["variant"] == "" || string(s.Metric["variant"]) == v.Variant {
				v.fill(name, s.Metric, value)
			}
		}
	}
}

func (v *Variant) fill(name string, m model.Metric, value float64) {
	switch name {
	case "support:experiment:assigned": // of every exporter, once
		v.Assigned = &value
	case "support_experiment_variant_weight":
		v.Role = string(m["role"])
	case "support:experiment:srm_pvalue":
		v.SRMPValue = &value
	case "support:experiment:verdict":
		if verdict := string(m["verdict"]); value == 1 {
			v.Verdict = &verdict
		}
	}
	sequential := m["interval"] == "sequential"
	for i := range v.KPIs {
		k := &v.KPIs[i]
		switch {
		case k.KPI != string(m["kpi"]):
		case name == "support_experiment_kpi_info":
			k.Role = string(m["role"])
		case name == "support:experiment:mean":
			k.Mean = &value
		case name == "support:experiment:lift_ratio":
			k.LiftRatio = &value
		case name == "support:experiment:pvalue":
			k.PValue = &value
		case name == "support:experiment:ci_low_ratio" && sequential:
			k.CILowRatio = &value
		case name == "support:experiment:ci_high_ratio" && sequential:
			k.CIHighRatio = &value
		}
	}
}
