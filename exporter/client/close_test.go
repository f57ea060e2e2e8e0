package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestCloseGivesUpWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, h := range map[string]http.HandlerFunc{"refusing": refuse(503), "hanging": hang} {
			told := 0
			c := inMemoryClient(t, h, Options{BatchSize: 2, OnReject: func(Event, error) { told++ }})
			enqueue(t, c, conversations(5)...)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			start := time.Now()
			err := c.Close(ctx)
			cancel()
			if took := time.Since(start); took != 10*time.Second {
				t.Errorf("%s: took %v", name, took)
			}
			if !errors.Is(err, context.Canceled) || told != 5 || c.Stats().Dropped != 5 {
				t.Errorf("%s: error %v, told of %d, stats %+v", name, err, told, c.Stats())
			}
		}
	})
}

func TestClosed(t *testing.T) {
	c := inMemoryClient(t, &fakeExporter{t: t}, Options{})
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"enqueue": c.Enqueue(Event{ConversationID: "a"}),
		"flush":   c.Flush(t.Context()),
		"close":   c.Close(t.Context()),
	} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s: error %v, want ErrClosed", name, err)
		}
	}
}

// Everything that Enqueue took before Close is answered, whoever calls what at
// the same time; and nothing is left running, idle connections included.
func TestConcurrentUse(t *testing.T) {
	exporter := &fakeExporter{t: t}
	server := httptest.NewServer(exporter)
	defer server.Close()
	before := runtime.NumGoroutine()
	c, err := New(Options{URL: server.URL, BatchSize: 7, FlushInterval: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	var agents sync.WaitGroup
	taken := make([]int, 8)
	for agent := range taken {
		agents.Go(func() {
			for i := range 200 {
				err := c.Enqueue(Event{ConversationID: fmt.Sprint(agent), ID: fmt.Sprint(agent, "-", i)})
				if errors.Is(err, ErrClosed) {
					return
				}
				if err != nil {
					t.Error(err)
				}
				taken[agent]++
				if i%50 == 0 {
					if err := c.Flush(t.Context()); err != nil && !errors.Is(err, ErrClosed) {
						t.Error(err)
					}
				}
				if agent == 0 && i == 150 {
					if err := c.Close(t.Context()); err != nil {
						t.Error(err)
					}
				}
				_ = c.Stats()
			}
		})
	}
	agents.Wait()
	sum := 0
	for _, n := range taken {
		sum += n
	}
	if got := c.Stats(); got.Accepted != int64(sum) || got.Queued != 0 {
		t.Errorf("stats %+v, want %d accepted", got, sum)
	}
	deadline := time.Now().Add(10 * time.Second)
	for runtime.NumGoroutine() > before {
		if time.Now().After(deadline) {
			b := make([]byte, 1<<16)
			t.Fatalf("goroutines left:\n%s", b[:runtime.Stack(b, true)])
		}
		runtime.Gosched()
	}
}

// The exporter was away, and is back when the agent ends: what waits for its
// next attempt goes out at once, and so does what is queued behind it.
func TestCloseTriesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		exporter := &fakeExporter{t: t, script: []http.HandlerFunc{refuse(503, "Retry-After", "3600")}}
		c := inMemoryClient(t, exporter, Options{BatchSize: 2})
		enqueue(t, c, conversations(5)...)
		synctest.Wait() // the first batch waits
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		if err := c.Close(ctx); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("took %v", took)
		}
		if _, got := exporter.taken(); !slices.Equal(got, []int{2, 2, 1}) {
			t.Errorf("batches %v, want all that was queued", got)
		}
	})
}

// While Close goes on, retries begin anew with short waits, and one is made
// before it gives up, whatever the exporter asks for.
func TestCloseRetries(t *testing.T) {
	for name, tt := range map[string]struct {
		refusal http.HandlerFunc
		back    time.Duration // after Close began
		within  time.Duration
	}{
		"with backoff":         {refuse(503), 2 * time.Second, 5 * time.Second},
		"and at the very last": {refuse(503, "Retry-After", "3600"), 8 * time.Second, 9 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var back time.Time
				exporter := &fakeExporter{t: t}
				c := inMemoryClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if back.IsZero() || time.Now().Before(back) {
						tt.refusal(w, r)
						return
					}
					exporter.ServeHTTP(w, r)
				}), Options{})
				enqueue(t, c, conversations(1)...)
				time.Sleep(5 * time.Minute) // waits have become long
				synctest.Wait()
				start := time.Now()
				back = start.Add(tt.back)
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				if err := c.Close(ctx); err != nil {
					t.Error(err)
				}
				if took := time.Since(start); took > tt.within {
					t.Errorf("took %v, want at most %v", took, tt.within)
				}
			})
		})
	}
}
