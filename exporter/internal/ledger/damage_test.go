package ledger_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"supportexporter/exporter/internal/journal"
	"supportexporter/exporter/internal/journal/simdisk"
	"supportexporter/exporter/internal/ledger"
	"supportexporter/exporter/internal/tally"
)

// sample is a store that was killed: half of the script's pushes are in its
// checkpoint, and each of the others is a frame of the log.
type sample struct {
	t      *testing.T
	o      ledger.Options
	now    time.Time
	disk   *simdisk.Disk
	pushed [][]string // behind the checkpoint
	shown  []string   // with the first n of them
	full   *tally.Snapshot

	checkpoint string // in force
	last       string // the segment with the last frames
	older      bool   // the checkpoint before, and the log behind it, are still there
}

func makeSample(t *testing.T, older bool) *sample {
	t.Helper()
	s := &sample{t: t, disk: simdisk.New(nil), now: time.UnixMilli(began), older: older}
	s.o = options()
	s.o.Now = func() time.Time { return s.now }
	s.o.SegmentBytes = 1024
	var pushes [][]string
	for _, step := range script() {
		if step.push != nil {
			pushes = append(pushes, step.push)
		}
	}
	pushes = pushes[:len(pushes)-3] // those that repeat what was
	half := len(pushes) / 2
	l := open(t, s.disk, s.o)
	for _, body := range pushes[:half] {
		s.push(l, body)
	}
	s.disk.FailWith(func(op simdisk.Op, _ string) error {
		if op == simdisk.Remove && older {
			return errInjected
		}
		return nil
	})
	if err := l.Close(); (err != nil) != older {
		t.Fatal(err)
	}
	s.disk.FailWith(nil)

	l = open(t, s.disk, s.o)
	s.shown = append(s.shown, everything(shot(t, l)))
	s.pushed = pushes[half:]
	for _, body := range s.pushed {
		s.push(l, body)
		s.full = shot(t, l)
		s.shown = append(s.shown, everything(s.full))
	}
	killed := s.copy()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s.disk = killed
	for _, name := range killed.Names() { // in order
		if strings.HasSuffix(name, ".log") {
			s.last = name
		} else {
			s.checkpoint = name
		}
	}
	return s
}

func (s *sample) push(l *ledger.Ledger, body []string) {
	s.t.Helper()
	s.now = s.now.Add(time.Second)
	s.resend(l, body)
}

func (s *sample) resend(l *ledger.Ledger, body []string) {
	s.t.Helper()
	b := l.NewBatch()
	add(s.t, b, body)
	if _, err := l.Commit(b); err != nil {
		s.t.Fatal(err)
	}
}

func (s *sample) copy() *simdisk.Disk {
	to := simdisk.New(nil)
	for _, name := range s.disk.Names() {
		to.SetContents(name, s.disk.Contents(name))
	}
	return to
}

// open opens a copy of the store in which a file holds something else.
func (s *sample) open(name string, file []byte) (*ledger.Ledger, error) {
	disk := s.copy()
	disk.SetContents(name, file)
	return ledger.Open(disk, s.o)
}

// wantShown checks that the first n pushes behind the checkpoint are counted and
// nothing else; and if the others are sent again, all, as if nothing had been.
func (s *sample) wantShown(l *ledger.Ledger, n int) {
	s.t.Helper()
	if got := shot(s.t, l); everything(got) != s.shown[n] {
		s.t.Errorf("want the first %d pushes, which lack: %s", n, diff(got, s.full))
	}
	for _, body := range s.pushed[n:] {
		s.resend(l, body)
	}
	if got := shot(s.t, l); values(got) != values(s.full) {
		s.t.Errorf("after sending %d pushes again: %s", len(s.pushed)-n, diff(s.full, got))
	}
	if err := l.Close(); err != nil {
		s.t.Error(err)
	}
}

// TestFlippedBit flips each bit of every 64th byte of the log and of the
// checkpoint, of which one is in the last frame.
func TestFlippedBit(t *testing.T) {
	for _, older := range []bool{false, true} {
		t.Run(fmt.Sprintf("older checkpoint is there: %v", older), func(t *testing.T) {
			s := makeSample(t, older)
			seen := map[string]int{}
			for _, name := range s.disk.Names() {
				for i := 20; i < len(s.disk.Contents(name)); i += 64 {
					for bit := range 8 {
						if testing.Short() && bit != i/64%8 {
							continue
						}
						seen[s.flip(name, i, bit)]++
						if t.Failed() {
							t.Fatalf("bit %d of byte %d of %s", bit, i, name)
						}
					}
				}
			}
			t.Logf("%v", seen)
			if len(seen) != 3 {
				t.Error("not all that may become of a bit is in the sample")
			}
		})
	}
}

// flip flips a bit and checks what becomes of it. The start is refused, with file
// and offset. Or the bit is in the very last frame, which cannot be told from a
// torn one and is cut. Or it is where nothing is read, or where the older
// checkpoint serves as well.
func (s *sample) flip(name string, i, bit int) string {
	s.t.Helper()
	file := s.disk.Contents(name)
	file[i] ^= 1 << bit
	l, err := s.open(name, file)

	starts := frameStarts(s.disk.Contents(name))
	end := starts[len(starts)-1]
	at, _ := slices.BinarySearch(starts, i+1)
	start := starts[at-1]
	covered := strings.TrimSuffix(name, ".log") <= strings.TrimSuffix(s.checkpoint, ".checkpoint")
	switch {
	case i >= end || covered || name == s.checkpoint && s.older:
		if err == nil {
			s.wantShown(l, len(s.pushed))
			return "no matter"
		}
	case name == s.last && start == starts[len(starts)-2]:
		if err == nil {
			s.wantShown(l, len(s.pushed)-1)
			return "cut"
		}
	default:
		corrupt, ok := errors.AsType[*journal.CorruptError](err)
		if ok && corrupt.File == name && corrupt.Offset == int64(start) &&
			strings.Contains(err.Error(), fmt.Sprintf("%s is corrupt at offset %d: ", name, start)) {
			return "refused"
		}
		s.t.Errorf("want %s to be corrupt at offset %d", name, start)
	}
	s.t.Errorf("got %v", err)
	return ""
}

// TestTornTail ends the log at every byte of its last frames, with the file's end
// or with zeros behind it. What is whole is counted.
func TestTornTail(t *testing.T) {
	s := makeSample(t, false)
	file := s.disk.Contents(s.last)
	starts := frameStarts(file)
	frames := len(starts) - 2
	if frames < 2 {
		t.Fatalf("only %d frames are in %s", frames, s.last)
	}
	stride := 1
	if testing.Short() {
		stride = 5
	}
	for n := starts[1]; n <= starts[len(starts)-1]; n += stride {
		at, _ := slices.BinarySearch(starts, n+1)
		whole := min(at-2, frames)
		zeros := slices.Clone(file)
		clear(zeros[n:])
		for _, torn := range [][]byte{file[:n], zeros} {
			l, err := s.open(s.last, torn)
			if err != nil {
				t.Fatalf("%d bytes of %s, and then zeros up to %d: %v", n, s.last, len(torn), err)
			}
			s.wantShown(l, len(s.pushed)-frames+whole)
			if t.Failed() {
				t.Fatalf("%d bytes of %s, and then zeros up to %d", n, s.last, len(torn))
			}
		}
	}
}

// frameStarts gives where the header and the frames of a file begin, and where
// they end, read without the journal's help.
func frameStarts(file []byte) []int {
	all, at := []int{0}, 24
	if file[8] == 2 { // a segment with a salt in its header
		at = 40
	}
	for at+16 <= len(file) && binary.LittleEndian.Uint64(file[at+4:]) != 0 {
		all = append(all, at)
		at += 16 + int(binary.LittleEndian.Uint32(file[at:]))
	}
	return append(all, at)
}
