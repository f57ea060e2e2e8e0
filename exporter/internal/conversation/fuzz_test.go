package conversation_test

import (
	"bytes"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"supportexporter/exporter/internal/conversation"
	"supportexporter/exporter/internal/event"
	"supportexporter/exporter/internal/tally"
)

// What Load may allocate: buffers, tables that begin with a size, and for each
// byte what a state of many small things takes in memory.
const (
	loadBytes    = 16 << 20
	bytesPerByte = 1000
)

// FuzzLoad has any bytes for a checkpoint's state. They are refused, or are a
// state that can be scraped, comes back from its own checkpoint as it was, and
// then counts as it would have. Neither takes memory on the word of a few bytes.
func FuzzLoad(f *testing.F) {
	for _, s := range seedStates() {
		f.Add(written(f, s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		s, err := conversation.Load(bytes.NewReader(b))
		runtime.ReadMemStats(&after)
		if took, most := after.TotalAlloc-before.TotalAlloc, uint64(loadBytes+bytesPerByte*len(b)); took > most {
			t.Fatalf("loading %d bytes took %d of memory, want at most %d", len(b), took, most)
		}
		if err != nil {
			return
		}
		first := written(t, s)
		again, err := conversation.Load(bytes.NewReader(first))
		if err != nil {
			t.Fatalf("a state that was loaded does not load from its own checkpoint: %v", err)
		}
		compareStates(t, "after a second load", s, again)
		goOn(s)
		goOn(again)
		compareStates(t, "when both go on", s, again)
	})
}

// goOn has a state go through all that can happen to it.
func goOn(s *conversation.State) {
	end := start
	for _, pause := range []time.Duration{0, time.Minute, 2 * retention, 1000 * retention} {
		end += pause.Milliseconds()
		s.Advance(end)
		for i := range 3 {
			s.Apply(&event.Event{
				ConversationID: fmt.Sprintf("c%d", i), ID: fmt.Sprintf("%v", pause), Episode: 1 + i, Intent: fmt.Sprintf("i%d", i),
				Experiment: "x", Variant: "a", Facts: event.Resolution | event.Escalation | event.Turns | event.CostDelta | event.CSAT,
				Resolved: true, Seconds: 40, Reason: "angry", Turns: 3, CSAT: 1 + i,
				CostDelta: event.Money{USD: 0.5, Detail: []event.Component{{Name: "model", USD: 0.25}}},
			})
		}
	}
}

func compareStates(t *testing.T, when string, a, b *conversation.State) {
	t.Helper()
	if diff := cmp.Diff(scraped(t, a), scraped(t, b)); diff != "" {
		t.Fatalf("series differ %s:\n%s", when, diff)
	}
	// A conversation's ids are written in no order, so only that all is there can be seen.
	one, other := written(t, a), written(t, b)
	slices.Sort(one)
	slices.Sort(other)
	if !bytes.Equal(one, other) {
		t.Fatalf("checkpoints differ %s", when)
	}
}

// written gives a state's checkpoint.
func written(t testing.TB, s *conversation.State) []byte {
	t.Helper()
	f, err := s.Freeze()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Thaw()
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// scraped gives all series of a state, with exemplars and native buckets.
func scraped(t testing.TB, s *conversation.State) string {
	t.Helper()
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(tally.NewCollector(func() (*tally.Snapshot, error) { return s.Snapshot(), nil }))
	families, err := reg.Gather()
	if err != nil {
		t.Fatalf("scraping: %v", err)
	}
	var text strings.Builder
	e := expfmt.NewEncoder(&text, expfmt.NewFormat(expfmt.TypeProtoText))
	for _, f := range families {
		if err := e.Encode(f); err != nil {
			t.Fatalf("scraping: %v", err)
		}
	}
	return text.String()
}

// seedStates are an empty state, one conversation of each kind, and many.
func seedStates() map[string]*conversation.State {
	one := func(events ...event.Event) *conversation.State {
		s := newState()
		for i := range events {
			e := &events[i]
			e.ConversationID, e.Episode = "c", max(1, e.Episode)
			s.Apply(e)
		}
		return s
	}
	states := map[string]*conversation.State{
		"empty":  newState(),
		"opened": one(event.Event{Seconds: event.NoSeconds}),
		"resolved": one(event.Event{ID: "1", Intent: "refund", Tier: "gold", Facts: event.Resolution | event.Turns | event.Cost | event.CSAT,
			Resolved: true, Seconds: 90, Turns: 4, Cost: event.Money{USD: 0.5}, CSAT: 2}),
		"escalated": one(event.Event{Facts: event.Escalation, Reason: "angry", Customer: 7}),
		"in_an_arm": one(event.Event{Experiment: "greeting", Variant: "warm", Facts: event.Resolution, Resolved: true, Seconds: event.NoSeconds}),
		"summed": one(event.Event{ID: "1", Facts: event.TurnsDelta | event.CostDelta, TurnsDelta: 2,
			CostDelta: event.Money{USD: 0.5, Detail: []event.Component{{Name: "model", USD: 0.5}}}}),
		"reopened": one(event.Event{Facts: event.Resolution, Resolved: true, Seconds: 3}, event.Event{Episode: 2}),
	}
	gone := one(event.Event{Facts: event.CSAT, CSAT: 5})
	gone.Advance(start + idleTimeout.Milliseconds())
	states["abandoned"] = gone
	states["many_ids"] = newState()
	busy(states["many_ids"], 0, 40)
	return states
}
