package tally

import (
	"math"
	"slices"
	"sort"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/proto"
)

// Native buckets have schema 3: eight to a doubling, each 9 % wider than the
// one before. Values are clamped to 2⁻²⁰ … 2⁴⁰ (a millionth to a trillion), so
// that no input can make a histogram grow beyond 481 buckets.
const (
	schema        = 3
	zeroThreshold = 1.0 / (1 << 20)
	maxNative     = 40 << schema
	numNatives    = 60<<schema + 1
)

// nativeGrowth is for how many more buckets there is room when one is added and
// there was none. Doubling, as append does, would leave a quarter of all
// memory of histograms unused for ever: the buckets of a series soon are all there.
const nativeGrowth = 4

// nativeBounds are the upper bounds of one doubling's buckets, as fractions in
// [0.5, 1): the table that Prometheus's client library uses for schema 3.
var nativeBounds = [1 << schema]float64{
	0.5, 0.5452538663326288, 0.5946035575013605, 0.6484197773255048,
	0.7071067811865475, 0.7711054127039704, 0.8408964152537144, 0.9170040432046711,
}

// nativeIndex gives the bucket of v, which is above zeroThreshold: bucket i
// holds the values in (2^((i−1)/8), 2^(i/8)].
func nativeIndex(v float64) int16 {
	frac, exp := math.Frexp(v)
	i := sort.SearchFloat64s(nativeBounds[:], frac) + (exp-1)*len(nativeBounds)
	return int16(min(i, maxNative))
}

// native is one non-empty native bucket: its index in the upper 16 bits, its
// count in the lower 48.
type native uint64

const nativeCount = 1<<48 - 1

func (n native) index() int16  { return int16(n >> 48) }
func (n native) count() uint64 { return uint64(n & nativeCount) }

// histogram keeps one series in both shapes, in one piece of memory.
//
// Its buckets are the classic ones, not cumulative and with +Inf last, and then
// the native ones that are not empty, in ascending order of index. Every value
// is in a classic bucket, so that they give the count; those that are in no
// native one are in the native zero bucket: values up to zeroThreshold.
type histogram struct {
	buckets   []uint64
	sum       Sum
	exemplars [2]exemplar
}

func newHistogram(bounds []float64) *histogram {
	return &histogram{buckets: make([]uint64, len(bounds)+1)}
}

func (h *histogram) observe(bounds []float64, v float64) {
	h.buckets[sort.SearchFloat64s(bounds, v)]++
	h.sum.Add(v)
	if v <= zeroThreshold {
		return
	}
	i := nativeIndex(v)
	_, natives := h.shapes(bounds)
	at := sort.Search(len(natives), func(k int) bool { return native(natives[k]).index() >= i })
	if at < len(natives) && native(natives[at]).index() == i {
		natives[at]++
		return
	}
	if len(h.buckets) == cap(h.buckets) {
		h.buckets = append(make([]uint64, 0, len(h.buckets)+nativeGrowth), h.buckets...)
	}
	h.buckets = slices.Insert(h.buckets, len(bounds)+1+at, uint64(uint16(i))<<48|1)
}

// shapes gives the classic and the native buckets.
func (h *histogram) shapes(bounds []float64) (classic, natives []uint64) {
	return h.buckets[:len(bounds)+1], h.buckets[len(bounds)+1:]
}

// counts gives the number of values, and of those in the native zero bucket.
func (h *histogram) counts(bounds []float64) (all, zero uint64) {
	classic, natives := h.shapes(bounds)
	for _, n := range classic {
		all += n
	}
	zero = all
	for _, n := range natives {
		zero -= native(n).count()
	}
	return all, zero
}

// dto gives the histogram in both shapes. bounds are those it was made with.
func (h *histogram) dto(bounds []float64) *dto.Histogram {
	all, zero := h.counts(bounds)
	classic, natives := h.shapes(bounds)
	d := &dto.Histogram{
		SampleCount:   &all,
		SampleSum:     proto.Float64(h.sum.Float64()),
		Schema:        proto.Int32(schema),
		ZeroThreshold: proto.Float64(zeroThreshold),
		ZeroCount:     &zero,
	}
	buckets := make([]dto.Bucket, len(bounds), len(bounds)+1)
	var cumulative uint64
	for i := range buckets {
		cumulative += classic[i]
		buckets[i].CumulativeCount = proto.Uint64(cumulative)
		buckets[i].UpperBound = &bounds[i]
	}
	for i := range h.exemplars {
		x := h.exemplars[i].dto()
		if x == nil {
			continue
		}
		d.Exemplars = append(d.Exemplars, x)
		at := sort.SearchFloat64s(bounds, x.GetValue())
		if at == len(buckets) {
			buckets = append(buckets, dto.Bucket{CumulativeCount: &all, UpperBound: proto.Float64(math.Inf(1))})
		}
		buckets[at].Exemplar = x
	}
	d.Bucket = make([]*dto.Bucket, len(buckets))
	for i := range buckets {
		d.Bucket[i] = &buckets[i]
	}
	spans(d, natives)
	return d
}

// maxGap is how many empty native buckets are written as zeros.
const maxGap = 2

// spans writes the native buckets as runs of neighbours, and their counts as
// differences from one to the next. A gap of up to two empty buckets is filled
// with zeros, which is shorter than a new span.
func spans(d *dto.Histogram, natives []uint64) {
	var last int64 // the count before
	next := int32(0)
	for _, b := range natives {
		n := native(b)
		i := int32(n.index())
		if gap := i - next; len(d.PositiveSpan) == 0 || gap > maxGap {
			d.PositiveSpan = append(d.PositiveSpan, &dto.BucketSpan{Offset: proto.Int32(gap), Length: proto.Uint32(0)})
		} else {
			for range gap {
				d.PositiveDelta = append(d.PositiveDelta, -last)
				last = 0
			}
			*d.PositiveSpan[len(d.PositiveSpan)-1].Length += uint32(gap)
		}
		*d.PositiveSpan[len(d.PositiveSpan)-1].Length++
		d.PositiveDelta = append(d.PositiveDelta, int64(n.count())-last)
		last = int64(n.count())
		next = i + 1
	}
}

// exemplar is a conversation that went into a series. Its id is empty for none.
type exemplar struct {
	id    []byte
	value float64
	at    int64 // Unix milliseconds
}

const exemplarLabel = "conversation_id"

// MaxExemplarID is what OpenMetrics leaves for the id: 128 characters for all
// of an exemplar's labels, less the label's name. A longer id makes no exemplar.
const MaxExemplarID = 128 - len(exemplarLabel)

// set makes x the exemplar of the conversation at hand, in the memory it has.
func (x *exemplar) set(at At, value float64) {
	x.id = append(x.id[:0], at.ID...)
	x.value, x.at = value, at.Now
}

// keep makes the conversation at hand the first of two exemplars. The one
// before it becomes the second if it lies in another classic bucket, so that
// the two do not tell the same story.
func keep(two *[2]exemplar, bounds []float64, at At, value float64) {
	if len(two[0].id) > 0 && sort.SearchFloat64s(bounds, two[0].value) != sort.SearchFloat64s(bounds, value) {
		two[0], two[1] = two[1], two[0]
	}
	two[0].set(at, value)
}
