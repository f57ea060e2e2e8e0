package bundle

import (
	"maps"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"supportexporter/exporter/internal/program"
)

// known are the metrics that rules and alerts may read: those that the
// exporter's two lists of names have, those that rules record, Prometheus's own,
// and those of every Prometheus client.
func known(tb testing.TB) map[string]bool {
	tb.Helper()
	names := map[string]bool{
		"up": true, "ALERTS": true,
		"process_cpu_seconds_total": true, "process_resident_memory_bytes": true, "process_start_time_seconds": true,
	}
	for _, path := range [][]string{{"exporter", "internal", "tally", "names.go"}, {"exporter", "internal", "telemetry", "telemetry.go"}} {
		for _, m := range regexp.MustCompile(`= +"(support_\w+)"`).FindAllStringSubmatch(readShipped(tb, path...), -1) {
			for _, suffix := range []string{"", "_bucket", "_count", "_sum"} {
				names[m[1]+suffix] = true
			}
		}
	}
	if len(names) < 100 {
		tb.Fatalf("%d names of the exporter found, want all of them", len(names))
	}
	for _, r := range shippedRules(tb) {
		names[r.name] = true
	}
	return names
}

// shippedRule is a recording or an alerting rule.
type shippedRule struct{ name, expr string }

func shippedRules(tb testing.TB) []shippedRule {
	tb.Helper()
	var out []shippedRule
	for _, path := range ruleFiles(tb) {
		for _, r := range readRules(tb, filepath.Base(path)) {
			out = append(out, shippedRule{r.Record, r.Expr})
		}
	}
	for name := range alertFiles {
		for _, r := range readAlerts(tb, name) {
			out = append(out, shippedRule{r.Record + r.Alert, r.Expr})
		}
	}
	return out
}

var (
	comments     = regexp.MustCompile(`(?m)#.*$`)
	selectors    = regexp.MustCompile(`\{[^}]*\}|"[^"]*"`)
	labelLists   = regexp.MustCompile(`\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)`)
	numbers      = regexp.MustCompile(`\[[^\]]*\]|\b\d[\w.]*(-\d+)?`)
	identifiers  = regexp.MustCompile(`[a-zA-Z_:][\w:]*(\s*\()?`)
	keywords     = regexp.MustCompile(`^(and|or|unless|offset|bool|sum|min|max|avg|count|quantile|count_values)$`)
	namePatterns = regexp.MustCompile(`__name__=~"([^"]*)"`)
)

// metricsRead gives the names of the metrics that an expression selects: what
// is left of it without labels, numbers, functions and operators.
func metricsRead(expr string) []string {
	for _, noise := range []*regexp.Regexp{comments, selectors, labelLists, numbers} {
		expr = noise.ReplaceAllString(expr, " ")
	}
	return slices.DeleteFunc(identifiers.FindAllString(expr, -1), func(id string) bool {
		return strings.HasSuffix(id, "(") || keywords.MatchString(id)
	})
}

func TestMetricsReadAreFound(t *testing.T) {
	got := metricsRead(`
		sum by (a, b) (rate(x_total{l="m", n=~"o{2}"}[5m] offset 1d)) # comment
		/ on (c) group_left (d) (recorded:name:sum > 1e-9) unless ignoring (e) up == 0 or scalar(y)`)
	want := []string{"x_total", "recorded:name:sum", "up", "y"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Rules and alerts read nothing that nobody exposes or records.
func TestRulesAndAlertsReadWhatThereIs(t *testing.T) {
	names := known(t)
	read := 0
	for _, r := range shippedRules(t) {
		for _, name := range metricsRead(r.expr) {
			read++
			if !names[name] {
				t.Errorf("%s reads %s, which nothing exposes or records", r.name, name)
			}
		}
		for _, pattern := range namePatterns.FindAllStringSubmatch(r.expr, -1) {
			matches, err := regexp.Compile("^(?:" + pattern[1] + ")$")
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(slices.Sorted(maps.Keys(names)), matches.MatchString) {
				t.Errorf("%s reads %s, which matches nothing that is exposed or recorded", r.name, pattern[1])
			}
		}
	}
	if read < 200 {
		t.Errorf("%d metrics are read by all rules and alerts, want them all to be found", read)
	}
}

// An annotation's query reads what there is, too.
func TestAlertDescriptionsReadWhatThereIs(t *testing.T) {
	names := known(t)
	rules, _ := shippedAlerts(t)
	for name, of := range rules {
		for _, r := range of {
			// "%skpi:value" stands for both levels, whole and by intent.
			text := strings.ReplaceAll(r.Annotations["description"], "%skpi:", "support:kpi:")
			text = strings.ReplaceAll(text, "%sbaseline:", "support:baseline:")
			for _, metric := range regexp.MustCompile(`\b(instance:|support:|support_exporter_)[\w:]+`).FindAllString(text, -1) {
				if !names[metric] {
					t.Errorf("%s: the description reads %s, which nothing exposes or records", name, metric)
				}
			}
		}
	}
}

// The runbook's queries are PromQL, and read what there is.
func TestRunbookQueriesReadWhatThereIs(t *testing.T) {
	names := known(t)
	blocks := regexp.MustCompile("(?s)```promql\n(.*?)```").FindAllStringSubmatch(readShipped(t, "alerts", "runbook.md"), -1)
	rules, _ := shippedAlerts(t)
	if len(blocks) < len(rules) {
		t.Errorf("%d blocks of queries for %d alerts, want one for each", len(blocks), len(rules))
	}
	for _, b := range blocks {
		for query := range strings.Lines(b[1]) {
			query = strings.TrimSpace(query)
			if out, err := exec.Command(program.Tool(t, "promtool"), "--experimental", "promql", "format", query).CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", query, err, out)
			}
			for _, metric := range metricsRead(query) {
				if !names[metric] {
					t.Errorf("%s reads %s, which nothing exposes or records", query, metric)
				}
			}
		}
	}
}

// The README's table of recorded series is complete.
func TestReadmeListsWhatIsRecorded(t *testing.T) {
	readme := readShipped(t, "README.md")
	for _, r := range shippedRules(t) {
		if strings.Contains(r.name, ":") && !strings.Contains(readme, "`"+r.name+"`") {
			t.Errorf("README.md does not mention `%s`", r.name)
		}
	}
}
