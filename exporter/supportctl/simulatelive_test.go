package main

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/go-json-experiment/json/jsontext"

	"supportexporter/exporter/client"
	"supportexporter/exporter/internal/simulate"
)

// parseSimulate gives the flags that arguments make.
func parseSimulate(t *testing.T, args string) *simulateFlags {
	t.Helper()
	app, f := kingpin.New("supportctl", ""), &simulateFlags{}
	f.declare(app.Command("simulate", ""))
	if _, err := app.Parse(append([]string{"simulate"}, strings.Fields(args)...)); err != nil {
		t.Fatal(err)
	}
	return f
}

// What the exporter is sent is the history of the same time, in its order,
// whatever becomes of requests and answers on the way.
func TestSimulateLive(t *testing.T) {
	period := []string{"simulate", "--seed=4", "--conversations-per-day=5000", "--start=2023-11-10T00:00:00Z", "--from=2023-11-14T12:00:00Z", "--end=2023-11-14T14:30:00Z"}
	history := invoke(t.Context(), nil, append(period, "--output=-")...)
	exporter := &fakeExporter{t: t}
	exporter.script = []http.HandlerFunc{refuse(http.StatusServiceUnavailable, "starting"), nil, exporter.cutAnswer}
	got := invoke(t.Context(), nil, append(period, exporter.start())...)
	if got.code != exitOK {
		t.Errorf("got %+v", got)
	}
	for _, row := range []string{"rejected   0\n", "retries    2\n", "next       2023-11-14T14:30:"} {
		if !strings.Contains(got.stdout, row) {
			t.Errorf("no %q in\n%s", row, got.stdout)
		}
	}
	sent := map[string]int{}
	for _, line := range exporter.lines {
		sent[normal(t, line)]++
	}
	lines := strings.Split(strings.TrimSpace(history.stdout), "\n")
	for _, line := range lines {
		if sent[normal(t, line)] == 0 {
			t.Fatalf("not sent: %s", line)
		}
	}
	if len(lines) < 2000 || len(exporter.batches) < 4 || len(exporter.lines) != len(lines)+exporter.batches[1] {
		t.Errorf("%d events in batches of %v, of a history of %d", len(exporter.lines), exporter.batches, len(lines))
	}
}

// normal writes an event with its fields in order.
func normal(t *testing.T, line string) string {
	t.Helper()
	v := jsontext.Value(line)
	if err := v.Canonicalize(); err != nil {
		t.Fatal(err)
	}
	return string(v)
}

func TestSimulateLiveFails(t *testing.T) {
	tests := []struct {
		name   string
		answer http.HandlerFunc
		stderr string
	}{
		{"no access", refuse(http.StatusUnauthorized, "token missing"), "supportctl: error: not delivered: 401 Unauthorized: token missing\n"},
		{"rejected", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"rejected":1,"errors":[{"index":0,"field":"intent","message":"not today"}]}`))
		}, `supportctl: error: event of conversation "sim-1-20231114T2006-0" was rejected: intent: not today`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			exporter := &fakeExporter{t: t, script: []http.HandlerFunc{tt.answer}}
			got := invoke(t.Context(), nil, "simulate", exporter.start(), "--conversations-per-day=24", "--from=2023-11-14T20:00:00Z", "--duration=30m") // one event
			if got.code != exitProblems || !strings.HasPrefix(got.stderr, tt.stderr) || exporter.requests != 1 {
				t.Errorf("got %+v after %d requests", got, exporter.requests)
			}
			if !strings.Contains(got.stdout, "\naccepted   0\n") || !strings.Contains(got.stdout, "\nnext       2023-11-14T20:08:09.477Z\n") {
				t.Errorf("stdout\n%s", got.stdout)
			}
		})
	}
}

// told is an event that was sent, and when.
type told struct {
	at    time.Time
	event client.Event
}

// pace runs live traffic in a bubble of time.
func pace(t *testing.T, perDay float64, long time.Duration, send func(context.Context, []client.Event) error) (l live, all []told) {
	t.Helper()
	src := newSource(t, time.Now(), perDay)
	l = live{now: time.Now, batchSize: 100}
	l.send = func(ctx context.Context, events []client.Event) (client.Result, error) {
		for _, e := range events {
			all = append(all, told{time.Now(), e})
		}
		return client.Result{Accepted: len(events)}, send(ctx, events)
	}
	if err := l.run(t.Context(), src, time.Now().Add(long)); err != nil {
		t.Fatal(err)
	}
	return l, all
}

func newSource(t *testing.T, start time.Time, perDay float64) *simulate.Source {
	t.Helper()
	src, err := simulate.New(simulate.Options{Seed: 9, Start: start, PerDay: perDay})
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// Each event is sent when its time comes, and little later.
func TestLiveKeepsTime(t *testing.T) {
	for _, perDay := range []float64{100, 100_000} {
		synctest.Test(t, func(t *testing.T) {
			src, last := newSource(t, time.Now(), perDay), time.Time{}
			l, all := pace(t, perDay, 5*time.Hour, func(context.Context, []client.Event) error { return nil })
			if len(all) < 10 || l.result.Accepted != len(all) {
				t.Fatalf("%d events, %d accepted", len(all), l.result.Accepted)
			}
			for i, got := range all {
				at, e := src.Next()
				if !reflect.DeepEqual(e, got.event) {
					t.Fatalf("event %d is %v, want %v", i, got.event, e)
				}
				if late := got.at.Sub(at); late < 0 || late > liveInterval {
					t.Fatalf("sent %s after its time", late)
				}
				if got.at != last && got.at.Sub(last) < liveInterval {
					t.Fatalf("requests %s apart", got.at.Sub(last))
				}
				last = got.at
			}
			if at, _ := src.Next(); !at.Equal(l.next) {
				t.Errorf("next %s, want %s", l.next, at)
			}
		})
	}
}

// While the exporter does not answer events wait; then they follow at once.
func TestLiveCatchesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		from, to := start.Add(time.Hour), start.Add(90*time.Minute) // the outage
		_, all := pace(t, 20_000, 4*time.Hour, func(context.Context, []client.Event) error {
			if now := time.Now(); now.After(from) && now.Before(to) {
				time.Sleep(time.Until(to))
			}
			return nil
		})
		src, waited := newSource(t, start, 20_000), 0
		for i, got := range all {
			at, e := src.Next()
			if !reflect.DeepEqual(e, got.event) {
				t.Fatalf("event %d is %v, want %v", i, got.event, e)
			}
			due := at
			if at.After(from) && at.Before(to) && got.at.After(to.Add(-time.Second)) {
				due, waited = to, waited+1
			}
			if late := got.at.Sub(due); late > liveInterval {
				t.Fatalf("sent %s after it could be, at %s", late, got.at)
			}
		}
		if waited < 250 {
			t.Errorf("only %d events waited", waited)
		}
	})
}

// Told to stop, it stops at once and in peace; another run can go on from next.
func TestLiveStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, within := range []string{"pause", "request"} {
			ctx, cancel := context.WithCancel(t.Context())
			begin, sent := time.Now(), 0
			l := live{now: time.Now, batchSize: 100}
			l.send = func(ctx context.Context, events []client.Event) (client.Result, error) {
				if within == "request" && time.Since(begin) > time.Hour {
					cancel()
					return client.Result{}, errors.New("interrupted")
				}
				sent += len(events)
				return client.Result{Accepted: len(events)}, nil
			}
			if within == "pause" {
				time.AfterFunc(time.Hour+time.Millisecond, cancel)
			}
			if err := l.run(ctx, newSource(t, begin, 20_000), time.Time{}); err != nil {
				t.Errorf("stopped within a %s: %v", within, err)
			}
			if ctx.Err() == nil || time.Since(begin) > time.Hour+time.Minute {
				t.Errorf("stopped within a %s after %s", within, time.Since(begin))
			}
			src := newSource(t, begin, 20_000)
			for range sent {
				src.Next()
			}
			if at, _ := src.Next(); !at.Equal(l.next) {
				t.Errorf("stopped within a %s: next %s, want %s", within, l.next, at)
			}
		}
	})
}
