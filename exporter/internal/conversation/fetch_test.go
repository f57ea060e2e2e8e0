package conversation_test

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"supportexporter/exporter/internal/conversation"
)

// Events given at once, however many, change the state as they do one by one.
func TestApplyAllIsApply(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		events := drawEvents(rt, drawTruth(rt))
		single, at := newState(), newState()
		want, got := 0, 0
		for i := range events {
			if single.Apply(&events[i]) {
				want++
			}
		}
		for rest := events; len(rest) > 0; {
			n := rapid.IntRange(1, min(len(rest), 3*conversation.Ahead)).Draw(rt, "count")
			got += at.ApplyAll(rest[:n])
			rest = rest[n:]
		}
		if got != want {
			rt.Fatalf("want %d events accepted, got %d", want, got)
		}
		if !bytes.Equal(written(t, single), written(t, at)) {
			rt.Fatal("the states differ")
		}
	})
}
