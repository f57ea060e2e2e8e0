// Package ledger is the one writer: it makes events durable, counts them, and
// answers whoever waits.
//
// A single goroutine, the committer, owns the journal, the conversations and
// their series, so that none of them has a lock. It takes every batch that
// waits, appends them to the journal as one frame, syncs once, applies them,
// and answers all of them. Under load the groups grow and the cost of a sync is
// shared; an idle exporter answers after one sync.
//
// # Frames
//
//	0      1                     9
//	+------+---------------------+---------------------------+
//	| kind | arrival, Unix ms    | events, or settings       |
//	+------+---------------------+---------------------------+
//
// Numbers are little-endian. Kind 1 holds any number of events (package event
// has their form): with none it only moves the clock, which is how going idle
// and being forgotten become durable. Kind 2 holds conversation.Settings as
// JSON.
//
// A restart loads the checkpoint and applies the frames behind it with the
// function that applies them live. Nothing else changes the state, and nothing
// that changes it depends on anything but the frames.
package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"supportexporter/exporter/internal/conversation"
	"supportexporter/exporter/internal/event"
	"supportexporter/exporter/internal/journal"
	"supportexporter/exporter/internal/tally"
	"supportexporter/exporter/internal/telemetry"
)

// What Commit can fail with. Of the batch nothing was counted, and sending it
// again is safe.
var (
	ErrUnavailable = errors.New("events cannot be made durable")
	ErrClosed      = errors.New("the exporter is shutting down")
)

// Options are what a ledger needs.
type Options struct {
	Settings        conversation.Settings
	CheckpointBytes int64 // of log after which a checkpoint is written; 0 is 64 MiB
	SegmentBytes    int64 // of one file of the log; 0 is the journal's default
	Now             func() time.Time
	Logger          *slog.Logger
	Metrics         *telemetry.Metrics
}

const (
	defaultCheckpointBytes = 64 << 20
	maxBehind              = time.Minute // how far the clock may be behind the store without a warning
)

// Ledger is an open ledger.
type Ledger struct {
	o       Options
	journal *journal.Journal
	state   *conversation.State
	secret  []byte
	last    time.Time // of what was recovered
	pool    sync.Pool // of *Batch

	batches      chan *Batch
	calls        chan func()
	checkpointed chan error
	stop         chan struct{}
	done         chan struct{}
	failure      atomic.Pointer[error]

	closing sync.RWMutex // held to read while a batch is handed over
	closed  bool         // no batch is taken any more

	checkpointing   bool
	checkpointAt    time.Time     // no attempt at a checkpoint before
	checkpointPause time.Duration // after the last attempt, 0 if it was good
	reopenAt        time.Time     // no attempt to reopen the journal before
	scratch         [conversation.Ahead]event.Event
	group           []*Batch
	parts           [][]byte
	reported        reported
}

// Result says what became of the events of a batch.
type Result struct {
	Accepted   int
	Duplicates int
}

// Open recovers the ledger in fs, or creates one there, and starts its
// committer. It returns when everything is as it was. The ledger owns fs from
// here on.
func Open(fs journal.FS, o Options) (*Ledger, error) {
	if o.CheckpointBytes == 0 {
		o.CheckpointBytes = defaultCheckpointBytes
	}
	began := o.Now()
	j, err := journal.Open(fs, journal.Options{SegmentBytes: o.SegmentBytes})
	if err != nil {
		return nil, err
	}
	l := &Ledger{
		o:            o,
		journal:      j,
		batches:      make(chan *Batch, 1024),
		calls:        make(chan func()),
		checkpointed: make(chan error, 1),
		stop:         make(chan struct{}),
		done:         make(chan struct{}),
	}
	if err := l.recover(); err != nil {
		return nil, errors.Join(err, j.Close())
	}
	l.secret = l.state.Secret()
	l.last = time.UnixMilli(l.state.Now())
	if behind := l.last.Sub(o.Now()); behind > maxBehind {
		o.Logger.Warn("The machine's clock is behind the store's; until it has caught up no conversation goes idle or is forgotten.",
			"behind", behind.Round(time.Second), "store", l.last.UTC().Format(time.RFC3339))
	}
	l.announce()
	l.reported = reported{stats: l.state.Stats, overflowed: l.state.Overflowed()} // of the replay: no news
	l.report()
	o.Logger.Info("Ledger recovered.", "conversations", l.state.Tracked(), "series", l.state.Series(),
		"duration", o.Now().Sub(began), "torn_bytes", j.TornBytes())
	o.Metrics.TornBytes.Add(int(j.TornBytes()))
	go l.run()
	return l, nil
}

// Last gives the latest time that the recovered store had seen.
func (l *Ledger) Last() time.Time { return l.last }

// configure puts settings in force, durably.
func (l *Ledger) configure(set conversation.Settings) error {
	now := l.o.Now()
	set, err := set.Following(l.state.Settings(), now)
	if err != nil {
		return err
	}
	have, err := json.Marshal(l.state.Settings())
	if err != nil {
		return err
	}
	want, err := json.Marshal(set)
	if err != nil {
		return err
	}
	if bytes.Equal(have, want) {
		return nil
	}
	if err := sameBuckets(l.state.Settings().Buckets, set.Buckets); err != nil {
		return err
	}
	frame := append(l.header(kindSettings, now), want...)
	if err := l.journal.Append(frame); err != nil {
		return fmt.Errorf("journaling the settings: %w", err)
	}
	return l.apply(frame)
}

// sameBuckets refuses other buckets than the store's: what was counted by the
// old bounds cannot be counted again by the new ones.
func sameBuckets(have, want tally.Buckets) error {
	for _, b := range []struct {
		name       string
		have, want []float64
	}{
		{"resolution_seconds", have.Seconds, want.Seconds},
		{"turns", have.Turns, want.Turns},
		{"cost_usd", have.Cost, want.Cost},
	} {
		if fmt.Sprint(b.have) != fmt.Sprint(b.want) {
			return fmt.Errorf("buckets.%s: the store was created with %v and keeps them; got %v", b.name, b.have, b.want)
		}
	}
	return nil
}

// Configure puts settings in force for all events that are committed later, or
// fails and changes nothing.
func (l *Ledger) Configure(ctx context.Context, set conversation.Settings) error {
	var err error
	callErr := l.call(ctx, func() {
		if err = l.configure(set); err == nil {
			l.report()
		} else if failed := l.journal.Err(); failed != nil {
			l.fail(failed)
		}
	})
	return errors.Join(callErr, err)
}

// Snapshot copies the series for a scrape.
func (l *Ledger) Snapshot(ctx context.Context) (*tally.Snapshot, error) {
	var s *tally.Snapshot
	err := l.call(ctx, func() { s = l.state.Snapshot() })
	return s, err
}

// Undeclared gives the arms of experiments that nobody has declared, by
// experiment and variant.
func (l *Ledger) Undeclared(ctx context.Context) ([]conversation.Arm, error) {
	var arms []conversation.Arm
	err := l.call(ctx, func() { arms = l.state.Undeclared() })
	return arms, err
}

// call has the committer run f between two groups, and waits for it.
func (l *Ledger) call(ctx context.Context, f func()) error {
	ran := make(chan struct{})
	select {
	case l.calls <- func() { f(); close(ran) }:
		<-ran
		return nil
	case <-l.done:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Err says why events cannot be made durable, nil if they can.
func (l *Ledger) Err() error {
	if p := l.failure.Load(); p != nil {
		return *p
	}
	return nil
}

// Close commits what waits, writes a checkpoint, and releases the store.
// Whoever calls Commit from now on gets ErrClosed.
func (l *Ledger) Close() error {
	l.closing.Lock()
	l.closed = true
	l.closing.Unlock()
	close(l.stop)
	<-l.done
	return l.Err()
}
