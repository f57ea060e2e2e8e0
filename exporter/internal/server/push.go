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

// lastPushTimeout bounds the push on the way down, which has to fit into an
// orchestrator's grace period behind the requests that are still answered.
const lastPushTimeout = 5 * time.Second

// startPush pushes all metrics to --push.url in the Prometheus text format,
// every --push.interval. What it returns ends that, with a push of all that was
// counted by then; it is never nil.
func (d *daemon) startPush() (stop func(), err error) {
	if d.o.PushURL == "" {
		return func() {}, nil
	}
	target, err := d.pushTarget()
	if err != nil {
		return func() {}, err
	}
	reg := d.registry(d.service.Load().ledger)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		ticker := time.NewTicker(d.o.PushInterval)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				d.pushOnce(ctx, d.o.PushInterval, reg, target)
			case <-ctx.Done():
				return
			}
		}
	})
	return func() {
		cancel()
		wg.Wait()
		d.pushOnce(context.Background(), lastPushTimeout, reg, target)
	}, nil
}

// pushTarget checks the flags about pushing.
func (d *daemon) pushTarget() (*url.URL, error) {
	target, err := url.Parse(d.o.PushURL)
	switch {
	case err != nil:
		return nil, fmt.Errorf("--push.url: %w", err)
	case target.Scheme != "http" && target.Scheme != "https" || target.Host == "":
		return nil, fmt.Errorf("--push.url: want one that begins with http:// or https://, got %q", target.Redacted())
	case d.o.PushInterval <= 0:
		return nil, fmt.Errorf("--push.interval: want more than 0, got %v", d.o.PushInterval)
	}
	return target, nil
}

// pushOnce pushes, and logs and counts if it fails: the next push brings all
// that this one did not. One that ctx ends early is no failure.
func (d *daemon) pushOnce(ctx context.Context, timeout time.Duration, reg prometheus.Gatherer, target *url.URL) {
	families, err := reg.Gather()
	if err == nil {
		limited, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		err = metrics.PushMetricsExt(limited, target.String(), func(w io.Writer) {
			for _, f := range families {
				_, _ = expfmt.MetricFamilyToText(w, f) // to a buffer
			}
			_ = d.metrics.Write(w)
		}, &metrics.PushOptions{Method: "POST"})
	}
	if ctx.Err() != nil {
		return
	}
	d.metrics.Pushes.Inc()
	if err != nil {
		d.metrics.PushFailures.Inc()
		d.o.Logger.Error("Pushing the metrics failed.", "url", target.Redacted(), "err", err)
	}
}
