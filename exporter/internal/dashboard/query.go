package dashboard

import (
	"fmt"
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
)

// Matchers that many queries share.
const (
	chosenWindow   = `window="$window"`
	chosenBaseline = `baseline="$baseline"`
	chosenIntent   = `intent=~"$intent"`
	whole          = `intent="", tier="", language=""` // a slice: series of the whole system
	firing         = `alertstate="firing"`
	supportAlerts  = `alertname=~"Support.+"`
)

// sel selects a metric's series.
func sel(metric string, matchers ...string) string {
	return metric + "{" + strings.Join(matchers, ", ") + "}"
}

// eq matches a label's value.
func eq(label, value string) string { return fmt.Sprintf("%s=%q", label, value) }

// query is a target of a panel.
type query struct {
	expr   string
	legend string
	// now asks for the present value alone, and columns has it as a table.
	now, columns bool
	// exemplars asks for conversations behind the numbers too.
	exemplars bool
}

func (q query) withExemplars() query { q.exemplars = true; return q }

// over draws an expression over time.
func over(legend, expr string, args ...any) query {
	return query{expr: format(expr, args), legend: legend}
}

// now asks for the value at the end of the chosen time.
func now(legend, expr string, args ...any) query {
	return query{expr: format(expr, args), legend: legend, now: true}
}

// column asks for it as a table's column, one row for each label set.
func column(expr string, args ...any) query {
	return query{expr: format(expr, args), now: true, columns: true}
}

func format(expr string, args []any) string {
	if len(args) == 0 {
		return expr
	}
	return fmt.Sprintf(expr, args...)
}

// letter names a panel's query, from 0.
func letter(i int) string { return string(rune('A' + i)) }

// targets gives the queries their letters, A first.
func targets(queries []query) []cog.Builder[variants.Dataquery] {
	var out []cog.Builder[variants.Dataquery]
	for i, q := range queries {
		t := prometheus.NewDataqueryBuilder().
			RefId(letter(i)).
			Datasource(prometheusSource()).
			EditorMode(prometheus.QueryEditorModeCode).
			Expr(q.expr)
		if q.now {
			t.Instant()
		} else {
			t.Range()
		}
		if q.columns {
			t.Format(prometheus.PromQueryFormatTable)
		} else {
			t.LegendFormat(q.legend).Format(prometheus.PromQueryFormatTimeSeries)
		}
		if q.exemplars {
			t.Exemplar(true)
		}
		out = append(out, t)
	}
	return out
}

// growth is how much each of a counter's series grew within a window. The
// exporter's counters never reset, so that is a subtraction, which misses no
// first event of a label set as increase() would; a series that is younger
// than the window began at 0. This is for what no rule records.
func growth(window, metric string, matchers ...string) string {
	x := sel(metric, matchers...)
	return fmt.Sprintf("(%s - %s offset %s or %s)", x, x, window, x)
}

// counted is the growth within the chosen window, by labels.
func counted(by, metric string, matchers ...string) string {
	return fmt.Sprintf("sum by (%s) (%s)", by, growth("$window", metric, matchers...))
}

// delta is what was recorded as counted within the chosen window, over all
// conversations.
func delta(counter string, matchers ...string) string {
	return sel("slice:support_counters:delta", append([]string{eq("counter", counter), chosenWindow, whole}, matchers...)...)
}
