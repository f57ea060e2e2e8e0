package simulate

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"supportexporter/exporter/client"
)

// timed is an event and when it arrives.
type timed struct {
	At    time.Time
	Event client.Event
}

// part gives what arrives from one time to another.
func part(t testing.TB, o Options, from, to time.Time) []timed {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Skip(from)
	var all []timed
	for {
		at, e := s.Next()
		if !at.Before(to) {
			return all
		}
		if at.Before(from) || len(all) > 0 && at.Before(all[len(all)-1].At) {
			t.Fatalf("an event at %s, after %d events from %s on", at, len(all), from)
		}
		all = append(all, timed{at, e})
	}
}

func days(n float64) time.Duration { return time.Duration(n * 24 * float64(time.Hour)) }

// A history and what goes on from its end are together what one run gives.
func TestHistoryAndLiveJoin(t *testing.T) {
	o := Options{Seed: 5, Start: monday().Add(1234567 * time.Microsecond), PerDay: 100}
	end := monday().Add(days(16))
	all := part(t, o, o.Start, end)
	for cut := o.Start.Add(-days(1)); cut.Before(end); cut = cut.Add(31*time.Hour + 7*time.Minute + 311*time.Microsecond) {
		history := part(t, o, o.Start, cut)
		live := part(t, o, cut, end)
		if both := append(history, live...); !reflect.DeepEqual(all, both) {
			t.Fatalf("cut at %s (-whole +parts):\n%s", cut, cmp.Diff(all, both))
		}
	}
	// Or at an event: it belongs to what follows.
	cut := all[len(all)/2].At
	if live := part(t, o, cut, end); !live[0].At.Equal(cut) {
		t.Errorf("first event at %s, want %s", live[0].At, cut)
	}
}

// begunWithin gives the events of the conversations that begin in a slot from one to
// another.
func begunWithin(all []timed, from, to time.Time) []timed {
	var some []timed
	for _, e := range all {
		slot, err := time.Parse("20060102T1504", strings.Split(e.Event.ConversationID, "-")[2])
		if err == nil && !slot.Before(from) && slot.Before(to) {
			some = append(some, e)
		}
	}
	return some
}

// Whatever else differs, Sources of one seed agree where it does not matter.
func TestAgreement(t *testing.T) {
	begin, end := monday(), monday().Add(days(20))
	o := Options{Seed: 5, Start: begin, PerDay: 200}
	all := part(t, o, begin, end)
	later, scenario, turned := o, o, monday().Add(days(9))
	later.Start = turned
	scenario.Scenario, scenario.ScenarioStart = CSATRegression, turned
	tests := []struct {
		name     string
		other    Options
		from, to time.Time
	}{
		{"another start: what begins after both", later, turned, end},
		{"a scenario: what begins before it", scenario, begin, turned},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			other := part(t, tt.other, begin, end)
			want, got := begunWithin(all, tt.from, tt.to), begunWithin(other, tt.from, tt.to)
			if !reflect.DeepEqual(want, got) || len(want) < 1000 {
				t.Errorf("of %d events (-one +other):\n%s", len(want), cmp.Diff(want, got))
			}
			if reflect.DeepEqual(all, other) {
				t.Error("and in nothing else do they differ")
			}
		})
	}
	other := o
	other.Seed = 6
	ids := map[string]bool{}
	for _, e := range all {
		ids[e.Event.ConversationID] = true
	}
	for _, e := range part(t, other, begin, end) {
		if ids[e.Event.ConversationID] {
			t.Fatalf("conversation %s of two seeds", e.Event.ConversationID)
		}
	}
}

// What arrives at the same time has its order from where it comes, not from
// when it was put there.
func TestOrderOfArrivals(t *testing.T) {
	var want []*arrival
	for i := range 16 {
		want = append(want, &arrival{at: int64(i >> 3), slot: int64(i >> 2 & 1), index: i >> 1 & 1, n: i & 1})
	}
	rapid.Check(t, func(t *rapid.T) {
		var h arrivals
		for _, a := range rapid.Permutation(want).Draw(t, "put") {
			h.add(a)
		}
		for i := range want {
			if got := h.next(); got != want[i] {
				t.Fatalf("%d. is %+v, want %+v", i, *got, *want[i])
			}
		}
	})
}

// A start within a minute is kept to.
func TestStart(t *testing.T) {
	start := monday().Add(30*time.Second + 500*time.Microsecond)
	all := part(t, Options{Start: start, PerDay: 1_000_000}, start.Add(-time.Hour), start.Add(20*time.Second))
	if len(all) < 20 {
		t.Fatalf("%d events", len(all))
	}
	if first := all[0].At; first.Before(start) || first.Sub(start) > 2*time.Second {
		t.Errorf("first event at %s, want one soon after %s", first, start)
	}
}

// Nobody needs to look further back than Longest, which is what Skip relies on.
func TestLongest(t *testing.T) {
	longest := int64(0)
	o := Options{Seed: 2, Start: monday(), PerDay: 5000}
	begun := map[string]int64{}
	for _, c := range whole(t, o, days(7), func(a *arrival) {
		if _, ok := begun[a.event.ConversationID]; !ok {
			begun[a.event.ConversationID] = a.slot * slotLength.Milliseconds()
		}
		longest = max(longest, a.at-begun[a.event.ConversationID])
	}) {
		if c.episodes[0].begin < begun[c.id] {
			t.Fatalf("conversation %s begins before its slot", c.id)
		}
	}
	bound := longestWork + shortestReturn + longestReturn + longestWork + longestLapse + lateRating + longestRating + 2*time.Minute
	if bound > Longest {
		t.Errorf("a conversation may last %s, more than Longest", bound)
	}
	if time.Duration(longest)*time.Millisecond < Longest/2 {
		t.Errorf("the longest of a week lasts %s: Longest is too much", time.Duration(longest)*time.Millisecond)
	}
}

// However long it runs, only what conversations under way have still to say is
// kept.
func TestMemoryIsBounded(t *testing.T) {
	s, err := New(Options{Seed: 1, Start: monday(), PerDay: 5000})
	if err != nil {
		t.Fatal(err)
	}
	largest := map[int]int{}
	for week := range 5 {
		for {
			at, _ := s.Next()
			largest[week] = max(largest[week], len(s.pending))
			if at.Sub(monday()) > days(7*float64(week+1)) {
				break
			}
		}
	}
	if largest[4] > 5000 || largest[4] > largest[2]*11/10 {
		t.Errorf("events pending at most, by week: %v", largest)
	}
}

func TestOptions(t *testing.T) {
	tests := []struct {
		name string
		o    Options
		want string
	}{
		{"no start", Options{}, "start of the simulation is missing"},
		{"too few", Options{Start: monday(), PerDay: 0.5}, "conversations per day must be from 1 to 10000000, got 0.5"},
		{"too many", Options{Start: monday(), PerDay: 2e7}, "conversations per day must be from 1 to 10000000, got 2e+07"},
		{"scenario", Options{Start: monday(), Scenario: "doom"},
			`scenario must be one of healthy, csat-regression, cost-spike, escalation-storm, intent-outage, experiment-winner, experiment-null, got "doom"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := New(tt.o); err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func BenchmarkNext(b *testing.B) {
	s, err := New(Options{Seed: 1, Start: monday()})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		s.Next()
	}
}
