package server

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/prometheus/common/expfmt"

	"supportexporter/exporter/internal/exposition"
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
	target, err := d.o.pushTarget()
	if err != nil {
		return func() {}, err
	}
	source := d.source(d.service.Load().ledger)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		ticker := time.NewTicker(d.o.PushInterval)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				d.pushOnce(ctx, d.o.PushInterval, source, target)
			case <-ctx.Done():
				return
			}
		}
	})
	return func() {
		cancel()
		wg.Wait()
		d.pushOnce(context.Background(), lastPushTimeout, source, target)
	}, nil
}

// pushTarget checks the flags about pushing. Its errors do not repeat the
// address: one that cannot be read may hold a password anywhere.
func (o *Options) pushTarget() (*url.URL, error) {
	target, err := url.Parse(o.PushURL)
	switch {
	case err != nil || target.Scheme != "http" && target.Scheme != "https":
		return nil, errors.New("--push.url: want an address that begins with http:// or https://; in a name or a password what has a meaning in a URL must be %-escaped")
	case target.Hostname() == "":
		return nil, errors.New("--push.url: want the name of a host behind http:// or https://, and in front of a path, got none")
	case o.PushInterval <= 0:
		return nil, fmt.Errorf("--push.interval: want more than 0, got %v", o.PushInterval)
	}
	return target, nil
}

// pushOnce pushes, and logs and counts if it fails: the next push brings all
// that this one did not. One that ctx ends early is no failure.
func (d *daemon) pushOnce(ctx context.Context, timeout time.Duration, source exposition.Source, target *url.URL) {
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	conversations, err := source.Take(limited)
	if err == nil {
		err = post(limited, target, func(w io.Writer) {
			_ = conversations.Write(w, expfmt.FmtText) // to memory
			_ = d.metrics.Write(w)
		})
	}
	if ctx.Err() != nil {
		return
	}
	d.metrics.Pushes.Inc()
	if err != nil {
		d.metrics.PushFailures.Inc()
		shown := url.URL{Scheme: target.Scheme, Host: target.Host, Path: target.Path}
		d.o.Logger.Error("Pushing the metrics failed.", "url", shown.String(), "err", err)
	}
}

// pusher takes a redirect for an answer, and no good one: the metrics have not
// arrived, and the credentials are for one address alone.
var pusher = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// post sends what write writes. Its errors hold nothing of the target's
// credentials, in the user's part or in the query, and nothing that the receiver
// answers but its status.
func post(ctx context.Context, target *url.URL, write func(io.Writer)) error {
	var body bytes.Buffer
	zip := gzip.NewWriter(&body)
	write(zip)
	_ = zip.Close() // to memory
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), &body)
	if err != nil {
		return errors.New("the address makes no request")
	}
	req.Header.Set("Content-Type", "text/plain")
	req.Header.Set("Content-Encoding", "gzip")
	resp, err := pusher.Do(req)
	if err != nil {
		return unanswered(ctx, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("answered with %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	}
	return nil
}

// unanswered says why there is no answer, of what the exporter itself knows: the
// text of any other error may repeat the address, or what the receiver sent.
func unanswered(ctx context.Context, err error) error {
	if network, ok := errors.AsType[*net.OpError](err); ok {
		return network
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return errors.New("the receiver's certificate is not valid here")
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return errors.New("no valid answer over HTTP")
}
