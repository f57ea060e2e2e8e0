package ledger_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"supportexporter/exporter/internal/journal/simdisk"
)

// Each attempt at a checkpoint begins a new file of the log, with zeros ahead.
// Where there is no room for a checkpoint, an attempt with every push would eat
// up what room there is for the log.
func TestFailedCheckpointLeavesRoomForTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := simdisk.New(nil)
		o := options()
		o.CheckpointBytes = 1
		l := open(t, disk, o)
		attempts, full := 0, errors.New("no space left on device")
		disk.FailWith(func(op simdisk.Op, name string) error {
			if op == simdisk.Create && strings.HasSuffix(name, ".checkpoint.tmp") {
				attempts++
				return full
			}
			return nil
		})
		pushes := 0
		push := func() {
			if _, err := commit(l, resolved(fmt.Sprint(pushes))); err != nil {
				t.Fatal(err)
			}
			pushes++
			time.Sleep(100 * time.Millisecond)
		}
		for range 600 {
			push()
		}
		if attempts < 4 || attempts > 8 {
			t.Errorf("%d attempts within a minute, want some, with longer and longer pauses", attempts)
		}
		if got := o.Metrics.LogBytes.Get(); got > 10<<20 {
			t.Errorf("the log of %d small pushes has %.0f MiB", pushes, got/(1<<20))
		}

		disk.FailWith(nil)
		logs := func() int {
			return len(slices.DeleteFunc(disk.Names(), func(n string) bool { return !strings.HasSuffix(n, ".log") }))
		}
		for began := time.Now(); logs() > 2; push() {
			if time.Since(began) > time.Minute {
				t.Fatalf("there is room, and the log still is %q", disk.Names())
			}
		}
		for range 10 { // each with a checkpoint again
			push()
			synctest.Wait()
			if n := logs(); n > 2 {
				t.Errorf("after a good checkpoint the log has %d files", n)
			}
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
