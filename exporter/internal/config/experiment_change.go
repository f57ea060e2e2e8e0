package config

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Started says whether the experiment has started by now.
func (e *Experiment) Started(now time.Time) bool { return !now.Before(e.Start) }

// Ended says whether the experiment is over by now.
func (e *Experiment) Ended(now time.Time) bool { return !e.End.IsZero() && !now.Before(e.End) }

// Declare gives the declaration that holds once it is in force, from now on: an
// experiment that does not say when it starts does so now.
func (e Experiment) Declare(now time.Time) Experiment {
	if e.Start.IsZero() {
		e.Start = now.UTC().Truncate(time.Millisecond)
	}
	return e
}

// Redeclare gives the declaration that holds once next is in force in place of
// e, from now on. Their names are the same.
//
// What was declared is frozen when the experiment starts: what is counted under
// other weights, or judged by another measure, is another experiment, and the
// counts of the two could not be told apart. Only the end may be moved, as long
// as it has not come. A start that next leaves out is that of e.
//
// The error lists everything that would change.
func (e *Experiment) Redeclare(next Experiment, now time.Time) (Experiment, error) {
	if !e.Started(now) {
		return next.Declare(now), nil
	}
	if next.Start.IsZero() {
		next.Start = e.Start
	}
	changes := e.changes(&next)
	if e.Ended(now) && !e.End.Equal(next.End) {
		changes = append(changes, fmt.Sprintf("end was %s, got %s", instant(e.End), instant(next.End)))
	}
	if len(changes) > 0 {
		return Experiment{}, fmt.Errorf("experiments: %q has started and keeps what was declared, because its counts cannot be split again: %s; declare a new experiment under another name",
			e.Name, strings.Join(changes, ", "))
	}
	return next, nil
}

// changes lists what differs between two declarations of the same experiment,
// but for the end. The order of variants and guardrails means nothing.
func (e *Experiment) changes(next *Experiment) []string {
	changes := e.variantChanges(next)
	for _, f := range []struct{ name, was, got string }{
		{"salt", fmt.Sprintf("%q", e.Salt), fmt.Sprintf("%q", next.Salt)},
		{"control", fmt.Sprintf("%q", e.Control), fmt.Sprintf("%q", next.Control)},
		{"primary", string(e.Primary), string(next.Primary)},
		{"guardrails", e.guardrailNames(), next.guardrailNames()},
		{"guardrail_tolerance_ratio", decimal(e.GuardrailToleranceRatio), decimal(next.GuardrailToleranceRatio)},
		{"min_lift_ratio", decimal(e.MinLiftRatio), decimal(next.MinLiftRatio)},
		{"alpha", decimal(e.Alpha), decimal(next.Alpha)},
		{"planned_conversations", fmt.Sprint(e.PlannedConversations), fmt.Sprint(next.PlannedConversations)},
		{"start", instant(e.Start), instant(next.Start)},
	} {
		if f.was != f.got {
			changes = append(changes, fmt.Sprintf("%s was %s, got %s", f.name, f.was, f.got))
		}
	}
	return changes
}

func (e *Experiment) variantChanges(next *Experiment) []string {
	var changes []string
	for _, v := range e.Variants {
		switch weight, there := next.weight(v.Name); {
		case !there:
			changes = append(changes, fmt.Sprintf("variant %q is gone", v.Name))
		case weight != v.Weight:
			changes = append(changes, fmt.Sprintf("weight of variant %q was %s, got %s", v.Name, decimal(v.Weight), decimal(weight)))
		}
	}
	for _, v := range next.Variants {
		if _, there := e.weight(v.Name); !there {
			changes = append(changes, fmt.Sprintf("variant %q is new", v.Name))
		}
	}
	return changes
}

// weight gives the weight of a variant, if there is such a one.
func (e *Experiment) weight(variant string) (weight float64, there bool) {
	i := slices.IndexFunc(e.Variants, func(v Variant) bool { return v.Name == variant })
	if i < 0 {
		return 0, false
	}
	return e.Variants[i].Weight, true
}

func (e *Experiment) guardrailNames() string {
	return "[" + names(slices.Sorted(slices.Values(e.Guardrails))) + "]"
}

// instant writes a moment as the file has it.
func instant(t time.Time) string {
	if t.IsZero() {
		return "none"
	}
	return t.Format(time.RFC3339Nano)
}
