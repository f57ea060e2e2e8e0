package bundle

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql/parser"
)

// Dashboards read nothing that nobody exposes or records.
func TestDashboardsReadWhatThereIs(t *testing.T) {
	names := known(t)
	read := 0
	for _, q := range boardQueries(t) {
		for _, s := range selectorsOf(t, q.board.chosen(t, time.Minute, nil).fill(t, q.Expr)) {
			read++
			if !names[s.Name] {
				t.Errorf("%s: %s reads %s, which nothing exposes or records", q.board.UID, q.where, s.Name)
			}
		}
	}
	if read < 300 {
		t.Errorf("%d series are read by all dashboards, want them all to be found", read)
	}
}

// selectorsOf gives what an expression selects.
func selectorsOf(tb testing.TB, expr string) []*parser.VectorSelector {
	tb.Helper()
	var all []*parser.VectorSelector
	parser.Inspect(parsed(tb, expr), func(node parser.Node, _ []parser.Node) error {
		if s, ok := node.(*parser.VectorSelector); ok {
			all = append(all, s)
		}
		return nil
	})
	return all
}

// An alert's link leads to a dashboard that is there, and names variables that
// it has.
func TestAlertsLinkToDashboards(t *testing.T) {
	variables := map[string][]string{}
	for _, b := range shippedBoards(t) {
		variables[b.UID] = []string{}
		for _, v := range b.Templating.List {
			variables[b.UID] = append(variables[b.UID], v.Name)
		}
	}
	rules, _ := shippedAlerts(t)
	for name, of := range rules {
		for _, r := range of {
			link := strings.TrimPrefix(r.Annotations["dashboard_url"], dashboardBase)
			uid, query, _ := strings.Cut(link, "?")
			have, ok := variables[uid]
			if !ok {
				// Experiments have a dashboard of their own, which comes with them.
				if uid != "support-experiments" {
					t.Errorf("%s: there is no dashboard %s", name, uid)
				}
				continue
			}
			for _, m := range regexp.MustCompile(`var-(\w+)=`).FindAllStringSubmatch(query, -1) {
				if !slices.Contains(have, m[1]) {
					t.Errorf("%s: %s has no variable %s", name, uid, m[1])
				}
			}
		}
	}
}

// Exemplars are conversations, which the exporter's histograms, low scores and
// escalations have, and what is recorded has not.
func TestExemplarsAreAskedOfWhatHasThem(t *testing.T) {
	have := []string{"support_conversation_resolution_seconds_bucket", "support_conversation_cost_usd_bucket",
		"support_csat_responses_total", "support_escalations_total"}
	asked := map[string]bool{}
	for _, q := range boardQueries(t) {
		if !q.Exemplar {
			continue
		}
		for _, s := range selectorsOf(t, q.board.chosen(t, time.Minute, nil).fill(t, q.Expr)) {
			if s.Name == "support_ledger_start_timestamp_seconds" { // says whose the counters are
				continue
			}
			asked[s.Name] = true
			if !slices.Contains(have, s.Name) || q.Instant {
				t.Errorf("%s: %s asks %s for exemplars", q.board.UID, q.where, s.Name)
			}
		}
	}
	if len(asked) != len(have) {
		t.Errorf("exemplars of %v, want all of %v", asked, have)
	}
}

// Row titles and texts name variables that there are.
func TestDashboardTextsNameVariables(t *testing.T) {
	names := regexp.MustCompile(`\$\{?(\w+)`)
	for _, b := range shippedBoards(t) {
		values := b.chosen(t, time.Minute, nil)
		for _, p := range b.Panels {
			for _, m := range names.FindAllStringSubmatch(fmt.Sprint(p.Title, " ", p.Description), -1) {
				if _, ok := values[m[1]]; !ok {
					t.Errorf("%s: %q names $%s, which is no variable", b.UID, p.Title, m[1])
				}
			}
		}
	}
}
