package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"supportexporter/exporter/internal/config"
)

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// text writes the declaration, the arms, the KPIs of every arm, and what
// follows.
func (v *experimentView) text(w io.Writer) error {
	v.declared(w)
	arms := func(t io.Writer) {
		fmt.Fprintln(t, "ARM\tCONVERSATIONS\tBY WEIGHT\tP OF THE SPLIT\tA DAY")
		for _, a := range v.Arms {
			fmt.Fprintf(t, "%s\t%.0f\t%.0f\t%s\t%s\n", v.label(a), a.Assigned, a.Expected, number("%.2g", a.SRMPValue), number("%.0f", a.PerDay))
		}
	}
	kpis := func(t io.Writer) {
		fmt.Fprintln(t, "KPI\tARM\tN\tMEAN\tLIFT\tINTERVAL\tP\tVERDICT")
		for _, kpi := range config.KPIs() {
			for _, a := range v.Arms {
				if i := slices.IndexFunc(a.KPIs, func(k kpiView) bool { return k.KPI == kpi }); i >= 0 {
					v.row(t, a, a.KPIs[i])
				}
			}
		}
	}
	for _, fill := range []func(io.Writer){arms, kpis} {
		if err := table(w, fill); err != nil {
			return err
		}
	}
	for _, a := range v.Arms {
		if a.Verdict == "" {
			continue
		}
		var why []string
		for _, c := range a.Conditions {
			why = append(why, strings.ReplaceAll(string(c), "_", " "))
		}
		fmt.Fprintf(w, "\nVerdict on %s: %s", a.Variant, a.Verdict)
		if len(why) > 0 {
			fmt.Fprintf(w, " (%s)", strings.Join(why, ", "))
		}
		fmt.Fprintln(w)
		if a.Remaining != nil {
			a.Remaining.text(w)
		}
	}
	return nil
}

// table writes cells, separated by tabs, in columns below an empty line, and no
// space behind the last one.
func table(w io.Writer, fill func(io.Writer)) error {
	var text strings.Builder
	t := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fill(t)
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for line := range strings.Lines(text.String()) {
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}

func (v *experimentView) declared(w io.Writer) {
	if v.Primary == "" {
		fmt.Fprintf(w, "%s was not declared: it is estimated against %s, and gets no verdict.\n", v.Name, v.Control)
		return
	}
	fmt.Fprintf(w, "%s: %s, a lift of more than %.3g %% ships; %.0f conversations planned in each arm; alpha %g.\n", v.Name, v.Primary, 100*v.MinLift, v.Planned, v.Alpha)
	if len(v.Guardrails) > 0 {
		var names []string
		for _, g := range v.Guardrails {
			names = append(names, string(g))
		}
		fmt.Fprintf(w, "Guardrails, which may be %.3g %% worse: %s.\n", 100*v.Tolerance, strings.Join(names, ", "))
	}
	fmt.Fprintln(w, "Intervals hold however often they are looked at; P is that of a single look at the end.")
}

func (v *experimentView) label(a armView) string {
	if a.Variant == v.Control {
		return a.Variant + " (control)"
	}
	return a.Variant
}

func (v *experimentView) row(w io.Writer, a armView, k kpiView) {
	role := ""
	switch {
	case k.KPI == v.Primary:
		role = " (primary)"
	case slices.Contains(v.Guardrails, k.KPI):
		role = " (guardrail)"
	}
	fmt.Fprintf(w, "%s%s\t%s\t%.0f\t%s", k.KPI, role, v.label(a), k.Samples, amount(k.KPI, k.Mean))
	if k.Lift == nil {
		fmt.Fprintln(w, "\t\t\t\t")
		return
	}
	fmt.Fprintf(w, "\t%s\t%s\t%s\t%s\n", percent(k.Lift.Ratio), interval(k.Lift.Sequential), number("%.2g", k.Lift.PValue), k.Finding)
}

func (r *remainingView) text(w io.Writer) {
	found := fmt.Sprintf("a lift of %s in %s, if there is one, is seen with a probability of %.0f %%", percent(r.LiftRatio), r.KPI, 100*r.Power)
	if r.More == 0 {
		fmt.Fprintf(w, "There are enough conversations: %s.\n", found)
		return
	}
	fmt.Fprintf(w, "With %.0f more conversations in each arm (%.0f in all) %s.\n", r.More, r.Needed, found)
	if r.Days != nil {
		fmt.Fprintf(w, "At today's rate that takes %.1f days.\n", *r.Days)
	} else {
		fmt.Fprintln(w, "How long that takes is known with --prometheus.url or --per-day.")
	}
}

// number writes a number, or that there is none.
func number(format string, v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf(format, *v)
}
