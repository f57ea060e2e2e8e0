package backfill

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/fileutil"
)

// writeText writes all samples as OpenMetrics, series by series, for promtool
// tsdb create-blocks-from openmetrics. The file gets its name when it is whole.
//
// Metrics have no type, so that each series is a metric of its own. Staleness
// markers have no place in the format.
func writeText(ctx context.Context, path string, blocks *source) (err error) {
	f, err := os.Create(path + tempSuffix)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	err = writeAll(ctx, w, blocks)
	if err == nil {
		_, err = w.WriteString("# EOF\n")
	}
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return fileutil.Replace(path+tempSuffix, path)
}

func writeAll(ctx context.Context, w *bufio.Writer, blocks *source) (err error) {
	q, err := blocks.Querier(math.MinInt64, math.MaxInt64)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, q.Close()) }()
	all := labels.MustNewMatcher(labels.MatchNotEqual, model.MetricNameLabel, "")
	set := q.Select(ctx, true, &storage.SelectHints{Start: math.MinInt64, End: math.MaxInt64}, all)
	var it chunkenc.Iterator
	var line []byte
	for set.Next() {
		s := set.At()
		head := string(appendSeries(nil, s.Labels()))
		it = s.Iterator(it)
		for it.Next() == chunkenc.ValFloat {
			t, v := it.At()
			if value.IsStaleNaN(v) {
				continue
			}
			line = append(line[:0], head...)
			line = append(line, ' ')
			line = strconv.AppendFloat(line, v, 'g', -1, 64)
			line = append(line, ' ')
			line = strconv.AppendFloat(line, float64(t)/1000, 'f', -1, 64)
			line = append(line, '\n')
			if _, err := w.Write(line); err != nil {
				return err
			}
		}
		if err := errors.Join(it.Err(), ctx.Err()); err != nil {
			return err
		}
	}
	return set.Err()
}

// appendSeries writes a series' name and labels. Go's quotes are OpenMetrics's
// here: label values have no control characters.
func appendSeries(b []byte, l labels.Labels) []byte {
	b = append(b, l.Get(model.MetricNameLabel)...)
	separator := byte('{')
	l.Range(func(l labels.Label) {
		if l.Name == model.MetricNameLabel {
			return
		}
		b = append(b, separator)
		b = append(append(b, l.Name...), '=', '"')
		for _, c := range []byte(l.Value) {
			if c == '"' || c == '\\' {
				b = append(b, '\\')
			}
			b = append(b, c)
		}
		b = append(b, '"')
		separator = ','
	})
	if separator == ',' {
		b = append(b, '}')
	}
	return b
}
