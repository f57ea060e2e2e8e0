package e2e

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// traffic is clients that push without end, and resend what was not
// acknowledged until it is.
type traffic struct {
	seed    uint64
	abreast int     // conversations that a client holds at a time
	late    int     // ratings that a client keeps back: when there are more, the oldest are sent
	pace    float64 // events a second of a client; 0 for as many as are answered
	target  atomic.Pointer[exporter]
	ending  atomic.Bool // begin no more conversations
	clients sync.WaitGroup

	acked *truth // what must have been counted
	idle  *truth // what comes to it when all conversations are idle

	deliveries
}

func newTraffic(seed uint64) *traffic {
	f := &traffic{seed: seed, abreast: 10, late: 100, acked: newTruth(), idle: newTruth()}
	f.pending = map[int]*batch{}
	f.changed = sync.NewCond(&f.mu)
	return f
}

// start has clients push to the target, from now on, and at most until the test
// ends.
func (f *traffic) start(tb testing.TB, clients int) {
	tb.Cleanup(f.abandon)
	f.running = clients
	for i := range clients {
		f.clients.Go(func() {
			defer f.leave()
			c := &pusher{traffic: f, number: i, rng: rand.New(rand.NewPCG(f.seed, uint64(i))), due: time.Now()}
			c.run()
		})
	}
}

// finish ends all conversations and returns when all is acknowledged.
func (f *traffic) finish() {
	f.ending.Store(true)
	f.clients.Wait()
}

// abandon ends the clients, whatever is not acknowledged.
func (f *traffic) abandon() {
	f.mu.Lock()
	f.abandoned = true
	f.changed.Broadcast()
	f.mu.Unlock()
	f.finish()
}

// pusher is one client: it holds some conversations at a time, keeps the order
// within each, and sends the ratings when the conversations are long over.
// What it sends is a function of the seed and its number.
type pusher struct {
	traffic *traffic
	number  int
	rng     *rand.Rand
	due     time.Time // of the last batch, where there is a pace
	started int
	now     []*script
	ratings []scriptedEvent // to be sent, oldest first
}

func (c *pusher) run() {
	for batch := c.next(); len(batch) > 0; batch = c.next() {
		c.traffic.deliver(c.number, newBatch(batch), c.wait(len(batch)))
	}
	for group := range slices.Chunk(c.ratings, 100) {
		c.traffic.deliver(c.number, newBatch(group), time.Now())
	}
}

// next gives the next events, none when all conversations are over.
func (c *pusher) next() (batch []scriptedEvent) {
	for len(c.now) < c.traffic.abreast && !c.traffic.ending.Load() {
		c.now = append(c.now, newScript(c.rng, fmt.Sprintf("client-%d-conversation-%d", c.number, c.started)))
		c.started++
	}
	for range 1 + c.rng.IntN(20) {
		if len(c.now) == 0 {
			return batch
		}
		at := c.rng.IntN(len(c.now))
		s := c.now[at]
		batch = append(batch, s.events[0])
		if s.events = s.events[1:]; len(s.events) == 0 {
			c.traffic.idle.add(s.idle)
			c.ratings = append(c.ratings, s.rating...)
			c.now = slices.Delete(c.now, at, at+1)
		}
	}
	if over := len(c.ratings) - c.traffic.late; over > 0 {
		batch = append(batch, c.ratings[:over]...)
		c.ratings = c.ratings[over:]
	}
	return batch
}

// wait waits until a batch of so many events is due, and gives when that is.
// Batches come as those of many agents do, at random and whether or not the last
// one was answered in time: who is behind does not wait.
func (c *pusher) wait(events int) time.Time {
	if c.traffic.pace == 0 || c.traffic.ending.Load() {
		return time.Now()
	}
	gap := c.rng.ExpFloat64() * float64(events) / c.traffic.pace
	c.due = c.due.Add(time.Duration(gap * float64(time.Second)))
	time.Sleep(time.Until(c.due))
	return c.due
}
