package bundle

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql/parser"

	"supportexporter/exporter/internal/program"
)

// grafanaBoard is a dashboard as it stands in a file.
type grafanaBoard struct {
	UID           string
	Title         string
	Editable      *bool
	SchemaVersion int
	Time          struct{ From, To string }
	Panels        []grafanaPanel
	Templating    struct{ List []grafanaVariable }
	Annotations   struct {
		List []struct {
			Name       string
			Datasource grafanaSource
			Target     grafanaTarget
		}
	}
}

type grafanaSource struct{ Type, UID string }

type grafanaPanel struct {
	Type, Title, Description string
	Datasource               *grafanaSource
	GridPos                  struct{ W int }
	Interval, TimeFrom       string
	MaxDataPoints            int
	Targets                  []grafanaTarget
	FieldConfig              struct {
		Defaults struct{ Unit, NoValue string }
	}
}

type grafanaTarget struct {
	RefID, Expr string
	Instant     bool
	Exemplar    bool
	Datasource  grafanaSource
}

type grafanaVariable struct {
	Name, Type, Label, Description, AllValue string
	Query                                    any
	Refresh                                  int
	Multi, IncludeAll                        bool
	Datasource                               *grafanaSource
	Current                                  struct{ Value any }
}

// shippedBoards reads the dashboards.
func shippedBoards(tb testing.TB) []grafanaBoard {
	tb.Helper()
	names, err := filepath.Glob(filepath.Join(program.Root(tb), "grafana", "dashboards", "*.json"))
	if err != nil || len(names) < 4 {
		tb.Fatalf("%d dashboards, want at least 4: %v", len(names), err)
	}
	var boards []grafanaBoard
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		var b grafanaBoard
		if err := json.Unmarshal(text, &b); err != nil {
			tb.Fatalf("%s: %v", name, err)
		}
		if b.UID+".json" != filepath.Base(name) {
			tb.Errorf("%s has the uid %s", name, b.UID)
		}
		boards = append(boards, b)
	}
	return boards
}

// choices are the values of variables.
type choices map[string]string

// chosen gives what a dashboard opens with, and of Grafana's own variables what
// it has at a step; with replaces some.
func (b grafanaBoard) chosen(tb testing.TB, step time.Duration, with choices) choices {
	tb.Helper()
	values := choices{"__rate_interval": max(step+15*time.Second, time.Minute).String()}
	for _, v := range b.Templating.List {
		value := fmt.Sprint(v.Current.Value)
		if strings.Contains(value, "$__all") {
			value = v.AllValue
		}
		values[v.Name] = value
	}
	for name, value := range with {
		if _, ok := values[name]; ok {
			values[name] = value
		}
	}
	return values
}

// fill puts the values into an expression. A variable that there is none of
// fails the test; $1 is of label_replace, and Grafana leaves it alone.
func (c choices) fill(tb testing.TB, expr string) string {
	tb.Helper()
	return os.Expand(expr, func(name string) string {
		value, ok := c[name]
		if !ok && name == "1" {
			return "$1"
		}
		if !ok {
			tb.Errorf("%q is no variable of the dashboard: %s", name, expr)
		}
		return value
	})
}

// parsed is a filled-in expression that must be PromQL without experimental
// functions.
func parsed(tb testing.TB, expr string) parser.Expr {
	tb.Helper()
	e, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
	if err != nil {
		tb.Fatalf("%v\n%s", err, expr)
	}
	return e
}

// boardQuery is one query of a dashboard, and where it stands.
type boardQuery struct {
	board grafanaBoard
	where string // panel and target
	panel grafanaPanel
	grafanaTarget
}

// boardQueries gives all queries of all dashboards, annotations and variables
// among them.
func boardQueries(tb testing.TB) []boardQuery {
	tb.Helper()
	var all []boardQuery
	for _, b := range shippedBoards(tb) {
		for _, p := range b.Panels {
			for _, t := range p.Targets {
				all = append(all, boardQuery{b, p.Title + " " + t.RefID, p, t})
			}
		}
		for _, a := range b.Annotations.List {
			all = append(all, boardQuery{b, "annotation " + a.Name, grafanaPanel{GridPos: struct{ W int }{24}}, a.Target})
		}
		for _, v := range b.Templating.List {
			// label_values(selector, label) asks which series there are.
			if selector, ok := strings.CutPrefix(fmt.Sprint(v.Query), "label_values("); ok {
				selector = selector[:strings.LastIndex(selector, ",")]
				all = append(all, boardQuery{b, "variable " + v.Name, grafanaPanel{}, grafanaTarget{Expr: selector, Instant: true}})
			}
		}
	}
	return all
}
