package ledger_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"supportexporter/exporter/internal/conversation"
	"supportexporter/exporter/internal/journal"
	"supportexporter/exporter/internal/journal/simdisk"
	"supportexporter/exporter/internal/ledger"
)

const began = 1_700_000_000_000

// past gives a state with so many resolved conversations.
func past(start int64, conversations int) *conversation.State {
	s := conversation.New(make([]byte, conversation.SecretBytes), start, settings())
	for i := range conversations {
		s.Apply(resolved(fmt.Sprint(i)))
	}
	return s
}

func TestCreateIsWhatTheLedgerGoesOnFrom(t *testing.T) {
	disk := simdisk.New(nil)
	if err := ledger.Create(disk, past(began, 3)); err != nil {
		t.Fatal(err)
	}
	disk.Crash()
	o := options()
	o.Now = func() time.Time { return time.UnixMilli(began).Add(time.Hour) }
	l := open(t, disk, o)
	if n := total(t, l, "support_conversations_total"); n != 3 {
		t.Errorf("%v conversations, want 3", n)
	}
	if start := total(t, l, "support_ledger_start_timestamp_seconds"); start != began/1000 {
		t.Errorf("the store began at %v", start)
	}
	r, err := commit(l, resolved("1"), resolved("new"))
	if err != nil || r.Accepted != 1 || r.Duplicates != 1 {
		t.Errorf("got %+v, %v", r, err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

func TestCreateChangesNoStore(t *testing.T) {
	disk := simdisk.New(nil)
	if err := ledger.Create(disk, past(began, 3)); err != nil {
		t.Fatal(err)
	}
	if err := ledger.Create(disk, past(began, 3)); err != nil {
		t.Errorf("the same again: %v", err)
	}
	if err := ledger.Create(disk, past(began+1, 5)); !errors.Is(err, ledger.ErrExists) {
		t.Errorf("another: %v", err)
	}
	l := open(t, disk, options())
	defer l.Close()
	if n := total(t, l, "support_conversations_total"); n != 3 {
		t.Errorf("%v conversations, want 3", n)
	}
}

func TestCreateRefusesALogWithoutACheckpoint(t *testing.T) {
	disk := simdisk.New(nil)
	j, err := journal.Open(disk, journal.Options{})
	if err == nil {
		err = errors.Join(j.Append([]byte("x")), j.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := ledger.Create(disk, past(began, 1)); !errors.Is(err, ledger.ErrExists) {
		t.Errorf("got %v", err)
	}
}

// Whatever operation of the disk fails, and power with it: the next Create
// leaves the whole state, be it its own or the first one's.
func TestCreateIsAllOrNothing(t *testing.T) {
	broken := errors.New("broken")
	for failing := 0; ; failing++ {
		disk, ops := simdisk.New(nil), 0
		disk.FailWith(func(simdisk.Op, string) error {
			if ops++; ops > failing {
				return broken
			}
			return nil
		})
		err := ledger.Create(disk, past(began, 3))
		disk.FailWith(nil)
		disk.Crash()
		if err := ledger.Create(disk, past(began, 3)); err != nil {
			t.Fatalf("after operation %d failed: %v", failing, err)
		}
		l := open(t, disk, options())
		if n := total(t, l, "support_conversations_total"); n != 3 {
			t.Errorf("after operation %d failed: %v conversations", failing, n)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if err == nil && ops <= failing {
			break
		}
	}
}
