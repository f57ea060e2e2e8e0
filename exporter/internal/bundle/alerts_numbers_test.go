package bundle

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"

	"supportexporter/exporter/internal/program"
)

// alertRule is one rule of alerts/*.yml, alerting or recording.
type alertRule struct {
	Record, Alert string
	Expr          string
	For           model.Duration
	KeepFiringFor model.Duration `yaml:"keep_firing_for"`
	Labels        map[string]string
	Annotations   map[string]string
}

// readAlerts reads the rules of one of alerts/*.yml, in their order.
func readAlerts(tb testing.TB, name string) []alertRule {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join(program.Root(tb), "alerts", name))
	if err != nil {
		tb.Fatal(err)
	}
	var file struct {
		Groups []struct{ Rules []alertRule }
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		tb.Fatalf("%s: %v", name, err)
	}
	var rules []alertRule
	for _, g := range file.Groups {
		rules = append(rules, g.Rules...)
	}
	return rules
}

// The severities of a regression.
const (
	warning = iota
	critical
)

var severityNames = [...]string{"warning", "critical"}

// patience is how long an alert waits before it fires and before it stops, in
// minutes.
type patience struct{ hold, keep int }

// alertNumbers are the numbers that decide what alerts: those of
// recording-rules/support_targets.yml and alerts/support.yml.
type alertNumbers struct {
	static, direction [numKPIs]float64
	threshold, floor  [2][numKPIs]float64 // by severity
	zscore, intentZ   float64

	regression        [2][len(comparisons)]patience // by severity
	intent            [2]patience                   // by severity
	improved, stopped patience
}

// readAlertNumbers reads the numbers from the shipped files.
func readAlertNumbers(tb testing.TB) *alertNumbers {
	tb.Helper()
	recorded := map[string]float64{} // by name and the values of kpi and severity
	record := func(name, expr string, labels map[string]string) {
		var v float64
		if _, err := fmt.Sscanf(expr, "vector(%g)", &v); err == nil {
			recorded[strings.TrimSpace(name+" "+labels["kpi"]+" "+labels["severity"])] = v
		}
	}
	for _, r := range readRules(tb, "support_targets.yml") {
		record(r.Record, r.Expr, r.Labels)
	}
	waits := map[string]patience{} // by alert, window and severity
	for _, r := range append(readAlerts(tb, "support.yml"), readAlerts(tb, "exporter.yml")...) {
		record(r.Record, r.Expr, r.Labels)
		waits[r.Alert+" "+r.Labels["window"]+" "+r.Labels["severity"]] = patience{minutes(r.For), minutes(r.KeepFiringFor)}
	}
	n := &alertNumbers{}
	get := func(key string) float64 {
		v, ok := recorded[key]
		if !ok {
			tb.Fatalf("no rule records %s", key)
		}
		return v
	}
	for k, kpi := range kpiNames {
		n.static[k] = get("support:baseline:static " + kpi)
		n.direction[k] = get("support:baseline:direction " + kpi)
		for s, severity := range severityNames {
			n.threshold[s][k] = get("support:threshold:deviation_ratio " + kpi + " " + severity)
			n.floor[s][k] = get("support:threshold:min_samples " + kpi + " " + severity)
		}
	}
	n.zscore, n.intentZ = get("support:threshold:zscore"), get("intent:support_threshold:zscore")
	for s, severity := range severityNames {
		for c, compared := range comparisons {
			n.regression[s][c] = waits["SupportKPIRegression "+compared.window+" "+severity]
		}
		n.intent[s] = waits["SupportIntentRegression  "+severity]
	}
	n.improved, n.stopped = waits["SupportKPIImproved  info"], waits["SupportEventsStopped  critical"]
	return n
}

func minutes(d model.Duration) int { return int(time.Duration(d).Minutes()) }
