package clock

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestClock(t *testing.T) {
	const day, year = 24 * time.Hour, 365 * 24 * time.Hour
	type look struct {
		passed, step time.Duration // since the last one, and by how much the wall clock was set meanwhile
		want         time.Duration // since the first
		logged       string
	}
	for _, tt := range []struct {
		name    string
		reached time.Duration
		looks   []look
	}{
		{"time passes", 0, []look{{passed: time.Second, want: time.Second}, {passed: 3 * day, want: 3*day + time.Second}}},
		{"small steps are followed", 0, []look{
			{step: day, want: day}, {passed: time.Hour, step: -2 * time.Hour, want: day - time.Hour}, {step: day, want: 2*day - time.Hour},
		}},
		{"a large step ahead is not", 0, []look{
			{passed: time.Second, step: year, want: time.Second, logged: "ERROR"},
			{passed: time.Hour, want: time.Hour + time.Second},
			{passed: 2 * day, want: 2*day + time.Hour + time.Second},
		}},
		{"until it is taken back", 0, []look{
			{step: year, want: 0, logged: "ERROR"}, {passed: time.Hour, step: time.Minute - year, want: time.Hour + time.Minute, logged: "INFO"},
			{passed: time.Hour, want: 2*time.Hour + time.Minute}, {step: year, want: 2*time.Hour + time.Minute, logged: "ERROR"},
		}},
		{"a step back is followed, and the way to where it was", 0, []look{
			{passed: year, want: year}, {passed: time.Hour, step: -year, want: time.Hour}, {passed: time.Hour, step: year, want: year + 2*time.Hour},
		}},
		{"a machine that begins without the time", year, []look{
			{passed: time.Hour, want: time.Hour}, {passed: time.Hour, step: year + day, want: year + day + 2*time.Hour},
			{step: 2 * year, want: year + day + 2*time.Hour, logged: "ERROR"},
		}},
		{"an older time was reached", -year, []look{{passed: time.Hour, want: time.Hour}, {step: 2 * day, want: time.Hour, logged: "ERROR"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			began := time.UnixMilli(1_700_000_000_000)
			wall, passed := began, time.Duration(0)
			var log bytes.Buffer
			c := newClock(func() time.Time { return wall }, func() time.Duration { return passed }, slog.New(slog.NewTextHandler(&log, nil)))
			c.Reached(began.Add(tt.reached))
			for i, l := range tt.looks {
				log.Reset()
				passed += l.passed
				wall = wall.Add(l.passed + l.step)
				if got := c.Now().Sub(began); got != l.want {
					t.Errorf("look %d: %v since the first, want %v", i, got, l.want)
				}
				if lines := strings.Count(log.String(), "\n"); !strings.Contains(log.String(), l.logged) || (lines > 0) != (l.logged != "") {
					t.Errorf("look %d: log %q, want %q", i, log.String(), l.logged)
				}
			}
		})
	}
}

// The time keeps its monotonic reading: what is measured by it is not longer for
// a step of the wall clock.
func TestMachinesClock(t *testing.T) {
	c := New(slog.New(slog.DiscardHandler))
	before := time.Now()
	got := c.Now()
	if got.Before(before) || got.After(time.Now()) {
		t.Errorf("got %v, not a time between %v and %v", got, before, time.Now())
	}
	if !strings.Contains(got.String(), " m=") {
		t.Errorf("%v has no monotonic reading", got)
	}
}
