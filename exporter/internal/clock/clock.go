// Package clock is the time that the exporter counts by: the machine's, but not
// wherever that goes.
//
// What the ledger has seen of time cannot be taken back. One event that comes
// while the machine's clock is a year ahead would have all conversations
// forgotten, and none would go idle for a year.
package clock

import (
	"log/slog"
	"sync"
	"time"
)

// maxStep is how far the wall clock may go ahead of the time that has passed and
// still be followed: it is corrected, and it goes on while a machine sleeps.
const maxStep = 24 * time.Hour

// Clock follows the wall clock, except when that steps ahead by more than
// maxStep: then the Clock goes on from where it was, by the time that passes,
// until the wall clock is back. It is safe for concurrent use.
type Clock struct {
	wall      func() time.Time
	monotonic func() time.Duration // how much time has passed since some moment
	logger    *slog.Logger

	mu     sync.Mutex
	latest time.Time     // the latest time that was followed, and what has passed since
	at     time.Duration // by the monotonic clock, the moment of latest
	ahead  bool          // the wall clock is not followed
}

// New makes a Clock of the machine's. It begins with what that says now.
func New(logger *slog.Logger) *Clock {
	began := time.Now()
	return newClock(time.Now, func() time.Duration { return time.Since(began) }, logger)
}

func newClock(wall func() time.Time, monotonic func() time.Duration, logger *slog.Logger) *Clock {
	return &Clock{wall: wall, monotonic: monotonic, logger: logger, latest: wall(), at: monotonic()}
}

// Reached says that there was a time as late as this: going back to it is no step
// ahead.
func (c *Clock) Reached(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pass(); since(c.latest, t) > 0 {
		c.latest = t
	}
}

// Now gives the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pass()
	wall := c.wall()
	step := since(c.latest, wall)
	if step > maxStep {
		if !c.ahead {
			c.logger.Error("The machine's clock stepped ahead by more than a day and is not followed; restart the exporter if it is right.",
				"clock", wall.UTC().Format(time.RFC3339), "going_on_from", c.latest.UTC().Format(time.RFC3339))
		}
		c.ahead = true
		return c.latest
	}
	if c.ahead {
		c.logger.Info("The machine's clock is followed again.")
	}
	c.ahead = false
	if step > 0 {
		c.latest = wall
	}
	return wall
}

// pass lets the latest time go on by what has passed.
func (c *Clock) pass() {
	at := c.monotonic()
	c.latest = c.latest.Add(at - c.at)
	c.at = at
}

// since is how much later b is than a by the wall clock, whatever time passed
// between them.
func since(a, b time.Time) time.Duration { return b.Round(0).Sub(a.Round(0)) }
