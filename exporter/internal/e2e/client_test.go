package e2e

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// traffic is clients that push without end, and resend what was not
// acknowledged until it is.
type traffic struct {
	seed    uint64
	target  atomic.Pointer[exporter]
	ending  atomic.Bool // begin no more conversations
	clients sync.WaitGroup

	sent  *truth // what may have been counted
	acked *truth // what must have been
	idle  *truth // what comes to it when all conversations are idle

	mu      sync.Mutex
	batches [][]byte // that were acknowledged
	retries int
	errs    []error
}

func newTraffic(seed uint64) *traffic {
	return &traffic{seed: seed, sent: newTruth(), acked: newTruth(), idle: newTruth()}
}

// start has clients push to the target, from now on.
func (f *traffic) start(clients int) {
	for i := range clients {
		f.clients.Go(func() { f.client(i) })
	}
}

// finish ends all conversations and returns when all is acknowledged.
func (f *traffic) finish() {
	f.ending.Store(true)
	f.clients.Wait()
}

// client is one client: it holds a few conversations at a time, keeps the
// order within each, and sends the ratings when the conversations are long over.
func (f *traffic) client(n int) {
	const atATime = 10
	rng := rand.New(rand.NewPCG(f.seed, uint64(n)))
	var now, later []*script
	for started := 0; ; {
		for len(now) < atATime && !f.ending.Load() {
			now = append(now, newScript(rng, fmt.Sprintf("client-%d-conversation-%d", n, started)))
			started++
		}
		if len(now) == 0 {
			break
		}
		var batch []scriptedEvent
		for range 1 + rng.IntN(20) {
			at := rng.IntN(len(now))
			s := now[at]
			batch = append(batch, s.events[0])
			if s.events = s.events[1:]; len(s.events) == 0 {
				f.idle.add(s.idle)
				later = append(later, s)
				if now = slices.Delete(now, at, at+1); len(now) == 0 {
					break
				}
			}
		}
		f.deliver(batch)
	}
	for group := range slices.Chunk(later, 100) {
		var batch []scriptedEvent
		for _, s := range group {
			batch = append(batch, s.rating...)
		}
		f.deliver(batch)
	}
}

// deliver sends a batch until it is acknowledged.
func (f *traffic) deliver(batch []scriptedEvent) {
	var lines []string
	var effects []effect
	for _, e := range batch {
		lines = append(lines, e.line)
		effects = append(effects, e.effects...)
	}
	body := []byte(strings.Join(lines, "\n"))
	f.sent.add(effects)
	for len(lines) > 0 {
		a, err := f.target.Load().tryPush(body)
		if err == nil && a.status == http.StatusOK && a.Accepted+a.Duplicates == len(lines) {
			f.acked.add(effects)
			f.keep(body)
			return
		}
		if err == nil && a.status != http.StatusServiceUnavailable {
			f.fail(fmt.Errorf("a batch of %d events: %s: %s", len(lines), a.counts(), a.body))
			return
		}
		f.retry()
		time.Sleep(time.Millisecond) // a client that cannot wait would take the processor from a start
	}
}

func (f *traffic) keep(body []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.batches = append(f.batches, body)
}

func (f *traffic) retry() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.retries++
}

func (f *traffic) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.errs = append(f.errs, err)
}

// acknowledged gives the batches that were acknowledged so far.
func (f *traffic) acknowledged() [][]byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.batches)
}
