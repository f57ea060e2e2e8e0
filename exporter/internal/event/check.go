package event

import "math"

// lacks returns the field that must stand beside another one but does not, and
// that other one; fieldEvent if there is none.
func (e *Event) lacks() (f field, beside string) {
	switch {
	case e.ID == "" && e.Facts&(TurnsDelta|CostDelta) != 0:
		return fieldID, "turns_delta and cost_delta"
	case e.Experiment == "" && e.Variant != "":
		return fieldExperiment, "variant"
	case e.Variant == "" && e.Experiment != "":
		return fieldVariant, "experiment"
	}
	return fieldEvent, ""
}

// sum adds up the components.
func (m *Money) sum() float64 {
	sum := 0.0
	for i := range m.Detail {
		sum += m.Detail[i].USD
	}
	return sum
}

// covers says whether a sum of components is at most the amount, give or take
// what adding decimal fractions in binary may cost.
func (m *Money) covers(sum float64) bool {
	return sum <= m.USD*(1+1e-6)+1e-9 && !math.IsInf(sum, 1)
}

// coveredOnce is covers of an amount that covered its components when they were
// pushed. Since then some may have been merged, which adds them up in another
// order: to another last digit, or beyond what a float64 holds.
func (m *Money) coveredOnce(sum float64) bool { return sum <= m.USD*(1+2e-6)+2e-9 }

// has says whether there is a component of that name.
func (m *Money) has(name string) bool {
	for i := range m.Detail {
		if m.Detail[i].Name == name {
			return true
		}
	}
	return false
}
