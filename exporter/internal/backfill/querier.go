package backfill

import (
	"context"
	"errors"
	"slices"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/util/annotations"
)

// source is what rules read: the blocks written so far, and the period at hand.
// It implements storage.Queryable. Several queries may run at a time, while
// nobody adds to the period.
type source struct {
	blocks []*tsdb.Block // in the order of time
	period *period
}

// Querier gives a querier for one query.
func (s *source) Querier(_, _ int64) (storage.Querier, error) {
	return &querier{source: s}, nil
}

// querier implements storage.Querier.
type querier struct {
	source *source
	open   []storage.Querier
}

// Select looks only into blocks that the selector needs: one with an offset of
// 28 days does not read the 27 days between.
func (q *querier) Select(ctx context.Context, _ bool, hints *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	var sets []storage.SeriesSet
	for _, b := range q.source.blocks {
		if meta := b.Meta(); meta.MinTime > hints.End || meta.MaxTime <= hints.Start {
			continue
		}
		in, err := tsdb.NewBlockQuerier(b, hints.Start, hints.End)
		if err != nil {
			return storage.ErrSeriesSet(err)
		}
		q.open = append(q.open, in)
		sets = append(sets, in.Select(ctx, true, hints, matchers...))
	}
	if p := q.source.period; p != nil && p.first <= hints.End && p.last >= hints.Start {
		sets = append(sets, p.find(matchers))
	}
	return storage.NewMergeSeriesSet(sets, 0, storage.ChainedSeriesMerge)
}

// find gives the series that match, sorted.
func (p *period) find(matchers []*labels.Matcher) storage.SeriesSet {
	var found []*series
	for name, all := range p.series {
		if !matchesName(matchers, name) {
			continue
		}
		for _, s := range all {
			if matches(matchers, s.labels) {
				found = append(found, s)
			}
		}
	}
	slices.SortFunc(found, compareSeries)
	return &seriesSet{SeriesSet: storage.EmptySeriesSet(), rest: found}
}

// matchesName says whether a series of this name may match.
func matchesName(matchers []*labels.Matcher, name string) bool {
	for _, m := range matchers {
		if m.Name == model.MetricNameLabel && !m.Matches(name) {
			return false
		}
	}
	return true
}

func matches(matchers []*labels.Matcher, l labels.Labels) bool {
	for _, m := range matchers {
		if !m.Matches(l.Get(m.Name)) {
			return false
		}
	}
	return true
}

// LabelValues is not asked for by queries.
func (q *querier) LabelValues(context.Context, string, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, errors.ErrUnsupported
}

// LabelNames is not asked for by queries.
func (q *querier) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, errors.ErrUnsupported
}

// Close ends the query.
func (q *querier) Close() error {
	var errs []error
	for _, in := range q.open {
		errs = append(errs, in.Close())
	}
	return errors.Join(errs...)
}
