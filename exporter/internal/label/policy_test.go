package label

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/event"
)

func TestNames(t *testing.T) {
	names := Names()
	if len(names) != NameCount {
		t.Fatalf("got %d names, want %d", len(names), NameCount)
	}
	var got []string
	for i, n := range names {
		if int(n) != i {
			t.Errorf("%s is %d, want %d: an Overflow is indexed by it", n, n, i)
		}
		got = append(got, n.String())
	}
	if diff := cmp.Diff([]string{"intent", "tier", "language", "reason", "component"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestSpelling(t *testing.T) {
	p := NewPolicy(config.Default().Labels)
	for _, c := range []struct{ pushed, want string }{
		{"", ""},
		{"refund", "refund"},
		{"Refund", "refund"},
		{" refund\t", "refund"},
		{"\u00a0refund\u3000", "refund"}, // no-break and ideographic space
		{"order status", "order status"},
		{"ÜBER", "über"},
		{"über", "über"},
		{"退款", "退款"},
		{" ", ""},
		{"\u2003", ""},
		{"Unknown", "unknown"},
		{"OTHER ", "other"},
	} {
		e := event.Event{Intent: c.pushed, Tier: c.pushed, Reason: c.pushed}
		overflow := p.Apply(&e)
		want := event.Event{Intent: c.want, Tier: c.want, Reason: c.want}
		if diff := cmp.Diff(want, e); diff != "" {
			t.Errorf("%q:\n%s", c.pushed, diff)
		}
		if overflow != (Overflow{}) {
			t.Errorf("%q: got overflow %v, want none", c.pushed, overflow)
		}
	}
}

func TestLongestValues(t *testing.T) {
	p := NewPolicy(config.Default().Labels)
	longest := func(bytes int) string { return strings.Repeat("x", bytes) }
	e := event.Event{
		Intent: longest(event.MaxLabel),
		Tier:   longest(event.MaxLabel),
		Reason: longest(event.MaxReason),
		Cost:   event.Money{Detail: []event.Component{part(longest(event.MaxComponent), 1)}},
	}
	if o := p.Apply(&e); o != (Overflow{}) {
		t.Errorf("got overflow %v, want none", o)
	}
}

// Some letters are longer in lower case. What no longer fits a limit that the
// later stages count on is not kept.
func TestLowerCaseBeyondTheLimit(t *testing.T) {
	p := NewPolicy(config.Default().Labels)
	longer := func(bytes int) string { return strings.Repeat("Ⱥ", bytes/2) } // 2 bytes, and 3 as ⱥ
	e := event.Event{
		Intent: longer(event.MaxLabel),
		Tier:   longer(42),
		Reason: longer(event.MaxReason),
		Cost:   event.Money{Detail: []event.Component{{Name: longer(event.MaxComponent), USD: 1}}},
	}
	overflow := p.Apply(&e)
	want := event.Event{
		Intent: Other,
		Tier:   strings.Repeat("ⱥ", 21),
		Reason: Other,
		Cost:   event.Money{Detail: []event.Component{{Name: Other, USD: 1}}},
	}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Error(diff)
	}
	if want := (Overflow{Intent: 1, Reason: 1, Component: 1}); overflow != want {
		t.Errorf("got overflow %v, want %v", overflow, want)
	}
}

func TestAllow(t *testing.T) {
	l := config.Default().Labels
	l.Intent.Allow = []string{"Refund", "order status"}
	l.Tier.Allow = []string{"gold"}
	l.Language.Allow = []string{"en", "pt-BR"}
	l.Reason.Allow = []string{"policy"}
	l.Component.Allow = []string{"llm", "voice"}
	p := NewPolicy(l)

	for _, c := range []struct {
		name         string
		pushed, want event.Event
		overflow     Overflow
	}{
		{
			name:   "listed",
			pushed: event.Event{Intent: "ORDER STATUS", Tier: "gold", Language: "pt-PT", Reason: "policy "},
			want:   event.Event{Intent: "order status", Tier: "gold", Language: "pt", Reason: "policy"},
		},
		{
			name:     "not listed",
			pushed:   event.Event{Intent: "refunds", Tier: "silver", Language: "de", Reason: "because"},
			want:     event.Event{Intent: Other, Tier: Other, Language: Other, Reason: Other},
			overflow: Overflow{Intent: 1, Tier: 1, Language: 1, Reason: 1},
		},
		{
			name:   "nothing is always kept",
			pushed: event.Event{Tier: " "},
		},
		{
			name:   "unknown is always kept",
			pushed: event.Event{Intent: "unknown", Tier: "UNKNOWN", Language: "Unknown", Reason: "unknown"},
			want:   event.Event{Intent: Unknown, Tier: Unknown, Language: Unknown, Reason: Unknown},
		},
		{
			name:   "other is always kept and no overflow",
			pushed: event.Event{Intent: "other", Tier: "other", Language: "other", Reason: "other"},
			want:   event.Event{Intent: Other, Tier: Other, Language: Other, Reason: Other},
		},
		{
			name: "components",
			pushed: event.Event{
				Cost:      event.Money{USD: 8, Detail: []event.Component{part("embedding", 1), part("LLM", 2), part("other", 4)}},
				CostDelta: event.Money{USD: 9, Detail: []event.Component{part("rerank", 1), part("voice", 2), part("sms", 4)}},
			},
			want: event.Event{
				Cost:      event.Money{USD: 8, Detail: []event.Component{part(Other, 5), part("llm", 2)}},
				CostDelta: event.Money{USD: 9, Detail: []event.Component{part(Other, 5), part("voice", 2)}},
			},
			overflow: Overflow{Component: 3},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			overflow := p.Apply(&c.pushed)
			if diff := cmp.Diff(c.want, c.pushed); diff != "" {
				t.Error(diff)
			}
			if overflow != c.overflow {
				t.Errorf("got overflow %v, want %v", overflow, c.overflow)
			}
		})
	}
}

func part(name string, usd float64) event.Component {
	return event.Component{Name: name, USD: usd}
}

func TestComponents(t *testing.T) {
	p := NewPolicy(config.Default().Labels)
	type detail = []event.Component
	for _, c := range []struct {
		name         string
		pushed, want detail
	}{
		{"none", nil, nil},
		{"none, with memory", detail{}, detail{}},
		{"as they are", detail{part("llm", 1), part("voice", 2)}, detail{part("llm", 1), part("voice", 2)}},
		{"respelled", detail{part("LLM", 1), part(" voice", 2)}, detail{part("llm", 1), part("voice", 2)}},
		{"equal once respelled", detail{part("LLM", 1), part("voice", 2), part("llm", 4), part("Llm ", 8)}, detail{part("llm", 13), part("voice", 2)}},
		{"no name", detail{part("", 1), part("voice", 2)}, detail{part("voice", 2)}},
		{"nothing but space", detail{part(" ", 1), part("voice", 2), part("\t", 4)}, detail{part("voice", 2)}},
		{"all of them space", detail{part(" ", 1)}, detail{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := event.Event{Cost: event.Money{USD: 100, Detail: c.pushed}}
			if o := p.Apply(&e); o != (Overflow{}) {
				t.Errorf("got overflow %v, want none", o)
			}
			if diff := cmp.Diff(event.Money{USD: 100, Detail: c.want}, e.Cost); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestApplyConcurrently(t *testing.T) {
	p := NewPolicy(config.Default().Labels)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 300 { // each is learned by one and read by the others
				e := event.Event{Language: fmt.Sprintf("pt-x-%d", i)}
				if p.Apply(&e); e.Language != "pt" {
					t.Errorf("pt-x-%d: got %s, want pt", i, e.Language)
				}
			}
		})
	}
	wg.Wait()
}
