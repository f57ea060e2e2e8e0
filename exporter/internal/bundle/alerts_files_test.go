package bundle

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"supportexporter/exporter/internal/program"
)

// alertFiles are the files of alerts, by what they are about, with the
// dashboard that shows it.
var alertFiles = map[string]string{
	"support.yml":     "support-overview",
	"exporter.yml":    "support-exporter",
	"experiments.yml": "support-experiments",
}

// The addresses that an installation replaces by its own.
const (
	runbookBase   = "https://example.com/support_exporter/alerts/runbook.md#"
	dashboardBase = "http://localhost:3000/d/"
)

// shippedAlerts gives the alerting rules by name, with the file of each.
func shippedAlerts(tb testing.TB) (rules map[string][]alertRule, file map[string]string) {
	tb.Helper()
	rules, file = map[string][]alertRule{}, map[string]string{}
	for name := range alertFiles {
		for _, r := range readAlerts(tb, name) {
			if r.Alert != "" {
				rules[r.Alert] = append(rules[r.Alert], r)
				file[r.Alert] = name
			}
		}
	}
	return rules, file
}

func readShipped(tb testing.TB, path ...string) string {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{program.Root(tb)}, path...)...))
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

func TestAlertsPassPromtool(t *testing.T) {
	promtool, alerts := program.Tool(t, "promtool"), filepath.Join(program.Root(t), "alerts")
	for _, args := range [][]string{
		{"check", "rules", "--lint=all", "--lint-fatal", filepath.Join(alerts, "support.yml"), filepath.Join(alerts, "exporter.yml"), filepath.Join(alerts, "experiments.yml")},
		{"check", "config", "--lint=all", "--lint-fatal", filepath.Join(program.Root(t), "examples", "prometheus.yml")},
	} {
		if out, err := exec.Command(promtool, args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	tests, err := filepath.Glob(filepath.Join(alerts, "tests", "*.yml"))
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

// The contract's alerts.
func TestAlertsAreThoseOfTheContract(t *testing.T) {
	want := []string{
		"SupportCSATResponseRateLow", "SupportEventsDelayed", "SupportEventsRejected", "SupportEventsStopped",
		"SupportExperimentGuardrailBreached", "SupportExperimentSampleRatioMismatch", "SupportExporterDown",
		"SupportIntentRegression", "SupportKPIImproved", "SupportKPIRegression", "SupportLabelOverflow", "SupportStoreFailing",
	}
	rules, _ := shippedAlerts(t)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(rules))); diff != "" {
		t.Errorf("(-contract +shipped):\n%s", diff)
	}
}

func TestAlertsSayWhatTheyMeanAndWhatToDo(t *testing.T) {
	rules, file := shippedAlerts(t)
	for name, of := range rules {
		for _, r := range of {
			uid := alertFiles[file[name]]
			if strings.HasPrefix(name, "SupportIntent") {
				uid = "support-intents"
			}
			dashboard, _, _ := strings.Cut(r.Annotations["dashboard_url"], "?")
			if dashboard != dashboardBase+uid {
				t.Errorf("%s: dashboard_url %q, want %s%s", name, dashboard, dashboardBase, uid)
			}
			if got, want := r.Annotations["runbook_url"], runbookBase+strings.ToLower(name); got != want {
				t.Errorf("%s: runbook_url %q, want %q", name, got, want)
			}
			if s := r.Annotations["summary"]; s == "" || strings.Contains(s, "{{") {
				t.Errorf("%s: summary %q, want words that are always the same", name, s)
			}
			if d := r.Annotations["description"]; !strings.Contains(d, "baseline") || !strings.Contains(d, "{{") {
				t.Errorf("%s: description %q, want one with the value and the baseline", name, d)
			}
			if !slices.Contains([]string{"critical", "warning", "info"}, r.Labels["severity"]) {
				t.Errorf("%s: severity %q", name, r.Labels["severity"])
			}
			if r.KeepFiringFor == 0 {
				t.Errorf("%s: no keep_firing_for, so that it comes and goes with every gap", name)
			}
		}
	}
}

// Every alert has a section in the runbook, and every section an alert.
func TestAlertsHaveARunbook(t *testing.T) {
	rules, _ := shippedAlerts(t)
	sections := map[string][]string{}
	for _, text := range strings.Split(readShipped(t, "alerts", "runbook.md"), "\n## ")[1:] {
		title, body, _ := strings.Cut(text, "\n")
		sections[title] = []string{}
		for _, m := range regexp.MustCompile(`(?m)^\*\*(.+?)\*\*`).FindAllStringSubmatch(body, -1) {
			sections[title] = append(sections[title], m[1])
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(rules)), slices.Sorted(maps.Keys(sections))); diff != "" {
		t.Errorf("(-alerts +sections):\n%s", diff)
	}
	for title, parts := range sections {
		if diff := cmp.Diff([]string{"Meaning.", "How to confirm.", "Likely causes.", "What to do."}, parts); diff != "" {
			t.Errorf("%s (-want +got):\n%s", title, diff)
		}
	}
}

// Every alert has cases, named after it, in which it fires, is silent and has
// no data; and every one of its severities is seen to fire.
func TestAlertsAreTested(t *testing.T) {
	cases, severities := map[string]bool{}, map[string]bool{}
	files, err := filepath.Glob(filepath.Join(program.Root(t), "alerts", "tests", "*.yml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		var file struct {
			Tests []struct {
				Name   string
				Alerts []struct {
					Alertname string
					Expected  []struct {
						Labels map[string]string `yaml:"exp_labels"`
					} `yaml:"exp_alerts"`
				} `yaml:"alert_rule_test"`
			}
		}
		if err := yaml.Unmarshal([]byte(readShipped(t, "alerts", "tests", filepath.Base(name))), &file); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, test := range file.Tests {
			title, _, _ := strings.Cut(test.Name, ":")
			cases[title] = true
			for _, a := range test.Alerts {
				for _, e := range a.Expected {
					severities[a.Alertname+" "+e.Labels["severity"]] = true
				}
			}
		}
	}
	rules, _ := shippedAlerts(t)
	for name, of := range rules {
		for _, title := range []string{name + " fires", name + " is silent", name + " without data"} {
			if !cases[title] {
				t.Errorf("no test %q", title+": …")
			}
		}
		for _, r := range of {
			if key := name + " " + r.Labels["severity"]; !severities[key] {
				t.Errorf("no test sees %s fire", key)
			}
		}
	}
}
