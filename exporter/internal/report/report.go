// Package report answers "does the agent help?" for a period: from the counts
// that Prometheus keeps, as text, Markdown, JSON or one HTML page.
//
//	period ──► history ──► counts ──► kpi ──► summary    ──► Report ──► JSON
//	from, to   counters    what was   the     breakdown                document ──► text, Markdown,
//	           at edges    counted    rules'  issues, roi                           HTML and charts
//	                                  maths   trend
//
// The recorded KPIs have windows of 1h, 1d, 7d and 28d up to now. A report has
// any period, so it does what the recording rules do, over its own window: the
// exporter's counters never reset, and what was counted is the counter in the
// end minus the counter in the beginning. The formulas are those of
// recording-rules/support_kpis.yml, and a test holds them together.
//
// What is not known is nil in a Report, null in JSON and said in words
// elsewhere: never 0.
package report

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
)

// SchemaVersion is that of the JSON. A field that goes or changes its meaning
// moves it on; one that is added does not.
const SchemaVersion = 1

// Schema is the JSON schema of a Report.
//
//go:embed schema.json
var Schema string

// Prometheus is what a report asks of one; v1.API is that.
type Prometheus interface {
	Query(ctx context.Context, query string, ts time.Time, opts ...v1.Option) (model.Value, v1.Warnings, v1.Infos, error)
	QueryRange(ctx context.Context, query string, r v1.Range, opts ...v1.Option) (model.Value, v1.Warnings, v1.Infos, error)
	QueryExemplars(ctx context.Context, query string, start, end time.Time) ([]v1.ExemplarQueryResult, error)
}

// Options say what is reported. All are required.
type Options struct {
	Prometheus    Prometheus
	PrometheusURL string // for links; without credentials
	GrafanaURL    string // for links
	Period        Period
	SortBy        string // the KPI by which breakdowns are sorted, one of Sortable
	Assumptions   Assumptions
	Now           time.Time // when the report is made
	Generator     string    // the program and its version
}

// Report is everything that is said, and the JSON. Rates are 0.72, not 72;
// times are in seconds, money in US dollars. Nil is "not known".
type Report struct {
	SchemaVersion int          `json:"schema_version"`
	GeneratedAt   time.Time    `json:"generated_at"`
	Generator     string       `json:"generator"`
	Prometheus    string       `json:"prometheus"`
	Period        Period       `json:"period"`
	Previous      Period       `json:"previous"`
	Notes         []string     `json:"notes"` // what is missing, and why
	Summary       Summary      `json:"summary"`
	Breakdowns    []Breakdown  `json:"breakdowns"`
	Issues        []Issue      `json:"issues"` // worst first
	ROI           *ROI         `json:"roi"`
	Experiments   []Experiment `json:"experiments"`
	Trend         Trend        `json:"trend"`
}

// Make asks Prometheus and works the report out. It fails if Prometheus cannot
// be asked, or knows of no exporter within the period.
func Make(ctx context.Context, o Options) (*Report, error) {
	h, err := readHistory(ctx, o.Prometheus, o.Period)
	if err != nil {
		return nil, err
	}
	targets, err := readTargets(ctx, o.Prometheus, o.Period.To)
	if err != nil {
		return nil, err
	}
	r := &Report{
		SchemaVersion: SchemaVersion, GeneratedAt: o.Now, Generator: o.Generator, Prometheus: o.PrometheusURL,
		Period: o.Period, Previous: o.Period.before(), Notes: []string{},
	}
	now, before, err := h.bothPeriods(ctx, r.Period, r.Previous)
	if err != nil {
		return nil, err
	}
	if now.stores == 0 {
		return nil, errors.New("no counts of an exporter in this period: Prometheus needs recording-rules/support_kpis.yml, and to have scraped an exporter within it")
	}
	r.Notes = append(r.Notes, now.notes...)
	r.Notes = append(r.Notes, before.notes...)
	if before.stores == 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("Nothing is known of the period before, %s, so nothing is compared with it.", r.Previous))
	}
	r.Notes = append(r.Notes, targets.missing()...)
	r.Summary = summarize(now, before, targets)
	for _, label := range []string{"intent", "tier", "language"} {
		r.Breakdowns = append(r.Breakdowns, breakDown(label, now, before, targets, o.SortBy))
	}
	if r.Issues, err = findIssues(ctx, o, now, targets); err != nil {
		return nil, err
	}
	r.ROI = returnOnInvestment(now, o.Assumptions)
	if r.Experiments, err = readExperiments(ctx, o.Prometheus, o.Period.To); err != nil {
		return nil, err
	}
	if r.Trend, err = h.trend(ctx, o.Period.To); err != nil {
		return nil, err
	}
	return r, nil
}

// Severities are those of issues, worst first. High, medium and low are the
// quality lines', critical and warning the baselines', as in the alerts; a
// medium issue weighs as much as a warning.
func Severities() []string { return []string{"critical", "high", "medium", "warning", "low"} }

func rank(severity string) int {
	return map[string]int{"critical": 4, "high": 3, "medium": 2, "warning": 2, "low": 1}[severity]
}

// AtLeast gives the issues of a severity or a worse one. Those that rest on too
// few samples are not among them.
func (r *Report) AtLeast(severity string) []Issue {
	return slices.DeleteFunc(slices.Clone(r.Issues), func(i Issue) bool {
		return i.Small || rank(i.Severity) < rank(severity)
	})
}

func sortIssues(issues []Issue) {
	slices.SortStableFunc(issues, func(a, b Issue) int { return cmp.Compare(rank(b.Severity), rank(a.Severity)) })
}

// query asks for a vector at a time.
func query(ctx context.Context, p Prometheus, expr string, at time.Time) (model.Vector, error) {
	v, _, _, err := p.Query(ctx, expr, at)
	if err != nil {
		return nil, fmt.Errorf("ask Prometheus for %q: %w", expr, err)
	}
	vector, ok := v.(model.Vector)
	if !ok {
		return nil, fmt.Errorf("ask Prometheus for %q: got a %s, want a vector", expr, v.Type())
	}
	return vector, nil
}
