package backfill

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"golang.org/x/sync/errgroup"
)

// lookback is Prometheus's default: how long a sample stands for what comes
// after it.
const lookback = 5 * time.Minute

// evaluator records what rules would have recorded.
type evaluator struct {
	engine *promql.Engine
	rules  []*rule
	waves  [][]*rule
	step   int64 // milliseconds
	alone  int   // rules that are evaluated at a time
}

func newEvaluator(rules []*rule, step int64) *evaluator {
	return &evaluator{
		engine: promql.NewEngine(promql.EngineOpts{
			MaxSamples:           math.MaxInt32,
			Timeout:              time.Hour,
			LookbackDelta:        lookback,
			EnableAtModifier:     true,
			EnableNegativeOffset: true,
			Parser:               parser.NewParser(parser.Options{}),
		}),
		rules: rules,
		waves: waves(rules),
		step:  step,
		alone: runtime.GOMAXPROCS(0),
	}
}

// record evaluates all rules at every step of a period, and adds to it what
// they record. progress is told after each wave how many rules are done.
//
// A rule is evaluated for the whole period at once. That is the same as step by
// step, since no rule reads what it or a later one records, which is checked.
func (e *evaluator) record(ctx context.Context, blocks *source, progress func(done, of int)) error {
	done := 0
	for _, wave := range e.waves {
		results := make([][]*series, len(wave))
		work, ctx := errgroup.WithContext(ctx)
		work.SetLimit(e.alone)
		for i, r := range wave {
			work.Go(func() (err error) {
				if results[i], err = e.evaluate(ctx, r, blocks); err == nil {
					err = check(r, e.rules[:done+i+1], results[i])
				}
				if err != nil {
					return fmt.Errorf("rule %s: %w", r, err)
				}
				return nil
			})
		}
		if err := work.Wait(); err != nil {
			return err
		}
		for i, r := range wave {
			if err := blocks.period.addAll(r.name, results[i]); err != nil {
				return fmt.Errorf("rule %s: %w", r, err)
			}
		}
		done += len(wave)
		progress(done, len(e.rules))
	}
	return nil
}

// evaluate gives what a rule records, from the step before the period on:
// whether a series was there then says whether it has ended.
func (e *evaluator) evaluate(ctx context.Context, r *rule, blocks *source) ([]*series, error) {
	p := blocks.period
	q, err := e.engine.NewRangeQuery(ctx, blocks, nil, r.expr,
		time.UnixMilli(p.first-e.step), time.UnixMilli(p.last), time.Duration(e.step)*time.Millisecond)
	if err != nil {
		return nil, err
	}
	defer q.Close()
	matrix, err := q.Exec(ctx).Matrix()
	if err != nil {
		return nil, err
	}
	var all []*series
	for _, s := range r.recorded(matrix) {
		if len(s.Histograms) > 0 {
			return nil, fmt.Errorf("records native histograms, which a backfill has none of: %s", s.Metric)
		}
		out, err := e.compress(s, p)
		if err != nil {
			return nil, err
		}
		if out != nil {
			all = append(all, out)
		}
	}
	return all, nil
}

// check refuses what a rule records if that rule or one before it reads it.
func check(r *rule, until []*rule, recorded []*series) error {
	for _, reader := range until {
		if !reader.readsName(r.name) {
			continue
		}
		for _, s := range recorded {
			if reader.readsSeries(s.labels) {
				return fmt.Errorf("records %s, which %s reads and is evaluated no later", s.labels, reader)
			}
		}
	}
	return nil
}

// recorded gives the series that a result is recorded as. Those that differ by
// name alone, or by a label that the rule sets, become one: an expression may
// give one now and the other at the next step.
func (r *rule) recorded(result promql.Matrix) []promql.Series {
	var all []promql.Series
	at := map[uint64]int{}
	for _, s := range result {
		b := labels.NewBuilder(s.Metric)
		b.Set(model.MetricNameLabel, r.name)
		for name, v := range r.labels {
			b.Set(name, v)
		}
		l := b.Labels()
		i, ok := at[l.Hash()]
		if !ok {
			at[l.Hash()] = len(all)
			s.Metric = l
			all = append(all, s)
			continue
		}
		points := slices.Concat(all[i].Floats, s.Floats)
		slices.SortFunc(points, func(a, b promql.FPoint) int { return cmp.Compare(a.T, b.T) })
		all[i].Floats = points
	}
	return all
}

// compress gives the part of a result that lies in the period, nil if none does.
// Where a series ends there is a staleness marker, as Prometheus has it: without
// one it would seem to go on for another five minutes.
func (e *evaluator) compress(from promql.Series, p *period) (*series, error) {
	s := &series{labels: from.Metric}
	add := func(t int64, v float64) error {
		if t < p.first || t > p.last {
			return nil
		}
		return s.append(t, v)
	}
	points := from.Floats
	for i, point := range points {
		if i > 0 && point.T == points[i-1].T {
			return nil, fmt.Errorf("records %s twice at %s", s.labels, text(point.T))
		}
		if err := add(point.T, point.F); err != nil {
			return nil, err
		}
		if next := point.T + e.step; i+1 == len(points) || points[i+1].T != next {
			if err := add(next, math.Float64frombits(value.StaleNaN)); err != nil {
				return nil, err
			}
		}
	}
	if len(s.chunks) == 0 {
		return nil, nil
	}
	return s, nil
}
