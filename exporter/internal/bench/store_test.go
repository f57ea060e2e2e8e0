package bench

import (
	"log/slog"
	"testing"
	"time"

	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/conversation"
	"supportexporter/exporter/internal/event"
	"supportexporter/exporter/internal/journal"
	"supportexporter/exporter/internal/ledger"
	"supportexporter/exporter/internal/tally"
	"supportexporter/exporter/internal/telemetry"
)

// settings are those of an exporter without a configuration file, but for the
// budget of series, which has to hold what the benchmarks ask for.
func settings() conversation.Settings {
	c := config.Default()
	return conversation.Settings{
		IdleTimeout: c.IdleTimeout,
		Retention:   c.Retention,
		Exemplars:   c.Exemplars,
		Limits:      tally.Limits{Intents: 100, Tiers: 100, Languages: 100, Reasons: 50, Components: 20, Arms: 100, Series: 10_000_000},
		Buckets:     tally.Buckets{Seconds: c.Buckets.ResolutionSeconds, Turns: c.Buckets.Turns, Cost: c.Buckets.CostUSD},
	}
}

// noCheckpoint is a length of the log after which a checkpoint is due that no log
// comes to: one is written when the store is closed, not before.
const noCheckpoint = 1 << 40

// options are those of the store in these benchmarks.
func options(checkpointBytes int64) ledger.Options {
	return ledger.Options{
		Settings:        settings(),
		CheckpointBytes: checkpointBytes,
		Now:             time.Now,
		Logger:          slog.New(slog.DiscardHandler),
		Metrics:         telemetry.New(),
	}
}

// openLedger opens the store in a folder.
func openLedger(tb testing.TB, dir string, o ledger.Options) *ledger.Ledger {
	tb.Helper()
	fs, err := journal.OS(dir)
	if err != nil {
		tb.Fatal(err)
	}
	l, err := ledger.Open(fs, o)
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

// committer commits the events of a stream, and stops the time that Commit
// takes of that.
type committer struct {
	ledger *ledger.Ledger
	next   func() (*event.Event, bool)
	took   []time.Duration
}

func (c *committer) commit(tb testing.TB, n int) {
	tb.Helper()
	b := c.ledger.NewBatch()
	defer c.ledger.Release(b)
	for range n {
		e, ok := c.next()
		if !ok {
			tb.Fatal("the stream has no more events")
		}
		b.Add(e)
	}
	began := time.Now()
	result, err := c.ledger.Commit(b)
	c.took = append(c.took, time.Since(began))
	if err != nil || result.Accepted+result.Duplicates != n {
		tb.Fatalf("want %d events committed, got %+v, %v", n, result, err)
	}
}
