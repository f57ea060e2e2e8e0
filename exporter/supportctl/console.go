package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
)

// plainInterval is the time between lines of progress where no bar can be.
const plainInterval = 10 * time.Second

// console is stderr while something is going on: messages, and below them how
// far it has come. A terminal gets a bar, all else a line now and then. It may
// be used concurrently.
type console struct {
	mu    sync.Mutex
	w     io.Writer
	now   func() time.Time
	bar   *progressbar.ProgressBar // nil if w is no terminal
	total int64                    // bytes; -1 if not known
	done  int64
	shown time.Time // when the last plain line was written
}

// newConsole shows a progress of total bytes; -1 if that is not known.
func newConsole(env *environment, total int64) *console {
	c := &console{w: env.stderr, now: env.now, total: total, shown: env.now()}
	if isTerminal(env.stderr) {
		c.bar = newBar(env.stderr, total)
	}
	return c
}

func newBar(w io.Writer, total int64) *progressbar.ProgressBar {
	return progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(w),
		progressbar.OptionShowBytes(true),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionSetWidth(20),
		progressbar.OptionSetSpinnerChangeInterval(0), // else it leaves a goroutine behind
	)
}

// isTerminal takes every character device for one: a bar does no harm to
// /dev/null.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// Write writes a message of whole lines above the bar.
func (c *console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clear()
	return c.w.Write(p)
}

// advance says that n more bytes were read. A bar that cannot be drawn is no
// reason to stop.
func (c *console) advance(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done += int64(n)
	if c.bar != nil {
		_ = c.bar.Add(n)
		return
	}
	if now := c.now(); now.Sub(c.shown) >= plainInterval {
		c.shown = now
		fmt.Fprintln(c.w, c.progress())
	}
}

// progress is the plain line.
func (c *console) progress() string {
	if c.total < 0 {
		return fmt.Sprintf("%d bytes read", c.done)
	}
	return fmt.Sprintf("%d of %d bytes read", c.done, c.total)
}

// finish takes the bar away.
func (c *console) finish() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clear()
	c.bar = nil
}

func (c *console) clear() {
	if c.bar != nil {
		_ = c.bar.Clear()
	}
}
