package journal_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"supportexporter/exporter/internal/journal"
	"supportexporter/exporter/internal/journal/simdisk"
)

func segmentName(first uint64) string   { return fmt.Sprintf("%020d.log", first) }
func checkpointName(last uint64) string { return fmt.Sprintf("%020d.checkpoint", last) }

// headerLength gives the length of a file's header. A segment's of version 2 has a
// salt of 12 bytes, and their checksum.
func headerLength(file []byte) int {
	if file[8] == 2 {
		return 40
	}
	return 24
}

// offsets gives where the header and the frames of a file begin, and where they
// end, read without the package's help.
func offsets(file []byte) []int64 {
	all := []int64{0}
	at := headerLength(file)
	for at+16 <= len(file) && binary.LittleEndian.Uint64(file[at+4:]) != 0 {
		all = append(all, int64(at))
		at += 16 + int(binary.LittleEndian.Uint32(file[at:]))
	}
	return append(all, int64(at))
}

// sample is a store that was killed with a checkpoint of 5 frames and 12 more in
// three segments: 6 to 9, 10 to 13, and 14 to 17, the last.
func sample(t *testing.T) (*simdisk.Disk, [][]byte) {
	t.Helper()
	disk := simdisk.New(nil)
	o := journal.Options{SegmentBytes: 1024}
	s := mustOpen(t, disk, o)
	s.mustAppend(t, payloads(1, 5)...)
	s.mustCheckpoint(t)
	for i := range 12 {
		s.mustAppend(t, fmt.Appendf(nil, "%0200d", i))
	}
	want := []string{checkpointName(5), segmentName(6), segmentName(10), segmentName(14)}
	if got := disk.Names(); !slices.Equal(got, want) {
		t.Fatalf("the sample has %q, want %q", got, want)
	}
	return disk, s.state
}

// sampleVersion1 is sample as the program wrote it whose segments had version 1. It
// is in a folder of testdata.
func sampleVersion1(t *testing.T) (*simdisk.Disk, [][]byte) {
	t.Helper()
	return stored(t, "version1")
}

// stored gives a store of testdata, whose state must be that of sample.
func stored(t *testing.T, folder string) (*simdisk.Disk, [][]byte) {
	t.Helper()
	disk := simdisk.New(nil)
	files, err := filepath.Glob(filepath.Join("testdata", folder, "*"))
	if err != nil || len(files) != 4 {
		t.Fatalf("got the files %q, %v", files, err)
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		disk.SetContents(filepath.Base(path), b)
	}
	_, state := sample(t)
	return disk, state
}

// eachSample runs a test on the sample, and on what an older program made of it.
func eachSample(t *testing.T, test func(t *testing.T, disk *simdisk.Disk, state [][]byte)) {
	for name, sample := range map[string]func(*testing.T) (*simdisk.Disk, [][]byte){"now": sample, "version 1": sampleVersion1} {
		t.Run(name, func(t *testing.T) {
			disk, state := sample(t)
			test(t, disk, state)
		})
	}
}

// checkCorrupt wants a refusal that names this file and offset.
func checkCorrupt(t *testing.T, err error, file string, offset int64) {
	t.Helper()
	corrupt, ok := errors.AsType[*journal.CorruptError](err)
	if !ok {
		t.Fatalf("got error %v, want a corrupt %s", err, file)
	}
	if corrupt.File != file || corrupt.Offset != offset {
		t.Fatalf("got %v, want %s at offset %d", err, file, offset)
	}
}

// TestFlippedBit flips every bit of the headers and one of every eighth byte
// else. It is refused by the name of the file and the offset of the frame, or it
// is in the very last frame, which is cut, or in the zeros that are never read.
func TestFlippedBit(t *testing.T) { eachSample(t, testFlippedBit) }

func testFlippedBit(t *testing.T, disk *simdisk.Disk, state [][]byte) {
	for _, name := range disk.Names() {
		file := disk.Contents(name)
		starts := offsets(file)
		end := starts[len(starts)-1]
		lastSegment := name == segmentName(14)
		for i := range file {
			at, _ := slices.BinarySearch(starts, int64(i)+1)
			start := starts[at-1]
			inHeader := i < headerLength(file) || int64(i) < min(start+16, end)
			for bit := range 8 {
				if !inHeader && (i%8 != 0 || bit != i/8%8) {
					continue
				}
				damaged := copyDisk(disk)
				flipped := slices.Clone(file)
				flipped[i] ^= 1 << bit
				damaged.SetContents(name, flipped)
				s, err := open(damaged, small)
				switch {
				case int64(i) < end && !(lastSegment && start == starts[len(starts)-2]):
					checkCorrupt(t, err, name, start)
				case err != nil:
					t.Fatal(err)
				case int64(i) < end:
					checkState(t, s.state, state[:len(state)-1])
					if got, want := s.TornBytes(), end-start; got != want {
						t.Fatalf("bit %d of byte %d of %s: %d bytes were cut, want %d", bit, i, name, got, want)
					}
				default:
					checkState(t, s.state, state)
				}
			}
		}
	}
}

// TestTruncated cuts each file at every byte.
func TestTruncated(t *testing.T) { eachSample(t, testTruncated) }

func testTruncated(t *testing.T, disk *simdisk.Disk, state [][]byte) {
	for _, name := range disk.Names() {
		file := disk.Contents(name)
		starts := offsets(file)
		for n := range file {
			damaged := copyDisk(disk)
			damaged.SetContents(name, file[:n])
			s, err := open(damaged, small)
			at, _ := slices.BinarySearch(starts, int64(n)+1)
			whole := at - 2 // frames
			switch {
			case n < headerLength(file):
				checkCorrupt(t, err, name, 0)
			case name == segmentName(14):
				if err != nil {
					t.Fatalf("the last segment cut to %d bytes: %v", n, err)
				}
				checkState(t, s.state, state[:13+min(whole, 4)])
				torn := bytes.TrimRight(file[min(starts[at-1], int64(n)):n], "\x00")
				if got, want := s.TornBytes(), int64(len(torn)); got != want {
					t.Fatalf("the last segment cut to %d bytes: %d were torn, want %d", n, got, want)
				}
			case int64(n) < starts[len(starts)-1]:
				checkCorrupt(t, err, name, max(starts[1], starts[at-1]))
			default: // some of the zeros
				if err != nil {
					t.Fatal(err)
				}
				checkState(t, s.state, state)
			}
		}
	}
}

// TestTornFrame leaves every subset of the sectors that an append wrote, at
// several places in a sector, as a power cut might.
func TestTornFrame(t *testing.T) {
	for before := 0; before < 512; before += 19 {
		disk := simdisk.New(nil)
		s := mustOpen(t, disk, journal.Options{})
		s.mustAppend(t, make([]byte, before))
		// A payload that looks like frames as far as it may.
		old := disk.Contents(segmentName(1))[:4096]
		forged := unsalted(3, make([][]byte, 20)...)
		s.mustAppend(t, slices.Concat(old[40:900], forged, make([]byte, 700-len(forged)), []byte("end")))
		written := disk.Contents(segmentName(1))[:4096]
		first, sectors := (40+16+before)/512, 5
		for mask := range 1 << sectors {
			torn := slices.Clone(old)
			for i := range sectors {
				if mask>>i&1 != 0 {
					at := (first + i) * 512
					copy(torn[at:at+512], written[at:])
				}
			}
			damaged := simdisk.New(nil)
			damaged.SetContents(segmentName(1), torn)
			got := mustOpen(t, damaged, small)
			if slices.Equal(torn, written) {
				checkState(t, got.state, s.state)
				continue
			}
			checkState(t, got.state, s.state[:1])
			if (got.TornBytes() > 0) != !slices.Equal(torn, old) {
				t.Fatalf("before %d, sectors %b: %d bytes were torn", before, mask, got.TornBytes())
			}
			got.mustAppend(t, []byte("next"))
			checkState(t, mustOpen(t, damaged, small).state, got.state)
		}
	}
}

// TestDamageBeforeAGoodFrame damages frames of the last segment that are not
// its last, by more than a bit.
func TestDamageBeforeAGoodFrame(t *testing.T) { eachSample(t, testDamageBeforeAGoodFrame) }

func testDamageBeforeAGoodFrame(t *testing.T, disk *simdisk.Disk, _ [][]byte) {
	name := segmentName(14)
	file := disk.Contents(name)
	starts := offsets(file)
	for frame := range 3 {
		start, next := starts[1+frame], starts[2+frame]
		for _, tc := range []struct {
			name string
			from int64
			to   int64
			with byte
		}{
			{"zeros", start, next, 0},
			{"ones", start, next, 0xff},
			{"a long length", start, start + 2, 0xff},
			{"no length", start, start + 4, 0},
			{"the end and the next header", next - 10, next + 16, 0},
		} {
			if frame == 2 && tc.to > next {
				continue // no good frame is left
			}
			t.Run(fmt.Sprintf("%s of frame %d", tc.name, 14+frame), func(t *testing.T) {
				damaged := copyDisk(disk)
				b := slices.Clone(file)
				for i := tc.from; i < tc.to; i++ {
					b[i] = tc.with
				}
				damaged.SetContents(name, b)
				_, err := open(damaged, small)
				checkCorrupt(t, err, name, start)
				if !strings.Contains(err.Error(), "is whole") {
					t.Errorf("%v does not say which frame proves it", err)
				}
			})
		}
	}
}

// TestGoodFrameThatEndsInZeros: not all of what proves the damage before it need
// differ from zeros.
func TestGoodFrameThatEndsInZeros(t *testing.T) {
	for n := range 4 {
		disk := simdisk.New(nil)
		mustOpen(t, disk, small).mustAppend(t, []byte("a"), make([]byte, n))
		file := disk.Contents(segmentName(1))
		file[40+16] ^= 1
		disk.SetContents(segmentName(1), file)
		_, err := open(disk, small)
		checkCorrupt(t, err, segmentName(1), 40)
	}
}

// TestFrameOutOfPlace repeats a frame where the next should stand.
func TestFrameOutOfPlace(t *testing.T) {
	disk, _ := sample(t)
	name := segmentName(14)
	file := disk.Contents(name)
	starts := offsets(file)
	copy(file[starts[4]:], file[starts[3]:starts[4]])
	disk.SetContents(name, file)
	_, err := open(disk, small)
	checkCorrupt(t, err, name, starts[4])
	want := "frame 16 stands where frame 17 should"
	if !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}
