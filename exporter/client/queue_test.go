package client

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func enqueue(t *testing.T, c *Client, events ...Event) {
	t.Helper()
	for _, e := range events {
		if err := c.Enqueue(e); err != nil {
			t.Fatal(err)
		}
	}
}

func TestBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		exporter := &fakeExporter{t: t}
		c := inMemoryClient(t, exporter, Options{BatchSize: 3, FlushInterval: time.Second})
		defer c.Close(t.Context())

		enqueue(t, c, conversations(7)...)
		synctest.Wait()
		if _, got := exporter.taken(); !slices.Equal(got, []int{3, 3}) {
			t.Errorf("at once %v, want the full batches alone", got)
		}
		if got := c.Stats(); got.Queued != 1 || got.Accepted != 6 {
			t.Errorf("stats %+v, want one still queued", got)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if _, got := exporter.taken(); !slices.Equal(got, []int{3, 3, 1}) {
			t.Errorf("after the interval %v, want what was left", got)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if requests, _ := exporter.taken(); requests != 3 {
			t.Errorf("%d requests, want none while nothing is queued", requests)
		}
	})
}

// Large events go out in smaller batches, and what is too large for the exporter
// takes none of its neighbours along.
func TestBatchBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		exporter := &fakeExporter{t: t}
		c := inMemoryClient(t, exporter, Options{FlushInterval: time.Hour})
		for _, kilobytes := range []int{400, 400, 400, 2000, 400} {
			enqueue(t, c, Event{ConversationID: "a", Intent: strings.Repeat("x", kilobytes<<10)})
		}
		synctest.Wait()
		if _, got := exporter.taken(); !slices.Equal(got, []int{2, 1, 1}) {
			t.Errorf("at once %v, want the full batches alone", got)
		}
		if err := c.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if _, got := exporter.taken(); !slices.Equal(got, []int{2, 1, 1, 1}) {
			t.Errorf("batches %v, want the last one too", got)
		}
	})
}

// The exporter being away costs the agent nothing but the events beyond the
// queue's size, and it is told of those.
func TestQueueFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		exporter := &fakeExporter{t: t, script: []http.HandlerFunc{refuse(503, "Retry-After", "60")}}
		c := inMemoryClient(t, exporter, Options{BatchSize: 2, QueueSize: 5})
		events := conversations(8)
		enqueue(t, c, events[:2]...)
		synctest.Wait() // the first batch has left the queue and waits
		enqueue(t, c, events[2:7]...)
		if err := c.Enqueue(events[7]); !errors.Is(err, ErrQueueFull) {
			t.Errorf("error %v, want ErrQueueFull", err)
		}
		if got := c.Stats().Queued; got != 7 {
			t.Errorf("%d queued, want 7", got)
		}
		if err := c.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if got, want := c.Stats(), (Stats{Accepted: 7, Retries: 1, Refused: 1}); got != want {
			t.Errorf("stats %+v, want %+v", got, want)
		}
	})
}

// Each refusal is counted, and one in ten seconds is logged.
func TestQueueFullIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		c := inMemoryClient(t, &fakeExporter{t: t, script: []http.HandlerFunc{refuse(503, "Retry-After", "60")}}, Options{
			BatchSize: 1, QueueSize: 1, Logger: slog.New(slog.NewTextHandler(&log, nil)),
		})
		enqueue(t, c, conversations(1)...)
		synctest.Wait() // it has left the queue and waits
		enqueue(t, c, conversations(1)...)
		for range 25 { // seconds
			if err := c.Enqueue(Event{ConversationID: "a"}); !errors.Is(err, ErrQueueFull) {
				t.Errorf("error %v, want ErrQueueFull", err)
			}
			time.Sleep(time.Second)
		}
		if err := c.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if got := c.Stats().Refused; got != 25 {
			t.Errorf("%d refused, want 25", got)
		}
		const want = `level=WARN msg="events refused: the queue is full" size=1 refused=`
		for _, refused := range []string{"1", "11", "21"} {
			if !strings.Contains(log.String(), want+refused+"\n") {
				t.Errorf("log lacks %s%s", want, refused)
			}
		}
		if got := strings.Count(log.String(), want); got != 3 {
			t.Errorf("logged %d times, want 3:\n%s", got, log.String())
		}
	})
}

func TestFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		exporter := &fakeExporter{t: t}
		c := inMemoryClient(t, exporter, Options{BatchSize: 4, FlushInterval: time.Hour})
		defer c.Close(t.Context())
		enqueue(t, c, conversations(9)...)
		if err := c.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, got := exporter.taken(); !slices.Equal(got, []int{4, 4, 1}) {
			t.Errorf("batches %v, want all that was queued", got)
		}
		if err := c.Flush(t.Context()); err != nil {
			t.Errorf("flush of nothing: %v", err)
		}
	})
}

func TestFlushReportsLossOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		exporter := &fakeExporter{t: t, script: []http.HandlerFunc{refuse(401), refuse(403)}}
		c := inMemoryClient(t, exporter, Options{BatchSize: 2})
		defer c.Close(t.Context())
		enqueue(t, c, conversations(5)...)
		synctest.Wait() // both are lost before anyone flushes
		want := "4 events not delivered: 403 Forbidden: no, thanks"
		if err := c.Flush(t.Context()); errorText(err) != want {
			t.Errorf("error %v, want %s", err, want)
		}
		if err := c.Flush(t.Context()); err != nil {
			t.Errorf("reported again: %v", err)
		}
		if got, want := c.Stats(), (Stats{Accepted: 1, Dropped: 4}); got != want {
			t.Errorf("stats %+v, want %+v", got, want)
		}
	})
}

func TestFlushEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := inMemoryClient(t, &fakeExporter{t: t, script: []http.HandlerFunc{
			refuse(503, "Retry-After", "3600"),
		}}, Options{BatchSize: 1})
		enqueue(t, c, conversations(2)...)
		synctest.Wait() // the goroutine is busy: Flush cannot even begin
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want the context's", err)
		}
		if err := c.Close(t.Context()); err != nil {
			t.Errorf("close, after the wait: %v", err)
		}
	})
}

func TestOnReject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		exporter := &fakeExporter{t: t, script: []http.HandlerFunc{nil, refuse(404)}}
		told := map[string]string{}
		c := inMemoryClient(t, exporter, Options{BatchSize: 3, OnReject: func(e Event, err error) {
			told[e.ID] = err.Error()
			if _, ok := errors.AsType[EventError](err); ok != (e.ConversationID == "bad") {
				t.Errorf("event %s: error of type %T", e.ID, err)
			}
		}})
		enqueue(t, c,
			Event{ConversationID: "a", ID: "1"},
			Event{ConversationID: "bad", ID: "2", CSAT: 9},
			Event{ConversationID: "c", ID: "3"},
			Event{ConversationID: "d", ID: "4"},
		)
		if err := c.Close(t.Context()); errorText(err) != "1 events not delivered: 404 Not Found: no, thanks" {
			t.Errorf("close: %v", err)
		}
		want := map[string]string{
			"2": "csat: want 1 to 5, got 9",
			"4": "404 Not Found: no, thanks",
		}
		if diff := cmp.Diff(want, told); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
		if got, want := c.Stats(), (Stats{Accepted: 2, Rejected: 1, Dropped: 1}); got != want {
			t.Errorf("stats %+v, want %+v", got, want)
		}
	})
}

func TestEnqueueRefusesWhatJSONCannotHold(t *testing.T) {
	c := inMemoryClient(t, &fakeExporter{t: t}, Options{})
	defer c.Close(t.Context())
	for name, e := range map[string]Event{
		"not a number": {ConversationID: "a", Cost: &Cost{USD: math.NaN()}},
		"not UTF-8":    {ConversationID: "a", Intent: "\xff"},
		"far future":   {ConversationID: "a", Time: time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		if err := c.Enqueue(e); err == nil {
			t.Errorf("%s: no error", name)
		}
		if _, err := c.Send(t.Context(), []Event{{ConversationID: "b"}, e}); err == nil {
			t.Errorf("%s: no error from Send", name)
		}
	}
	if got := c.Stats(); got != (Stats{}) {
		t.Errorf("stats %+v", got)
	}
}

// When a batch was split and its second half fails, only that is lost.
func TestLosesOnlyWhatWasNotAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		exporter := &fakeExporter{t: t, script: []http.HandlerFunc{refuse(413), nil, refuse(401)}}
		var lost []string
		c := inMemoryClient(t, exporter, Options{OnReject: func(e Event, _ error) { lost = append(lost, e.ID) }})
		enqueue(t, c, conversations(5)...)
		if err := c.Close(t.Context()); errorText(err) != "3 events not delivered: 401 Unauthorized: no, thanks" {
			t.Errorf("close: %v", err)
		}
		if want := []string{"e-2", "e-3", "e-4"}; !slices.Equal(lost, want) {
			t.Errorf("lost %v, want %v", lost, want)
		}
		if got, want := c.Stats(), (Stats{Accepted: 2, Dropped: 3}); got != want {
			t.Errorf("stats %+v, want %+v", got, want)
		}
	})
}
