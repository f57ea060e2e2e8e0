package report

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/api/prometheus/v1"
)

// The most that are listed as evidence.
const (
	maxDrivers   = 5
	maxExemplars = 5
)

// Evidence is what is behind an issue, and where to look on.
type Evidence struct {
	Drivers       []Driver   `json:"drivers"` // intents, by what they explain
	Query         string     `json:"query"`   // the KPI by intent, in PromQL, at the period's end
	QueryURL      string     `json:"query_url"`
	DashboardURL  string     `json:"dashboard_url"`
	Exemplars     []Exemplar `json:"exemplars"`
	ExemplarsNote string     `json:"exemplars_note"` // why there are none; else empty
}

// Driver is an intent that pulls a KPI away from its target.
type Driver struct {
	Intent  string  `json:"intent"`
	Value   float64 `json:"value"`
	Samples float64 `json:"samples"`
	// What this intent explains of the deviation. All intents add up to 1; those
	// that are better than the target have less than 0, so others can have more
	// than 1.
	Share float64 `json:"share_of_deviation"`
}

// Exemplar is a conversation to read.
type Exemplar struct {
	ConversationID string    `json:"conversation_id"`
	Intent         string    `json:"intent"`
	Value          float64   `json:"value"` // of a histogram; else 1
	Time           time.Time `json:"time"`
}

// drivers are the intents that make a KPI worse than a target, the worst first.
//
// A KPI is sum / n. So the deviation from a target is the sum over intents of
// sum_i - target * n_i, divided by n, and each summand is that intent's part.
func drivers(now *counted, kpi string, target, direction float64) []Driver {
	all := []Driver{}
	deviation := 0.0
	for _, intent := range now.values("intent") {
		e := now.slices[slice{"intent", intent}].estimate(kpi)
		if e == nil {
			continue
		}
		part := e.sum - target*e.Samples
		deviation += part
		all = append(all, Driver{Intent: intent, Value: e.Value, Samples: e.Samples, Share: part})
	}
	if deviation == 0 {
		return []Driver{}
	}
	all = slices.DeleteFunc(all, func(d Driver) bool { return d.Share*direction >= 0 })
	for i := range all {
		all[i].Share /= deviation
	}
	slices.SortStableFunc(all, func(a, b Driver) int { return cmp.Compare(b.Share, a.Share) })
	return all[:min(len(all), maxDrivers)]
}

// lookUp adds where to look: the query, the links and exemplars.
func (i *Issue) lookUp(ctx context.Context, o Options) error {
	e := &i.Evidence
	e.Query = fmt.Sprintf(`sort(intent:support_kpi:value{kpi=%q, window=%q} @ %d)`, i.KPI, o.Period.window(), o.Period.To.Unix())
	e.QueryURL = strings.TrimSuffix(o.PrometheusURL, "/") + "/query?" + url.Values{
		"g0.expr": {e.Query}, "g0.tab": {"table"},
	}.Encode()
	dashboard := url.Values{
		"from": {strconv.FormatInt(o.Period.From.UnixMilli(), 10)}, "to": {strconv.FormatInt(o.Period.To.UnixMilli(), 10)},
		"var-window": {o.Period.window()},
	}
	var intents []string
	for _, d := range e.Drivers {
		intents = append(intents, d.Intent)
	}
	if len(intents) > 0 {
		dashboard["var-intent"] = intents[:1]
	}
	e.DashboardURL = strings.TrimSuffix(o.GrafanaURL, "/") + "/d/support-intents?" + dashboard.Encode()
	return e.findExemplars(ctx, o, exemplarSelector(i.KPI, intents))
}

// exemplarSelector selects the series whose exemplars show what is wrong.
func exemplarSelector(kpi string, intents []string) string {
	quoted := make([]string, len(intents))
	for i, intent := range intents {
		quoted[i] = regexp.QuoteMeta(intent)
	}
	of := fmt.Sprintf(`intent=~%q`, strings.Join(quoted, "|"))
	if len(intents) == 0 {
		of = `intent!=""`
	}
	switch kpi {
	case "csat":
		return `support_csat_responses_total{score=~"1|2", ` + of + `}`
	case "cost_usd":
		return `support_conversation_cost_usd_bucket{` + of + `}`
	case "turns":
		return `support_conversation_turns_bucket{` + of + `}`
	case "resolution_seconds":
		return `support_conversation_resolution_seconds_bucket{resolved="true", ` + of + `}`
	case "csat_response_rate":
		return "" // no conversation shows that a survey was not answered
	}
	return `support_escalations_total{` + of + `}`
}

// findExemplars takes the largest values, and of equal ones the latest.
// Prometheus may keep none: that is said, and is no error.
func (e *Evidence) findExemplars(ctx context.Context, o Options, selector string) error {
	e.Exemplars = []Exemplar{}
	if selector == "" {
		e.ExemplarsNote = "No single conversation shows this."
		return nil
	}
	results, err := o.Prometheus.QueryExemplars(ctx, selector, o.Period.From, o.Period.To)
	if ctx.Err() != nil {
		return fmt.Errorf("ask Prometheus for exemplars: %w", err)
	}
	if err != nil {
		e.ExemplarsNote = "Prometheus gave no exemplars: " + err.Error()
		return nil
	}
	e.Exemplars = firstExemplars(results)
	if len(e.Exemplars) == 0 {
		e.ExemplarsNote = "Prometheus has no exemplars of this period. It keeps the latest, if it runs with --enable-feature=exemplar-storage."
	}
	return nil
}

func firstExemplars(results []v1.ExemplarQueryResult) []Exemplar {
	all := []Exemplar{}
	for _, r := range results {
		for _, x := range r.Exemplars {
			if id := x.Labels["conversation_id"]; id != "" {
				all = append(all, Exemplar{string(id), string(r.SeriesLabels["intent"]), float64(x.Value), x.Timestamp.Time().UTC()})
			}
		}
	}
	slices.SortFunc(all, func(a, b Exemplar) int {
		return cmp.Or(cmp.Compare(b.Value, a.Value), b.Time.Compare(a.Time), cmp.Compare(a.ConversationID, b.ConversationID))
	})
	seen := map[string]bool{}
	all = slices.DeleteFunc(all, func(x Exemplar) bool {
		again := seen[x.ConversationID]
		seen[x.ConversationID] = true
		return again
	})
	return all[:min(len(all), maxExemplars)]
}
