package label

import (
	"testing"

	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/event"
)

// BenchmarkApply is what every event pays. The events of a tidy agent need no
// change, and the usual ones no more than a language.
func BenchmarkApply(b *testing.B) {
	labels := config.Default().Labels
	allowing := labels
	allowing.Intent.Allow = []string{"refund", "order_status", "password_reset"}
	allowing.Tier.Allow = []string{"free", "pro"}
	for _, bench := range []struct {
		name   string
		labels config.Labels
		event  event.Event
	}{
		{"nothing", labels, event.Event{}},
		{"labels", labels, event.Event{Intent: "order_status", Tier: "pro", Language: "en-US"}},
		{"allowed", allowing, event.Event{Intent: "order_status", Tier: "pro", Language: "en-US"}},
		{"components", labels, event.Event{Cost: event.Money{USD: 1, Detail: []event.Component{{Name: "llm", USD: 0.5}, {Name: "voice", USD: 0.5}}}}},
		{"everything", labels, event.Event{
			Intent: "order_status", Tier: "pro", Language: "en-US", Reason: "policy_exception",
			Cost: event.Money{USD: 1, Detail: []event.Component{{Name: "llm", USD: 0.5}, {Name: "voice", USD: 0.5}}},
		}},
		{"not allowed", allowing, event.Event{Intent: "riddle", Tier: "gold", Language: "en-US"}},
		{"capitals", labels, event.Event{Intent: "Order_Status", Tier: "Pro", Language: "en-US"}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			p := NewPolicy(bench.labels)
			e := bench.event
			b.ReportAllocs()
			for b.Loop() {
				e.Intent, e.Tier, e.Language = bench.event.Intent, bench.event.Tier, bench.event.Language
				p.Apply(&e)
			}
		})
	}
}

// A tidy event is not worth an allocation: there are thousands a second.
func TestApplyDoesNotAllocate(t *testing.T) {
	p := NewPolicy(config.Default().Labels)
	pushed := event.Event{
		Intent: "order_status", Tier: "pro", Language: "en-US", Reason: "policy_exception",
		Cost: event.Money{USD: 1, Detail: []event.Component{{Name: "llm", USD: 0.5}, {Name: "voice", USD: 0.5}}},
	}
	allocs := testing.AllocsPerRun(100, func() {
		e := pushed
		p.Apply(&e)
	})
	if allocs != 0 {
		t.Errorf("got %v allocations an event, want none", allocs)
	}
}
