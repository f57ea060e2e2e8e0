package tally

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// protobuf is the delimited protobuf format: a family's message behind its
// length, its fields in the order of their numbers.
type protobuf struct {
	bounds [numFamilies][]float64
	deltas []byte
}

func newProtobuf(b *Buckets) *protobuf {
	p := &protobuf{}
	p.bounds[famSeconds], p.bounds[famTurns], p.bounds[famCost] = b.Seconds, b.Turns, b.Cost
	return p
}

func (p *protobuf) sized() bool { return true }

func (p *protobuf) head(b []byte, f family, size int) []byte {
	b = append(b, 0)
	at := len(b)
	b = appendString(b, familyName, families[f].name)
	b = appendString(b, familyHelp, families[f].help)
	b = appendVarint(b, familyType, uint64(f.kind()))
	return setLength(b, at, len(b)-at+size)
}

func (p *protobuf) label(b []byte, name, value string) []byte {
	b, at := open(b, metricLabel)
	b = appendString(b, labelName, name)
	b = appendString(b, labelValue, value)
	return shut(b, at)
}

func (p *protobuf) gauge(b []byte, _ family, v float64) []byte {
	b, metric := open(b, familyMetric)
	b, at := open(b, metricGauge)
	b = appendDouble(b, numberValue, v)
	return shut(shut(b, at), metric)
}

func (p *protobuf) counter(b []byte, _ family, labels []byte, created int64, v float64, x *exemplar) []byte {
	b, metric := open(b, familyMetric)
	b = append(b, labels...)
	b, at := open(b, metricCounter)
	b = appendDouble(b, numberValue, v)
	b = appendExemplar(b, counterExemplar, x)
	b = appendTimestamp(b, counterCreated, created)
	return shut(shut(b, at), metric)
}

func (p *protobuf) histogram(b []byte, f family, labels []byte, created int64, h *histogram) []byte {
	bounds := p.bounds[f]
	all, zero := h.counts(bounds)
	classic, natives := h.shapes(bounds)
	b, metric := open(b, familyMetric)
	b = append(b, labels...)
	b, at := open(b, metricHistogram)
	b = appendVarint(b, histogramCount, all)
	b = appendDouble(b, histogramSum, h.sum.Float64())
	b = appendBuckets(b, bounds, classic, h)
	b = appendVarint(b, histogramSchema, protowire.EncodeZigZag(schema))
	b = appendDouble(b, histogramZeroThreshold, zeroThreshold)
	b = appendVarint(b, histogramZeroCount, zero)
	b = p.appendNatives(b, natives)
	b = appendTimestamp(b, histogramCreated, created)
	for k := range h.exemplars {
		b = appendExemplar(b, histogramExemplar, &h.exemplars[k])
	}
	return shut(shut(b, at), metric)
}

// appendBuckets writes the classic buckets: +Inf only if it has an exemplar.
func appendBuckets(b []byte, bounds []float64, classic []uint64, h *histogram) []byte {
	exemplars := h.byBucket(bounds)
	var cumulative uint64
	for i, n := range classic {
		cumulative += n
		var x *exemplar
		for k := range exemplars {
			if exemplars[k] == i {
				x = &h.exemplars[k]
			}
		}
		bound := math.Inf(1)
		if i < len(bounds) {
			bound = bounds[i]
		} else if x == nil {
			break
		}
		b = append(b, histogramBucket<<3|byte(protowire.BytesType), 0)
		at := len(b)
		b = appendVarint(b, bucketCount, cumulative)
		b = appendDouble(b, bucketBound, bound)
		if x != nil {
			b = appendExemplar(b, bucketExemplar, x)
		}
		b = shut(b, at)
	}
	return b
}

// appendNatives writes the native buckets: see spans.
func (p *protobuf) appendNatives(b []byte, natives []uint64) []byte {
	deltas := p.deltas[:0]
	var last, offset, length int64
	next := int64(0)
	for k, bucket := range natives {
		n := native(bucket)
		i := int64(n.index())
		switch gap := i - next; {
		case k > 0 && gap <= maxGap:
			for range gap {
				deltas = appendVarint(deltas, histogramDelta, protowire.EncodeZigZag(-last))
				last = 0
			}
			length += gap
		case k > 0:
			b = appendSpan(b, offset, length)
			fallthrough
		default:
			offset, length = gap, 0
		}
		length++
		deltas = appendVarint(deltas, histogramDelta, protowire.EncodeZigZag(int64(n.count())-last))
		last = int64(n.count())
		next = i + 1
	}
	if length > 0 {
		b = appendSpan(b, offset, length)
	}
	p.deltas = deltas
	return append(b, deltas...)
}

func appendSpan(b []byte, offset, length int64) []byte {
	b, at := open(b, histogramSpan)
	b = appendVarint(b, spanOffset, protowire.EncodeZigZag(offset))
	b = appendVarint(b, spanLength, uint64(length))
	return shut(b, at)
}

func appendExemplar(b []byte, field protowire.Number, x *exemplar) []byte {
	if x == nil || len(x.id) == 0 {
		return b
	}
	b, at := open(b, field)
	b, label := open(b, exemplarLabels)
	b = appendString(b, labelName, exemplarLabel)
	b = appendString(b, labelValue, x.id)
	b = shut(b, label)
	b = appendDouble(b, exemplarValue, x.value)
	b = appendTimestamp(b, exemplarTimestamp, x.at)
	return shut(b, at)
}

// appendTimestamp writes Unix milliseconds. Seconds and nanoseconds are left out
// where they are 0, as in all of proto3.
func appendTimestamp(b []byte, field protowire.Number, ms int64) []byte {
	seconds, nanos := ms/1000, ms%1000*1e6
	if nanos < 0 {
		seconds, nanos = seconds-1, nanos+1e9
	}
	b, at := open(b, field)
	if seconds != 0 {
		b = appendVarint(b, timestampSeconds, uint64(seconds))
	}
	if nanos != 0 {
		b = appendVarint(b, timestampNanos, uint64(nanos))
	}
	return shut(b, at)
}
