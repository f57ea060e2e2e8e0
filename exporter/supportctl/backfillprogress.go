package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress shows on stderr how much of something long is done, and when it will
// be over: a bar on a terminal, a line now and then elsewhere. Messages are
// written above it. It may be used concurrently.
type progress struct {
	mu    sync.Mutex
	w     io.Writer
	now   func() time.Time
	began time.Time
	shown time.Time
	bar   *progressbar.ProgressBar // nil if w is no terminal, and when it is over
}

// barSteps is how fine the bar is.
const barSteps = 1000

func newProgress(env *environment) *progress {
	began := env.now()
	p := &progress{w: env.stderr, now: env.now, began: began, shown: began}
	if isTerminal(env.stderr) {
		p.bar = progressbar.NewOptions(barSteps,
			progressbar.OptionSetWriter(env.stderr),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionSetWidth(20),
			progressbar.OptionSetSpinnerChangeInterval(0), // else it leaves a goroutine behind
		)
	}
	return p
}

// show says that this share of all is done, 0 to 1, and up to which time. A share
// that stays 0 is not known.
func (p *progress) show(share float64, until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		p.bar.Describe(until.Format(time.DateOnly))
		_ = p.bar.Set(int(share * barSteps)) // one that cannot be drawn is no reason to stop
		return
	}
	now := p.now()
	if now.Sub(p.shown) < plainInterval {
		return
	}
	p.shown = now
	if share <= 0 {
		fmt.Fprintf(p.w, "at %s\n", until.Format(time.DateOnly))
		return
	}
	left := time.Duration(float64(now.Sub(p.began)) * (1 - share) / share)
	fmt.Fprintf(p.w, "%.0f%% done, at %s, about %s left\n", 100*share, until.Format(time.DateOnly), left.Round(time.Second))
}

// Write writes a message of whole lines.
func (p *progress) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	return p.w.Write(b)
}

// took is the time since the beginning.
func (p *progress) took() time.Duration { return p.now().Sub(p.began) }

// finish takes the bar away.
func (p *progress) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	p.bar = nil
}

func (p *progress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}
