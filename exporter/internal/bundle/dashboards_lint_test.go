package bundle

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// boardsOfRecordings read what was recorded, which has no job and instance:
// the linter's rules about these are for the exporter's own metrics. What these
// dashboards count themselves is of all exporters too, to agree with it.
var boardsOfRecordings = []string{"support-overview", "support-intents", "support-executive", "support-experiments"}

// Grafana's units that the dashboards use.
var units = []string{"percentunit", "short", "s", "currencyUSD", "bytes", "eps", "reqps"}

// The rules of github.com/grafana/dashboard-linter, and some of our own.
func TestDashboardsAreLinted(t *testing.T) {
	for _, b := range shippedBoards(t) {
		t.Run(b.UID, func(t *testing.T) {
			if b.Editable == nil || *b.Editable { // uneditable-dashboard
				t.Error("it can be edited, and what is changed is lost")
			}
			lintVariables(t, b)
			for _, p := range b.Panels {
				if p.Type != "row" {
					lintPanel(t, p)
				}
			}
		})
	}
}

func lintVariables(t *testing.T, b grafanaBoard) {
	t.Helper()
	byName := map[string]grafanaVariable{}
	for _, v := range b.Templating.List {
		byName[v.Name] = v
		if v.Label == "" || v.Description == "" {
			t.Errorf("$%s: label %q, description %q", v.Name, v.Label, v.Description)
		}
		if v.Type == "query" && v.Refresh != 2 { // template-on-time-change-reload
			t.Errorf("$%s is not read again when the time changes", v.Name)
		}
		if v.Type == "query" && (v.Datasource == nil || v.Datasource.UID != "${datasource}") {
			t.Errorf("$%s reads from %v", v.Name, v.Datasource)
		}
	}
	// template-datasource
	if d := b.Templating.List[0]; d.Name != "datasource" || d.Type != "datasource" || d.Query != "prometheus" || d.Label != "Data source" {
		t.Errorf("the first variable is %+v, want the data source", d)
	}
	if slices.Contains(boardsOfRecordings, b.UID) {
		return
	}
	for name, label := range map[string]string{"job": "Job", "instance": "Instance"} { // template-job, template-instance
		if v := byName[name]; v.Type != "query" || !v.Multi || !v.IncludeAll || v.AllValue != ".+" || !strings.HasPrefix(v.Label, label) {
			t.Errorf("$%s: %+v", name, v)
		}
	}
}

func lintPanel(t *testing.T, p grafanaPanel) {
	t.Helper()
	if p.Title == "" || len(p.Description) < 20 { // panel-title-description
		t.Errorf("panel %q: description %q", p.Title, p.Description)
	}
	if p.Type == "text" {
		return
	}
	if !slices.Contains(units, p.FieldConfig.Defaults.Unit) { // panel-units
		t.Errorf("panel %q: unit %q", p.Title, p.FieldConfig.Defaults.Unit)
	}
	if p.FieldConfig.Defaults.NoValue == "" {
		t.Errorf("panel %q says nothing while it is empty", p.Title)
	}
	if len(p.Targets) == 0 { // panel-no-targets
		t.Errorf("panel %q asks for nothing", p.Title)
	}
	if p.Datasource == nil || p.Datasource.UID != "${datasource}" { // panel-datasource
		t.Errorf("panel %q reads from %v", p.Title, p.Datasource)
	}
	for _, target := range p.Targets {
		if target.Datasource.UID != "${datasource}" {
			t.Errorf("panel %q %s reads from %v", p.Title, target.RefID, target.Datasource)
		}
	}
}

// target-promql, target-rate-interval, target-job, target-instance, and
// counters are never drawn as they are (target-counter-agg).
func TestDashboardQueriesAreLinted(t *testing.T) {
	counter := regexp.MustCompile(`_(total|bucket|count|sum)$`)
	const rateInterval = 12345 * time.Second // that no query has by chance
	for _, q := range boardQueries(t) {
		where := q.board.UID + ": " + q.where
		values := q.board.chosen(t, rateInterval-15*time.Second, nil)
		e := parsed(t, values.fill(t, q.Expr))
		parser.Inspect(e, func(node parser.Node, path []parser.Node) error {
			switch n := node.(type) {
			case *parser.Call:
				if n.Func.Name != "rate" && n.Func.Name != "irate" {
					break
				}
				m, ok := n.Args[0].(*parser.MatrixSelector)
				if !ok || m.Range != rateInterval {
					t.Errorf("%s: %s: want [$__rate_interval]", where, n)
				} else if name := m.VectorSelector.(*parser.VectorSelector).Name; strings.Contains(name, ":") {
					t.Errorf("%s: rate of %s, which is no counter", where, name)
				}
			case *parser.VectorSelector:
				if strings.HasPrefix(n.Name, "support_exporter_") && !strings.HasPrefix(q.where, "variable") && !hasJobAndInstance(n) {
					t.Errorf("%s: %s: want job and instance matched", where, n)
				}
				if counter.MatchString(n.Name) && !strings.Contains(n.Name, ":") && n.Name != countedAtStart && !differenced(path) {
					t.Errorf("%s: %s is drawn as it is, though it is a counter", where, n)
				}
			}
			return nil
		})
	}
}

// countedAtStart counts only while the process starts, so that its value says
// it all.
const countedAtStart = "support_exporter_journal_torn_bytes_total"

func hasJobAndInstance(n *parser.VectorSelector) bool {
	have := 0
	for _, m := range n.LabelMatchers {
		if (m.Name == "job" || m.Name == "instance") && m.Type == labels.MatchRegexp {
			have++
		}
	}
	return have == 2
}

// differenced is whether a counter's growth is taken somewhere above: by a
// function, by subtracting what it was before, or that or all of it. Nought
// times a counter says only that it is there.
func differenced(path []parser.Node) bool {
	for _, node := range path {
		switch n := node.(type) {
		case *parser.Call:
			if slices.Contains([]string{"rate", "irate", "increase"}, n.Func.Name) {
				return true
			}
		case *parser.BinaryExpr:
			if n.Op == parser.LOR {
				if left, ok := n.LHS.(*parser.BinaryExpr); ok && subtractsBefore(left) {
					return true
				}
			}
			if subtractsBefore(n) || n.Op == parser.MUL && n.LHS.String() == "0" {
				return true
			}
		}
	}
	return false
}

func subtractsBefore(n *parser.BinaryExpr) bool {
	last, ok := n.RHS.(*parser.Call)
	if !ok || n.Op != parser.SUB || last.Func.Name != "last_over_time" {
		return false
	}
	before, ok := last.Args[0].(*parser.SubqueryExpr)
	return ok && before.OriginalOffset > 0
}
