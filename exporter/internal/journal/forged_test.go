package journal_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"supportexporter/exporter/internal/journal"
	"supportexporter/exporter/internal/journal/simdisk"
)

// Payloads are what clients send, and clients may know the format.

// tear leaves of a file what a power cut may: the sector is missing in which the
// frame begins that was written last, from some byte of its header on.
func tear(file []byte, frame int) []byte {
	torn := slices.Clone(file)
	clear(torn[frame+5 : 512])
	return torn
}

// denormals is a payload of n bytes in which a frame seems to begin every 12 bytes,
// with a number that may follow frame 2 and half of the payload behind it.
func denormals(n int) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(n/2))
	return bytes.Repeat(binary.LittleEndian.AppendUint64(b, 3), n/12)
}

// TestForgedFrameInTornPayload: a payload that holds a frame proves nothing about
// the frame it is in.
func TestForgedFrameInTornPayload(t *testing.T) {
	disk := simdisk.New(nil)
	s := mustOpen(t, disk, journal.Options{})
	s.mustAppend(t, []byte("first"), append(make([]byte, 600), unsalted(7, nil)...))
	file := tear(disk.Contents(segmentName(1)), 40+16+5)
	disk.SetContents(segmentName(1), file)
	again := mustOpen(t, disk, small)
	checkState(t, again.state, s.state[:1])
	if got := again.TornBytes(); got == 0 {
		t.Error("nothing was torn")
	}
}

// TestPayloadFullOfFrameNumbers: nor does one keep a start from ending.
func TestPayloadFullOfFrameNumbers(t *testing.T) {
	disk := simdisk.New(nil)
	s := mustOpen(t, disk, journal.Options{})
	s.mustAppend(t, []byte("first"), denormals(4<<20))
	disk.SetContents(segmentName(1), tear(disk.Contents(segmentName(1)), 40+16+5))
	checkState(t, mustOpen(t, disk, small).state, s.state[:1])
}

// TestForgedFramesOfVersion1: where there is no salt a forged frame is taken for
// one, and a start that would look for one for hours is refused as well. Nothing
// that may have been synced is cut.
func TestForgedFramesOfVersion1(t *testing.T) {
	for _, tc := range []struct {
		name    string
		payload []byte
		want    string
	}{
		{"a frame", append(make([]byte, 600), unsalted(7, nil)...),
			"frame 2 is damaged: its checksum is wrong, but frame 7 at offset 661 is whole"},
		{"many numbers", denormals(1 << 20),
			"frame 2 is damaged: its checksum is wrong, and so much behind it looks like frames that not all of it is checked"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			file := append(header("sup-log\n", 1, 1), unsalted(1, []byte("first"), tc.payload)...)
			disk := simdisk.New(nil)
			disk.SetContents(segmentName(1), tear(file, 24+16+5))
			_, err := open(disk, small)
			checkCorrupt(t, err, segmentName(1), 24+16+5)
			checkError(t, err, tc.want)
		})
	}
}
