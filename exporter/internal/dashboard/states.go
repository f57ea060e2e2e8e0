package dashboard

import (
	"fmt"
	"strings"
)

// The states of a KPI against its baseline.
const (
	muchWorse   = "much worse"
	worse       = "worse"
	better      = "better"
	asExpected  = "as expected"
	notCompared = "not compared"
)

// state gives an expression's series the label state, by which they are
// coloured and named.
func state(name, expr string) string {
	return fmt.Sprintf(`label_replace(%s, "state", %q, "", "")`, expr, name)
}

// judged is a KPI over time, named by its state at the end: what would alert
// is worse, and what is too small a sample to tell is said to be. The
// conditions are those recorded for the alerts, as of the end, so that there
// is one line and not a patchwork.
func (k kpi) judged() string {
	value := k.of("support:kpi:value")
	when := func(condition string) string { return value + " and on (kpi, window) " + condition }
	enough := fmt.Sprintf("(%s @ end() and on (kpi, window) (%s @ end() >= on (kpi) group_left () %s @ end()))",
		k.of("support:kpi:deviation_ratio", chosenBaseline),
		k.of("support:kpi:samples"),
		sel("support:threshold:min_samples", eq("kpi", k.name), eq("severity", "critical")))
	return strings.Join([]string{
		state(muchWorse, when(k.of("support:kpi:regression_ratio", chosenBaseline, eq("severity", "critical"))+" @ end()")),
		state(worse, when(k.of("support:kpi:regression_ratio", chosenBaseline, eq("severity", "warning"))+" @ end()")),
		state(better, when(k.of("support:kpi:improvement_ratio", chosenBaseline)+" @ end()")),
		state(asExpected, when(enough)),
		state(notCompared, when(value+" @ end()")),
	}, "\nor on (kpi, window) ")
}
