//go:build !linux

package bench

import (
	"errors"
	"time"
)

func cpuTime(int) (time.Duration, error) {
	return 0, errors.New("the CPU time of another process is read on Linux only")
}

// pause sleeps.
func pause(d time.Duration) { time.Sleep(d) }
