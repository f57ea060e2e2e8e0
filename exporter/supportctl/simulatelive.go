package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"supportexporter/exporter/client"
	"supportexporter/exporter/internal/simulate"
)

// liveInterval is the least time between two requests while no event is
// overdue, so that those of busy traffic travel together.
const liveInterval = time.Second

// sendLive sends events when their time comes, until end or until it is told
// to stop, and sums up. Either is a success.
func (f *simulateFlags) sendLive(ctx context.Context, env *environment, src *simulate.Source, end time.Time) error {
	console := newConsole(env, -1)
	defer console.finish()
	c, err := f.exporter.client(console)
	if err != nil {
		return err
	}
	defer c.Close(ctx) // nothing is queued, so nothing can be lost

	l := live{send: c.Send, now: env.now, batchSize: f.exporter.batchSize}
	err = l.run(ctx, src, end)
	console.finish()
	l.summary(env.stdout, c.Stats().Retries)
	return err
}

// live is traffic on its way to an exporter.
type live struct {
	send      func(context.Context, []client.Event) (client.Result, error)
	now       func() time.Time
	batchSize int

	batch  []client.Event
	result client.Result
	next   time.Time // of the first event that is not known to be counted
}

// run sends the events of src that arrive before end; a zero end never comes.
// Events are taken from src only when they are due, so an exporter that does
// not answer for a while costs no memory: what was due meanwhile follows.
func (l *live) run(ctx context.Context, src *simulate.Source, end time.Time) error {
	at, e := src.Next()
	l.next = at
	for ctx.Err() == nil && (end.IsZero() || at.Before(end)) {
		if at.After(l.now()) {
			if err := l.flush(ctx, at); err != nil {
				return err
			}
			pause(ctx, max(at.Sub(l.now()), liveInterval))
			continue
		}
		l.batch = append(l.batch, e)
		at, e = src.Next()
		if len(l.batch) == l.batchSize {
			if err := l.flush(ctx, at); err != nil {
				return err
			}
		}
	}
	return l.flush(ctx, at)
}

// flush sends what is due. The event behind it arrives at next. A simulated
// event that is rejected is no accident of this one: there is no use in going
// on.
func (l *live) flush(ctx context.Context, next time.Time) error {
	if len(l.batch) == 0 || ctx.Err() != nil {
		return nil
	}
	r, err := l.send(ctx, l.batch)
	l.result.Accepted += r.Accepted
	l.result.Duplicates += r.Duplicates
	l.result.Rejected += r.Rejected
	switch {
	case err != nil && ctx.Err() != nil:
		return nil // told to stop: the summary says where to go on
	case err != nil:
		return fmt.Errorf("not delivered: %w", err)
	case len(r.Errors) > 0:
		return fmt.Errorf("event of conversation %q was rejected: %w", l.batch[r.Errors[0].Index].ConversationID, r.Errors[0])
	}
	l.batch, l.next = l.batch[:0], next
	return nil
}

// pause returns after d, or when ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// summary ends with the time that another run, with --from, can go on at.
func (l *live) summary(w io.Writer, retries int64) {
	for _, row := range []struct {
		name  string
		value any
	}{
		{"events", l.result.Events()},
		{"accepted", l.result.Accepted},
		{"duplicates", l.result.Duplicates},
		{"rejected", l.result.Rejected},
		{"retries", retries},
		{"next", l.next.Format(time.RFC3339Nano)},
	} {
		fmt.Fprintf(w, "%-10s %v\n", row.name, row.value)
	}
}
