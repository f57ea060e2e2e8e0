package bundle

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"supportexporter/exporter/internal/program"
)

// countersRead are the exporter's counters that the recording rules read.
var countersRead = []string{
	"support_conversations_total",
	"support_conversations_reversed_total",
	"support_resolutions_total",
	"support_resolutions_confirmed_total",
	"support_cost_usd_total",
	"support_csat_responses_total",
	"support_csat_surveys_total",
	"support_values_total",
	"support_values_sum_total",
	"support_values_squares_total",
}

// recordingRule is one recording rule, as it stands in a file.
type recordingRule struct {
	Record string
	Labels map[string]string
	Expr   string
}

// ruleFiles lists the shipped rule files.
func ruleFiles(tb testing.TB) []string {
	tb.Helper()
	names, err := filepath.Glob(filepath.Join(program.Root(tb), "recording-rules", "*.yml"))
	if err != nil || len(names) == 0 {
		tb.Fatalf("no rule files: %v", err)
	}
	return names
}

// readRules reads the rules of one shipped file.
func readRules(tb testing.TB, name string) []recordingRule {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join(program.Root(tb), "recording-rules", name))
	if err != nil {
		tb.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Name     string
			Interval string
			Rules    []recordingRule
		}
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		tb.Fatalf("%s: %v", name, err)
	}
	var rules []recordingRule
	for _, g := range file.Groups {
		// An instant selector looks back five minutes: a slower group would leave holes.
		if d, err := time.ParseDuration(g.Interval); err != nil || d > 2*time.Minute {
			tb.Errorf("%s: group %s: interval %q: want at most 2m", name, g.Name, g.Interval)
		}
		rules = append(rules, g.Rules...)
	}
	return rules
}

// recordedAs gives the rules of a name.
func recordedAs(rules []recordingRule, name string) []recordingRule {
	return slices.DeleteFunc(slices.Clone(rules), func(r recordingRule) bool { return r.Record != name })
}

func TestRulesPassPromtool(t *testing.T) {
	promtool := program.Tool(t, "promtool")
	args := append([]string{"check", "rules", "--lint=all", "--lint-fatal"}, ruleFiles(t)...)
	if out, err := exec.Command(promtool, args...).CombinedOutput(); err != nil {
		t.Errorf("promtool check rules: %v\n%s", err, out)
	}
	tests, err := filepath.Glob(filepath.Join(program.Root(t), "recording-rules", "tests", "*.yml"))
	if err != nil || len(tests) == 0 {
		t.Fatalf("no promtool tests: %v", err)
	}
	for _, name := range tests {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			if out, err := exec.Command(promtool, "test", "rules", name).CombinedOutput(); err != nil {
				t.Errorf("promtool test rules: %v\n%s", err, out)
			}
		})
	}
}

// What stands once for each window must say the same of each.
func TestRulesSayTheSameOfEveryWindow(t *testing.T) {
	rules := append(readRules(t, "support_kpis.yml"), readRules(t, "support_history.yml")...)
	for _, name := range []string{"store:support_counters:history", "slice:support_counters:delta"} {
		same := ""
		for _, w := range windows {
			k := slices.IndexFunc(rules, func(r recordingRule) bool { return r.Record == name && r.Labels["window"] == w.name })
			if k < 0 {
				t.Fatalf("%s: no rule for window %s", name, w.name)
			}
			expr := strings.NewReplacer(
				"offset "+w.name, "offset W", `window="`+w.name+`"`, "window=W",
				fmt.Sprintf("time() - %d ", int(w.length.Seconds())), "time() - W ",
			).Replace(rules[k].Expr)
			if same == "" {
				same = expr
			}
			if diff := cmp.Diff(same, expr); diff != "" {
				t.Errorf("%s: window %s differs from %s:\n%s", name, w.name, windows[0].name, diff)
			}
		}
	}
}

// What is published of the whole system, an intent, a tier and a language must
// be the same of each.
func TestRulesSayTheSameOfEverySlice(t *testing.T) {
	rules := readRules(t, "support_kpis.yml")
	for _, suffix := range []string{"kpi:value", "kpi:samples", "kpi:stderr", "conversations:count"} {
		all := recordedAs(rules, "support:"+suffix)
		if len(all) != 1 {
			t.Fatalf("support:%s: %d rules, want 1", suffix, len(all))
		}
		for _, slice := range []string{"intent", "tier", "language"} {
			want := strings.ReplaceAll(all[0].Expr, `{intent="", tier="", language=""}`, "{"+slice+`!=""}`)
			one := recordedAs(rules, slice+":support_"+suffix)
			if len(one) != 1 || one[0].Expr != want {
				t.Errorf("%s:support_%s: want one rule, %q; got %v", slice, suffix, want, one)
			}
		}
	}
}

// No rule reads a whole window: an hour is enough to bridge a gap. Only the
// hours of the day read 28 days, of series that have one sample a day.
func TestRulesReadNoWholeWindow(t *testing.T) {
	ranges := regexp.MustCompile(`(\S+)\[(\w+)\]`)
	for _, name := range ruleFiles(t) {
		for _, r := range readRules(t, filepath.Base(name)) {
			for _, m := range ranges.FindAllStringSubmatch(r.Expr, -1) {
				if m[2] != "1h" && !strings.Contains(m[1], "hour:support_kpi:") {
					t.Errorf("%s %v reads %s", r.Record, r.Labels, m[0])
				}
			}
		}
	}
}

// History reads what is read now, only earlier.
func TestRulesReadHistoryAsTheyReadNow(t *testing.T) {
	now := recordedAs(readRules(t, "support_kpis.yml"), "store:support_counters:sum")
	history := recordedAs(readRules(t, "support_history.yml"), "store:support_counters:history")
	if len(now) != 1 || len(history) != len(windows) {
		t.Fatalf("%d rules read the counters now and %d earlier, want 1 and %d", len(now), len(history), len(windows))
	}
	for _, h := range history {
		expr := strings.ReplaceAll(h.Expr, " offset "+h.Labels["window"], "")
		if diff := cmp.Diff(now[0].Expr, expr); diff != "" {
			t.Errorf("window %s (-now +history):\n%s", h.Labels["window"], diff)
		}
	}
}

// The rules name counters by a pattern. It must match those it means, of all
// metrics there are, and the rules must read no metric that is not there.
func TestRulesReadTheExportersCounters(t *testing.T) {
	source, err := os.ReadFile(filepath.Join(program.Root(t), "exporter", "internal", "tally", "names.go"))
	if err != nil {
		t.Fatal(err)
	}
	var exposed []string
	for _, m := range regexp.MustCompile(`"(support_\w+)"`).FindAllSubmatch(source, -1) {
		exposed = append(exposed, string(m[1]))
	}
	expr := recordedAs(readRules(t, "support_kpis.yml"), "store:support_counters:sum")[0].Expr
	patterns := regexp.MustCompile(`__name__=~"(support_\(.+?_total)`).FindAllStringSubmatch(expr, -1)
	if len(patterns) == 0 {
		t.Fatal("no pattern of counters in the rule that reads them")
	}
	for _, p := range patterns {
		matches := regexp.MustCompile("^(?:" + p[1] + ")$")
		got := slices.DeleteFunc(slices.Clone(exposed), func(n string) bool { return !matches.MatchString(n) })
		if diff := cmp.Diff(slices.Sorted(slices.Values(countersRead)), slices.Sorted(slices.Values(got))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", p[1], diff)
		}
	}
	for _, name := range []string{"support_ledger_start_timestamp_seconds", "support_conversation_resolution_seconds"} {
		if !slices.Contains(exposed, name) || !strings.Contains(expr, name) {
			t.Errorf("%s: must be exposed and read", name)
		}
	}
}

// The file of numbers holds numbers.
func TestTargetsAreNumbers(t *testing.T) {
	number := regexp.MustCompile(`^vector\(-?[0-9.]+\)$`)
	for _, r := range readRules(t, "support_targets.yml") {
		if !number.MatchString(r.Expr) {
			t.Errorf("%s %v: want vector(number), got %s", r.Record, r.Labels, r.Expr)
		}
	}
}
