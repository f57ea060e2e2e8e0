package bundle

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"supportexporter/exporter/internal/event"
)

// happened is an event, some milliseconds after the world's start.
type happened struct {
	at int64
	event.Event
}

// lawStart is an hour's beginning.
const lawStart = 1_772_359_200_000

// drawWorld draws conversations of all kinds that come to one exporter, with
// enough of them for every KPI and for intervals in every arm.
func drawWorld(r *rand.Rand, instance string) world {
	var all []happened
	last := (lawSteps * lawStep).Milliseconds()
	for i := range 400 {
		at := r.Int64N(last)
		for _, e := range drawConversation(r, fmt.Sprintf("%s-%d", instance, i)) {
			all = append(all, happened{at, e})
			at += r.Int64N(time.Hour.Milliseconds())
		}
	}
	all = slices.DeleteFunc(all, func(e happened) bool { return e.at > last })
	slices.SortStableFunc(all, func(a, b happened) int { return cmp.Compare(a.at, b.at) })
	return world{lawStart, []exporter{{instance, all}}}
}

// drawConversation draws a conversation's events, the first of which has its
// labels and its arm.
func drawConversation(r *rand.Rand, id string) (events []event.Event) {
	say := func(f event.Fact, set func(*event.Event)) {
		e := event.Event{ConversationID: id, ID: fmt.Sprint(len(events)), Episode: 1, Seconds: event.NoSeconds, Facts: f}
		set(&e)
		events = append(events, e)
	}
	say(0, func(e *event.Event) {
		e.Intent = []string{"refund", "login", "bug"}[r.IntN(3)]
		e.Tier = []string{"free", "gold"}[r.IntN(2)]
		e.Language = []string{"en", "de"}[r.IntN(2)]
		if r.IntN(5) > 0 {
			e.Experiment, e.Variant = "greeting", []string{"short", "short", "warm", "witty"}[r.IntN(4)]
		}
	})
	resolve := func(episode int, resolved bool) {
		say(event.Resolution, func(e *event.Event) {
			e.Episode, e.Resolved, e.Seconds = episode, resolved, float64(r.IntN(900))
			e.Confirmed = event.Confirmation(r.IntN(3))
		})
	}
	escalate := func() { say(event.Escalation, func(e *event.Event) { e.Reason = "asked" }) }
	switch r.IntN(8) {
	case 0:
		resolve(1, false)
	case 1:
		escalate()
	case 2: // a human had to take over
		resolve(1, true)
		escalate()
	case 3: // the customer came back
		resolve(1, true)
		resolve(2, true)
	case 4: // nothing, and so abandoned in the end
	default:
		resolve(1, true)
	}
	cost := func() event.Money {
		usd := float64(r.IntN(64)) / 64
		return event.Money{USD: usd, Detail: []event.Component{{Name: "model", USD: usd / 2}}}
	}
	if r.IntN(3) == 0 {
		for range 1 + r.IntN(3) {
			say(event.TurnsDelta|event.CostDelta, func(e *event.Event) { e.TurnsDelta, e.CostDelta = 1+r.Uint64N(4), cost() })
		}
	} else {
		say(event.Turns|event.Cost, func(e *event.Event) { e.Turns, e.Cost = 1+r.Uint64N(12), cost() })
	}
	switch r.IntN(3) {
	case 0:
		say(event.SurveySent, func(*event.Event) {})
	case 1:
		say(event.CSAT, func(e *event.Event) { e.CSAT = 1 + r.IntN(5) })
	}
	return events
}
