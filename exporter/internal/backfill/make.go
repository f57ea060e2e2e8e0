package backfill

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb"
	"golang.org/x/sync/errgroup"

	"supportexporter/exporter/internal/event"
	"supportexporter/exporter/internal/label"
)

// make makes all blocks: one goroutine fills periods, this one records rules.
func (r *run) make(ctx context.Context) error {
	src, err := r.Open(r.work.Now)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	periods := make(chan *period)
	r.history = &history{
		config: r.Config,
		policy: label.NewPolicy(r.Config.Labels),
		target: labels.FromStrings("job", r.Job, "instance", r.Instance),
		step:   r.Step.Milliseconds(),
		out:    periods,
		skip:   r.isMade,
		done:   func(at int64) float64 { return src.Done(time.UnixMilli(at)) },
	}
	group.Go(func() error {
		defer close(periods)
		return r.fill(ctx, src)
	})
	group.Go(func() error {
		rules, before := newEvaluator(r.rules, r.Step.Milliseconds()), 0.0
		for p := range periods {
			until := time.UnixMilli(p.last).UTC()
			err := r.makeBlock(ctx, rules, p, func(done, of int) {
				r.Progress(before+(p.progress-before)*float64(done)/float64(of), until)
			})
			if err != nil {
				return err
			}
			before = p.progress
			r.Progress(before, until)
		}
		return nil
	})
	return group.Wait()
}

// fill applies all events.
func (r *run) fill(ctx context.Context, src Source) error {
	err := src.Events(func(at time.Time, e *event.Event) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return r.history.apply(ctx, at.UnixMilli(), e)
	})
	if err != nil {
		return err
	}
	end := int64(math.MinInt64)
	if !src.End.IsZero() {
		end = src.End.UnixMilli()
	}
	return r.history.finish(ctx, end, r.work.Now.UnixMilli())
}

// isMade says whether an earlier run has made the period's block.
func (r *run) isMade(from int64) bool {
	id, err := blockID(r.work.key(), from)
	return err == nil && (len(r.work.Blocks) > 0 || r.work.has(id))
}

// makeBlock records the rules over a period, writes its block and makes it one
// that later periods can look back to; where an earlier run has written it,
// only that.
func (r *run) makeBlock(ctx context.Context, rules *evaluator, p *period, progress func(done, of int)) error {
	id, err := blockID(r.work.key(), p.from)
	if err != nil {
		return err
	}
	r.ids = append(r.ids, id)
	if len(r.work.Blocks) > 0 {
		return nil // Prometheus may have them by now
	}
	if !r.work.has(id) {
		r.blocks.period = p
		if err := rules.record(ctx, &r.blocks, progress); err != nil {
			return err
		}
		r.blocks.period = nil
		if err := writeBlock(ctx, r.work.dir, id, p); err != nil {
			return err
		}
	}
	dir := filepath.Join(r.work.dir, id.String())
	b, err := tsdb.OpenBlock(nil, dir, nil, nil)
	if err != nil {
		return fmt.Errorf("opening block %s: %w", dir, err)
	}
	r.blocks.blocks = append(r.blocks.blocks, b)
	meta := b.Meta()
	r.result.Samples += meta.Stats.NumSamples
	r.result.Series = max(r.result.Series, meta.Stats.NumSeries)
	return nil
}

func (r *run) closeBlocks() error {
	var errs []error
	for _, b := range r.blocks.blocks {
		errs = append(errs, b.Close())
	}
	return errors.Join(errs...)
}
