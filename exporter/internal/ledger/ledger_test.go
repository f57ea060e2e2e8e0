package ledger_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"supportexporter/exporter/internal/conversation"
	"supportexporter/exporter/internal/event"
	"supportexporter/exporter/internal/journal"
	"supportexporter/exporter/internal/journal/simdisk"
	"supportexporter/exporter/internal/ledger"
	"supportexporter/exporter/internal/tally"
	"supportexporter/exporter/internal/telemetry"

	"github.com/prometheus/client_golang/prometheus"
)

func settings() conversation.Settings {
	return conversation.Settings{
		IdleTimeout: 30 * time.Minute,
		Retention:   30 * 24 * time.Hour,
		Limits:      tally.Limits{Intents: 10, Tiers: 10, Languages: 10, Reasons: 10, Components: 10, Arms: 10, Series: 100_000},
		Buckets:     tally.Buckets{Seconds: []float64{60}, Turns: []float64{3}, Cost: []float64{0.25}},
	}
}

func options() ledger.Options {
	return ledger.Options{
		Settings: settings(),
		Now:      time.Now,
		Logger:   slog.New(slog.DiscardHandler),
		Metrics:  telemetry.New(),
	}
}

func open(t testing.TB, fs journal.FS, o ledger.Options) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(fs, o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// clock is a time that a test sets. The committer looks at it, too, every second.
type clock struct{ ms atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.ms.Store(1_700_000_000_000)
	return c
}

func (c *clock) add(d time.Duration) { c.ms.Add(d.Milliseconds()) }
func (c *clock) time() time.Time     { return time.UnixMilli(c.ms.Load()) }

func resolved(conversation string) *event.Event {
	return &event.Event{
		ConversationID: conversation, Episode: 1, Facts: event.Resolution, Resolved: true, Seconds: event.NoSeconds,
	}
}

func commit(l *ledger.Ledger, events ...*event.Event) (ledger.Result, error) {
	b := l.NewBatch()
	defer l.Release(b)
	for _, e := range events {
		b.Add(e)
	}
	return l.Commit(b)
}

// total gives the sum over a metric's series.
func total(t testing.TB, l *ledger.Ledger, metric string) float64 {
	t.Helper()
	reg := prometheus.NewRegistry()
	reg.MustRegister(tally.NewCollector(func() (*tally.Snapshot, error) { return l.Snapshot(context.Background()) }))
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, f := range families {
		if f.GetName() == metric {
			for _, m := range f.GetMetric() {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum
}

func TestCommitCountsEachEventOnce(t *testing.T) {
	disk := simdisk.New(nil)
	l := open(t, disk, options())
	for _, want := range []ledger.Result{{Accepted: 2}, {Duplicates: 2}} {
		got, err := commit(l, resolved("a"), resolved("b"))
		if err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	disk.Crash()
	l = open(t, disk, options())
	if got := total(t, l, tally.ResolutionsTotal); got != 2 {
		t.Errorf("after a restart %v resolutions, want 2", got)
	}
	if _, err := commit(l); err != nil {
		t.Errorf("an empty batch: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := commit(l, resolved("c")); !errors.Is(err, ledger.ErrClosed) {
		t.Errorf("after Close: %v, want %v", err, ledger.ErrClosed)
	}
	if _, err := l.Snapshot(context.Background()); !errors.Is(err, ledger.ErrClosed) {
		t.Errorf("after Close: %v, want %v", err, ledger.ErrClosed)
	}
}

func TestConcurrentCommitsShareGroups(t *testing.T) {
	o := options()
	o.CheckpointBytes = 1 << 16
	fs, err := journal.OS(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	l := open(t, fs, o)
	const writers, each = 16, 50
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				if r, err := commit(l, resolved(fmt.Sprintf("%d-%d", w, i))); err != nil || r.Accepted != 1 {
					t.Errorf("commit: %+v, %v", r, err)
				}
			}
		})
	}
	for range 20 {
		total(t, l, tally.ResolutionsTotal)
	}
	wg.Wait()
	if got := total(t, l, tally.ResolutionsTotal); got != writers*each {
		t.Errorf("%v events counted, want %d", got, writers*each)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// A frame holds so much. What has no room in one goes into the next, and what has
// none in any is refused alone: the journal has not failed by that.
func TestLargeBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := options()
		held, gate := &atomic.Bool{}, make(chan struct{})
		o.Now = func() time.Time { // the committer asks for it between a group and its frame
			if held.Load() {
				<-gate
			}
			return time.Now()
		}
		fs, err := journal.OS(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		l := open(t, fs, o)
		long := event.Event{Episode: 1, Seconds: event.NoSeconds, Facts: event.Cost}
		for i := range event.MaxComponents {
			long.Cost.Detail = append(long.Cost.Detail, event.Component{Name: fmt.Sprintf("%0*d", event.MaxComponent, i)})
		}
		var wg sync.WaitGroup
		push := func(name string, bytes int, want error) {
			b := l.NewBatch()
			for i := 0; b.Bytes() < bytes; i++ {
				long.ConversationID = fmt.Sprint(name, i)
				b.Add(&long)
			}
			wg.Go(func() {
				if r, err := l.Commit(b); !errors.Is(err, want) || err == nil && r.Accepted != b.Len() {
					t.Errorf("%s, of %d bytes: %+v, %v, want %v", name, b.Bytes(), r, err, want)
				}
			})
			synctest.Wait() // it is in the queue
		}
		held.Store(true)
		push("first", 1, nil)
		push("small", 10<<20, nil)
		push("large", 60<<20, nil)
		push("too large", ledger.MaxBatchBytes+1, ledger.ErrUnavailable)
		push("last", 1, nil)
		held.Store(false)
		close(gate)
		wg.Wait()
		if err := l.Err(); err != nil {
			t.Errorf("the ledger has failed: %v", err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
}

// What time does is durable too: an outcome counted because a conversation went
// idle is there after a crash, though nobody pushed anything since.
func TestIdlenessSurvivesACrash(t *testing.T) {
	disk := simdisk.New(nil)
	var mu sync.Mutex
	now := time.UnixMilli(1_700_000_000_000)
	o := options()
	o.Now = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	l := open(t, disk, o)
	if _, err := commit(l, &event.Event{ConversationID: "a", Episode: 1, Seconds: event.NoSeconds}); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	now = now.Add(o.Settings.IdleTimeout)
	mu.Unlock()
	deadline := time.Now().Add(10 * time.Second)
	for total(t, l, tally.ConversationsTotal) != 1 {
		if time.Now().After(deadline) {
			t.Fatal("the conversation was not counted as abandoned")
		}
		time.Sleep(10 * time.Millisecond)
	}
	disk.Crash() // the ledger above is gone, as after a power cut
	again := open(t, disk, o)
	if got := total(t, again, tally.ConversationsTotal); got != 1 {
		t.Errorf("after a crash %v outcomes, want 1", got)
	}
	if got := total(t, again, tally.ConversationsOpen); got != 0 {
		t.Errorf("after a crash %v open conversations, want 0", got)
	}
	for _, l := range []*ledger.Ledger{again, l} {
		_ = l.Close() // the first one's disk was taken from under it
	}
}

// Until the clock is where the store was, nothing of it moves. Whoever operates it
// is told.
func TestClockBehindTheStore(t *testing.T) {
	disk, c := simdisk.New(nil), newClock()
	var log bytes.Buffer
	o := options()
	o.Now, o.Logger = c.time, slog.New(slog.NewTextHandler(&log, nil))
	last := c.time()
	for _, tt := range []struct {
		step time.Duration
		want string // in the log
	}{{0, ""}, {-time.Minute, ""}, {-time.Hour, "behind=1h1m0s store=" + last.UTC().Format(time.RFC3339)}} {
		c.add(tt.step)
		log.Reset()
		l := open(t, disk, o)
		if got := l.Last(); !got.Equal(last) {
			t.Errorf("after %v the last was %v, want %v", tt.step, got, last)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if warned := strings.Contains(log.String(), "level=WARN"); warned != (tt.want != "") || !strings.Contains(log.String(), tt.want) {
			t.Errorf("after %v the log is %s, want %q", tt.step, &log, tt.want)
		}
	}
}

// A restart counts by the settings of the time, then goes on with its own.
func TestSettingsAreJournaled(t *testing.T) {
	disk := simdisk.New(nil)
	l := open(t, disk, options())
	tight := settings()
	tight.Limits.Intents = 1
	if err := l.Configure(context.Background(), tight); err != nil {
		t.Fatal(err)
	}
	for _, intent := range []string{"refund", "login"} {
		e := resolved(intent)
		e.Intent = intent
		if _, err := commit(l, e); err != nil {
			t.Fatal(err)
		}
	}
	before, err := l.Snapshot(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	disk.Crash()
	again := open(t, disk, options()) // with room for both
	after, err := again.Snapshot(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := text(t, after), text(t, before); got != want {
		t.Errorf("a restart gives\n%s\nwant\n%s", got, want)
	}
	for _, l := range []*ledger.Ledger{again, l} {
		_ = l.Close()
	}
}

// What is ignored in a replay was ignored before, and is no news of this process.
func TestReplayedLossesAreNotCounted(t *testing.T) {
	disk, o := simdisk.New(nil), options()
	o.Settings.Limits.Intents = 1
	losses := func() [2]uint64 {
		return [2]uint64{o.Metrics.FactIgnored("resolution", "duplicate").Get(), o.Metrics.LabelOverflow("intent").Get()}
	}
	lose := func(l *ledger.Ledger, id string) {
		refund, login := resolved(id), resolved(id+"'")
		refund.Intent, login.Intent = "refund", "login"
		if _, err := commit(l, refund, login, resolved(id)); err != nil {
			t.Fatal(err)
		}
	}
	l := open(t, disk, o)
	lose(l, "a")
	if got, want := losses(), [2]uint64{1, 1}; got != want {
		t.Errorf("lost %v, want %v", got, want)
	}
	disk.Crash()
	o.Metrics = telemetry.New()
	again := open(t, disk, o)
	if got := losses(); got != [2]uint64{} {
		t.Errorf("a process that took no event has lost %v", got)
	}
	lose(again, "b")
	if got, want := losses(), [2]uint64{1, 1}; got != want {
		t.Errorf("behind the replay lost %v, want %v", got, want)
	}
	for _, l := range []*ledger.Ledger{again, l} {
		_ = l.Close() // the first one's disk was taken from under it
	}
}

func TestOtherBucketsAreRefused(t *testing.T) {
	disk := simdisk.New(nil)
	l := open(t, disk, options())
	o := options()
	o.Settings.Buckets.Turns = []float64{1, 2}
	want := "buckets.turns: the store was created with [3] and keeps them; got [1 2]"
	if err := l.Configure(context.Background(), o.Settings); err == nil || err.Error() != want {
		t.Errorf("Configure: %v, want %q", err, want)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.Open(disk, o); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Open: %v, want %q", err, want)
	}
}

func text(t *testing.T, s *tally.Snapshot) string {
	t.Helper()
	reg := prometheus.NewRegistry()
	reg.MustRegister(tally.NewCollector(func() (*tally.Snapshot, error) { return s, nil }))
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(families)
}
