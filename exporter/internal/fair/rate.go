package fair

import (
	"math"
	"time"
)

// Rate is a Budget that is returned by time: so much a second, to all who hold
// some of it in equal parts. Its limit is the largest burst. So all that ask for
// more than their equal part of the rate get that, and the others what they ask for.
//
// It is safe for concurrent use.
type Rate struct {
	budget    Budget
	perSecond float64
	last      time.Time // until when it was returned
}

// NewRate makes a rate whose burst has not been used.
func NewRate(perSecond float64, burst int) *Rate {
	return &Rate{budget: Budget{limit: float64(burst), held: map[string]float64{}}, perSecond: perSecond}
}

// PerSecond gives the rate.
func (r *Rate) PerSecond() float64 { return r.perSecond }

// Take gives a client n at the time now, or nothing and how long it has to wait
// for them at least.
func (r *Rate) Take(client string, n int, now time.Time) (wait time.Duration) {
	b := &r.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.After(r.last) {
		b.giveBack(r.perSecond * now.Sub(r.last).Seconds())
		r.last = now
	}
	missing := b.take(client, float64(n))
	return time.Duration(math.Ceil(min(missing/r.perSecond*float64(time.Second), math.MaxInt64/2)))
}

// giveBack takes n back from all clients, in parts as equal as what they hold
// allows.
func (b *Budget) giveBack(n float64) {
	const nothing = 1e-6 // that rounding left
	for n > nothing && len(b.held) > 0 {
		part := n / float64(len(b.held))
		for client, held := range b.held {
			n -= min(held, part)
			if b.held[client] = held - part; held-part <= nothing {
				delete(b.held, client)
			}
		}
	}
	b.used = 0
	for _, held := range b.held {
		b.used += held
	}
}
