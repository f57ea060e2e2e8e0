package tally

import (
	"encoding/binary"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Numbers of fields in metrics.proto of github.com/prometheus/client_model, as
// far as a series has them.
const (
	familyName   = 1
	familyHelp   = 2
	familyType   = 3
	familyMetric = 4

	metricLabel     = 1
	metricGauge     = 2
	metricCounter   = 3
	metricHistogram = 7

	labelName  = 1
	labelValue = 2

	numberValue     = 1 // of a gauge or a counter
	counterExemplar = 2
	counterCreated  = 3

	histogramCount         = 1
	histogramSum           = 2
	histogramBucket        = 3
	histogramSchema        = 5
	histogramZeroThreshold = 6
	histogramZeroCount     = 7
	histogramSpan          = 12
	histogramDelta         = 13
	histogramCreated       = 15
	histogramExemplar      = 16

	bucketCount    = 1
	bucketBound    = 2
	bucketExemplar = 3

	spanOffset = 1
	spanLength = 2

	exemplarLabels    = 1
	exemplarValue     = 2
	exemplarTimestamp = 3

	timestampSeconds = 1
	timestampNanos   = 2
)

// The fields that are appended by these have numbers below 16: their tags are
// one byte.

func appendVarint(b []byte, field byte, v uint64) []byte {
	b = append(b, field<<3|byte(protowire.VarintType))
	for ; v >= 0x80; v >>= 7 {
		b = append(b, byte(v)|0x80)
	}
	return append(b, byte(v))
}

func appendDouble(b []byte, field byte, v float64) []byte {
	b = append(b, field<<3|byte(protowire.Fixed64Type))
	return binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
}

func appendString[T string | []byte](b []byte, field byte, s T) []byte {
	b = append(b, field<<3|byte(protowire.BytesType))
	b = protowire.AppendVarint(b, uint64(len(s)))
	return append(b, s...)
}

// open begins a message within a message; what is appended then, up to shut, is
// its content.
func open(b []byte, field protowire.Number) (_ []byte, at int) {
	if field < 16 { // all but one
		b = append(b, byte(field)<<3|byte(protowire.BytesType))
	} else {
		b = protowire.AppendTag(b, field, protowire.BytesType)
	}
	b = append(b, 0) // see setLength
	return b, len(b)
}

func shut(b []byte, at int) []byte { return setLength(b, at, len(b)-at) }

// setLength puts n before what was appended from at on. There is one byte of
// room, which is enough for nearly all messages; for others all moves.
func setLength(b []byte, at, n int) []byte {
	if n < 0x80 {
		b[at-1] = byte(n)
		return b
	}
	more := protowire.SizeVarint(uint64(n)) - 1
	end := len(b)
	b = append(b, make([]byte, more)...)
	copy(b[at+more:], b[at:end])
	protowire.AppendVarint(b[:at-1], uint64(n))
	return b
}
