package bench

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime gives the CPU time of a process, user and system, by the clock that
// the kernel keeps for it. It counts nanoseconds, where /proc counts ticks.
func cpuTime(pid int) (time.Duration, error) {
	const scheduled = 2 // of a process: user and system time
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid)<<3|scheduled, &t); err != nil {
		return 0, fmt.Errorf("reading the CPU clock of process %d: %w", pid, err)
	}
	return time.Duration(t.Nano()), nil
}

// pause sleeps, more exactly than the runtime's timers do, which wake up by the
// millisecond.
func pause(d time.Duration) {
	t := unix.NsecToTimespec(d.Nanoseconds())
	_ = unix.Nanosleep(&t, nil) // one that is interrupted is looked at again
}
