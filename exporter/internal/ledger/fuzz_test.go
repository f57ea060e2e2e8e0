package ledger_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/conversation"
	"supportexporter/exporter/internal/event"
	"supportexporter/exporter/internal/journal"
	"supportexporter/exporter/internal/journal/simdisk"
	"supportexporter/exporter/internal/ledger"
)

const created = int64(1_700_000_000_000) // when the stores of FuzzFrame were created

// FuzzFrame has any frame in the log behind a checkpoint. The store is refused,
// or has what the frame says: the same after a crash, and what a ledger has that
// committed the frame's events. Kind 0 is for a frame without a header.
func FuzzFrame(f *testing.F) {
	for _, frame := range seedFrames(f) {
		f.Add(frame[0], int64(binary.LittleEndian.Uint64(frame[1:])), frame[9:])
	}
	f.Add(byte(0), int64(0), []byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, kind byte, at int64, body []byte) {
		frame := binary.LittleEndian.AppendUint64([]byte{kind}, uint64(at))
		frame = append(frame, body...)
		if kind == 0 {
			frame = body
		}
		disk := storeWith(t, frame)
		o := options()
		o.Now = func() time.Time { return time.UnixMilli(at) }
		l, err := ledger.Open(disk, o)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "replaying the log: frame 1 of ") && kind != 2 {
				t.Fatalf("the error does not name the frame: %v", err)
			}
			return
		}
		got := scrape(t, l)
		disk.Crash()
		compareAndClose(t, "after a crash", got, open(t, disk, o))
		compareAndClose(t, "from a checkpoint", got, open(t, disk, o))
		_ = l.Close() // its disk was taken from under it
		if kind == 1 {
			live := open(t, storeWith(t), o)
			if n := commitAll(t, live, body); n > 0 {
				compareAndClose(t, "of a ledger that committed the events", got, live)
			}
		}
	})
}

// seedFrames are frames of both kinds.
func seedFrames(f *testing.F) [][]byte {
	header := func(kind byte, at int64) []byte { return binary.LittleEndian.AppendUint64([]byte{kind}, uint64(at)) }
	e := event.Event{ConversationID: "c", ID: "1", Episode: 1, Intent: "login", Facts: event.Resolution | event.CostDelta | event.CSAT,
		Resolved: true, Seconds: 3, CSAT: 1, CostDelta: event.Money{USD: 0.5, Detail: []event.Component{{Name: "model", USD: 0.25}}}}
	events := event.Append(event.Append(header(1, created+1000), resolved("known")), &e)
	other := settings()
	other.Limits.Intents, other.Exemplars = 1, true
	other.Experiments = []config.Experiment{{Name: "x", Control: "a", Variants: []config.Variant{{Name: "a", Weight: 1}, {Name: "b", Weight: 2}}}}
	changed, err := json.Marshal(other)
	if err != nil {
		f.Fatal(err)
	}
	other.Buckets.Turns = []float64{1, 2}
	refused, err := json.Marshal(other)
	if err != nil {
		f.Fatal(err)
	}
	return [][]byte{
		events, events[:len(events)-1], header(1, created+time.Hour.Milliseconds()), header(1, -1), header(3, created),
		append(header(2, created), changed...), append(header(2, created), refused...), append(header(2, created), "{}"...),
	}
}

// storeWith gives a store with a checkpoint, of one conversation, and these
// frames behind it.
func storeWith(t *testing.T, frames ...[]byte) *simdisk.Disk {
	t.Helper()
	s := conversation.New(bytes.Repeat([]byte{7}, conversation.SecretBytes), created, settings())
	s.Apply(resolved("known"))
	disk := simdisk.New(nil)
	if err := ledger.Create(disk, s); err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(disk, journal.Options{SegmentBytes: 4096})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.Restore(func(r io.Reader) error { _, err := io.Copy(io.Discard, r); return err }); err != nil {
		t.Fatal(err)
	}
	if err := j.Replay(func(uint64, []byte) error { return nil }); err != nil {
		t.Fatal(err)
	}
	for _, frame := range frames {
		if err := j.Append(frame); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return disk
}

// commitAll commits the events of a frame's body, and says how many they are.
func commitAll(t *testing.T, l *ledger.Ledger, body []byte) int {
	t.Helper()
	b := l.NewBatch()
	defer l.Release(b)
	for len(body) > 0 {
		var e event.Event
		rest, err := e.Parse(body)
		if err != nil {
			t.Fatalf("a frame that was applied: %v", err)
		}
		b.Add(&e)
		body = rest
	}
	n := b.Len()
	if _, err := l.Commit(b); err != nil {
		t.Fatal(err)
	}
	return n
}

func scrape(t *testing.T, l *ledger.Ledger) string {
	t.Helper()
	s, err := l.Snapshot(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return text(t, s)
}

func compareAndClose(t *testing.T, which, want string, l *ledger.Ledger) {
	t.Helper()
	if diff := cmp.Diff(want, scrape(t, l)); diff != "" {
		t.Errorf("series %s (-want +got):\n%s", which, diff)
	}
	if err := l.Close(); err != nil {
		t.Errorf("closing the ledger %s: %v", which, err)
	}
}
