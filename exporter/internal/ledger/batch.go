package ledger

import (
	"supportexporter/exporter/internal/conversation"
	"supportexporter/exporter/internal/event"
	"supportexporter/exporter/internal/journal"
)

// Batch is events on their way into the ledger, in the journal's form.
type Batch struct {
	secret []byte
	buf    []byte
	events int

	result Result // the committer's answer, with err
	err    error
	ready  chan struct{} // gets one value when the answer is there
}

// MaxBatchBytes is how many Bytes a batch can have to be committed.
const MaxBatchBytes = journal.MaxPayload - headerBytes

// maxPooledBytes keeps a batch of unusual size from being kept for ever.
const maxPooledBytes = 4 << 20

// NewBatch gives an empty batch. It may be filled by any one goroutine.
func (l *Ledger) NewBatch() *Batch {
	b, _ := l.pool.Get().(*Batch)
	if b == nil {
		b = &Batch{secret: l.secret, ready: make(chan struct{}, 1)}
	}
	return b
}

// Release takes back a batch that is not used any more.
func (l *Ledger) Release(b *Batch) {
	if cap(b.buf) > maxPooledBytes {
		return
	}
	b.buf, b.events = b.buf[:0], 0
	l.pool.Put(b)
}

// Add adds an event, which it copies. Of the customer's id only a keyed hash
// goes in.
func (b *Batch) Add(e *event.Event) {
	e.Customer = conversation.CustomerHash(b.secret, e.CustomerID)
	b.buf = event.Append(b.buf, e)
	b.events++
}

// Len gives the number of events.
func (b *Batch) Len() int { return b.events }

// Bytes gives the memory that they take.
func (b *Batch) Bytes() int { return len(b.buf) }

// Commit makes the events of a batch durable and counts them. It returns when
// both are done, or with an error when neither is. How much waits is for its
// callers to bound.
func (l *Ledger) Commit(b *Batch) (Result, error) {
	if b.events == 0 {
		return Result{}, nil
	}
	if !l.enqueue(b) {
		return Result{}, ErrClosed
	}
	<-b.ready
	return b.result, b.err
}

// enqueue hands a batch to the committer, which answers it, unless the ledger is
// closed.
func (l *Ledger) enqueue(b *Batch) bool {
	l.closing.RLock()
	defer l.closing.RUnlock()
	if l.closed {
		return false
	}
	l.batches <- b
	return true
}
