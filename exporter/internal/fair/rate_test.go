package fair_test

import (
	"fmt"
	"testing"
	"time"

	"supportexporter/exporter/internal/fair"
)

var noon = time.Date(2026, time.March, 2, 12, 0, 0, 0, time.UTC)

func TestRate(t *testing.T) {
	r := fair.NewRate(10, 100)
	for i, s := range []struct {
		at     time.Duration
		client string
		n      int
		want   time.Duration
	}{
		{0, "a", 100, 0},
		{0, "b", 1, 100 * time.Millisecond},
		{50 * time.Millisecond, "b", 1, 50 * time.Millisecond}, // half of one is not lost
		{100 * time.Millisecond, "b", 1, 0},
		{100 * time.Millisecond, "c", 101, 100 * time.Millisecond}, // one more has to be returned, then c may have all
		{20 * time.Second, "a", 100, 0},
		{25 * time.Second, "a", 25, 0},                     // 75 of 100 are used then
		{25 * time.Second, "a", 1, 100 * time.Millisecond}, // the last quarter is for others
		{25 * time.Second, "b", 25, 0},
		{24 * time.Second, "b", 1, 100 * time.Millisecond}, // the clock went back
	} {
		got := r.Take(s.client, s.n, noon.Add(s.at))
		if got != s.want {
			t.Errorf("step %d: %s takes %d after %v: wait %v, want %v", i, s.client, s.n, s.at, got, s.want)
		}
	}
}

// Clients that take all they can get the whole rate between them, in equal
// parts, and one that wants less than its part gets all that it wants.
func TestRateIsSharedEqually(t *testing.T) {
	const perSecond, burst, seconds, greedy = 1000, 100, 100, 3
	r := fair.NewRate(perSecond, burst)
	got := map[string]int{}
	wanted := 0
	for ms := range seconds * 1000 {
		now := noon.Add(time.Duration(ms) * time.Millisecond)
		for g := range greedy {
			client := fmt.Sprint("greedy ", g)
			for range 3 {
				if r.Take(client, 1, now) == 0 {
					got[client]++
				}
			}
		}
		if ms%10 == 0 {
			wanted++
			if r.Take("modest", 1, now) == 0 {
				got["modest"]++
			}
		}
	}
	if got["modest"] < wanted*99/100 {
		t.Errorf("a modest client got %d of %d", got["modest"], wanted)
	}
	total := 0
	for client, n := range got {
		total += n
		if part := float64(n) / (perSecond * seconds) * greedy; client != "modest" && (part < 0.85 || part > 1.1) {
			t.Errorf("%s got %d, %.2f of an equal part", client, n, part)
		}
	}
	if want := perSecond*seconds + burst; total > want || total < want*98/100 {
		t.Errorf("%d were let through in %d s, want about %d", total, seconds, want)
	}
}

// A client that sends small batches whenever it may does not shut out another's
// large ones, which comes when it is told to.
func TestLargeBatchesAreNotStarved(t *testing.T) {
	const perSecond, burst = 2000, 10_000
	for _, large := range []int{50, 2600, 5000, burst} {
		r := fair.NewRate(perSecond, burst)
		next, tries, served := time.Duration(0), 0, 0
		for now := time.Duration(0); now < time.Minute; now += 5 * time.Millisecond {
			for r.Take("greedy", 50, noon.Add(now)) == 0 {
			}
			if now < next {
				continue
			}
			tries++
			wait := r.Take("large", large, noon.Add(now))
			if wait == 0 {
				served++
			}
			next = now + max(wait, 5*time.Millisecond)
		}
		// Its equal part is half of the rate.
		if least := perSecond * 60 / 2 / large * 8 / 10; served < least {
			t.Errorf("batches of %d: %d were let through in %d tries, want %d at least", large, served, tries, least)
		}
	}
}
