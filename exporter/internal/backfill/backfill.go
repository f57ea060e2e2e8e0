// Package backfill makes a history in Prometheus of events that lie in the
// past: the counters as an exporter would have shown them, and what the
// recording rules would have made of them.
//
//	events ──► history ──► period ──► evaluate ──► block ──► Prometheus's folder
//	           the state   54 hours   the rules,   on disk     or OpenMetrics
//	           and its     in memory  in order
//	           scrapes                    ▲            │
//	                                      └────────────┘ windows look back
//
// The events go through the same conversation.State that the exporter runs,
// arriving when they happened. At each step all series are sampled. What comes
// of it is cut into periods, which are blocks of Prometheus's TSDB. While one
// period is being filled, the rules are evaluated over the one before it, by
// Prometheus's own engine. In the end the state itself is written as a store,
// for an exporter to go on from: its first scrape continues every counter.
//
// # Memory
//
// Two periods, compressed, and the conversations within their retention,
// whatever the history's length. Older periods are read from their blocks.
//
// # Killed and started again
//
// A period's block is made in a work folder and gets its name when it is
// whole. A second run applies all events again, which is the smaller part of
// the work, but passes over the periods whose blocks are there. Blocks are
// moved to Prometheus when all are there, and the names of a backfill's blocks
// are always the same, so none can come twice.
package backfill

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/event"
	"supportexporter/exporter/internal/journal"
	"supportexporter/exporter/internal/ledger"
)

// errNoEvents is what a backfill of nothing fails with.
var errNoEvents = errors.New("there are no events")

// Options say what becomes history, and where.
type Options struct {
	Arguments map[string]string // what tells this backfill from another one
	Config    *config.Config    // of the exporter that will go on
	Open      func(now time.Time) (Source, error)

	Prometheus string // Prometheus's data folder; or
	Output     string // a file of OpenMetrics text
	Storage    string // the exporter's store, which must not be there yet

	Rules         []string // patterns of rule files
	LeaveOut      []string // groups of theirs that are not evaluated
	Step          time.Duration
	Job, Instance string // labels of the exporter's series

	Now func() time.Time
	// Progress is told how much is done, 0 to 1, and to which time. One goroutine calls it.
	Progress func(share float64, until time.Time)
}

// Source is where events come from.
type Source struct {
	// Events calls yield for each event, with its arrival, which must never go
	// back. It ends with the first error of yield, which it returns.
	Events func(yield func(at time.Time, e *event.Event) error) error
	// Done says how much of all was read when the history has come to a time, 0 to 1.
	Done func(at time.Time) float64
	// End is the last step; zero if it is for the last event to say.
	End time.Time
}

// Result says what was made.
type Result struct {
	Events        uint64    `json:"events"`
	Conversations int       `json:"conversations"` // within their retention
	Start         time.Time `json:"start"`
	End           time.Time `json:"end"` // the last step
	Series        uint64    `json:"series"`
	Samples       uint64    `json:"samples"`
	Blocks        int       `json:"blocks"`
	Before        bool      `json:"-"` // all of it by an earlier run
}

// run is one run of a backfill.
type run struct {
	Options
	work    *work
	rules   []*rule
	history *history
	blocks  source
	ids     []ulid.ULID
	result  Result
}

// Run makes the history. Started again with the same arguments it goes on where
// it was killed, and does nothing where it was finished; with others, where
// there is one already, it fails.
func Run(ctx context.Context, o Options) (_ Result, err error) {
	r := &run{Options: o}
	if r.rules, err = loadRules(o.Rules, o.LeaveOut); err != nil {
		return Result{}, err
	}
	dir := filepath.Join(o.Prometheus, "support_backfill")
	if o.Output != "" {
		dir = o.Output + ".backfill"
	}
	r.work, err = openWork(dir, note{Arguments: o.Arguments, Recipe: recipe(r.rules, o.Config), Now: o.Now()}, r.storeIsNew)
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, r.work.lock.Release()) }()
	if done := r.work.Finished; done != nil {
		done.Before = true
		return *done, nil
	}
	defer func() { err = errors.Join(err, r.closeBlocks()) }()
	if made := r.work.Made; made != nil {
		r.result = *made
	}
	if err := r.make(ctx); err != nil {
		return Result{}, err
	}
	return r.result, r.deliver(ctx)
}

// storeIsNew refuses a folder that has anything in it.
func (r *run) storeIsNew() error {
	entries, err := os.ReadDir(r.Storage)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("looking for a store: %w", err)
	}
	if len(entries) > 0 {
		return fmt.Errorf("the store in %s is there already (%s): a history needs a new one", r.Storage, entries[0].Name())
	}
	return nil
}

// recipe tells these rules and this configuration from others.
func recipe(rules []*rule, c *config.Config) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%+v\n", *c)
	for _, r := range rules {
		fmt.Fprintf(&b, "%s %q\n", r, r.expr)
	}
	return fmt.Sprintf("%x", sha256.Sum256([]byte(b.String())))
}

// deliver puts everything where it belongs, the store last.
func (r *run) deliver(ctx context.Context) error {
	if r.Output != "" {
		if err := writeText(ctx, r.Output, &r.blocks); err != nil {
			return err
		}
	} else if err := r.work.publish(r.ids, r.result, r.Prometheus); err != nil {
		return err
	}
	if err := r.createStore(); err != nil {
		return fmt.Errorf("writing the store in %s: %w", r.Storage, err)
	}
	h := r.history
	r.result.Events, r.result.Conversations, r.result.Blocks = h.events, h.state.Tracked(), len(r.ids)
	r.result.Start, r.result.End = time.UnixMilli(h.state.Start()).UTC(), time.UnixMilli(h.next-h.step).UTC()
	return r.work.finish(r.result, r.ids)
}

func (r *run) createStore() error {
	fs, err := journal.OS(r.Storage)
	if err != nil {
		return err
	}
	return ledger.Create(fs, r.history.state)
}
