package backfill

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
)

// samples are those of a data folder, by series and Unix milliseconds; without
// staleness markers.
type samples map[string]map[int64]float64

// read reads the series whose name matches.
func read(t testing.TB, dir, name string) samples {
	t.Helper()
	folders, err := filepath.Glob(filepath.Join(dir, "*", "meta.json"))
	if err != nil {
		t.Fatal(err)
	}
	all := samples{}
	for _, f := range folders {
		b, err := tsdb.OpenBlock(nil, filepath.Dir(f), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		readBlock(t, b, name, all)
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func readBlock(t testing.TB, b *tsdb.Block, name string, into samples) {
	t.Helper()
	q, err := tsdb.NewBlockQuerier(b, math.MinInt64, math.MaxInt64)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	set := q.Select(context.Background(), true, &storage.SelectHints{Start: math.MinInt64, End: math.MaxInt64},
		labels.MustNewMatcher(labels.MatchRegexp, model.MetricNameLabel, name))
	for set.Next() {
		name := set.At().Labels().String()
		if into[name] == nil {
			into[name] = map[int64]float64{}
		}
		it := set.At().Iterator(nil)
		for it.Next() == chunkenc.ValFloat {
			at, v := it.At()
			if _, ok := into[name][at]; ok {
				t.Errorf("%s has two samples at %s", name, text(at))
			}
			if at < b.Meta().MinTime || at >= b.Meta().MaxTime {
				t.Errorf("%s has a sample at %s, out of its block", name, text(at))
			}
			if !value.IsStaleNaN(v) {
				into[name][at] = v
			}
		}
		if err := it.Err(); err != nil {
			t.Fatal(err)
		}
	}
	if err := set.Err(); err != nil {
		t.Fatal(err)
	}
}

// at adds up what the series of a name have at a time; their labels are
// any of those that contain all parts.
func (s samples) at(at time.Time, name string, parts ...string) (sum float64, series int) {
	for l, points := range s {
		if !strings.HasPrefix(l, fmt.Sprintf("{__name__=%q", name)) || slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(l, p) }) {
			continue
		}
		if v, ok := points[at.UnixMilli()]; ok {
			sum += v
			series++
		}
	}
	return sum, series
}
