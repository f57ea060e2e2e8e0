package simulate

import (
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat"
)

// checkHardIntents: they take longer, cost more, escalate more and please less,
// each plainly.
func checkHardIntents(t *testing.T, x *exporter) {
	tests := []struct {
		kpi        string
		sign       float64
		easy, hard float64 // bounds for the easiest and the hardest intent
	}{
		{"resolution_rate", -1, 0.78, 0.50},
		{"escalation_rate", 1, 0.09, 0.24},
		{"csat", -1, 4.25, 3.9},
		{"resolution_seconds", 1, 150, 270},
		{"turns", 1, 2.3, 3.3},
		{"cost_usd", 1, 0.21, 0.45},
	}
	for _, tt := range tests {
		t.Run(tt.kpi, func(t *testing.T) {
			var hard, values []float64
			for _, i := range intents {
				v, _ := x.kpi(tt.kpi, "intent="+i.name)
				hard, values = append(hard, i.hard), append(values, v)
			}
			t.Logf("%.3f", values)
			if r := stat.Correlation(hard, values, nil); r*tt.sign < 0.85 {
				t.Errorf("correlation with hardness %.2f, want it near %.0f", r, tt.sign)
			}
			easiest, hardest := values[0], values[len(values)-1] // order_status, fraud
			if (easiest-tt.easy)*tt.sign > 0 || (hardest-tt.hard)*tt.sign < 0 {
				t.Errorf("%.3f for the easiest and %.3f for the hardest intent, want beyond %g and %g", easiest, hardest, tt.easy, tt.hard)
			}
		})
	}
}

// Labels are as common as they should be: intents by Zipf's law.
func TestLabels(t *testing.T) {
	stories := whole(t, Options{Seed: 11, Start: monday(), PerDay: 5000}, days(7), func(*arrival) {})
	seen := map[string]int{}
	for i := range stories {
		c := &stories[i]
		for _, v := range []string{c.intent, "tier " + c.tier, "language " + c.language, "variant " + c.variant} {
			seen[v]++
		}
	}
	harmonic := 0.0
	for i := range intents {
		harmonic += 1 / float64(i+1)
	}
	want := map[string]float64{"variant " + Control: 0.5, "variant " + Treatment: 0.5}
	for i, v := range intents {
		want[v.name] = 1 / float64(i+1) / harmonic
	}
	for _, v := range tiers {
		want["tier "+v.name] = v.weight
	}
	for _, v := range languages {
		want["language "+v.name] = v.weight
	}
	if len(seen) != len(want) {
		t.Errorf("%d values, want %d: %v", len(seen), len(want), seen)
	}
	for name, share := range want {
		checkShare(t, name, seen[name], len(stories), share)
	}
}

// checkShare allows four standard errors.
func checkShare(t *testing.T, name string, k, n int, want float64) {
	t.Helper()
	got, stderr := float64(k)/float64(n), math.Sqrt(want*(1-want)/float64(n))
	if math.Abs(got-want) > 4*stderr {
		t.Errorf("%s: %.4f of %d, want %.4f ± %.4f", name, got, n, want, stderr)
	}
}

// Everything that makes real traffic awkward is there, in its share.
func TestAwkwardThings(t *testing.T) {
	arrivals, repeats, deltas, totals, late, ratings := 0, 0, 0, 0, 0, 0
	first := map[[2]string]arrival{}
	stories := whole(t, Options{Seed: 13, Start: monday(), PerDay: 5000}, days(7), func(a *arrival) {
		arrivals++
		key := [2]string{a.event.ConversationID, a.event.ID}
		if before, ok := first[key]; ok {
			repeats++
			if again := a.at - before.at; again < 1000 || again > 60_000 || !reflect.DeepEqual(a.event, before.event) {
				t.Fatalf("%v repeated after %d ms as %v", before.event, again, a.event)
			}
			return
		}
		first[key] = *a
		if !a.event.Time.Equal(timeOf(a.at)) {
			t.Fatalf("%v arrives at %s", a.event, timeOf(a.at))
		}
		deltas += min(1, a.event.TurnsDelta)
		totals += min(1, a.event.Turns)
	})
	escalations, claims, lapses, reopened, episodes, sumAgents := 0, 0, 0, 0, 0, 0
	for i := range stories {
		c := &stories[i]
		reopened += len(c.episodes) - 1
		if c.agent != counting {
			sumAgents += len(c.episodes)
		}
		for _, e := range c.episodes {
			episodes++
			if e.outcome == escalated {
				escalations++
				claims += truthy(e.claimed)
				lapses += truthy(e.closed > e.end && !e.claimed)
			}
			ratings += truthy(e.csat > 0)
			late += truthy(e.rated-e.survey >= (6 * time.Hour).Milliseconds())
		}
	}
	checkShare(t, "repeated", repeats, len(first), 0.02)
	checkShare(t, "late ratings", late, ratings, 0.30)
	checkShare(t, "reopened", reopened, len(stories), 0.04)
	checkShare(t, "claimed, then escalated", claims, escalations, 0.10)
	checkShare(t, "escalated after a silence", lapses, escalations, 0.05)
	checkShare(t, "totals", totals, episodes, 0.75)
	if totals != sumAgents {
		t.Errorf("%d totals of %d episodes", totals, sumAgents)
	}
	if perEpisode := float64(deltas) / float64(episodes-sumAgents); math.Abs(perEpisode-2.5) > 0.05 {
		t.Errorf("%.3f increments an episode, want one for each of 2.5 turns", perEpisode)
	}
	t.Logf("%.2f events a conversation", float64(arrivals)/float64(len(stories)))
}

func truthy(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Days and weeks have their shape, and PerDay is the mean.
func TestSeasons(t *testing.T) {
	const perDay, weeks = 5000, 4
	stories := whole(t, Options{Seed: 17, Start: monday(), PerDay: perDay}, days(7*weeks), func(*arrival) {})
	var byHour [24]int
	var byDay [7]int
	for i := range stories {
		at := timeOf(stories[i].episodes[0].begin)
		byHour[at.Hour()]++
		byDay[at.Weekday()]++
	}
	if n, want := float64(len(stories)), float64(perDay*7*weeks); math.Abs(n-want) > 4*math.Sqrt(want) {
		t.Errorf("%.0f conversations, want %.0f", n, want)
	}
	for d, n := range byDay {
		checkShare(t, time.Weekday(d).String(), n, len(stories), weekdays[d]/7)
	}
	for h, n := range byHour {
		middle := (hours[h] + hours[(h+1)%24]) / 2 / sumOf(hours[:])
		if got := float64(n) / float64(len(stories)); math.Abs(got-middle) > 0.05*middle {
			t.Errorf("hour %d has %.4f of the conversations, want %.4f", h, got, middle)
		}
	}
	if quiet := slices.Index(byHour[:], slices.Min(byHour[:])); quiet > 4 {
		t.Errorf("the quietest hour is %d", quiet)
	}
	if byDay[time.Sunday]*2 > byDay[time.Monday] {
		t.Errorf("a Sunday is not half a Monday: %v", byDay)
	}
}

func sumOf(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum
}
