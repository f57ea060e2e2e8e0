package journal_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"supportexporter/exporter/internal/journal"
	"supportexporter/exporter/internal/journal/simdisk"
)

// small makes segments fill up fast.
var small = journal.Options{SegmentBytes: 4096}

// store is a journal and the simplest state one can be for: all payloads that
// were appended, in order.
type store struct {
	*journal.Journal
	state [][]byte
}

// open does what a program does at its start.
func open(fs journal.FS, o journal.Options) (*store, error) {
	j, err := journal.Open(fs, o)
	if err != nil {
		return nil, err
	}
	s := &store{Journal: j}
	restored, err := j.Restore(s.read)
	if err != nil {
		return nil, err
	}
	if !restored && len(s.state) > 0 {
		return nil, errors.New("something was restored, and then not")
	}
	return s, j.Replay(func(seq uint64, payload []byte) error {
		if want := uint64(len(s.state) + 1); seq != want {
			return fmt.Errorf("got frame %d, want %d", seq, want)
		}
		s.state = append(s.state, bytes.Clone(payload))
		return nil
	})
}

func mustOpen(t *testing.T, fs journal.FS, o journal.Options) *store {
	t.Helper()
	s, err := open(fs, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// append appends the payload in two parts.
func (s *store) append(payload []byte) error {
	half := len(payload) / 2
	if err := s.Append(payload[:half], payload[half:]); err != nil {
		return err
	}
	s.state = append(s.state, payload)
	return nil
}

func (s *store) mustAppend(t *testing.T, payloads ...[]byte) {
	t.Helper()
	for _, p := range payloads {
		if err := s.append(p); err != nil {
			t.Fatal(err)
		}
	}
}

func (s *store) checkpoint() error {
	c, err := s.StartCheckpoint()
	if err != nil {
		return err
	}
	return c.Write(write(s.state))
}

func (s *store) mustCheckpoint(t *testing.T) {
	t.Helper()
	if err := s.checkpoint(); err != nil {
		t.Fatal(err)
	}
}

// write gives the body of a checkpoint of a state, in many small writes.
func write(state [][]byte) func(io.Writer) error {
	return func(w io.Writer) error {
		for _, p := range state {
			if err := binary.Write(w, binary.BigEndian, uint32(len(p))); err != nil {
				return err
			}
			if _, err := w.Write(p); err != nil {
				return err
			}
		}
		return nil
	}
}

func (s *store) read(r io.Reader) error {
	for {
		var length uint32
		if err := binary.Read(r, binary.BigEndian, &length); err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
		p := make([]byte, length)
		if _, err := io.ReadFull(r, p); err != nil {
			return err
		}
		s.state = append(s.state, p)
	}
}

func checkState(t *testing.T, got, want [][]byte) {
	t.Helper()
	if !slices.EqualFunc(got, want, bytes.Equal) {
		t.Fatalf("got %d payloads %s, want %d %s", len(got), brief(got), len(want), brief(want))
	}
}

func brief(payloads [][]byte) string {
	var b bytes.Buffer
	for _, p := range payloads {
		fmt.Fprintf(&b, " %.8q/%d", p, len(p))
	}
	return b.String()
}

// payload gives a payload that no other number has, of any length from one byte
// to several sectors, at times with zeros in it that look like no data.
func payload(r *rand.Rand, number int) []byte {
	lengths := []int{1, 10, 100, 480, 511, 512, 1500, 3000, 6000}
	b := fmt.Appendf(nil, "%d.", number)
	if n := r.IntN(lengths[r.IntN(len(lengths))]); r.IntN(3) == 0 {
		b = append(b, make([]byte, n)...)
	} else {
		for range n {
			b = append(b, byte(r.Uint32()))
		}
	}
	return b
}

func payloads(seed uint64, n int) [][]byte {
	r := rand.New(rand.NewPCG(seed, 0))
	var all [][]byte
	for i := range n {
		all = append(all, payload(r, i))
	}
	return all
}

// copyDisk gives a disk with the files of another, all durable.
func copyDisk(from *simdisk.Disk) *simdisk.Disk {
	to := simdisk.New(nil)
	for _, name := range from.Names() {
		to.SetContents(name, from.Contents(name))
	}
	return to
}
