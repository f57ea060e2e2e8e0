package config

import (
	"slices"
	"time"
)

// KPI names what an experiment can be judged by.
type KPI string

// These are the KPIs that an arm's own counters support: the three rates come
// from its outcomes, the four means from its values. The others have no
// standard error, or no counter that is kept by arm.
const (
	ResolutionRate    KPI = "resolution_rate"
	EscalationRate    KPI = "escalation_rate"
	AbandonmentRate   KPI = "abandonment_rate"
	CSAT              KPI = "csat"
	ResolutionSeconds KPI = "resolution_seconds"
	Turns             KPI = "turns"
	CostUSD           KPI = "cost_usd"
)

// KPIs are all KPIs of experiments.
func KPIs() []KPI {
	return []KPI{ResolutionRate, EscalationRate, AbandonmentRate, CSAT, ResolutionSeconds, Turns, CostUSD}
}

// Experiment declares a comparison before it starts: what is compared, by what
// it is judged, and how sure one wants to be. Its JSON is in the store.
type Experiment struct {
	Name                    string    `json:"name"`
	Variants                []Variant `json:"variants"`                  // two or more, names are distinct
	Control                 string    `json:"control"`                   // one of Variants; the first unless declared
	Salt                    string    `json:"salt,omitzero"`             // has another split of the same conversations
	Start                   time.Time `json:"start,omitzero"`            // UTC; zero: when it is first put in force
	End                     time.Time `json:"end,omitzero"`              // UTC; after Start; zero: until it is withdrawn
	Primary                 KPI       `json:"primary"`                   // what the change is meant to improve
	Guardrails              []KPI     `json:"guardrails,omitempty"`      // what it must not harm; without Primary, distinct
	GuardrailToleranceRatio float64   `json:"guardrail_tolerance_ratio"` // how much worse than the control's a guardrail may be
	MinLiftRatio            float64   `json:"min_lift_ratio"`            // the smallest improvement worth shipping
	Alpha                   float64   `json:"alpha"`                     // probability of an interval that misses the truth
	PlannedConversations    int       `json:"planned_conversations"`     // in each arm, at the end
}

// Variant is an arm of an experiment.
type Variant struct {
	Name   string  `json:"name"`
	Weight float64 `json:"weight"` // its share of the traffic is Weight by the sum of all
}

// defaultExperiment is what a declaration need not say.
func defaultExperiment() Experiment {
	return Experiment{GuardrailToleranceRatio: 0.05, MinLiftRatio: 0.05, Alpha: 0.05}
}

// experiment reads one declaration and checks what only the whole can show.
func (d *document) experiment(e *Experiment) value {
	*e = defaultExperiment()
	read := d.object(fields{
		"name":                      d.text(&e.Name, 1, maxName),
		"variants":                  list(d, &e.Variants, 2, 20, d.variant),
		"control":                   d.text(&e.Control, 1, maxName),
		"salt":                      d.text(&e.Salt, 0, maxName),
		"start":                     d.instant(&e.Start),
		"end":                       d.instant(&e.End),
		"primary":                   d.kpi(&e.Primary),
		"guardrails":                list(d, &e.Guardrails, 0, len(KPIs())-1, d.kpi),
		"guardrail_tolerance_ratio": d.number(&e.GuardrailToleranceRatio, 0, 1),
		"min_lift_ratio":            d.number(&e.MinLiftRatio, 0, 10),
		"alpha":                     d.number(&e.Alpha, 0.0001, 0.5),
		"planned_conversations":     d.integer(&e.PlannedConversations, 1, 1_000_000_000),
	})
	return d.with(read, func(path string) {
		d.require(path, "name", "variants", "primary", "planned_conversations")
		d.control(path, e)
		d.guardrails(path, e)
		if !e.End.IsZero() && !e.End.After(e.Start) {
			d.fail(path+".end", "must be after the start (%s), got %s", instant(e.Start), instant(e.End))
		}
	})
}

func (d *document) variant(v *Variant) value {
	v.Weight = 1
	read := d.object(fields{
		"name":   d.text(&v.Name, 1, maxName),
		"weight": d.number(&v.Weight, 0.001, 1_000_000),
	})
	return d.with(read, func(path string) { d.require(path, "name") })
}

// instant reads a moment, which is none without its offset from UTC.
func (d *document) instant(dst *time.Time) value {
	return func(path string, n node) {
		t, err := time.Parse(time.RFC3339, n.Value)
		if !n.scalar() || err != nil || t.IsZero() {
			d.fail(path, "must be a time such as 2026-03-01T09:00:00Z or 2026-03-01T10:00:00+01:00, got %s", n)
			return
		}
		*dst = t.UTC()
	}
}

func (d *document) kpi(k *KPI) value {
	return func(path string, n node) {
		if i := slices.Index(KPIs(), KPI(n.Value)); n.scalar() && i >= 0 {
			*k = KPIs()[i]
			return
		}
		d.fail(path, "must be one of %s; got %s", names(KPIs()), n)
	}
}

// control fills in the control that was not declared.
func (d *document) control(path string, e *Experiment) {
	variants := path + ".variants"
	distinct(d, variants, ".name", e.Variants, func(v Variant) string { return v.Name })
	if !d.ok(variants) || len(e.Variants) == 0 {
		return
	}
	if e.Control == "" {
		e.Control = e.Variants[0].Name
	}
	if !slices.ContainsFunc(e.Variants, func(v Variant) bool { return v.Name == e.Control }) {
		d.fail(path+".control", "must be the name of one of the variants, got %q", e.Control)
	}
}

func (d *document) guardrails(path string, e *Experiment) {
	distinct(d, path+".guardrails", "", e.Guardrails, func(k KPI) string { return string(k) })
	if i := slices.Index(e.Guardrails, e.Primary); i >= 0 && e.Primary != "" {
		d.fail(index(path+".guardrails", i), "must not be the primary KPI, got %q", e.Primary)
	}
}
