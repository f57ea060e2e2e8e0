package backfill

import (
	"fmt"
	"slices"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
)

// periodLength is that of the blocks, in milliseconds: 54 hours, a rung of the
// ladder by which Prometheus itself makes large blocks of small ones (2 hours
// times 3, 9, 27). Periods begin at multiples of it.
const periodLength = 54 * 3600 * 1000

// chunkSamples is how many samples Prometheus puts into a chunk.
const chunkSamples = 120

// periodOf gives the beginning of the period that holds the moment t.
func periodOf(t int64) int64 { return floor(t, periodLength) }

// floor gives the last multiple of unit that is not behind t.
func floor(t, unit int64) int64 {
	if r := t % unit; r < 0 {
		return t - r - unit
	}
	return t - t%unit
}

// period is a stretch of history in memory, compressed as it will lie on disk:
// one to two bytes a sample. It has one writer, and readers only while nobody
// writes.
type period struct {
	from        int64 // a multiple of periodLength
	first, last int64 // the steps in it
	series      map[string][]*series
	progress    float64 // how much of the whole history lies before its end, 0 to 1
}

func newPeriod(t int64) *period {
	return &period{from: periodOf(t), first: t, last: t, series: map[string][]*series{}}
}

// add gives a new series, which no other may equal.
func (p *period) add(l labels.Labels) *series {
	s := &series{labels: l}
	name := l.Get(model.MetricNameLabel)
	p.series[name] = append(p.series[name], s)
	return s
}

// addAll adds series of one name, which must differ from those that are there.
func (p *period) addAll(name string, more []*series) error {
	there := map[uint64]bool{}
	for _, s := range p.series[name] {
		there[s.labels.Hash()] = true
	}
	for _, s := range more {
		if there[s.labels.Hash()] {
			return fmt.Errorf("records %s, which is recorded already", s.labels)
		}
	}
	p.series[name] = append(p.series[name], more...)
	return nil
}

// sorted gives all series in the order of a block's index.
func (p *period) sorted() []*series {
	var all []*series
	for _, s := range p.series {
		all = append(all, s...)
	}
	slices.SortFunc(all, compareSeries)
	return all
}

func compareSeries(a, b *series) int { return labels.Compare(a.labels, b.labels) }

// series is the samples that a series has in a period. It implements
// storage.Series.
type series struct {
	labels   labels.Labels
	chunks   []chunks.Meta
	appender chunkenc.Appender // of the last chunk
	room     int               // in the last chunk
}

// append adds a sample, later than all before it.
func (s *series) append(t int64, v float64) error {
	if s.room == 0 {
		c := chunkenc.NewXORChunk()
		app, err := c.Appender()
		if err != nil {
			return err
		}
		s.chunks = append(s.chunks, chunks.Meta{Chunk: c, MinTime: t})
		s.appender, s.room = app, chunkSamples
	}
	s.appender.Append(0, t, v)
	s.room--
	s.chunks[len(s.chunks)-1].MaxTime = t
	return nil
}

// Labels gives the series' labels.
func (s *series) Labels() labels.Labels { return s.labels }

// Iterator goes through the samples.
func (s *series) Iterator(it chunkenc.Iterator) chunkenc.Iterator {
	all := make([]chunkenc.Iterator, len(s.chunks))
	for i, c := range s.chunks {
		all[i] = c.Chunk.Iterator(nil)
	}
	return storage.ChainSampleIteratorFromIterators(it, all)
}

// seriesSet goes through series in the order they have.
type seriesSet struct {
	storage.SeriesSet
	rest []*series
	at   *series
}

// Next moves to the next series.
func (s *seriesSet) Next() bool {
	if len(s.rest) == 0 {
		return false
	}
	s.at, s.rest = s.rest[0], s.rest[1:]
	return true
}

// At gives the series at hand.
func (s *seriesSet) At() storage.Series { return s.at }
