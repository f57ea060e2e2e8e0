package verdict

import (
	"slices"

	"supportexporter/exporter/internal/config"
)

// Verdict is what to do with a treatment.
type Verdict string

// The verdicts.
const (
	Ship         Verdict = "ship"         // it is better, and harms nothing
	Rollback     Verdict = "rollback"     // it harms
	Review       Verdict = "review"       // a person has to decide
	Insufficient Verdict = "insufficient" // there is not enough data yet
)

// Condition is something that a verdict is made of.
type Condition string

// The conditions. Better, worse and beyond are about the sequential interval
// and the KPI's good direction.
const (
	Unbalanced Condition = "unbalanced" // the traffic was not split as declared, so no figure can be trusted
	Harmful    Condition = "harmful"    // the primary KPI is worse, or a guardrail beyond its tolerance
	AtRisk     Condition = "at_risk"    // a guardrail is worse, and its estimate beyond the tolerance
	Unmeasured Condition = "unmeasured" // a guardrail has too few samples to be known
	Better     Condition = "better"     // the primary KPI is better
	Worthwhile Condition = "worthwhile" // its estimate is beyond the smallest lift that is worth it
	Futile     Condition = "futile"     // its interval has no such lift in it
	Complete   Condition = "complete"   // the planned conversations are there
)

// Judgement is what is known of a treatment, and the verdict.
type Judgement struct {
	Variant    string      `json:"variant"`
	Lifts      []Lift      `json:"lifts"`
	Conditions []Condition `json:"conditions,omitempty"`
	Verdict    Verdict     `json:"verdict,omitempty"` // none if the experiment was not declared
}

// rounding is what a lift must be beyond a limit to be so: a lift of exactly
// 5 % is not beyond 5 %, whatever a floating-point division makes of it.
const rounding = 1e-9

// Judge compares every treatment with the control.
func (e *Experiment) Judge(limits Limits) []Judgement {
	var all []Judgement
	for _, a := range e.Treatments() {
		j := Judgement{Variant: a.Variant, Lifts: e.Lifts(a, limits)}
		if e.Primary != "" {
			j.Conditions = e.conditions(a, j.Lifts, limits)
			j.Verdict = decide(j.Conditions)
		}
		all = append(all, j)
	}
	return all
}

func (e *Experiment) conditions(a Arm, lifts []Lift, limits Limits) []Condition {
	hold := map[Condition]bool{Complete: min(a.Assigned, e.ControlArm().Assigned) >= e.PlannedConversations}
	for _, p := range e.SRM() {
		hold[Unbalanced] = hold[Unbalanced] || p < limits.SRMPValue
	}
	for _, kpi := range e.Guardrails {
		hold[Unmeasured] = hold[Unmeasured] || !e.measured(kpi, a, lifts, limits)
	}
	for _, l := range lifts {
		if l.Sequential == nil {
			continue
		}
		finding := e.Find(l)
		hold[AtRisk] = hold[AtRisk] || finding == Risk || finding == Lost
		hold[Harmful] = hold[Harmful] || finding == Lost || finding == Worse && l.KPI == e.Primary
		if l.KPI == e.Primary {
			hold[Better] = finding == Improved
			hold[Worthwhile] = l.Ratio*Direction(l.KPI) > e.MinLiftRatio+rounding
			hold[Futile] = l.Sequential.towards(Direction(l.KPI)).High < e.MinLiftRatio
		}
	}
	return slices.DeleteFunc([]Condition{Unbalanced, Harmful, AtRisk, Unmeasured, Better, Worthwhile, Futile, Complete}, func(c Condition) bool {
		return !hold[c]
	})
}

// measured says whether enough is known of a guardrail. Over a control of 0 there is no
// lift, but no harm either as long as the treatment's is 0, or more is better.
func (e *Experiment) measured(kpi config.KPI, a Arm, lifts []Lift, limits Limits) bool {
	if slices.ContainsFunc(lifts, func(l Lift) bool { return l.KPI == kpi && l.Sequential != nil }) {
		return true
	}
	t, c := a.KPIs[kpi], e.ControlArm().KPIs[kpi]
	return min(t.N, c.N) >= limits.MinSamples && c.Mean == 0 && t.Mean*Direction(kpi) >= 0
}

// Finding is what a single lift says, by its sequential interval.
type Finding string

// The findings.
const (
	NoDifference Finding = "no difference seen"
	Improved     Finding = "better"
	Worse        Finding = "worse"
	Risk         Finding = "at risk" // a guardrail: worse, and the estimate beyond the tolerance
	Lost         Finding = "lost"    // a guardrail: beyond the tolerance for sure
	TooFew       Finding = "too few samples"
)

// Find says what a lift of the experiment means.
func (e *Experiment) Find(l Lift) Finding {
	if l.Sequential == nil {
		return TooFew
	}
	interval := l.Sequential.towards(Direction(l.KPI))
	limit := -e.GuardrailToleranceRatio - rounding
	guardrail := slices.Contains(e.Guardrails, l.KPI)
	switch {
	case guardrail && interval.High < limit:
		return Lost
	case guardrail && interval.High < 0 && l.Ratio*Direction(l.KPI) < limit:
		return Risk
	case interval.High < 0:
		return Worse
	case interval.Low > 0:
		return Improved
	default:
		return NoDifference
	}
}

func decide(conditions []Condition) Verdict {
	hold := func(c Condition) bool { return slices.Contains(conditions, c) }
	switch {
	case hold(Unbalanced):
		return Review
	case hold(Harmful):
		return Rollback
	case hold(Better) && hold(Worthwhile) && !hold(AtRisk) && !hold(Unmeasured):
		return Ship
	case hold(Better) && !hold(Unmeasured) || hold(Futile) || hold(Complete):
		return Review
	default:
		return Insufficient
	}
}
