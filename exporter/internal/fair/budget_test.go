package fair_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"supportexporter/exporter/internal/fair"
)

func TestBudget(t *testing.T) {
	const limit = 100
	type step struct {
		client string
		take   int // below 0: return
		want   bool
	}
	for _, tc := range []struct {
		name  string
		steps []step
	}{
		{"a first request may be all of it", []step{{"a", 100, true}, {"b", 1, false}, {"a", -100, true}, {"b", 100, true}}},
		{"and more than is left", []step{{"a", 60, true}, {"b", 70, true}, {"c", 1, false}, {"a", -60, true}, {"c", 70, true}, {"d", 1, false}}},
		{"a client alone gets three quarters", []step{{"a", 40, true}, {"a", 35, true}, {"a", 1, false}}},
		{"one that comes late finds the last quarter", []step{{"a", 75, true}, {"b", 25, true}, {"c", 1, false}}},
		{"and gets what the first returns", []step{{"a", 75, true}, {"b", 25, true}, {"a", -10, true}, {"a", 1, false}, {"b", 10, true}, {"b", 1, false}, {"b", -5, true}, {"c", 5, true}}},
		{"the first half is anybody's", []step{{"a", 1, true}, {"b", 1, true}, {"c", 1, true}, {"a", 47, true}, {"a", 1, false}, {"b", 24, true}}},
		{"what was returned can be taken again", []step{{"a", 75, true}, {"a", -75, true}, {"a", 75, true}}},
		{"nothing needs no room", []step{{"a", 100, true}, {"b", 0, true}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := fair.NewBudget(limit)
			for i, s := range tc.steps {
				got := true
				if s.take < 0 {
					b.Return(s.client, -s.take)
				} else {
					got = b.Take(s.client, s.take)
				}
				if got != s.want {
					t.Fatalf("step %d: %s takes %d: got %v, want %v", i, s.client, s.take, got, s.want)
				}
			}
		})
	}
}

// Whatever is asked for in whatever order: never more than the limit and one
// request is out, what is out is what the clients hold, and when all is back all of
// it can be had.
func TestBudgetAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 1000).Draw(t, "limit")
		b := fair.NewBudget(limit)
		held := map[string]int{}
		total := 0
		for range rapid.IntRange(0, 100).Draw(t, "steps") {
			client := fmt.Sprint(rapid.IntRange(0, 5).Draw(t, "client"))
			if rapid.Bool().Draw(t, "return") {
				n := rapid.IntRange(0, held[client]).Draw(t, "n")
				b.Return(client, n)
				held[client] -= n
				total -= n
				continue
			}
			n := rapid.IntRange(0, limit+1).Draw(t, "n")
			if b.Take(client, n) {
				held[client] += n
				total += n
				if total-n >= limit && n > 0 {
					t.Fatalf("%d of %d were out, and %d more were given", total-n, limit, n)
				}
			} else if held[client] == 0 && total < limit {
				t.Fatalf("a client that holds nothing does not get %d while %d are left", n, limit-total)
			}
			if b.Used() != float64(total) {
				t.Fatalf("%d are out, and the budget says %v", total, b.Used())
			}
		}
		for client, n := range held {
			b.Return(client, n)
		}
		if !b.Take("last", limit) {
			t.Fatalf("all was returned, and %v is used", b.Used())
		}
	})
}

// Some clients ask again and again for all that they can get; one asks for half
// of its equal part of what is served. It is never refused.
func TestGreedyClientsDoNotStarveOthers(t *testing.T) {
	const request, perTick = 5, 2 // what is served: so many requests a tick
	for greedy := 1; greedy <= 8; greedy++ {
		b := fair.NewBudget(100)
		var queue []string // by client, served in order, as the committer does
		ask := func(client string) bool {
			ok := b.Take(client, request)
			if ok {
				queue = append(queue, client)
			}
			return ok
		}
		asked, refused := 0, 0
		for tick := range 1000 {
			for more := true; more; {
				more = false
				for g := range greedy {
					more = ask(fmt.Sprint("greedy ", g)) || more
				}
			}
			if tick%(greedy+1) == 0 {
				asked++
				if !ask("modest") {
					refused++
				}
			}
			for range perTick {
				b.Return(queue[0], request)
				queue = queue[1:]
			}
		}
		if refused > 0 {
			t.Errorf("beside %d greedy clients a modest one was refused %d times of %d", greedy, refused, asked)
		}
	}
}

func TestBudgetLimitChanges(t *testing.T) {
	b := fair.NewBudget(10)
	if !b.Take("a", 10) {
		t.Fatal("the budget is not there")
	}
	b.SetLimit(20)
	if b.Limit() != 20 || !b.Take("b", 10) {
		t.Error("a larger limit makes no room")
	}
	b.SetLimit(5)
	b.Return("a", 10)
	if b.Take("c", 1) {
		t.Error("there is room beyond a smaller limit")
	}
}

func BenchmarkBudget(b *testing.B) {
	budget := fair.NewBudget(1 << 30)
	for b.Loop() {
		budget.Take("192.0.2.1", 250)
		budget.Return("192.0.2.1", 250)
	}
}
