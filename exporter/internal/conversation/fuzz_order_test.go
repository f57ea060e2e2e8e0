package conversation_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"supportexporter/exporter/internal/conversation"
	"supportexporter/exporter/internal/event"
)

// FuzzOrder reads bytes as a script of conversations: what happened, told in
// one order, with pauses and restarts between. The series must be those of the
// reference model, and the same when it is told in another order, in events
// that say several things at once, and twice.
func FuzzOrder(f *testing.F) {
	f.Fuzz(func(t *testing.T, script []byte, seed uint64, idle bool) {
		if len(script) > 200 {
			t.Skip("longer scripts find no more than short ones")
		}
		truth, lines := readScript(script, idle)
		want := expected(truth)
		told := tell(t, lines)
		if diff := cmp.Diff(want, series(t, told), exact); diff != "" {
			t.Fatalf("series differ from the truth (-want +got):\n%s", diff)
		}
		want = series(t, told)
		other := tell(t, grouped(lines, rand.New(rand.NewPCG(seed, 0))))
		if diff := cmp.Diff(want, series(t, other)); diff != "" {
			t.Fatalf("series differ in another order (-one +other):\n%s", diff)
		}
		for i := range lines {
			if told.Apply(&lines[i].Event) {
				t.Fatalf("event %+v is no duplicate the second time", lines[i].Event)
			}
			other.Apply(&lines[i].Event)
		}
		for _, s := range []*conversation.State{told, other} {
			if diff := cmp.Diff(want, series(t, s)); diff != "" {
				t.Fatalf("series differ after everything was sent again (-want +got):\n%s", diff)
			}
		}
	})
}

// line is an event of a script, and what comes before it.
type line struct {
	event.Event
	pause   int64 // milliseconds
	restart bool
}

// tell has a new state go through the lines, and then idle.
func tell(t *testing.T, lines []line) *conversation.State {
	t.Helper()
	s, now := newState(), start
	for i := range lines {
		now += lines[i].pause
		s.Advance(now)
		if lines[i].restart {
			s = restarted(t, s)
		}
		s.Apply(&lines[i].Event)
	}
	s.Advance(now + idleTimeout.Milliseconds())
	return s
}

// readScript reads a script: four bytes for the conversation and its episode,
// the fact, its value, and how it comes. Whatever is not said by the script's
// events is said at its end, so that all of the truth is told. With idle,
// conversations go idle in between: then nothing is summed and no arm joined,
// since both have to come before.
func readScript(script []byte, idle bool) (truth []truth, lines []line) {
	truth = scriptTruth(script, idle)
	limit := idleTimeout.Milliseconds() / 2000
	if idle {
		limit = idleTimeout.Milliseconds() * 3 / 2
	}
	ids := func(e *event.Event, n int) line {
		e.ID = fmt.Sprintf("%d-%d", e.Episode, n)
		return line{Event: *e}
	}
	for c := range slices.Chunk(script, 4) {
		if len(c) < 4 {
			break
		}
		said := truth[at(truth, c[0])].pieces()
		n := int(c[3]) % len(said)
		s := ids(&said[n], n)
		s.pause = int64(c[2]) * limit / 255
		s.restart = c[3] >= 0xe0
		lines = append(lines, s)
	}
	for i := range truth {
		for n, e := range truth[i].pieces() {
			lines = append(lines, ids(&e, n))
		}
	}
	return truth, lines
}

// at gives the index of a conversation's episode.
func at(all []truth, b byte) int {
	return slices.IndexFunc(all, func(e truth) bool { return e.conversation == conversationOf(b) && e.episode == episodeOf(b) })
}

func conversationOf(b byte) string { return fmt.Sprintf("c%d", b%4) }

func episodeOf(b byte) int { return 1 + int(b/4%3) }

// scriptTruth gives what a script says happened. Of two values for a fact the
// first counts: facts that conflict depend on the order.
func scriptTruth(script []byte, idle bool) (all []truth) {
	for c := range slices.Chunk(script, 4) {
		if len(c) < 4 {
			break
		}
		i := at(all, c[0])
		if i < 0 {
			i = len(all)
			e := truth{conversation: conversationOf(c[0]), episode: episodeOf(c[0]), seconds: event.NoSeconds}
			e.intent = []string{"", "refund", "login"}[c[0]%3]
			if c[0]%4 >= 2 && !idle {
				e.arm = [2]string{"prompt", []string{"a", "b"}[c[0]%4-2]}
			}
			all = append(all, e)
		}
		all[i].learn(event.Fact(1<<(c[1]%8)), c[2], idle)
	}
	// Labels belong to a conversation, not to an episode.
	for i := range all {
		first := slices.IndexFunc(all, func(e truth) bool { return e.conversation == all[i].conversation })
		all[i].intent = all[first].intent
		all[i].lastEpisode = !slices.ContainsFunc(all, func(e truth) bool {
			return e.conversation == all[i].conversation && e.episode > all[i].episode
		})
	}
	return all
}

// learn adds a fact, unless it contradicts another one.
func (e *truth) learn(f event.Fact, v byte, idle bool) {
	summed := event.TurnsDelta | event.CostDelta
	instead := map[event.Fact]event.Fact{
		event.Turns: event.TurnsDelta, event.TurnsDelta: event.Turns, event.Cost: event.CostDelta, event.CostDelta: event.Cost,
	}[f]
	if e.facts&instead != 0 || idle && f&summed != 0 || e.facts&f != 0 && f&summed == 0 {
		return
	}
	e.facts |= f
	switch f {
	case event.Resolution:
		e.resolved, e.confirmed = v&1 != 0, event.Confirmation(v>>1%3)
		if v >= 8 {
			e.seconds = float64(v) * 7.3
		}
	case event.Escalation:
		e.reason = []string{"", "angry", "policy"}[v%3]
	case event.Turns:
		e.turns = 1 + uint64(v)
	case event.Cost:
		e.cost = float64(v) / cents
	case event.CSAT:
		e.score = 1 + int(v%5)
	case event.TurnsDelta, event.CostDelta:
		e.turnsIncrements = append(e.turnsIncrements, 1+uint64(v))
		e.dollarIncrements = append(e.dollarIncrements, float64(v)/cents)
	}
}

// grouped gives the lines in another order, with what neighbours say of one
// episode put into one event where nothing of it is said twice. Increments
// stay alone, since their id is all that tells a resend.
func grouped(lines []line, r *rand.Rand) (out []line) {
	order := slices.Clone(lines)
	r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	if r.IntN(2) == 0 { // so that there are neighbours
		slices.SortStableFunc(order, func(a, b line) int { return a.Episode - b.Episode })
	}
	const alone = event.TurnsDelta | event.CostDelta
	for _, s := range order {
		if n := len(out) - 1; n >= 0 && s.Facts&alone == 0 && out[n].Facts&(alone|s.Facts) == 0 &&
			s.ConversationID == out[n].ConversationID && s.Episode == out[n].Episode {
			out[n].merge(&s.Event)
			continue
		}
		out = append(out, s)
	}
	return out
}

// merge adds to a line what an event says that it does not.
func (s *line) merge(e *event.Event) {
	s.ID = ""
	s.Facts |= e.Facts
	switch e.Facts {
	case event.Resolution:
		s.Resolved, s.Seconds, s.Confirmed = e.Resolved, e.Seconds, e.Confirmed
	case event.Escalation:
		s.Reason = e.Reason
	case event.Turns:
		s.Turns = e.Turns
	case event.Cost:
		s.Cost = e.Cost
	case event.CSAT:
		s.CSAT = e.CSAT
	}
}
