package ledger_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"supportexporter/exporter/internal/journal/simdisk"
	"supportexporter/exporter/internal/ledger"
)

func TestFailedJournalIsReopened(t *testing.T) {
	disk := simdisk.New(nil)
	now := newClock()
	o := options()
	o.Now = now.time
	l := open(t, disk, o)
	full := errors.New("no space left on device")
	disk.FailWith(func(op simdisk.Op, _ string) error {
		if op == simdisk.Write || op == simdisk.Create {
			return full
		}
		return nil
	})
	for range 2 {
		now.add(time.Second)
		if _, err := commit(l, resolved("a")); !errors.Is(err, ledger.ErrUnavailable) || !errors.Is(err, full) {
			t.Fatalf("on a full disk: %v", err)
		}
		if l.Err() == nil {
			t.Error("Err is nil while nothing can be written")
		}
	}
	disk.FailWith(nil)
	now.add(time.Second)
	if r, err := commit(l, resolved("a")); err != nil || r.Accepted != 1 {
		t.Fatalf("when there is room again: %+v, %v", r, err)
	}
	if err := l.Err(); err != nil {
		t.Errorf("Err is %v when there is room again", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// A reload that finds the disk failing is told to whoever watches, too.
func TestFailedReloadIsAFailureOfTheJournal(t *testing.T) {
	disk := simdisk.New(nil)
	o := options()
	l := open(t, disk, o)
	disk.FailWith(func(op simdisk.Op, _ string) error {
		if op == simdisk.Sync || op == simdisk.Create {
			return errInjected
		}
		return nil
	})
	changed := settings()
	changed.Exemplars = true
	err := l.Configure(context.Background(), changed)
	want := "journaling the settings: journal failed: appending frame 1: injected"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if !errors.Is(l.Err(), errInjected) || o.Metrics.JournalFailures.Get() == 0 {
		t.Errorf("the ledger's error is %v, with %d failures", l.Err(), o.Metrics.JournalFailures.Get())
	}
	disk.FailWith(nil)
	if err := l.Close(); !errors.Is(err, errInjected) {
		t.Errorf("close: %v", err)
	}
}

// The log says once that events are refused, and once that they are not any
// more, however often the journal is reopened between.
func TestFailureIsToldOnce(t *testing.T) {
	disk := simdisk.New(nil)
	var log bytes.Buffer
	now := newClock()
	o := options()
	o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	o.Now = now.time
	l := open(t, disk, o)
	log.Reset()
	writes := 0
	disk.FailWith(func(op simdisk.Op, _ string) error {
		if op == simdisk.Write {
			writes++
		}
		if op == simdisk.Write && writes%2 == 1 { // room for a segment's header, but for no frame
			return errInjected
		}
		return nil
	})
	for range 5 {
		now.add(time.Second)
		if _, err := commit(l, resolved("a")); !errors.Is(err, errInjected) {
			t.Fatalf("got %v", err)
		}
	}
	disk.FailWith(nil)
	for range 2 {
		now.add(time.Second)
		if _, err := commit(l, resolved("a")); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], "they are refused until they can") || !strings.Contains(lines[1], "made durable again") {
		t.Errorf("the log says\n%s", log.String())
	}
}
