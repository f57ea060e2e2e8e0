package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/tally"
)

// collectorBinary gives the path of the OpenTelemetry collector that collector.yaml
// describes, "" and a word about it if it is not there.
func collectorBinary(tb testing.TB) string {
	tb.Helper()
	return peerBinary(tb, "otelcol", "make collector")
}

// peerBinary gives the path of a peer's binary. Where it is not there, it says how to
// get it.
func peerBinary(tb testing.TB, name, command string) string {
	tb.Helper()
	path, err := filepath.Abs("../../../.bin/" + name)
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		tb.Logf("WITHOUT %s, whose numbers are left out: %v.\nGet it by: %s", name, err, command)
		return ""
	}
	return path
}

func startCollector(tb testing.TB, binary string) *process {
	tb.Helper()
	p := &process{http: freeAddress(tb), logs: freeAddress(tb)}
	p.ready = "http://" + p.logs + logsPath
	p.cmd = exec.Command(binary, "--config=file:"+writePipeline(tb, p.logs, p.http))
	return p.start(tb)
}

// writePipeline writes the collector's configuration: log records in over OTLP/HTTP,
// batched, and made counters and histograms with the exporter's classic buckets.
//
//	otlp ─► batch ─► signal_to_metrics ─► deltatocumulative ─► prometheus
//
// The connector adds up a batch and forgets it, so that something behind it has to
// add up the batches.
func writePipeline(tb testing.TB, receive, expose string) string {
	tb.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "receivers: {otlp: {protocols: {http: {endpoint: %q}}}}\n", receive)
	fmt.Fprintf(&b, "processors: {batch: {}, deltatocumulative: {}}\n")
	fmt.Fprintf(&b, "exporters: {prometheus: {endpoint: %q, add_metric_suffixes: false, without_scope_info: true}}\n", expose)
	b.WriteString(`service:
  telemetry: {metrics: {level: none}, logs: {level: warn}}
  pipelines:
    logs: {receivers: [otlp], processors: [batch], exporters: [signal_to_metrics]}
    metrics: {receivers: [signal_to_metrics], processors: [deltatocumulative], exporters: [prometheus]}
connectors:
  signal_to_metrics:
    logs:
`)
	writeMetrics(&b)
	path := filepath.Join(tb.TempDir(), "collector.yaml")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// writeMetrics writes what the connector makes of log records. A record counts where
// it has all attributes of a metric, and the one of its value.
func writeMetrics(b *strings.Builder) {
	metric := func(name, condition string, labels ...string) {
		fmt.Fprintf(b, "      - name: %s\n", name)
		if condition != "" {
			fmt.Fprintf(b, "        conditions: ['log.attributes[%q] != nil']\n", condition)
		}
		b.WriteString("        attributes: [{key: intent}, {key: tier}, {key: language}")
		for _, l := range labels {
			fmt.Fprintf(b, ", {key: %s}", l)
		}
		b.WriteString("]\n")
	}
	counter := func(name, condition string, labels ...string) {
		metric(name, condition, labels...)
		b.WriteString("        sum: {value: '1', monotonic: true}\n")
	}
	histogram := func(name, value string, bounds []float64, labels ...string) {
		metric(name, value, labels...)
		fmt.Fprintf(b, "        histogram: {value: 'log.attributes[%q]', count: '1', buckets: %s}\n", value, list(bounds))
	}
	buckets := config.Default().Buckets
	counter(tally.ConversationsTotal, "", "outcome")
	counter(tally.ResolutionsTotal, "", "resolved")
	counter(tally.ResolutionsConfirmedTotal, attributeConfirmed)
	counter(tally.EscalationsTotal, "", "reason")
	counter(tally.CSATSurveysTotal, attributeSurvey)
	counter(tally.CSATResponsesTotal, "", "score")
	histogram(tally.ResolutionSeconds, attributeSeconds, buckets.ResolutionSeconds, "resolved")
	histogram(tally.ConversationTurns, attributeTurns, buckets.Turns)
	histogram(tally.ConversationCost, attributeCost, buckets.CostUSD)
	for _, c := range append(components[:], componentUnspecified) {
		metric(spendMetric(c), attributeSpend+c)
		fmt.Fprintf(b, "        sum: {value: 'log.attributes[%q]', monotonic: true}\n", attributeSpend+c)
	}
}

// spendMetric gives the name of the metric of a component's cost: one record cannot
// count under several values of a label.
func spendMetric(component string) string {
	return strings.Replace(tally.CostTotal, "_total", "_"+component+"_total", 1)
}

// mergeComponents makes the metrics of components one metric with that label.
func mergeComponents(t totals) totals {
	name := regexp.MustCompile("^" + spendMetric(`(\w+)`) + `\{`)
	merged := totals{}
	for series, v := range t {
		merged[name.ReplaceAllString(series, tally.CostTotal+`{component="$1",`)] = v
	}
	return merged
}

func list(bounds []float64) string { return strings.ReplaceAll(fmt.Sprint(bounds), " ", ", ") }
