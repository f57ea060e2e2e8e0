package ledger

import "time"

// Between attempts at a checkpoint while they fail: twice as long each time.
const (
	minCheckpointPause = time.Second
	maxCheckpointPause = 10 * time.Minute
)

// checkpointIfDue starts a checkpoint when the log has grown long, both in
// itself and against the checkpoint: the work of writing one stays a fraction
// of the work of what it covers. Each attempt begins a new file of the log, so
// that attempts that fail must not be many: the room they take is the log's.
func (l *Ledger) checkpointIfDue() {
	log, last := l.journal.Size()
	if l.checkpointing || log < l.o.CheckpointBytes || log < last/2 || l.journal.Err() != nil ||
		l.o.Now().Before(l.checkpointAt) {
		return
	}
	write, err := l.startCheckpoint()
	switch {
	case err == nil:
		l.checkpointing = true
		go func() { l.checkpointed <- write() }()
	case l.journal.Err() != nil:
		l.fail(err)
	default:
		l.checkpointFailed(err)
	}
}

// startCheckpoint fixes what a checkpoint holds. What it returns writes it, and
// may be called by any goroutine.
func (l *Ledger) startCheckpoint() (write func() error, err error) {
	frozen, err := l.state.Freeze()
	if err != nil {
		return nil, err
	}
	c, err := l.journal.StartCheckpoint()
	if err != nil {
		l.state.Thaw()
		return nil, err
	}
	began := time.Now()
	return func() error {
		err := c.Write(frozen.Write)
		l.o.Metrics.CheckpointSeconds.UpdateDuration(began)
		return err
	}, nil
}

func (l *Ledger) checkpointDone(err error) {
	l.checkpointing = false
	l.state.Thaw()
	if err != nil {
		l.checkpointFailed(err)
		return
	}
	l.checkpointPause = 0
	l.report()
}

func (l *Ledger) checkpointFailed(err error) {
	l.checkpointPause = min(max(2*l.checkpointPause, minCheckpointPause), maxCheckpointPause)
	l.checkpointAt = l.o.Now().Add(l.checkpointPause)
	l.o.Metrics.CheckpointFailures.Inc()
	l.o.Logger.Error("A checkpoint could not be written; the log goes on growing.", "err", err, "retry_in", l.checkpointPause)
}

// checkpointNow writes a checkpoint and waits for it.
func (l *Ledger) checkpointNow() error {
	write, err := l.startCheckpoint()
	if err != nil {
		return err
	}
	defer l.state.Thaw()
	return write()
}
