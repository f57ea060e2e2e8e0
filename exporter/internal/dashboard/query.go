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

// growth is how much counters grew within a window, summed by labels. It is for
// what no rule records, and counts as recording-rules/support_kpis.yml does:
// from each store's counters now are subtracted those it was last seen with in
// the hour before the window began, looked for in steps. Only stores count whose
// counters were known then: they were scraped, or are younger than the window,
// give or take the five minutes until they are first scraped.
func growth(window, steps, by, counters string) string {
	const start = "support_ledger_start_timestamp_seconds"
	// A store is known by when it was created. One that is seen twice at once, as
	// can happen while it moves, is not counted.
	store := func(condition string) string {
		return fmt.Sprintf(`count_values by (job, instance) ("store", %s %s)`, start, condition)
	}
	then := func(expr, back, steps string) string {
		return fmt.Sprintf("last_over_time((%s)[%s:%s] offset %s)", expr, back, steps, window)
	}
	single := store(fmt.Sprintf("and on (job, instance) count by (job, instance) (%s) == 1", start))
	young := store(fmt.Sprintf("> scalar(%s)", then("vector(time() - 300)", "1m", "1m")))
	now := fmt.Sprintf("sum by (job, instance, %s) (%s) * on (job, instance) group_left (store) %s", by, counters, single)
	return fmt.Sprintf(`sum by (%s) (
  (
    %s
    - %s
    or %s
  )
  and on (job, instance, store) (
    %s
    or %s
  )
)`, by, now, then(now, "1h", steps), now, then(single, "1h", steps), young)
}

// counted is the growth within the chosen window, by labels.
func counted(by, metric string, matchers ...string) string {
	return growth("$window", "1m", by, sel(metric, matchers...))
}

// lastHour is the growth within an hour, for graphs with a point every ten
// minutes. A selector looks back five, so that smaller steps would find no more.
func lastHour(by, metric string, matchers ...string) string {
	return growth("1h", "5m", by, sel(metric, append(matchers, chosenIntent)...))
}

// delta is what was recorded as counted within the chosen window, over all
// conversations.
func delta(counter string, matchers ...string) string {
	return sel("slice:support_counters:delta", append([]string{eq("counter", counter), chosenWindow, whole}, matchers...)...)
}
