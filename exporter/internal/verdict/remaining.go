package verdict

import (
	"math"

	"supportexporter/exporter/internal/config"
)

// Remaining is how far a treatment is from showing the smallest lift that is
// worth it, if that is its true effect.
type Remaining struct {
	KPI       config.KPI `json:"kpi"`
	LiftRatio float64    `json:"lift_ratio"` // the smallest worth it, with the sign of the KPI's good direction
	Power     float64    `json:"power"`
	Needed    float64    `json:"needed"` // conversations in each arm, all together
	More      float64    `json:"more"`   // of them still to come, in the arm that has fewer
}

// Remaining says how many conversations are still needed until a lift of
// MinLiftRatio in the primary KPI is seen with a probability of power, by what
// the arms have shown so far of its mean, its variance and its share of
// conversations. There is no answer before they have shown any, nor for a lift
// of 0.
func (e *Experiment) Remaining(treatment Arm, power float64) (Remaining, bool) {
	control := e.ControlArm()
	c, ok := control.KPIs[e.Primary]
	t, known := treatment.KPIs[e.Primary]
	if !ok || !known || e.MinLiftRatio == 0 || e.PlannedConversations == 0 {
		return Remaining{}, false
	}
	perConversation := (c.N + t.N) / (control.Assigned + treatment.Assigned)
	lift := e.MinLiftRatio * Direction(e.Primary)
	samples, err := Effect{
		Control: c, Treatment: t, LiftRatio: lift, Alpha: e.AlphaOf(e.Primary), Power: power,
	}.SizeAsPlanned(e.PlannedConversations)
	if err != nil || math.IsInf(perConversation, 0) {
		return Remaining{}, false
	}
	needed := math.Ceil(samples / perConversation)
	more := max(0, needed-min(control.Assigned, treatment.Assigned))
	return Remaining{e.Primary, lift, power, needed, more}, true
}
