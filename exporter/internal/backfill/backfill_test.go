package backfill

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/event"
	"supportexporter/exporter/internal/simulate"
)

// noon is when the histories of these tests end.
var noon = time.Date(2026, 3, 2, 12, 2, 0, 0, time.UTC)

// happened is an event and its arrival.
type happened struct {
	At time.Time
	*event.Event
}

// simulated are the events of the days before a time.
func simulated(t testing.TB, days, perDay int, end time.Time) []happened {
	t.Helper()
	src, err := simulate.New(simulate.Options{Seed: 7, Start: end.AddDate(0, 0, -days), PerDay: float64(perDay)})
	if err != nil {
		t.Fatal(err)
	}
	var all []happened
	for {
		at, e := src.Next()
		if !at.Before(end) {
			return all
		}
		e.Tier, e.Language = "", "" // fewer slices: a tenth of the work
		if e.Intent != "" && e.Intent != "billing" {
			e.Intent = "refund"
		}
		b, err := json.Marshal(&e)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, happened{at, parse(t, string(b))})
	}
}

func parse(t testing.TB, text string) *event.Event {
	t.Helper()
	var parsed *event.Event
	err := new(event.Decoder).Decode([]byte(text), event.NDJSON, func(_ int, e *event.Event, err error) bool {
		if err != nil {
			t.Fatal(err)
		}
		parsed = e
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// from makes a source of events that are in memory.
func from(all []happened) func(time.Time) (Source, error) {
	return func(time.Time) (Source, error) {
		i := 0
		return Source{
			Done: func(time.Time) float64 { return float64(i) / float64(len(all)) },
			Events: func(yield func(time.Time, *event.Event) error) error {
				for ; i < len(all); i++ {
					e := *all[i].Event // it is rewritten
					e.Cost.Detail = slices.Clone(e.Cost.Detail)
					e.CostDelta.Detail = slices.Clone(e.CostDelta.Detail)
					if err := yield(all[i].At, &e); err != nil {
						return err
					}
				}
				return nil
			},
		}, nil
	}
}

// inNewFolders are the options of a backfill, without rules.
func inNewFolders(t testing.TB, all []happened) Options {
	o := options(all)
	o.Prometheus, o.Storage = filepath.Join(t.TempDir(), "prometheus"), filepath.Join(t.TempDir(), "data")
	return o
}

func options(all []happened) Options {
	return Options{
		Arguments: map[string]string{"simulate": "healthy"},
		Config:    config.Default(),
		Open:      from(all),
		Step:      5 * time.Minute,
		Job:       "support",
		Instance:  "support",
		Now:       func() time.Time { return noon },
		Progress:  func(float64, time.Time) {},
	}
}

// shippedRules are the repository's.
func shippedRules(o *Options) {
	o.Rules, o.LeaveOut = []string{"../../../recording-rules/*.yml"}, []string{"support_history"}
}

func mustRun(t testing.TB, o Options) Result {
	t.Helper()
	r, err := Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Three events, by hand: what stands at each step.
func TestCountersAsTheyWouldHaveStood(t *testing.T) {
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	o := inNewFolders(t, []happened{
		{day.Add(61 * time.Second), parse(t, `{"conversation_id": "a", "intent": "Refund", "turns": 3}`)},
		{day.Add(10 * time.Minute), parse(t, `{"conversation_id": "a", "csat": 4}`)},
		{day.Add(10*time.Minute + time.Millisecond), parse(t, `{"conversation_id": "b", "resolution": {"resolved": true, "seconds": 60}}`)},
		{day.Add(50 * time.Minute), parse(t, `{"conversation_id": "b", "csat": 1}`)},
	})
	r := mustRun(t, o)
	if r.Events != 4 || r.Conversations != 2 || !r.Start.Equal(day) || !r.End.Equal(day.Add(50*time.Minute)) || r.Blocks != 1 {
		t.Errorf("got %+v", r)
	}
	got := read(t, o.Prometheus, ".+")
	for _, want := range []struct {
		minutes int
		name    string
		value   float64
		series  int
		labels  string
	}{
		{0, "support_ledger_start_timestamp_seconds", float64(day.Unix()), 1, `instance="support", job="support"`},
		{50, "support_ledger_start_timestamp_seconds", float64(day.Unix()), 1, ""},
		{0, "support_values_total", 0, 0, ""},
		{5, "support_values_total", 1, 1, `intent="refund", job="support", kpi="turns", language="unknown", tier="unknown"`},
		{5, "support_csat_responses_total", 0, 5, ""},
		{10, "support_csat_responses_total", 1, 1, `score="4"`}, // an event of the step's own moment is in it
		{10, "support_resolutions_total", 0, 2, ""},
		{15, "support_resolutions_total", 1, 1, `intent="unknown", job="support", language="unknown", resolved="true"`},
		{5, "support_conversations_open", 1, 1, ""},
		{35, "support_conversations_total", 1, 8, ""},
		{40, "support_conversations_total", 1, 2, `outcome="abandoned"`}, // a is idle half an hour after its last event
		{15, "support_conversation_resolution_seconds_bucket", 1, 1, `le="60.0"`},
		{15, "support_conversation_resolution_seconds_bucket", 0, 1, `le="30.0"`},
		{50, "support_csat_responses_total", 1, 2, `score="1"`},
		{55, "support_csat_responses_total", 0, 0, ""},
	} {
		sum, n := got.at(day.Add(time.Duration(want.minutes)*time.Minute), want.name, want.labels)
		if sum != want.value || n != want.series {
			t.Errorf("minute %d, %s %s: %v of %d series, want %v of %d", want.minutes, want.name, want.labels, sum, n, want.value, want.series)
		}
	}
}

// What cannot become a history is refused before anything is written.
func TestRefused(t *testing.T) {
	day := noon.Add(-time.Hour)
	one := []happened{{day, parse(t, `{"conversation_id": "a"}`)}}
	for _, tt := range []struct {
		name   string
		change func(*Options)
		want   string
	}{
		{"no events", func(o *Options) { o.Open = from(nil) }, "there are no events"},
		{"out of order", func(o *Options) { o.Open = from([]happened{one[0], {day.Add(-time.Second), one[0].Event}}) },
			"event of 2026-03-02T11:01:59Z comes after one of 2026-03-02T11:02:00Z: events must be in the order of time"},
		{"a store", func(o *Options) {
			if err := os.MkdirAll(filepath.Join(o.Storage, "00.log"), 0o700); err != nil {
				t.Fatal(err)
			}
		}, "is there already (00.log): a history needs a new one"},
		{"no rules", func(o *Options) { o.Rules = []string{"none/*.yml"} }, `rules "none/*.yml": no such file`},
		{"source", func(o *Options) {
			o.Open = func(time.Time) (Source, error) { return Source{}, errors.New("no source") }
		}, "no source"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := inNewFolders(t, one)
			tt.change(&o)
			_, err := Run(context.Background(), o)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			if blocks, _ := filepath.Glob(filepath.Join(o.Prometheus, "*", "meta.json")); len(blocks) > 0 {
				t.Errorf("there are blocks: %v", blocks)
			}
		})
	}
}
