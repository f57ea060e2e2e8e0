package e2e

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
)

// prometheus is a running Prometheus that scrapes a front, in each format and
// the exporter's own metrics.
type prometheus struct {
	*process
	api v1.API
}

func startPrometheus(tb testing.TB, dir string, f *front) *prometheus {
	tb.Helper()
	return runPrometheus(tb, dir, fmt.Sprintf(`
global:
  scrape_interval: 500ms
  scrape_timeout: 500ms
  scrape_native_histograms: true
  always_scrape_classic_histograms: true
storage:
  exemplars: {max_exemplars: 10000}
scrape_configs:
  - job_name: support
    static_configs: [{targets: [%[1]q], labels: {instance: store}}]
  - job_name: openmetrics
    scrape_protocols: [OpenMetricsText1.0.0]
    static_configs: [{targets: [%[1]q], labels: {instance: store}}]
  - job_name: text
    scrape_protocols: [PrometheusText0.0.4]
    static_configs: [{targets: [%[1]q], labels: {instance: store}}]
  - job_name: exporter
    metrics_path: /metrics/exporter
    static_configs: [{targets: [%[1]q], labels: {instance: store}}]
`, strings.TrimPrefix(f.URL, "http://")))
}

// runPrometheus runs one in this folder with this configuration.
func runPrometheus(tb testing.TB, dir, config string) *prometheus {
	tb.Helper()
	file := filepath.Join(dir, "prometheus.yml")
	rewrite(tb, file, config)
	p := &prometheus{process: startProcess(tb, tool(tb, "prometheus"), "--config.file="+file,
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--enable-feature=exemplar-storage,created-timestamp-zero-ingestion",
		"--web.listen-address=127.0.0.1:0")}
	client, err := api.NewClient(api.Config{Address: "http://" + p.address()})
	if err != nil {
		tb.Fatal(err)
	}
	p.api = v1.NewAPI(client)
	return p
}

// query evaluates an expression now, to numbers; without the labels that say
// where they were scraped.
func (p *prometheus) query(expr string) (series, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	result, _, _, err := p.api.Query(ctx, expr, time.Now())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", expr, err)
	}
	s := series{}
	for _, sample := range result.(model.Vector) {
		if sample.Histogram != nil {
			continue // asked for by function
		}
		delete(sample.Metric, "job")
		delete(sample.Metric, "instance")
		s[sample.Metric.String()] = float64(sample.Value)
	}
	return s, nil
}

// want waits until a query gives this; scrapes come in their own time.
func (p *prometheus) want(expr string, want series) {
	p.tb.Helper()
	eventually(p.tb, expr, func() error {
		got, err := p.query(expr)
		if err == nil && !cmp.Equal(got, want) {
			err = errors.New(cmp.Diff(want, got))
		}
		return err
	})
}

// A real Prometheus sees what was counted: in every format the same, native
// histograms, classic buckets and exemplars; and sees no reset when the exporter
// is killed.
func TestPrometheus(t *testing.T) {
	t.Parallel()
	store := t.TempDir()
	config := "--config.file=" + writeFile(t, "config.yml", declared)
	e := startExporter(t, store, config)
	e.mustPush(varied()...)
	f := newFront(t, e)
	p := startPrometheus(t, t.TempDir(), f)
	p.want(`sum(up)`, series{`{}`: 4})
	wantScraped(p, e)
	// That it was 0 when it was created is known from the created timestamp alone.
	p.want(`min_over_time(support_values_total{job="support", kpi="turns", intent="refund", tier="gold", language="en"}[1h])`,
		series{`{intent="refund", kpi="turns", language="en", tier="gold"}`: 0})
	for i, name := range []string{"protobuf", "OpenMetrics", "text"} {
		if f.formats[i].Load() == 0 {
			t.Errorf("no scrape in %s", name)
		}
	}

	e.kill()
	p.want(`sum(up)`, series{`{}`: 0})
	e = startExporter(t, store, config)
	f.exporter.Store(e)
	e.mustPush(`{"conversation_id": "c-10", "intent": "refund", "tier": "gold", "language": "en", "turns": 5, "csat": 1}`)
	p.want(`sum(up)`, series{`{}`: 4})
	wantScraped(p, e)
	wantNoResets(p)
	p.stop()
}

// wantScraped compares what Prometheus has with what the exporter shows.
func wantScraped(p *prometheus, e *exporter) {
	p.tb.Helper()
	shown := e.metrics()
	want := series{}
	for name, value := range shown {
		want[wholeBound.ReplaceAllString(name, `le="$1.0"`)] = value
	}
	for _, job := range []string{"support", "openmetrics", "text"} {
		p.want(`{__name__=~"support_.+", job="`+job+`"}`, want)
	}
	for _, h := range []string{"support_conversation_turns", "support_conversation_cost_usd", "support_conversation_resolution_seconds"} {
		for function, suffix := range map[string]string{"histogram_count": "_count", "histogram_sum": "_sum"} {
			p.want(fmt.Sprintf(`sum(%s(%s{job="support"}))`, function, h), series{`{}`: shown.sum(h + suffix)})
		}
	}
	for _, selector := range []string{
		`support_conversation_turns`, `support_conversation_turns_bucket`, `support_conversation_cost_usd`,
		`support_csat_responses_total{score="1"}`, `support_escalations_total{reason="policy"}`,
	} {
		wantExemplar(p, selector)
	}
}

// wholeBound is a bucket's bound that Prometheus writes as 1.0, and others as 1.
var wholeBound = regexp.MustCompile(`le="(\d+)"`)

// wantNoResets looks at every counter and histogram there is, of which there is
// a sample from before the kill and one from after it.
func wantNoResets(p *prometheus) {
	p.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	matches := []string{`{__name__=~"support_.+_total|support_conversation_.+", job!="exporter"}`}
	names, _, _, err := p.api.LabelValues(ctx, model.MetricNameLabel, matches, time.Time{}, time.Time{})
	if err != nil {
		p.tb.Fatal(err)
	}
	if len(names) < 25 {
		p.tb.Errorf("only %d metrics: %v", len(names), names)
	}
	for _, name := range names {
		p.want(fmt.Sprintf(`sum(resets(%s[5m]))`, name), series{`{}`: 0})
	}
}

// wantExemplar waits until a series leads to a conversation.
func wantExemplar(p *prometheus, selector string) {
	p.tb.Helper()
	eventually(p.tb, "an exemplar of "+selector, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		now := time.Now()
		found, err := p.api.QueryExemplars(ctx, selector, now.Add(-time.Hour), now)
		if err != nil {
			return err
		}
		for _, f := range found {
			for _, x := range f.Exemplars {
				if strings.HasPrefix(string(x.Labels["conversation_id"]), "c-") {
					return nil
				}
			}
		}
		return fmt.Errorf("got %v", found)
	})
}
