package journal_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"supportexporter/exporter/internal/journal"
	"supportexporter/exporter/internal/journal/simdisk"
)

// TestFormat spells the bytes of a small store out, against the picture in the
// package comment: what is on disk must be readable by every later version.
func TestFormat(t *testing.T) {
	disk := simdisk.New(nil)
	s := mustOpen(t, disk, journal.Options{SegmentBytes: 64})
	s.mustAppend(t, []byte("one"))
	s.mustCheckpoint(t)
	s.mustAppend(t, []byte("second"))
	salt := disk.Contents("00000000000000000002.log")[24:36]
	withSalt := func(hexadecimal string) string {
		b, err := hex.DecodeString(hexadecimal)
		if err != nil {
			t.Fatal(err)
		}
		for i := range b {
			b[i] ^= salt[i]
		}
		return hex.EncodeToString(b)
	}
	checksum := func(hexadecimal string) string {
		b, err := hex.DecodeString(hexadecimal)
		if err != nil {
			t.Fatal(err)
		}
		return hex.EncodeToString(binary.LittleEndian.AppendUint32(nil, crc(b)))
	}
	const (
		magicLog   = "7375702d6c6f670a"
		magicCheck = "7375702d63686b0a"
		second     = "7365636f6e64"
	)
	header := magicLog + "02000000" + "0200000000000000" + "ecc2a232" + hex.EncodeToString(salt)
	frame := "06000000" + withSalt("0200000000000000")
	for name, want := range map[string]string{
		"00000000000000000001.checkpoint": magicCheck + "01000000" + "0100000000000000" + "273b3a2b" +
			"07000000" + "0100000000000000" + "50775bdb" + "000000036f6e65" + // the body
			"00000000" + "0200000000000000" + "134f18b9", // its end
		"00000000000000000002.log": header + checksum(header) +
			frame + withSalt("0000000000000000" + checksum(frame+second))[16:] + second +
			strings.Repeat("00", 64-16-6), // zeros written ahead
	} {
		if got := hex.EncodeToString(disk.Contents(name)); got != want {
			t.Errorf("%s holds\n%s, want\n%s", name, got, want)
		}
	}
	if got := disk.Names(); len(got) != 2 {
		t.Errorf("the folder holds %q", got)
	}
}

// TestEverySegmentHasASaltOfItsOwn: what one file of the log held is no frame of
// another.
func TestEverySegmentHasASaltOfItsOwn(t *testing.T) {
	disk, _ := sample(t)
	seen := map[string]bool{}
	for _, first := range []uint64{6, 10, 14} {
		salt, _ := split(disk.Contents(segmentName(first)))
		seen[string(salt)] = true
	}
	mustOpen(t, disk, small) // which begins another
	salt, _ := split(disk.Contents(segmentName(18)))
	seen[string(salt)] = true
	if len(seen) != 4 {
		t.Errorf("4 segments have %d salts", len(seen))
	}
}

func TestAppendAndReplay(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var all [][]byte
	for _, n := range []int{0, 1, 4096 - 40 - 2*16 - 1, 1, 4096 - 40 - 16, 4096, 0, 100_000, 0, 10} {
		p := make([]byte, n)
		for i := range p {
			p[i] = byte(r.Uint32())
		}
		all = append(all, p)
	}
	disk := simdisk.New(nil)
	s := mustOpen(t, disk, small)
	s.mustAppend(t, all...)
	checkNames(t, disk, 1, 3, 5, 6, 7, 8, 9) // as full as they get
	s = mustOpen(t, disk, small)
	checkState(t, s.state, all)
	if got := s.TornBytes(); got != 0 {
		t.Errorf("%d bytes were torn, want none", got)
	}
	s.mustAppend(t, []byte("more"))
	checkState(t, mustOpen(t, disk, small).state, append(all, []byte("more")))
}

// checkNames compares the segments of a store without a checkpoint.
func checkNames(t *testing.T, disk *simdisk.Disk, firsts ...uint64) {
	t.Helper()
	var want []string
	for _, first := range firsts {
		want = append(want, segmentName(first))
	}
	if got := disk.Names(); !slices.Equal(got, want) {
		t.Errorf("the folder holds %q, want %q", got, want)
	}
}

func TestStartsWithoutAppendsLeaveOneSegment(t *testing.T) {
	disk := simdisk.New(nil)
	for range 3 {
		mustOpen(t, disk, small)
	}
	checkNames(t, disk, 1)
	mustOpen(t, disk, small).mustAppend(t, []byte("a"))
	for range 3 {
		checkState(t, mustOpen(t, disk, small).state, [][]byte{[]byte("a")})
	}
	checkNames(t, disk, 1, 2)
}

func TestPayloadTooLong(t *testing.T) {
	s := mustOpenDir(t, t.TempDir())
	defer s.Close()
	part := make([]byte, journal.MaxPayload/64)
	parts := slices.Repeat([][]byte{part}, 65)
	want := "appending frame 1: its 68157440 bytes are more than 67108864"
	if err := s.Append(parts...); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := s.Err(); err != nil {
		t.Errorf("a payload too long failed the journal: %v", err)
	}
	if testing.Short() {
		return
	}
	if err := s.Append(parts[:64]...); err != nil {
		t.Errorf("the longest payload: %v", err)
	}
}

func TestSizeIsThatOfTheFiles(t *testing.T) {
	disk := simdisk.New(nil)
	s := mustOpen(t, disk, small)
	check := func(when string) {
		t.Helper()
		var wantLog, wantCheckpoint int64
		for _, name := range disk.Names() {
			if strings.HasSuffix(name, ".log") {
				wantLog += int64(len(disk.Contents(name)))
			} else {
				wantCheckpoint += int64(len(disk.Contents(name)))
			}
		}
		if log, checkpoint := s.Size(); log != wantLog || checkpoint != wantCheckpoint {
			t.Errorf("%s: got %d and %d, want %d and %d", when, log, checkpoint, wantLog, wantCheckpoint)
		}
	}
	check("new")
	s.mustAppend(t, payloads(1, 20)...)
	check("after appends")
	s.mustCheckpoint(t)
	check("after a checkpoint")
	s.mustCheckpoint(t)
	check("after another of the same frame")
	failNext(disk, simdisk.Write)
	if err := s.Append([]byte("a")); err == nil {
		t.Fatal("the write did not fail")
	}
	disk.FailWith(nil)
	if err := s.Reopen(); err != nil {
		t.Fatal(err)
	}
	check("after a failed append")
	s.mustAppend(t, payloads(2, 20)...)
	s = mustOpen(t, disk, small)
	check("after a restart")
	s = mustOpen(t, disk, small)
	check("after a restart without appends")
}

func TestClosedJournal(t *testing.T) {
	dir := t.TempDir()
	s := mustOpenDir(t, dir)
	s.mustAppend(t, []byte("a"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	want := "journal failed: it is closed"
	if err := s.Append([]byte("b")); err == nil || err.Error() != want {
		t.Errorf("append: got %v, want %s", err, want)
	}
	if err := s.Reopen(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("reopen: got %v, want that it is closed", err)
	}
}

func TestAppendAllocatesNothing(t *testing.T) {
	fs, err := journal.OS(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, fs, journal.Options{})
	defer s.Close()
	part := bytes.Repeat([]byte("x"), 500)
	allocs := testing.AllocsPerRun(20, func() {
		if err := s.Append(part, part); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("an append makes %v allocations", allocs)
	}
}
