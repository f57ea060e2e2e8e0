package main

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"supportexporter/exporter/internal/verdict"
)

// experimentSource is where experiments are read from.
type experimentSource struct {
	prometheus, prometheusConfig   string
	exporter, path, exporterConfig string
	timeout                        time.Duration
}

// found is what a source knows.
type found struct {
	experiments []verdict.Experiment
	limits      verdict.Limits
	perDay      map[string]map[string]float64 // conversations of the last day, by experiment and variant
}

// Of Prometheus, the limits that were set there and the conversations of a day:
// of the last one or, of an experiment that is younger, of the last hour, times
// 24.
const (
	limitsQuery = `{__name__=~"support:threshold:experiment_.+"}`
	perDayQuery = `sum by (experiment, variant) (
		max by (job, instance, experiment, variant) (support_experiment_assigned_total - support_experiment_assigned_total offset 1d)
		or 24 * max by (job, instance, experiment, variant) (support_experiment_assigned_total - support_experiment_assigned_total offset 1h)
	)`
)

func (s *experimentSource) read(ctx context.Context) (found, error) {
	if s.prometheus == "" {
		series, err := s.scrape(ctx)
		return found{experiments: verdict.FromSeries(series), limits: verdict.DefaultLimits()}, err
	}
	h, err := httpClient(s.prometheusConfig)
	if err != nil {
		return found{}, err
	}
	c, err := api.NewClient(api.Config{Address: s.prometheus, Client: h})
	if err != nil {
		return found{}, fmt.Errorf("--prometheus.url: %w", err)
	}
	return ask(ctx, v1.NewAPI(c))
}

// queries are what is asked of Prometheus.
type queries interface {
	Query(ctx context.Context, query string, at time.Time, opts ...v1.Option) (model.Value, v1.Warnings, v1.Infos, error)
}

func ask(ctx context.Context, prometheus queries) (found, error) {
	vector := func(query string) (model.Vector, error) {
		v, _, _, err := prometheus.Query(ctx, query, time.Time{})
		if err != nil {
			return nil, fmt.Errorf("ask Prometheus: %w", err)
		}
		got, ok := v.(model.Vector)
		if !ok {
			return nil, fmt.Errorf("ask Prometheus: got a %s, want a vector", v.Type())
		}
		return got, nil
	}
	series, err := vector(`{__name__=~"` + verdict.Metrics + `"}`)
	if err != nil {
		return found{}, err
	}
	out := found{experiments: verdict.FromSeries(series), limits: verdict.DefaultLimits(), perDay: map[string]map[string]float64{}}
	limits, err := vector(limitsQuery)
	if err != nil {
		return found{}, err
	}
	for _, s := range limits {
		switch s.Metric[model.MetricNameLabel] {
		case "support:threshold:experiment_min_samples":
			out.limits.MinSamples = float64(s.Value)
		case "support:threshold:experiment_srm_pvalue":
			out.limits.SRMPValue = float64(s.Value)
		}
	}
	daily, err := vector(perDayQuery)
	for _, s := range daily {
		experiment := string(s.Metric["experiment"])
		if out.perDay[experiment] == nil {
			out.perDay[experiment] = map[string]float64{}
		}
		out.perDay[experiment][string(s.Metric["variant"])] = float64(s.Value)
	}
	return out, err
}

// scrape reads the exporter's own metrics.
func (s *experimentSource) scrape(ctx context.Context) (model.Vector, error) {
	h, err := httpClient(s.exporterConfig)
	if err != nil {
		return nil, err
	}
	target, shown, err := address(s.exporter, s.path)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, fmt.Errorf("--url: %w", err)
	}
	req.Header.Set("Accept", "text/plain;version=0.0.4")
	resp, err := h.Do(req)
	if err != nil {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("read metrics: %s: %s", shown, resp.Status)
	}
	if kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err != nil || kind != "text/plain" {
		return nil, fmt.Errorf("read metrics: %s has no metrics, but %q", shown, resp.Header.Get("Content-Type"))
	}
	return parseExperiments(resp.Body)
}

func parseExperiments(r io.Reader) (model.Vector, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(r)
	if err != nil {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	var all model.Vector
	for name, family := range families {
		if !strings.HasPrefix(name, "support_experiment_") {
			continue
		}
		v, err := expfmt.ExtractSamples(&expfmt.DecodeOptions{}, family)
		if err != nil {
			return nil, fmt.Errorf("read metrics: %s: %w", name, err)
		}
		all = append(all, v...)
	}
	return all, nil
}
