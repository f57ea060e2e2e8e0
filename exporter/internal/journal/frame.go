package journal

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// MaxPayload is the length of the longest payload, in bytes.
const MaxPayload = 64 << 20

const (
	segmentVersion    = 2 // of new files; older ones are read
	checkpointVersion = 1
	fileHeader        = 24                         // bytes before a file's first frame, or its salt
	saltedHeader      = fileHeader + saltBytes + 4 // bytes before a file's first frame if it has a salt
	saltBytes         = 12
	frameHeader       = 16 // bytes before a frame's payload
	segmentMagic      = "sup-log\n"
	checkpointMagic   = "sup-chk\n"
)

// salt is what the number and the checksum of a file's frames are XORed with, so
// that nobody who does not know it can write what looks like one of its frames. It
// is 0 in files that have none.
type salt struct {
	number uint64
	crc    uint32
}

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

// makeHeader gives what the headers of all files begin with.
func makeHeader(magic string, version uint32, number uint64) []byte {
	b := make([]byte, 0, saltedHeader)
	b = append(b, magic...)
	b = binary.LittleEndian.AppendUint32(b, version)
	b = binary.LittleEndian.AppendUint64(b, number)
	return binary.LittleEndian.AppendUint32(b, checksum(b, nil))
}

// makeSegmentHeader gives the header of a segment, with a salt that no other has.
func makeSegmentHeader(first uint64) ([]byte, salt) {
	b := makeHeader(segmentMagic, segmentVersion, first)
	b = b[:fileHeader+saltBytes]
	_, _ = rand.Read(b[fileHeader:]) // never fails
	b = binary.LittleEndian.AppendUint32(b, checksum(b, nil))
	return b, saltOf(b)
}

// saltOf gives the salt of a header that has one.
func saltOf(header []byte) salt {
	b := header[fileHeader:]
	return salt{number: binary.LittleEndian.Uint64(b), crc: binary.LittleEndian.Uint32(b[8:])}
}

// checkHeader says whether b begins with the header, up to any salt, of a file with
// this magic and number, which is that of the file's name, and gives its version.
func checkHeader(b []byte, name, magic string, newest uint32, number uint64) (version uint32, err error) {
	corrupt := func(format string, args ...any) error {
		return &CorruptError{File: name, Reason: fmt.Sprintf(format, args...)}
	}
	if got := string(b[:8]); got != magic {
		return 0, corrupt("it begins with %q and not with %q", got, magic)
	}
	if binary.LittleEndian.Uint32(b[20:]) != checksum(b[:20], nil) {
		return 0, corrupt("the header's checksum is wrong")
	}
	version = binary.LittleEndian.Uint32(b[8:])
	if version < 1 || version > newest {
		return 0, fmt.Errorf("%s has format version %d, this program reads versions up to %d", name, version, newest)
	}
	if got := binary.LittleEndian.Uint64(b[12:]); got != number {
		return 0, corrupt("its header has number %d", got)
	}
	return version, nil
}

// checkSalt gives the salt of a header that must have one.
func checkSalt(b []byte, name string) (salt, error) {
	if len(b) < saltedHeader {
		return salt{}, &CorruptError{File: name, Reason: fmt.Sprintf("its %d bytes are too few for a header", len(b))}
	}
	const end = fileHeader + saltBytes
	if binary.LittleEndian.Uint32(b[end:]) != checksum(b[:end], nil) {
		return salt{}, &CorruptError{File: name, Reason: "the checksum of its header's salt is wrong"}
	}
	return saltOf(b), nil
}

// sealFrame fills in the header of a frame whose payload stands behind it.
func sealFrame(frame []byte, number uint64, s salt) {
	binary.LittleEndian.PutUint32(frame, uint32(len(frame)-frameHeader))
	binary.LittleEndian.PutUint64(frame[4:], number^s.number)
	binary.LittleEndian.PutUint32(frame[12:], checksum(frame[:12], frame[frameHeader:])^s.crc)
}

// frameNumber reads a frame's number, whether there is such a frame or not.
func frameNumber(b []byte, s salt) uint64 { return binary.LittleEndian.Uint64(b[4:]) ^ s.number }

// parseFrame reads the frame at the start of b; ok is false if there is none.
func parseFrame(b []byte, s salt) (number uint64, payload []byte, ok bool) {
	if len(b) < frameHeader {
		return 0, nil, false
	}
	length := int64(binary.LittleEndian.Uint32(b))
	if length > int64(len(b)-frameHeader) {
		return 0, nil, false
	}
	payload = b[frameHeader : frameHeader+length]
	if binary.LittleEndian.Uint32(b[12:])^s.crc != checksum(b[:12], payload) {
		return 0, nil, false
	}
	return frameNumber(b, s), payload, true
}

// checksum is the CRC-32C of a and b, one behind the other.
func checksum(a, b []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli) // made once, by the library
	return crc32.Update(crc32.Update(0, table, a), table, b)
}
