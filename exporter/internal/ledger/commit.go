package ledger

import (
	"fmt"
	"runtime"
	"time"

	"supportexporter/exporter/internal/conversation"
	"supportexporter/exporter/internal/tally"
)

const (
	maxGroupEvents = 50_000          // in one frame
	maxGroupBytes  = 16 << 20        // in one frame, but for one larger batch
	tickInterval   = time.Second     // between looks at who went idle
	reopenInterval = time.Second / 2 // between attempts to reopen a failed journal
)

// run is the committer.
func (l *Ledger) run() {
	ticker := time.NewTicker(tickInterval)
	defer ticker.Stop()
	for {
		select {
		case b := <-l.batches:
			l.commit(b)
		case f := <-l.calls:
			f()
		case <-ticker.C:
			l.tick()
		case err := <-l.checkpointed:
			l.checkpointDone(err)
		case <-l.stop:
			l.finish()
			close(l.done)
			return
		}
	}
}

// commit commits a batch and whatever else waits: as one frame, or as two if the
// first has no room for the last of them.
func (l *Ledger) commit(first *Batch) {
	left := l.gather(first)
	l.commitGroup()
	if left != nil {
		l.group = append(l.group, left)
		l.commitGroup()
	}
}

// commitGroup appends the group as one frame, applies it and answers.
func (l *Ledger) commitGroup() {
	events := 0
	now := l.o.Now()
	l.parts = append(l.parts[:0], l.header(kindEvents, now))
	for _, b := range l.group {
		l.parts = append(l.parts, b.buf)
		events += b.events
	}
	err := l.append(now, l.parts...)
	if err == nil {
		l.state.Advance(now.UnixMilli())
	}
	for _, b := range l.group {
		if b.err = err; err == nil {
			b.result, b.err = l.applyEvents(b.buf)
			l.reportLosses() // before the answer: who has one finds all of it counted
		}
		b.ready <- struct{}{}
	}
	clear(l.group)
	clear(l.parts)
	l.group = l.group[:0]
	l.o.Metrics.CommitEvents.Update(float64(events))
	l.report()
	l.checkpointIfDue()
}

// gather makes a group of a batch and all that wait, but for one that does not
// fit. When there are none it lets other goroutines run, once: under load some of
// them are about to bring one, and a larger group costs no more to sync.
func (l *Ledger) gather(first *Batch) (left *Batch) {
	l.group = append(l.group, first)
	events, size, yielded := first.events, len(first.buf), false
	for events < maxGroupEvents && size < maxGroupBytes {
		select {
		case b := <-l.batches:
			if size+len(b.buf) > MaxBatchBytes {
				return b
			}
			l.group = append(l.group, b)
			events += b.events
			size += len(b.buf)
		default:
			if yielded {
				return nil
			}
			runtime.Gosched()
			yielded = true
		}
	}
	return nil
}

// append makes a frame durable. If the journal has failed it is reopened
// first, at most every reopenInterval.
func (l *Ledger) append(now time.Time, parts ...[]byte) error {
	if err := l.journal.Err(); err != nil {
		if now.Before(l.reopenAt) {
			return fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		l.reopenAt = now.Add(reopenInterval)
		if err := l.journal.Reopen(); err != nil {
			l.fail(fmt.Errorf("reopening the journal: %w", err))
			return fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
	}
	began := time.Now()
	err := l.journal.Append(parts...)
	l.o.Metrics.CommitSeconds.UpdateDuration(began)
	if l.journal.Err() != nil { // and not merely this frame is too long
		l.fail(err)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	l.fail(nil)
	return nil
}

// fail remembers why events cannot be made durable, or that they can.
func (l *Ledger) fail(err error) {
	before := l.Err()
	if err == nil {
		if before != nil {
			l.failure.Store(nil)
			l.o.Logger.Info("Events are made durable again.")
		}
		return
	}
	l.failure.Store(&err)
	l.o.Metrics.JournalFailures.Inc()
	if before == nil {
		l.o.Logger.Error("Events cannot be made durable; they are refused until they can.", "err", err)
	}
}

// tick does what time brings: idle conversations, and a journal that failed
// while nobody pushed.
func (l *Ledger) tick() {
	now := l.o.Now()
	if l.journal.Err() == nil && !l.state.Due(now.UnixMilli()) {
		return
	}
	if err := l.append(now, l.header(kindEvents, now)); err != nil {
		return
	}
	l.state.Advance(now.UnixMilli())
	l.report()
	l.checkpointIfDue()
}

// finish commits what waits, writes the last checkpoint and releases the store.
func (l *Ledger) finish() {
	for more := true; more; {
		select {
		case b := <-l.batches:
			l.commit(b)
		default:
			more = false
		}
	}
	if l.checkpointing {
		l.checkpointDone(<-l.checkpointed)
	}
	if err := l.checkpointNow(); err != nil {
		l.fail(fmt.Errorf("writing the last checkpoint: %w", err))
	}
	if err := l.journal.Close(); err != nil {
		l.fail(fmt.Errorf("closing the journal: %w", err))
	}
}

// reported is what the exporter's own metrics have been told already.
type reported struct {
	stats      conversation.Stats
	overflowed [tally.NumLabels]uint64
}

// announce makes the exporter's own counters that report may move: one that
// began with its first count would hide that count from increase().
func (l *Ledger) announce() {
	for f := range conversation.NumFacts {
		for _, c := range f.Causes() {
			l.o.Metrics.FactIgnored(f.String(), c.String())
		}
	}
	for i := range tally.NumLabels {
		l.o.Metrics.LabelOverflow(i.String())
	}
}

// report tells the exporter's own metrics what changed.
func (l *Ledger) report() {
	l.reportLosses()
	m := l.o.Metrics
	log, last := l.journal.Size()
	m.LogBytes.Set(float64(log))
	m.CheckpointBytes.Set(float64(last))
	m.Conversations.Set(float64(l.state.Tracked()))
	m.Series.Set(float64(l.state.Series()))
	m.SeriesLimit.Set(float64(l.state.Settings().Limits.Series))
}

// reportLosses tells them what was ignored, or counted as "other".
func (l *Ledger) reportLosses() {
	now := reported{stats: l.state.Stats, overflowed: l.state.Overflowed()}
	was := &l.reported
	if now == *was {
		return
	}
	for f := range now.stats.Ignored {
		for c, n := range now.stats.Ignored[f] {
			if d := n - was.stats.Ignored[f][c]; d > 0 {
				l.o.Metrics.FactIgnored(conversation.Fact(f).String(), conversation.Cause(c).String()).Add(int(d))
			}
		}
	}
	for i, n := range now.overflowed {
		if d := n - was.overflowed[i]; d > 0 {
			l.o.Metrics.LabelOverflow(tally.Label(i).String()).Add(int(d))
		}
	}
	*was = now
}
