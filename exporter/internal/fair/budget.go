// Package fair divides what is scarce among clients, so that one which asks for
// too much is refused and the others are not: memory and the queue (Budget), a
// rate (Rate), and the processors (Turns).
//
// A client is whatever its name stands for: a bearer token's, or an address.
// Names are kept only as long as their client holds something.
package fair

import "sync"

// Budget is an amount of anything that clients hold for a while.
//
// The first half of it goes to whoever asks. Beyond that, a client that holds some
// gets more as long as it stays within an equal part: three quarters of the
// budget, divided by the clients that hold some. One that holds nothing gets what
// it asks for as long as anything is left, even if that is less: a large request
// would never find its room beside many small ones. So a client alone may use
// three quarters, many share them, one that comes late finds the last one, and the
// budget is exceeded by one request at most.
//
// It is safe for concurrent use.
type Budget struct {
	mu    sync.Mutex
	limit float64 // a whole number, as all amounts but those of a Rate
	used  float64
	held  map[string]float64 // by client; never 0
}

// NewBudget makes a budget of which nothing is used.
func NewBudget(limit int) *Budget {
	return &Budget{limit: float64(limit), held: map[string]float64{}}
}

// SetLimit changes the amount. What is held stays held.
func (b *Budget) SetLimit(limit int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.limit = float64(limit)
}

// Take gives a client n more, or nothing and false.
func (b *Budget) Take(client string, n int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.take(client, float64(n)) == 0
}

// take gives a client n more, unless something is missing; see there.
func (b *Budget) take(client string, n float64) (missing float64) {
	missing = b.missing(client, n)
	if missing == 0 && n > 0 {
		b.used += n
		b.held[client] += n
	}
	return missing
}

// missing gives how much has to be returned before a client can have n more, by
// anybody or, for its equal part, by the client itself; 0 if it can have them now.
func (b *Budget) missing(client string, n float64) float64 {
	held := b.held[client]
	if held == 0 {
		return max(0, b.used+min(n, 1)-b.limit)
	}
	part := b.limit * 3 / 4 / float64(len(b.held))
	return max(0, b.used+n-b.limit, min(held, held+n-part, b.used+n-b.limit/2))
}

// Return takes back n of what a client holds.
func (b *Budget) Return(client string, n int) {
	if n == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= float64(n)
	if left := b.held[client] - float64(n); left > 0 {
		b.held[client] = left
	} else {
		delete(b.held, client)
	}
}

// Used gives how much all clients hold.
func (b *Budget) Used() float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used
}

// Limit gives the whole amount.
func (b *Budget) Limit() float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.limit
}
