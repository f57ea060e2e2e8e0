package journal_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"testing"

	"supportexporter/exporter/internal/journal"
	"supportexporter/exporter/internal/journal/simdisk"
)

func crc(parts ...[]byte) uint32 {
	return crc32.Checksum(bytes.Join(parts, nil), crc32.MakeTable(crc32.Castagnoli))
}

// header is that of a file with a magic and a number.
func header(magic string, number uint64) []byte {
	b := binary.LittleEndian.AppendUint32([]byte(magic), 1)
	b = binary.LittleEndian.AppendUint64(b, number)
	return binary.LittleEndian.AppendUint32(b, crc(b))
}

// mend makes the checksums of frames right, as far as their lengths lead: a
// fuzzer does not find them.
func mend(frames []byte) []byte {
	frames = bytes.Clone(frames)
	for b := frames; len(b) >= 16; {
		length := int64(binary.LittleEndian.Uint32(b))
		if length > int64(len(b)-16) {
			break
		}
		binary.LittleEndian.PutUint32(b[12:], crc(b[:12], b[16:16+length]))
		b = b[16+length:]
	}
	return frames
}

// wholeFrames gives the payloads of the frames that are numbered from 1 on.
func wholeFrames(frames []byte) (payloads [][]byte) {
	for b := frames; len(b) >= 16; {
		length := int64(binary.LittleEndian.Uint32(b))
		if length > int64(len(b)-16) || binary.LittleEndian.Uint64(b[4:]) != uint64(len(payloads)+1) ||
			binary.LittleEndian.Uint32(b[12:]) != crc(b[:12], b[16:16+length]) {
			break
		}
		payloads = append(payloads, b[16:16+length])
		b = b[16+length:]
	}
	return payloads
}

// FuzzSegment has any bytes behind a segment's header, or in place of it. The
// store is refused, or has exactly the frames that are whole, and goes on.
func FuzzSegment(f *testing.F) {
	disk := simdisk.New(nil)
	s, err := open(disk, small)
	if err != nil {
		f.Fatal(err)
	}
	for _, p := range [][]byte{[]byte("one"), nil, []byte("three")} {
		if err := s.append(p); err != nil {
			f.Fatal(err)
		}
	}
	frames := disk.Contents(segmentName(1))[24:200]
	for _, n := range []int{0, 10, 19, 25, 50, len(frames)} {
		f.Add(true, true, frames[:n])
	}
	f.Add(true, false, append(bytes.Repeat([]byte{1}, 16), frames[19:]...))
	f.Add(false, false, disk.Contents(segmentName(1))[:50])
	f.Fuzz(func(t *testing.T, headed, mended bool, b []byte) {
		if mended {
			b = mend(b)
		}
		if headed {
			b = append(header("sup-log\n", 1), b...)
		}
		disk := simdisk.New(nil)
		disk.SetContents(segmentName(1), b)
		s, err := open(disk, small)
		if err != nil {
			return
		}
		want := wholeFrames(b[24:])
		checkState(t, s.state, want)
		s.mustAppend(t, []byte("next"))
		disk.Crash()
		checkState(t, mustOpen(t, disk, small).state, append(want, []byte("next")))
	})
}

// FuzzCheckpoint has any bytes behind a checkpoint's header. It is refused, or
// its body is what its frames hold.
func FuzzCheckpoint(f *testing.F) {
	disk := simdisk.New(nil)
	s, err := open(disk, small)
	if err == nil {
		err = s.append([]byte("state"))
	}
	if err == nil {
		err = s.checkpoint()
	}
	if err != nil {
		f.Fatal(err)
	}
	frames := disk.Contents(checkpointName(1))[24:]
	for _, n := range []int{0, 10, 25, 41} {
		f.Add(true, frames[:n])
	}
	f.Add(false, append(bytes.Clone(frames), 0))
	f.Fuzz(func(t *testing.T, mended bool, b []byte) {
		if mended {
			b = mend(b)
		}
		disk := simdisk.New(nil)
		disk.SetContents(checkpointName(0), append(header("sup-chk\n", 0), b...))
		disk.SetContents(segmentName(1), header("sup-log\n", 1))
		j, err := journal.Open(disk, small)
		if err != nil {
			return
		}
		var body []byte
		read := func(r io.Reader) (err error) {
			body, err = io.ReadAll(r)
			return err
		}
		if restored, err := j.Restore(read); !restored || err != nil {
			t.Fatalf("a checkpoint that Open took is not restored: %v", err)
		}
		if want := bytes.Join(wholeFrames(b), nil); !bytes.Equal(body, want) {
			t.Fatalf("got %q, want %q", body, want)
		}
	})
}
