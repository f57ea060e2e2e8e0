package bench

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"supportexporter/exporter/internal/event"
	"supportexporter/exporter/internal/ledger"
)

// crowd draws the traffic of a store that knows many conversations: a stream's,
// and facts that come late, about any of those that are known.
type crowd struct {
	*stream
	known uint64 // the conversations whose facts may come late: the last so many that began
}

// lateShare is how many of a crowd's events are late facts.
const lateShare = 0.1

func newCrowd(known int) *crowd {
	return &crowd{stream: newStream(1, true), known: uint64(known)}
}

// mixed gives the next event of all traffic. It is good until the next.
func (c *crowd) mixed() *event.Event {
	if c.random.Float64() < lateShare {
		return c.late()
	}
	return c.next()
}

// late gives a customer's answer to the survey of a conversation long over.
func (c *crowd) late() *event.Event {
	e := c.about(c.begun - c.random.Uint64N(c.known))
	e.ID = fmt.Sprintf("csat-%016x", c.random.Uint64())
	e.Facts, e.CSAT = event.CSAT, 1+c.random.IntN(event.MaxCSAT)
	return e
}

// whole gives one event that says all about a conversation that begins.
func (c *crowd) whole() *event.Event {
	c.begun++
	e := c.about(c.begun)
	e.ID = e.ConversationID[len("conv-"):]
	e.Intent = intents[c.random.IntN(len(intents))]
	e.Tier = tiers[c.random.IntN(len(tiers))]
	e.Language = languages[c.random.IntN(len(languages))]
	e.Facts = event.Resolution | event.Turns | event.Cost | event.SurveySent
	c.say(e)
	return e
}

func (c *crowd) about(n uint64) *event.Event {
	e := &c.event
	e.Reset()
	e.ConversationID = conversationID(n)
	e.Time = time.Date(2026, time.March, 14, 9, 26, 0, 0, time.UTC)
	return e
}

// fill makes a store of as many conversations as the crowd knows, which all have
// been over for hours. Its log holds all of them until it is closed.
func (c *crowd) fill(tb testing.TB, dir string) *ledger.Ledger {
	tb.Helper()
	const batch = 1000
	o := options(noCheckpoint)
	var since atomic.Int64 // hours; the committer looks at it, too, every second
	began := time.Now().Add(-12 * time.Hour)
	o.Now = func() time.Time { return began.Add(time.Duration(since.Load()) * time.Hour) }
	l := openLedger(tb, dir, o)
	committer := committer{ledger: l, next: func() (*event.Event, bool) { return c.whole(), true }}
	for c.begun < c.known {
		committer.commit(tb, batch)
	}
	since.Store(1)
	committer.commit(tb, batch)
	return l
}
