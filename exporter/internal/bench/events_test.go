package bench

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"supportexporter/exporter/internal/event"
)

// The label values of the events: 288 label sets.
var (
	intents = [...]string{
		"billing_refund", "order_status", "account_access", "shipping_delay", "plan_change", "bug_report",
		"password_reset", "data_export", "invoice_copy", "cancel_contract", "feature_question", "address_change",
	}
	tiers      = [...]string{"free", "pro", "enterprise"}
	languages  = [...]string{"en", "de", "fr", "es", "pt", "ja", "it", "nl"}
	reasons    = [...]string{"customer asked for a human", "policy", "low confidence"}
	components = [...]string{"model", "tools", "retrieval"}
)

// abreast is how many conversations go on at the same time, so that the events
// of one lie some thousand events apart, as they do on a server.
const abreast = 2000

// talk is a conversation on its way: what all of its events say, and which
// facts are still to come.
type talk struct {
	event event.Event
	at    time.Time
	said  int
	left  []event.Fact
}

// stream draws events: conversations of one event that opens them, where
// opening says so, and two to four with facts. All carry ids and labels, and
// cost about 250 bytes as JSON.
//
// No conversation contradicts itself, so that a server that joins nothing and
// takes nothing back comes to the same totals.
type stream struct {
	random  *rand.Rand
	opening bool
	begun   uint64 // conversations so far
	talks   []talk
	event   event.Event
}

func newStream(seed uint64, opening bool) *stream {
	return &stream{random: rand.New(rand.NewPCG(seed, 0)), opening: opening, talks: make([]talk, abreast)}
}

// events gives the first n events of a stream. Each is good until the next.
func events(seed uint64, opening bool, n int) iter.Seq[*event.Event] {
	s := newStream(seed, opening)
	return func(yield func(*event.Event) bool) {
		for range n {
			if !yield(s.next()) {
				return
			}
		}
	}
}

func (s *stream) next() *event.Event {
	t := &s.talks[s.random.IntN(len(s.talks))]
	if len(t.left) == 0 {
		s.begin(t)
	}
	facts := t.left[0]
	t.left = t.left[1:]
	t.said++
	t.at = t.at.Add(time.Duration(1+s.random.IntN(90_000)) * time.Millisecond)
	e := &s.event
	e.Reset()
	e.ConversationID, e.CustomerID = t.event.ConversationID, t.event.CustomerID
	e.Intent, e.Tier, e.Language = t.event.Intent, t.event.Tier, t.event.Language
	e.ID = fmt.Sprintf("%s-%02d", e.ConversationID[len("conv-"):], t.said)
	e.Time = t.at
	e.Facts = facts
	s.say(e)
	return e
}

// conversationID gives the id of a stream's nth conversation.
func conversationID(n uint64) string {
	n *= 0x9e3779b97f4a7c15 // an odd number: every n has an id of its own
	return fmt.Sprintf("conv-%016x", n^n>>32)
}

func (s *stream) begin(t *talk) {
	r := s.random
	s.begun++
	t.event.ConversationID = conversationID(s.begun)
	t.event.CustomerID = fmt.Sprintf("cus-%014x", r.Uint64()>>8)
	t.event.Intent = intents[r.IntN(len(intents))]
	t.event.Tier = tiers[r.IntN(len(tiers))]
	t.event.Language = languages[r.IntN(len(languages))]
	t.at = time.Date(2026, time.March, 14, 9, 26, 0, 0, time.UTC)
	t.said, t.left = 0, t.left[:0]
	if s.opening {
		t.left = append(t.left, 0)
	}
	end := event.Resolution
	if r.IntN(5) == 0 {
		end = event.Escalation
	}
	t.left = append(t.left, event.Turns|event.Cost, end)
	if r.IntN(3) > 0 {
		t.left = append(t.left, event.SurveySent)
		if r.IntN(2) == 0 {
			t.left = append(t.left, event.CSAT)
		}
	}
}

// say draws the values of an event's facts.
func (s *stream) say(e *event.Event) {
	r := s.random
	if e.Facts&event.Resolution != 0 {
		e.Resolved = r.IntN(8) > 0
		e.Seconds = lognormal(r, 180, 0.8, 10)
		e.Confirmed = event.Confirmation(r.IntN(int(event.Denied) + 1))
	}
	if e.Facts&event.Escalation != 0 {
		e.Reason = reasons[r.IntN(len(reasons))]
	}
	if e.Facts&event.Turns != 0 {
		e.Turns = uint64(lognormal(r, 4, 0.5, 1))
	}
	if e.Facts&event.Cost != 0 {
		parts := r.IntN(len(components) + 1) // of none the cost is unspecified
		for _, name := range components[:parts] {
			usd := lognormal(r, 0.06, 0.6, 1e4)
			e.Cost.Detail = append(e.Cost.Detail, event.Component{Name: name, USD: usd})
			e.Cost.USD = math.Round((e.Cost.USD+usd)*1e4) / 1e4
		}
		if parts == 0 {
			e.Cost.USD = lognormal(r, 0.15, 0.6, 1e4)
		}
	}
	if e.Facts&event.CSAT != 0 {
		e.CSAT = 1 + r.IntN(event.MaxCSAT)
	}
}

// lognormal draws a positive number of parts, of which there are parts in one.
func lognormal(r *rand.Rand, median, sigma, parts float64) float64 {
	return max(1, math.Round(median*math.Exp(sigma*r.NormFloat64())*parts)) / parts
}

// TestEventsAreAsTheyShould checks what the benchmarks say of their events.
func TestEventsAreAsTheyShould(t *testing.T) {
	var b []byte
	conversations := map[string]int{}
	const n = 20_000
	facts := event.Fact(0)
	for e := range events(1, true, n) {
		b = appendJSON(b, e)
		conversations[e.ConversationID]++
		facts |= e.Facts
	}
	if size := len(b) / n; size < 230 || size > 270 {
		t.Errorf("want events of about 250 bytes, got %d", size)
	}
	if mean := float64(n) / float64(len(conversations)); mean < 3 || mean > 5 {
		t.Errorf("want 3 to 5 events a conversation, got %v", mean)
	}
	if want := event.Resolution | event.Escalation | event.Turns | event.Cost | event.SurveySent | event.CSAT; facts != want {
		t.Errorf("want facts %b, got %b", want, facts)
	}
}
