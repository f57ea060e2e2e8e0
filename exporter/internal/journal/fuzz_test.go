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

// header is that of a file with a magic, a version and a number.
func header(magic string, version uint32, number uint64) []byte {
	b := binary.LittleEndian.AppendUint32([]byte(magic), version)
	b = binary.LittleEndian.AppendUint64(b, number)
	b = binary.LittleEndian.AppendUint32(b, crc(b))
	if version == 2 {
		b = append(b, "salt of 12 b"...)
		b = binary.LittleEndian.AppendUint32(b, crc(b))
	}
	return b
}

// split gives a file's salt, which is of zeros if it has none, and its frames.
func split(file []byte) (salt, frames []byte) {
	n := headerLength(file)
	if n == 24 {
		return make([]byte, 12), file[n:]
	}
	return file[24:36], file[n:]
}

// salted gives what a frame's header holds behind the length, its number and its
// checksum, as it stands in the file, or from what stands there.
func salted(number uint64, crc uint32, salt []byte) (uint64, uint32) {
	return number ^ binary.LittleEndian.Uint64(salt), crc ^ binary.LittleEndian.Uint32(salt[8:])
}

// mend makes the checksums of frames right, as far as their lengths lead, and salts
// them: a fuzzer does not find them.
func mend(frames, salt []byte) []byte {
	frames = bytes.Clone(frames)
	for b := frames; len(b) >= 16; {
		length := int64(binary.LittleEndian.Uint32(b))
		if length > int64(len(b)-16) {
			break
		}
		number, _ := salted(binary.LittleEndian.Uint64(b[4:]), 0, salt)
		binary.LittleEndian.PutUint64(b[4:], number)
		_, sum := salted(0, crc(b[:12], b[16:16+length]), salt)
		binary.LittleEndian.PutUint32(b[12:], sum)
		b = b[16+length:]
	}
	return frames
}

// unsalted gives frames with these payloads, numbered from first on, as they stand in
// a file without a salt.
func unsalted(first uint64, payloads ...[]byte) (frames []byte) {
	for i, p := range payloads {
		frames = binary.LittleEndian.AppendUint32(frames, uint32(len(p)))
		frames = binary.LittleEndian.AppendUint64(frames, first+uint64(i))
		frames = append(frames, 0, 0, 0, 0)
		frames = append(frames, p...)
	}
	return mend(frames, make([]byte, 12))
}

// wholeFrames gives the payloads of a file's frames that are numbered from 1 on.
func wholeFrames(file []byte) (payloads [][]byte) {
	salt, frames := split(file)
	for b := frames; len(b) >= 16; {
		length := int64(binary.LittleEndian.Uint32(b))
		number, sum := salted(binary.LittleEndian.Uint64(b[4:]), binary.LittleEndian.Uint32(b[12:]), salt)
		if length > int64(len(b)-16) || number != uint64(len(payloads)+1) || sum != crc(b[:12], b[16:16+length]) {
			break
		}
		payloads = append(payloads, b[16:16+length])
		b = b[16+length:]
	}
	return payloads
}

// FuzzSegment has any bytes behind a segment's header of each version, or in place
// of it. The store is refused, or has exactly the frames that are whole, and goes on.
func FuzzSegment(f *testing.F) {
	frames := append(unsalted(1, []byte("one"), nil, []byte("three")), make([]byte, 100)...)
	for _, n := range []int{0, 10, 19, 25, 50, len(frames)} {
		f.Add(true, true, frames[:n])
	}
	f.Add(true, false, append(bytes.Repeat([]byte{1}, 16), frames[19:]...))
	f.Add(false, false, append(header("sup-log\n", 1, 1), frames...))
	f.Add(false, false, header("sup-log\n", 2, 1))
	f.Fuzz(func(t *testing.T, headed, mended bool, b []byte) {
		if !headed {
			checkSegment(t, b)
			return
		}
		for version := range uint32(2) {
			file := header("sup-log\n", version+1, 1)
			frames := b
			if mended {
				salt, _ := split(file)
				frames = mend(b, salt)
			}
			checkSegment(t, append(file, frames...))
		}
	})
}

func checkSegment(t *testing.T, file []byte) {
	t.Helper()
	disk := simdisk.New(nil)
	disk.SetContents(segmentName(1), file)
	s, err := open(disk, small)
	if err != nil {
		return
	}
	want := wholeFrames(file)
	checkState(t, s.state, want)
	s.mustAppend(t, []byte("next"))
	disk.Crash()
	checkState(t, mustOpen(t, disk, small).state, append(want, []byte("next")))
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
			b = mend(b, make([]byte, 12))
		}
		disk := simdisk.New(nil)
		file := append(header("sup-chk\n", 1, 0), b...)
		disk.SetContents(checkpointName(0), file)
		disk.SetContents(segmentName(1), header("sup-log\n", 2, 1))
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
		if want := bytes.Join(wholeFrames(file), nil); !bytes.Equal(body, want) {
			t.Fatalf("got %q, want %q", body, want)
		}
	})
}
