package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// batch is events that are sent together until they are acknowledged.
type batch struct {
	body         []byte
	events       int
	effects      []effect
	acknowledged bool
}

func newBatch(events []scriptedEvent) *batch {
	b := &batch{events: len(events)}
	var lines []string
	for _, e := range events {
		lines = append(lines, e.line)
		b.effects = append(b.effects, e.effects...)
	}
	b.body = []byte(strings.Join(lines, "\n"))
	return b
}

// deliveries is what became of the clients' batches.
type deliveries struct {
	mu                sync.Mutex
	changed           *sync.Cond // what the next line says
	running, standing int        // clients
	held              bool       // let no client push
	abandoned         bool       // send nothing any more

	pending  map[int]*batch // by client: sent or about to be, and not acknowledged
	forget   bool           // keep no bodies
	batches  [][]byte       // the bodies of those that were acknowledged
	count    int            // of them
	events   int            // in them
	retries  int
	repeated int             // batches whose answer was lost: sent again, they were duplicates
	took     []time.Duration // from when a batch was due to its answer
	errs     []error
}

// hold has every client stop before its next attempt, and returns when all have.
// Then nothing is under way: what is not acknowledged is pending.
func (f *traffic) hold() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.held = true
	for f.standing < f.running {
		f.changed.Wait()
	}
}

// release has the clients go on, at this exporter.
func (f *traffic) release(e *exporter) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.target.Store(e)
	f.held = false
	f.changed.Broadcast()
}

// pass lets a client through unless all are held, and says whether its batch
// is still to be sent.
func (f *traffic) pass(b *batch) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.held && !f.abandoned {
		f.standing++
		f.changed.Broadcast()
		for f.held && !f.abandoned {
			f.changed.Wait()
		}
		f.standing--
	}
	return !b.acknowledged && !f.abandoned
}

// leave is what a client does last.
func (f *traffic) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.running--
	f.changed.Broadcast()
}

// deliver sends a client's batch until it is acknowledged.
func (f *traffic) deliver(client int, b *batch, due time.Time) {
	f.mu.Lock()
	f.pending[client] = b
	f.mu.Unlock()
	for f.pass(b) {
		a, err := f.target.Load().tryPush(b.body)
		if err == nil && a.status != http.StatusServiceUnavailable {
			f.answered(b, a)
			break
		}
		f.retry()
		time.Sleep(time.Millisecond) // a client that cannot wait would take the processor from a start
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.pending, client)
	f.took = append(f.took, time.Since(due))
}

// answered takes an answer, which is about a batch as a whole: one request is
// durable with all its events or with none.
func (f *traffic) answered(b *batch, a answer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if a.status != http.StatusOK || a.Accepted != b.events && a.Duplicates != b.events {
		f.errs = append(f.errs, fmt.Errorf("a batch of %d events: %s: %s", b.events, a.counts(), a.body))
		return
	}
	if a.Duplicates == b.events {
		f.repeated++
	}
	b.acknowledged = true
	f.acked.add(b.effects)
	f.count++
	if !f.forget {
		f.batches = append(f.batches, b.body)
	}
	f.events += b.events
}

func (f *traffic) retry() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.retries++
}

// unanswered gives what is pending.
func (f *traffic) unanswered() []*batch {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []*batch
	for _, b := range f.pending {
		if !b.acknowledged {
			all = append(all, b)
		}
	}
	return all
}

// acknowledged gives the batches that were acknowledged so far.
func (f *traffic) acknowledged() [][]byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.batches)
}
