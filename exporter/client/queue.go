package client

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// Stats is what a client has done so far.
type Stats struct {
	Queued     int64 // now waiting or being sent
	Accepted   int64
	Duplicates int64
	Rejected   int64
	Retries    int64 // attempts that were repeated
	Dropped    int64 // taken by Enqueue and never answered
	Refused    int64 // by Enqueue, since the queue was full
}

// counters are the Stats while they change.
type counters struct {
	queued, accepted, duplicates, rejected, retries, dropped, refused atomic.Int64

	complained atomic.Int64 // when it was last logged that the queue is full; Unix time in nanoseconds
}

func (s *counters) count(r Result) {
	s.accepted.Add(int64(r.Accepted))
	s.duplicates.Add(int64(r.Duplicates))
	s.rejected.Add(int64(r.Rejected))
}

// Stats is a snapshot. Queued is for Enqueue alone, as are Dropped and Refused;
// the others are for Enqueue, Send and Post.
func (c *Client) Stats() Stats {
	return Stats{
		Queued:     c.stats.queued.Load(),
		Accepted:   c.stats.accepted.Load(),
		Duplicates: c.stats.duplicates.Load(),
		Rejected:   c.stats.rejected.Load(),
		Retries:    c.stats.retries.Load(),
		Dropped:    c.stats.dropped.Load(),
		Refused:    c.stats.refused.Load(),
	}
}

// item is an event on its way: as given, for OnReject, and as sent.
type item struct {
	event *Event
	line  []byte
}

// Enqueue takes an event to be sent soon, and never blocks. It gives an event
// without an id one, and one without a time is of now. It fails with
// ErrQueueFull, with ErrClosed, or if the event has no JSON form; what the
// exporter thinks of it, OnReject is told.
func (c *Client) Enqueue(e Event) error {
	line, err := e.encode()
	if err != nil {
		return err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.closed {
		return ErrClosed
	}
	c.stats.queued.Add(1)
	select {
	case c.queue <- item{event: &e, line: line}:
		return nil
	default:
		c.stats.queued.Add(-1)
		c.refuse()
		return ErrQueueFull
	}
}

// refuse counts an event that found the queue full. That is logged once in ten
// seconds, not once an event.
func (c *Client) refuse() {
	refused := c.stats.refused.Add(1)
	now, last := time.Now().UnixNano(), c.stats.complained.Load()
	if now-last >= int64(10*time.Second) && c.stats.complained.CompareAndSwap(last, now) {
		c.log.Warn("events refused: the queue is full", "size", cap(c.queue), "refused", refused)
	}
}

// Flush sends all that was queued before the call and waits until each event
// was answered or given up. It fails if ctx ends first, and if events have
// been lost since the last Flush; rejected ones are not lost.
func (c *Client) Flush(ctx context.Context) error {
	reply := make(chan error, 1)
	select {
	case c.flushes <- reply:
	case <-c.done:
		return ErrClosed
	case <-ctx.Done():
		return fmt.Errorf("flush events: %w", context.Cause(ctx))
	}
	select {
	case err := <-reply:
		return err
	case <-ctx.Done():
		return fmt.Errorf("flush events: %w", context.Cause(ctx))
	}
}

// Close takes no more events, sends all that are queued and ends the client. A
// retry that waits is made at once, since the exporter may be back. When ctx
// ends first, what is left is given up; so it is none that has ended already, as
// a program's own has after a signal. It fails if events have been lost since
// the last Flush, and says how many. Only the first call does anything; others
// return ErrClosed.
func (c *Client) Close(ctx context.Context) error {
	c.mu.Lock()
	again := c.closed
	c.closed = true
	c.mu.Unlock()
	if again {
		return ErrClosed
	}
	c.due, _ = ctx.Deadline()
	stop := context.AfterFunc(ctx, c.cancel)
	defer stop()
	close(c.closing)
	<-c.done
	if c.ownHTTP {
		c.http.CloseIdleConnections()
	}
	return c.lost
}

// run is the sending goroutine. It ends when the client is closed.
func (c *Client) run() {
	defer close(c.done)
	b := batch{c: c, items: make([]item, 0, c.batchSize)}
	tick := time.NewTicker(c.interval)
	defer tick.Stop()
	for {
		select {
		case it := <-c.queue:
			b.add(it)
		case <-tick.C:
			b.send()
		case reply := <-c.flushes:
			b.drain()
			reply <- b.takeLoss()
		case <-c.closing:
			b.drain()
			c.lost = b.takeLoss()
			return
		}
	}
}

// batch collects events for a request. Only the sending goroutine has one.
type batch struct {
	c     *Client
	items []item
	bytes int   // of their lines
	lost  int   // events, since takeLoss was called
	cause error // of the last loss
}

// add sends the batch when it is full, and before an event for which it has no
// room: a large one has a request of its own.
func (b *batch) add(it item) {
	if b.bytes+len(it.line) > maxBatch {
		b.send()
	}
	b.items = append(b.items, it)
	b.bytes += len(it.line)
	if len(b.items) == cap(b.items) || b.bytes >= maxBatch {
		b.send()
	}
}

// drain sends what is queued now, and not what comes meanwhile, which might
// never end.
func (b *batch) drain() {
	for range len(b.c.queue) {
		b.add(<-b.c.queue)
	}
	b.send()
}

// send posts the batch and empties it, whatever came of it.
func (b *batch) send() {
	if len(b.items) == 0 {
		return
	}
	lines := make([][]byte, len(b.items))
	for i, it := range b.items {
		lines[i] = it.line
	}
	result, err := b.c.Post(b.c.ctx, lines)
	if result.Rejected > 0 {
		b.c.log.Warn("events rejected", "rejected", result.Rejected, "of", result.Events())
	}
	for _, e := range result.Errors {
		b.reject(b.items[e.Index], e)
	}
	if err != nil {
		b.lose(b.items[result.Events():], err)
	}
	b.c.stats.queued.Add(-int64(len(b.items)))
	clear(b.items) // so that their events can be collected
	b.items, b.bytes = b.items[:0], 0
}

// lose gives events up.
func (b *batch) lose(items []item, err error) {
	b.lost += len(items)
	b.cause = err
	b.c.stats.dropped.Add(int64(len(items)))
	b.c.log.Error("events lost", "events", len(items), "err", err)
	for _, it := range items {
		b.reject(it, err)
	}
}

func (b *batch) reject(it item, err error) {
	if b.c.onReject != nil {
		b.c.onReject(*it.event, err)
	}
}

// takeLoss is what was lost since it was last called.
func (b *batch) takeLoss() error {
	if b.lost == 0 {
		return nil
	}
	err := fmt.Errorf("%d events not delivered: %w", b.lost, b.cause)
	b.lost, b.cause = 0, nil
	return err
}
