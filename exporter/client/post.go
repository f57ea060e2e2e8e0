package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/klauspost/compress/gzip"
)

const (
	requestTimeout = 30 * time.Second // of one attempt, its answer included
	firstBackoff   = 500 * time.Millisecond
	maxBackoff     = 30 * time.Second
	maxRetryAfter  = 24 * time.Hour
	maxAnswer      = 16 << 20    // bytes
	maxBatch       = 1 << 20     // bytes of queued events in a request, unless it is one alone
	compressFrom   = 1 << 10     // bytes; below it gzip saves no packet
	lastTry        = time.Second // what an attempt gets before Close gives up
)

// Post sends events that are JSON already, each one object on a line of its
// own without its newline, and waits for the answer. It is what Send is built
// on, for callers whose events must reach the exporter as they were written.
//
// Attempts that may succeed later (connection errors, 429, 5xx) are repeated,
// after what Retry-After asks for or else with exponential backoff and jitter,
// until Options.MaxElapsed has passed or ctx ends. That never counts an event
// twice if each has an id; without one, increments are refused and all other
// facts count once anyway.
//
// A batch that is too large for the exporter (413) is split in two, and again
// until it fits; an event too large by itself is a rejected one. Parts are
// sent in order, so when Post fails the first Result.Events() lines have been
// answered and the others may be sent again.
func (c *Client) Post(ctx context.Context, lines [][]byte) (Result, error) {
	if len(lines) == 0 {
		return Result{}, nil
	}
	result, err := c.post(ctx, lines)
	if err == nil {
		c.stats.count(result)
		return result, nil
	}
	status, ok := errors.AsType[*StatusError](err)
	if !ok || status.Code != http.StatusRequestEntityTooLarge {
		return Result{}, err
	}
	if len(lines) == 1 {
		result = Result{Rejected: 1, Errors: []EventError{{Message: status.Error()}}}
		c.stats.count(result)
		return result, nil
	}
	first, err := c.Post(ctx, lines[:len(lines)/2])
	if err != nil {
		return first, err
	}
	rest, err := c.Post(ctx, lines[len(lines)/2:])
	return first.add(rest), err
}

// temporary is why an attempt failed that is worth repeating.
type temporary struct {
	err   error
	after time.Duration // as the answer asks for; 0 if it does not
}

func (t *temporary) Error() string { return t.err.Error() }

// post repeats attempts until one is final. The last is made when MaxElapsed
// has passed, however long Retry-After is.
func (c *Client) post(ctx context.Context, lines [][]byte) (Result, error) {
	body, encoding, err := c.body(lines)
	if err != nil {
		return Result{}, err
	}
	waits := &backoff.ExponentialBackOff{
		InitialInterval: firstBackoff, MaxInterval: maxBackoff, Multiplier: 2, RandomizationFactor: 0.5,
	}
	waits.Reset()
	start := time.Now()
	for attempt := 1; ; attempt++ {
		result, err := c.attempt(ctx, body, encoding, len(lines))
		retry, ok := err.(*temporary)
		if !ok {
			return result, err
		}
		if ctx.Err() != nil {
			return Result{}, fmt.Errorf("post %d events: %w (last attempt: %w)", len(lines), context.Cause(ctx), retry.err)
		}
		left := c.maxElapsed - time.Since(start)
		if left <= 0 {
			return Result{}, fmt.Errorf("post %d events: gave up after %d attempts: %w", len(lines), attempt, retry.err)
		}
		wait := waits.NextBackOff()
		if retry.after > 0 {
			wait = retry.after + rand.N(retry.after/4+1) // not all clients at once
		}
		wait = min(wait, left)
		c.stats.retries.Add(1)
		c.log.Warn("retrying", "events", len(lines), "attempt", attempt, "wait", wait.Round(time.Millisecond), "err", retry.err)
		if c.sleep(ctx, wait) {
			waits.Reset()
		}
	}
}

// sleep returns after d, or when ctx ends, or when Close begins, and says if it
// was that. While Close goes on it returns in time for a last attempt.
func (c *Client) sleep(ctx context.Context, d time.Duration) (woken bool) {
	closing := c.closing
	select {
	case <-closing:
		closing = nil // it has woken the one who waited then
		if left := time.Until(c.due) - lastTry; left > 0 {
			d = min(d, left)
		}
	default:
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-closing:
		return true
	}
	return false
}

// attempt makes one request. Its error is a *temporary if another may succeed.
func (c *Client) attempt(ctx context.Context, body []byte, encoding string, events int) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return Result{}, fmt.Errorf("build request: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	req.Header.Set("User-Agent", "support-exporter-client")
	if encoding != "" {
		req.Header.Set("Content-Encoding", encoding)
	}
	if c.auth != "" {
		req.Header.Set("Authorization", c.auth)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return Result{}, &temporary{err: err}
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return Result{}, &temporary{err: fmt.Errorf("read answer: %w", err)}
	}
	return judge(resp, answer, events)
}

// judge tells a result from a failure, and a temporary one from a final one.
func judge(resp *http.Response, answer []byte, events int) (Result, error) {
	code := resp.StatusCode
	switch {
	case code == http.StatusOK, code == http.StatusMultiStatus, code == http.StatusBadRequest:
		result, ok := readResult(answer, events)
		if ok {
			return result, nil
		}
		err := newStatusError(code, answer)
		return Result{}, fmt.Errorf("answer does not account for the %d events: %w", events, err)
	case code == http.StatusTooManyRequests, code >= http.StatusInternalServerError:
		return Result{}, &temporary{err: newStatusError(code, answer), after: retryAfter(resp.Header)}
	}
	return Result{}, newStatusError(code, answer)
}

// retryAfter is the header's number of seconds, or 0. The exporter sends no
// dates, and a proxy's date needs two clocks to agree: backoff is as good.
func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.ParseUint(h.Get("Retry-After"), 10, 31)
	if err != nil {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, maxRetryAfter)
}

// body joins the lines, compressed where that saves something.
func (c *Client) body(lines [][]byte) (body []byte, encoding string, err error) {
	plain := append(bytes.Join(lines, []byte("\n")), '\n')
	if len(plain) < compressFrom {
		return plain, "", nil
	}
	zip := c.zips.Get().(*gzip.Writer)
	defer c.zips.Put(zip)
	var b bytes.Buffer
	zip.Reset(&b)
	if _, err := zip.Write(plain); err != nil {
		return nil, "", fmt.Errorf("compress events: %w", err)
	}
	if err := zip.Close(); err != nil {
		return nil, "", fmt.Errorf("compress events: %w", err)
	}
	return b.Bytes(), "gzip", nil
}
