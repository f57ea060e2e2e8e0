package client

import (
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestPostSplits(t *testing.T) {
	tests := []struct {
		name    string
		limit   int // events a request must stay below
		events  int
		want    Result
		batches []int
	}{
		{name: "fits", limit: 8, events: 7, want: Result{Accepted: 7}, batches: []int{7}},
		{name: "once", limit: 8, events: 8, want: Result{Accepted: 8}, batches: []int{4, 4}},
		{name: "again and again", limit: 3, events: 9, want: Result{Accepted: 9}, batches: []int{2, 2, 2, 1, 2}},
		{name: "an event too large by itself", limit: 1, events: 3, want: Result{
			Rejected: 3, Errors: []EventError{
				{Index: 0, Message: "413 Request Entity Too Large: batch of 1 events or more"},
				{Index: 1, Message: "413 Request Entity Too Large: batch of 1 events or more"},
				{Index: 2, Message: "413 Request Entity Too Large: batch of 1 events or more"},
			},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			exporter := &fakeExporter{t: t}
			c := inMemoryClient(t, tooLargeFrom(tt.limit, exporter), Options{})
			defer c.Close(t.Context())
			got, err := c.Post(t.Context(), rawLines(tt.events))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("result (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.batches, exporter.batches); diff != "" {
				t.Errorf("batches (-want +got):\n%s", diff)
			}
		})
	}
}

// What fails in the middle leaves a prefix answered, with indexes that count
// from the call's first event.
func TestPostFailsBetweenParts(t *testing.T) {
	exporter := &fakeExporter{t: t, script: []http.HandlerFunc{refuse(413), nil, refuse(401)}}
	c := inMemoryClient(t, exporter, Options{})
	defer c.Close(t.Context())
	lines := rawLines(10)
	lines[3] = []byte(`{"conversation_id":"bad"}`)
	got, err := c.Post(t.Context(), lines)
	if errorText(err) != "401 Unauthorized: no, thanks" {
		t.Errorf("error %v", err)
	}
	want := Result{Accepted: 4, Rejected: 1, Errors: []EventError{
		{Index: 3, Field: "csat", Message: "want 1 to 5, got 9"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	if got.Events() != 5 {
		t.Errorf("%d events answered, want the first half", got.Events())
	}
}

func TestSplitShiftsIndexes(t *testing.T) {
	exporter := &fakeExporter{t: t, script: []http.HandlerFunc{refuse(413)}}
	c := inMemoryClient(t, exporter, Options{})
	defer c.Close(t.Context())
	lines := rawLines(10)
	lines[8] = []byte(`{"conversation_id":"bad"}`)
	got, err := c.Post(t.Context(), lines)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Errors) != 1 || got.Errors[0].Index != 8 {
		t.Errorf("errors %v, want one of event 8", got.Errors)
	}
}

// Whatever the exporter's limit is, each event is answered once, and each error
// is that of its own event.
func TestSplitKeepsIndexes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		bad := rapid.SliceOfN(rapid.Bool(), 1, 40).Draw(rt, "bad")
		limit := rapid.IntRange(2, 41).Draw(rt, "limit")
		lines := rawLines(len(bad))
		var want []int
		for i, isBad := range bad {
			if isBad {
				lines[i] = []byte(`{"conversation_id":"bad"}`)
				want = append(want, i)
			}
		}
		c := inMemoryClient(t, tooLargeFrom(limit, &fakeExporter{t: t}), Options{})
		defer c.Close(t.Context())
		got, err := c.Post(t.Context(), lines)
		if err != nil {
			rt.Fatal(err)
		}
		var indexes []int
		for _, e := range got.Errors {
			indexes = append(indexes, e.Index)
		}
		if got.Accepted != len(bad)-len(want) || got.Rejected != len(want) || !slices.Equal(indexes, want) {
			rt.Fatalf("got %+v, want errors of %v", got, want)
		}
	})
}
