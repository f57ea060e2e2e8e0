package conversation

import (
	"cmp"
	"slices"

	"supportexporter/exporter/internal/config"
)

// Undeclared gives the arms of experiments that nobody has declared, by
// experiment and variant. One that was declared once and is not any more is
// not among them: what it was split by is known to have been something else.
func (s *State) Undeclared() []Arm {
	known := map[string]bool{}
	for _, all := range [][]config.Experiment{s.settings.Experiments, s.settings.Withdrawn} {
		for _, x := range all {
			known[x.Name] = true
		}
	}
	var arms []Arm
	for i := range s.series.Arms() {
		experiment, variant := s.series.ArmName(i + 1)
		if !known[experiment] {
			arms = append(arms, Arm{Experiment: experiment, Variant: variant})
		}
	}
	slices.SortFunc(arms, func(a, b Arm) int {
		return cmp.Or(cmp.Compare(a.Experiment, b.Experiment), cmp.Compare(a.Variant, b.Variant))
	})
	return arms
}
