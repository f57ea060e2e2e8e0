package client

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// Each wait is read off the synthetic clock, so that jitter has bounds and no
// test waits.
func TestPostWaits(t *testing.T) {
	tests := []struct {
		name     string
		answer   http.HandlerFunc
		min, max []time.Duration // between attempts
	}{
		{
			name:   "grows, with jitter",
			answer: refuse(503),
			min:    []time.Duration{250 * time.Millisecond, 500 * time.Millisecond, time.Second},
			max:    []time.Duration{750 * time.Millisecond, 1500 * time.Millisecond, 3 * time.Second},
		},
		{
			name:   "as long as asked, and a little more",
			answer: refuse(429, "Retry-After", "8"),
			min:    []time.Duration{8 * time.Second, 8 * time.Second, 8 * time.Second},
			max:    []time.Duration{10 * time.Second, 10 * time.Second, 10 * time.Second},
		},
		{
			name:   "a retry after zero does not spin",
			answer: refuse(503, "Retry-After", "0"),
			min:    []time.Duration{250 * time.Millisecond, 500 * time.Millisecond},
			max:    []time.Duration{750 * time.Millisecond, 1500 * time.Millisecond},
		},
		{
			name:   "a date is not understood",
			answer: refuse(503, "Retry-After", "Fri, 31 Dec 1999 23:59:59 GMT"),
			min:    []time.Duration{250 * time.Millisecond},
			max:    []time.Duration{750 * time.Millisecond},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var at []time.Time
				clock := func(w http.ResponseWriter, r *http.Request) {
					at = append(at, time.Now())
					if len(at) <= len(tt.min) {
						tt.answer(w, r)
						return
					}
					answer(200, Result{Accepted: 1})(w, r)
				}
				c := inMemoryClient(t, http.HandlerFunc(clock), Options{})
				defer c.Close(t.Context())
				if _, err := c.Post(t.Context(), rawLines(1)); err != nil {
					t.Fatal(err)
				}
				for i := range tt.min {
					wait := at[i+1].Sub(at[i])
					if wait < tt.min[i] || wait > tt.max[i] {
						t.Errorf("wait %d: %v, want %v to %v", i, wait, tt.min[i], tt.max[i])
					}
				}
			})
		})
	}
}

func TestPostGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var last time.Time
		start := time.Now()
		refusing := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			last = time.Now()
			refuse(503, "Retry-After", "3600")(w, r)
		})
		c := inMemoryClient(t, refusing, Options{MaxElapsed: time.Minute})
		defer c.Close(t.Context())
		_, err := c.Post(t.Context(), rawLines(2))
		want := "post 2 events: gave up after 2 attempts: 503 Service Unavailable: no, thanks"
		if errorText(err) != want {
			t.Errorf("error %q, want %q", errorText(err), want)
		}
		status, ok := errors.AsType[*StatusError](err)
		if !ok || status.Code != 503 {
			t.Errorf("error %v is not a StatusError 503", err)
		}
		if got := last.Sub(start); got != time.Minute {
			t.Errorf("last attempt after %v, want one at the very end of the minute", got)
		}
	})
}

func TestPostEndsWithItsContext(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"while it waits":         refuse(503, "Retry-After", "60"),
		"in the midst of a call": hang,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := inMemoryClient(t, h, Options{})
				defer c.Close(t.Context())
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				start := time.Now()
				_, err := c.Post(ctx, rawLines(1))
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("error %v, want the context's", err)
				}
				if took := time.Since(start); took != 5*time.Second {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}
