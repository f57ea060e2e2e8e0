package conversation_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"supportexporter/exporter/internal/conversation"
	"supportexporter/exporter/internal/event"
	"supportexporter/exporter/internal/tally"
)

const (
	idleTimeout = 30 * time.Minute
	retention   = 30 * 24 * time.Hour
	start       = int64(1_700_000_000_000)
)

func settings() conversation.Settings {
	return conversation.Settings{
		IdleTimeout: idleTimeout,
		Retention:   retention,
		Exemplars:   true,
		Limits:      tally.Limits{Intents: 10, Tiers: 10, Languages: 10, Reasons: 10, Components: 10, Arms: 10, Series: 100_000},
		Buckets:     tally.Buckets{Seconds: []float64{60, 180, 3600}, Turns: []float64{1, 3, 10}, Cost: []float64{0.1, 0.25, 1}},
	}
}

func newState() *conversation.State {
	return conversation.New(bytes.Repeat([]byte{7}, conversation.SecretBytes), start, settings())
}

// restarted gives the state that a restart would give.
func restarted(t testing.TB, s *conversation.State) *conversation.State {
	t.Helper()
	f, err := s.Freeze()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	s.Thaw()
	n, err := conversation.Load(&b)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

var exact = cmpopts.EquateApprox(1e-12, 0) // the model adds floats in some order, the state exactly

// Whatever the order of events, however often each is sent, however facts are
// spread over events and wherever restarts fall: the series are those of what
// really happened.
func TestSeriesDoNotDependOnOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		truth := drawTruth(rt)
		events := drawEvents(rt, truth)
		s := newState()
		for i := range events {
			if rapid.IntRange(0, 9).Draw(rt, "restart") == 0 {
				s = restarted(t, s)
			}
			s.Apply(&events[i])
		}
		s.Advance(start + idleTimeout.Milliseconds())
		want := expected(truth)
		if diff := cmp.Diff(want, series(t, s), exact); diff != "" {
			rt.Fatalf("series differ from the truth (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want, series(t, restarted(t, s)), exact); diff != "" {
			rt.Fatalf("series differ after a restart (-want +got):\n%s", diff)
		}
		for i := range events {
			if s.Apply(&events[i]) {
				rt.Fatalf("event %+v is no duplicate the second time", events[i])
			}
		}
		if diff := cmp.Diff(want, series(t, s), exact); diff != "" {
			rt.Fatalf("series differ after everything was sent again (-want +got):\n%s", diff)
		}
	})
}

// The same holds when conversations go idle in between, but for increments,
// which have to come before.
func TestNetOutcomesDoNotDependOnIdleness(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		truth := drawTruth(rt)
		for i := range truth {
			truth[i].facts &^= event.TurnsDelta | event.CostDelta
			truth[i].arm = [2]string{} // an experiment is joined before the first outcome
		}
		events := drawEvents(rt, truth)
		s, now := newState(), start
		for i := range events {
			now += rapid.Int64Range(0, idleTimeout.Milliseconds()).Draw(rt, "pause") * 3 / 2
			s.Advance(now)
			s.Apply(&events[i])
			if rapid.IntRange(0, 9).Draw(rt, "restart") == 0 {
				s = restarted(t, s)
			}
		}
		s.Advance(now + idleTimeout.Milliseconds())
		if diff := cmp.Diff(expected(truth), series(t, s), exact); diff != "" {
			rt.Fatalf("series differ from the truth (-want +got):\n%s", diff)
		}
	})
}

// Two orders give bit for bit the same numbers, not only nearly.
func TestSumsAreTheSameInAnyOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		truth := drawTruth(rt)
		run := func() map[string]float64 {
			s := newState()
			events := drawEvents(rt, truth)
			for i := range events {
				s.Apply(&events[i])
			}
			s.Advance(start + idleTimeout.Milliseconds())
			return series(t, s)
		}
		if diff := cmp.Diff(run(), run()); diff != "" {
			rt.Fatalf("two orders differ:\n%s", diff)
		}
	})
}
