package journal

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// TestSearchIsBounded: a payload in which a frame seems to begin every 12 bytes is
// not checksummed once for each.
func TestSearchIsBounded(t *testing.T) {
	for _, n := range []int{1 << 10, 1 << 16, 1 << 22} {
		header := binary.LittleEndian.AppendUint32(nil, uint32(n/2))
		b := bytes.Repeat(binary.LittleEndian.AppendUint64(header, 3), n/12)
		got := search(b, 2, salt{number: 0x0123456789abcdef, crc: 1})
		if got.at != 0 || got.summed != 0 || got.gaveUp {
			t.Errorf("%d bytes, with a salt: got %+v, want that nothing looks like a frame", n, got)
		}
		got = search(b, 2, salt{})
		if most := searchFactor * int64(len(b)); got.at != 0 || got.summed > most {
			t.Errorf("%d bytes, without a salt: got %+v, want at most %d bytes checksummed", n, got, most)
		}
		if got.gaveUp != (n > 1<<10) {
			t.Errorf("%d bytes, without a salt: gave up is %v", n, got.gaveUp)
		}
	}
}

// TestSearchFindsTheFirst frame that may stand where it does, and no other.
func TestSearchFindsTheFirst(t *testing.T) {
	s := salt{number: 0x0123456789abcdef, crc: 0xdeadbeef}
	frame := func(number uint64, payload string) []byte {
		b := append(make([]byte, frameHeader), payload...)
		sealFrame(b, number, s)
		return b
	}
	damaged := bytes.Repeat([]byte{0xff}, 20)
	for _, tc := range []struct {
		name   string
		behind []byte
		at     int
		number uint64
	}{
		{"nothing", nil, 0, 0},
		{"zeros", make([]byte, 1000), 0, 0},
		{"the next", frame(8, "eight"), 20, 8},
		{"the next, without a payload", frame(8, ""), 20, 8},
		{"the one after a damaged one", append(damaged, frame(9, "nine")...), 40, 9},
		{"one that came before", frame(6, "six"), 0, 0},
		{"the same", frame(7, "seven"), 0, 0},
		{"one before which others have no room", frame(9, "nine"), 0, 0},
		{"one that is cut", frame(8, "eight")[:20], 0, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := search(append(damaged[:20:20], tc.behind...), 7, s)
			if got.at != tc.at || got.number != tc.number {
				t.Errorf("got %+v, want frame %d at %d", got, tc.number, tc.at)
			}
			if without := search(append(damaged[:20:20], tc.behind...), 7, salt{}); without.at != 0 {
				t.Errorf("without the salt: got %+v", without)
			}
		})
	}
}
