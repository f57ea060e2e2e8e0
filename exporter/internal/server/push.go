package server

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
)

// startPush pushes all metrics to --push.url in the Prometheus text format,
// every --push.interval and once more when it is stopped.
func (d *daemon) startPush() (stop func(), err error) {
	if d.o.PushURL == "" {
		return func() {}, nil
	}
	target, err := url.Parse(d.o.PushURL)
	if err != nil {
		return nil, fmt.Errorf("--push.url: %w", err)
	}
	if d.o.PushInterval <= 0 {
		return nil, fmt.Errorf("--push.interval: want more than 0, got %v", d.o.PushInterval)
	}
	reg := d.registry(d.service.Load().ledger)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		ticker := time.NewTicker(d.o.PushInterval)
		defer ticker.Stop()
		for ctx.Err() == nil {
			select {
			case <-ticker.C:
			case <-ctx.Done():
			}
			d.pushOnce(reg, target)
		}
	})
	return func() { cancel(); wg.Wait() }, nil
}

// pushOnce pushes, and logs and counts if it fails: the next push brings all
// that this one did not.
func (d *daemon) pushOnce(reg prometheus.Gatherer, target *url.URL) {
	families, err := reg.Gather()
	if err == nil {
		ctx, cancel := context.WithTimeout(context.Background(), d.o.PushInterval)
		defer cancel()
		err = metrics.PushMetricsExt(ctx, target.String(), func(w io.Writer) {
			for _, f := range families {
				_, _ = expfmt.MetricFamilyToText(w, f) // to a buffer
			}
			_ = d.metrics.Write(w)
		}, &metrics.PushOptions{Method: "POST"})
	}
	d.metrics.Pushes.Inc()
	if err != nil {
		d.metrics.PushFailures.Inc()
		d.o.Logger.Error("Pushing the metrics failed.", "url", target.Redacted(), "err", err)
	}
}
