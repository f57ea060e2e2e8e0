package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"supportexporter/exporter/client"
)

// maxBatch closes a batch before its events are too many bytes. It leaves room
// below what an exporter takes in one request unless told otherwise.
const maxBatch = 8 << 20

// push is one run of the command: it reads batches and posts them, at most
// concurrency at a time, while it reads the next.
type push struct {
	client    *client.Client
	console   *console
	batchSize int
	maxErrors int
	ctx       context.Context // ends when a batch cannot be delivered
	posts     *errgroup.Group
	batch     batch

	mu      sync.Mutex
	result  client.Result // of all batches; without its errors
	printed int           // of those errors
	failed  bool          // not every event was accepted or a duplicate
}

// batch is events on their way, and where each was found.
type batch struct {
	at    []position
	lines [][]byte
	bytes int
}

func newPush(ctx context.Context, f *pushFlags, c *client.Client, console *console) *push {
	posts, ctx := errgroup.WithContext(ctx)
	posts.SetLimit(f.concurrency)
	return &push{
		client: c, console: console, batchSize: f.batchSize, maxErrors: f.maxErrors,
		ctx: ctx, posts: posts,
	}
}

// file pushes one file. What is wrong with it is told, and does not keep the
// others from being pushed; a batch that could not be delivered does.
func (p *push) file(env *environment, name string) {
	if p.ctx.Err() != nil {
		return
	}
	err := readFile(env, name, p.console.advance, func(line int, raw []byte) error {
		p.add(position{name, line}, raw)
		return p.ctx.Err()
	})
	if err != nil && p.ctx.Err() == nil {
		p.problem(err)
	}
}

// add puts an event into the batch, and sends it when it is full.
func (p *push) add(at position, raw []byte) {
	if p.batch.bytes+len(raw) > maxBatch {
		p.send()
	}
	p.batch.at = append(p.batch.at, at)
	p.batch.lines = append(p.batch.lines, bytes.Clone(raw))
	p.batch.bytes += len(raw)
	if len(p.batch.lines) == p.batchSize {
		p.send()
	}
}

// send waits until a request may be made, and leaves an empty batch.
func (p *push) send() {
	b := p.batch
	p.batch = batch{}
	if len(b.lines) == 0 {
		return
	}
	p.posts.Go(func() error {
		result, err := p.client.Post(p.ctx, b.lines)
		p.record(b, result)
		if err != nil {
			return fmt.Errorf("%s: not delivered: %w", b.at[result.Events()], err)
		}
		return nil
	})
}

// record adds up what became of a batch and tells of rejected events.
func (p *push) record(b batch, r client.Result) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.result.Accepted += r.Accepted
	p.result.Duplicates += r.Duplicates
	p.result.Rejected += r.Rejected
	p.failed = p.failed || r.Rejected > 0
	for _, e := range r.Errors {
		if p.printed < p.maxErrors {
			p.printed++
			fmt.Fprintf(p.console, "%s: %v\n", b.at[e.Index], e)
		}
	}
}

// wait sends the last batch and returns when all were answered, one could not
// be delivered, or ctx, which is that of the whole run, has ended.
func (p *push) wait(ctx context.Context) {
	p.send()
	err := p.posts.Wait()
	if err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		p.problem(err)
	}
	if more := p.result.Rejected - p.printed; more > 0 {
		fmt.Fprintf(p.console, "… and %d more\n", more)
	}
}

func (p *push) problem(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failed = true
	fmt.Fprintf(p.console, "supportctl: error: %v\n", err)
}

// summary is the same for every run, so that it can be compared.
func (p *push) summary(w io.Writer, retries int64, took time.Duration) {
	rate := 0.0
	if took > 0 {
		rate = float64(p.result.Events()) / took.Seconds()
	}
	for _, row := range []struct {
		name  string
		value any
	}{
		{"events", p.result.Events()},
		{"accepted", p.result.Accepted},
		{"duplicates", p.result.Duplicates},
		{"rejected", p.result.Rejected},
		{"retries", retries},
		{"duration", took.Round(time.Millisecond)},
		{"events/s", fmt.Sprintf("%.0f", rate)},
	} {
		fmt.Fprintf(w, "%-10s %v\n", row.name, row.value)
	}
}
