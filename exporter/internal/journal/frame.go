package journal

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// MaxPayload is the length of the longest payload, in bytes.
const MaxPayload = 64 << 20

const (
	version         = 1
	fileHeader      = 24 // bytes before a file's first frame
	frameHeader     = 16 // bytes before a frame's payload
	segmentMagic    = "sup-log\n"
	checkpointMagic = "sup-chk\n"
)

// CorruptError says that a file of the store does not hold what was written to
// it.
type CorruptError struct {
	File   string
	Offset int64 // in bytes, of the header or frame that is damaged
	Reason string
}

// Error gives all three.
func (e *CorruptError) Error() string {
	return fmt.Sprintf("%s is corrupt at offset %d: %s", e.File, e.Offset, e.Reason)
}

// makeHeader gives the header of a file with this magic and number.
func makeHeader(magic string, number uint64) []byte {
	b := make([]byte, 0, fileHeader)
	b = append(b, magic...)
	b = binary.LittleEndian.AppendUint32(b, version)
	b = binary.LittleEndian.AppendUint64(b, number)
	return binary.LittleEndian.AppendUint32(b, checksum(b, nil))
}

// checkHeader says whether b is the header of a file with this magic and
// number, which is that of the file's name.
func checkHeader(b []byte, name, magic string, number uint64) error {
	corrupt := func(format string, args ...any) error {
		return &CorruptError{File: name, Reason: fmt.Sprintf(format, args...)}
	}
	if got := string(b[:8]); got != magic {
		return corrupt("it begins with %q and not with %q", got, magic)
	}
	if binary.LittleEndian.Uint32(b[20:]) != checksum(b[:20], nil) {
		return corrupt("the header's checksum is wrong")
	}
	if got := binary.LittleEndian.Uint32(b[8:]); got != version {
		return fmt.Errorf("%s has format version %d, this program reads version %d", name, got, version)
	}
	if got := binary.LittleEndian.Uint64(b[12:]); got != number {
		return corrupt("its header has number %d", got)
	}
	return nil
}

// sealFrame fills in the header of a frame whose payload stands behind it.
func sealFrame(frame []byte, number uint64) {
	binary.LittleEndian.PutUint32(frame, uint32(len(frame)-frameHeader))
	binary.LittleEndian.PutUint64(frame[4:], number)
	binary.LittleEndian.PutUint32(frame[12:], checksum(frame[:12], frame[frameHeader:]))
}

// parseFrame reads the frame at the start of b; ok is false if there is none.
func parseFrame(b []byte) (number uint64, payload []byte, ok bool) {
	if len(b) < frameHeader {
		return 0, nil, false
	}
	length := int64(binary.LittleEndian.Uint32(b))
	if length > int64(len(b)-frameHeader) {
		return 0, nil, false
	}
	payload = b[frameHeader : frameHeader+length]
	if binary.LittleEndian.Uint32(b[12:]) != checksum(b[:12], payload) {
		return 0, nil, false
	}
	return binary.LittleEndian.Uint64(b[4:]), payload, true
}

// checksum is the CRC-32C of a and b, one behind the other.
func checksum(a, b []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli) // made once, by the library
	return crc32.Update(crc32.Update(0, table, a), table, b)
}
