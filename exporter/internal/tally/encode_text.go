package tally

import (
	"bytes"
	"math"
	"sort"
	"strconv"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
)

// text is the classic text format, or OpenMetrics, which differs in this: a
// number always has a point or an exponent, except counts of values, which are
// integers; the family of a counter has no _total; and there are exemplars.
type text struct {
	openMetrics bool
	bounds      [numFamilies]textBounds
	prefix      []byte // of the lines of a histogram's buckets
}

// textBounds are a histogram's bounds, as numbers and as the end of a bucket's
// labels: `0.5"} `, with +Inf last.
type textBounds struct {
	bounds []float64
	ends   [][]byte
}

func newText(b *Buckets, openMetrics bool) *text {
	t := &text{openMetrics: openMetrics}
	for f, bounds := range map[family][]float64{famSeconds: b.Seconds, famTurns: b.Turns, famCost: b.Cost} {
		at := &t.bounds[f]
		at.bounds = bounds
		for _, v := range bounds {
			at.ends = append(at.ends, append(t.number(nil, v), `"} `...))
		}
		at.ends = append(at.ends, []byte(`+Inf"} `))
	}
	return t
}

func (t *text) sized() bool { return false }

func (t *text) head(b []byte, f family, _ int) []byte {
	name, kind := families[f].name, "counter"
	switch f.kind() {
	case dto.MetricType_HISTOGRAM:
		kind = "histogram"
	case dto.MetricType_GAUGE:
		kind = "gauge"
	default:
		if t.openMetrics {
			name = strings.TrimSuffix(name, "_total")
		}
	}
	b = append(append(b, "# HELP "...), name...)
	b = append(b, ' ')
	b = appendEscaped(b, families[f].help, t.openMetrics)
	b = append(append(b, "\n# TYPE "...), name...)
	b = append(append(b, ' '), kind...)
	return append(b, '\n')
}

// label writes a label with a comma before it, which line makes a brace if it
// is the first.
func (t *text) label(b []byte, name, value string) []byte {
	b = append(append(b, ','), name...)
	b = append(b, `="`...)
	return append(appendEscaped(b, value, true), '"')
}

// line writes the name and the labels of a sample.
func (t *text) line(b []byte, name, suffix string, labels []byte) []byte {
	b = append(append(b, name...), suffix...)
	if len(labels) == 0 {
		return append(b, ' ')
	}
	b = append(append(b, '{'), labels[1:]...)
	return append(b, '}', ' ')
}

func (t *text) gauge(b []byte, f family, v float64) []byte {
	b = t.line(b, families[f].name, "", nil)
	return append(t.number(b, v), '\n')
}

func (t *text) counter(b []byte, f family, labels []byte, _ int64, v float64, x *exemplar) []byte {
	b = t.line(b, families[f].name, "", labels)
	b = t.number(b, v)
	return append(t.exemplar(b, x), '\n')
}

func (t *text) histogram(b []byte, f family, labels []byte, _ int64, h *histogram) []byte {
	name, at := families[f].name, &t.bounds[f]
	t.prefix = append(append(t.prefix[:0], name...), "_bucket{"...)
	t.prefix = append(append(t.prefix, labels[1:]...), `,le="`...)
	classic, _ := h.shapes(at.bounds)
	exemplars := h.byBucket(at.bounds)
	var all uint64
	for i, n := range classic {
		all += n
		b = append(append(b, t.prefix...), at.ends[i]...)
		b = t.count(b, all)
		for k := range exemplars {
			if exemplars[k] == i {
				b = t.exemplar(b, &h.exemplars[k])
			}
		}
		b = append(b, '\n')
	}
	b = t.line(b, name, "_sum", labels)
	b = append(t.number(b, h.sum.Float64()), '\n')
	b = t.line(b, name, "_count", labels)
	return append(t.count(b, all), '\n')
}

func (t *text) exemplar(b []byte, x *exemplar) []byte {
	if !t.openMetrics || x == nil || len(x.id) == 0 {
		return b
	}
	b = append(b, ` # {`+exemplarLabel+`="`...)
	b = appendEscaped(b, x.id, true)
	b = append(b, `"} `...)
	b = append(t.number(b, x.value), ' ')
	return t.number(b, float64(time.UnixMilli(x.at).UnixNano())/1e9)
}

// count writes how many values there are.
func (t *text) count(b []byte, n uint64) []byte {
	if t.openMetrics || n < shortest {
		return strconv.AppendUint(b, n, 10)
	}
	return strconv.AppendFloat(b, float64(n), 'g', -1, 64)
}

// shortest is from where on a whole number has an exponent.
const shortest = 1e6

// number writes a finite number.
func (t *text) number(b []byte, v float64) []byte {
	if v >= 0 && v < shortest && v == math.Trunc(v) {
		b = strconv.AppendUint(b, uint64(v), 10)
		if t.openMetrics {
			b = append(b, ".0"...)
		}
		return b
	}
	before := len(b)
	b = strconv.AppendFloat(b, v, 'g', -1, 64)
	if t.openMetrics && !bytes.ContainsAny(b[before:], "e.") {
		b = append(b, ".0"...)
	}
	return b
}

// appendEscaped writes a label's value or, without escaped quotes, a help text.
func appendEscaped[T string | []byte](b []byte, s T, quotes bool) []byte {
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\n':
			b = append(b, '\\', 'n')
		case c == '\\' || c == '"' && quotes:
			b = append(b, '\\', c)
		default:
			b = append(b, c)
		}
	}
	return b
}

// byBucket gives the classic bucket that each exemplar is in: −1 for one that is
// not there, or whose bucket the other has.
func (h *histogram) byBucket(bounds []float64) [2]int {
	at := [2]int{-1, -1}
	for k := range h.exemplars {
		if len(h.exemplars[k].id) > 0 {
			at[k] = sort.SearchFloat64s(bounds, h.exemplars[k].value)
		}
	}
	if at[0] == at[1] {
		at[0] = -1
	}
	return at
}
