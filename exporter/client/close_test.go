package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
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
