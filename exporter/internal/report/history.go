package report

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
)

const (
	startCounter = "ledger_start_timestamp_seconds" // which store:support_counters:sum has beside the counters

	// The counters of every slice at a time. An hour bridges gaps, as in the rules.
	countersExpr = `last_over_time(store:support_counters:sum[1h])`
	startsExpr   = `last_over_time(store:support_counters:sum{counter="` + startCounter + `"}[1h])`
	// The same of the whole system alone.
	wholeExpr = `sum without (intent) (last_over_time(store:support_counters:sum{intent!=""}[1h])) or ` + startsExpr

	firstScrape  = 5 * time.Minute // a store younger than a period by this much counts from 0, as in the rules
	day          = 24 * time.Hour
	week         = 7 * day
	longestTrend = 53 * week
	chunk        = 10_000 * time.Hour // Prometheus gives 11,000 points at most
)

// store is one exporter's store, as the rules know it.
type store struct{ job, instance, id string }

// life is when a store was created, and in which hours Prometheus saw it.
type life struct {
	start time.Time
	seen  []time.Time // in order, each for the hour before it
}

// snapshot is what the counters of every store stood at.
type snapshot map[store]map[slice]counts

// history reads counters at times, each only once.
type history struct {
	prometheus Prometheus
	lives      map[store]life
	read       map[string]snapshot
}

// readHistory finds out which stores there were in and before a period.
func readHistory(ctx context.Context, p Prometheus, period Period) (*history, error) {
	h := &history{prometheus: p, lives: map[store]life{}, read: map[string]snapshot{}}
	first := period.To.Add(-longestTrend)
	if earlier := period.before().From.Add(-day); earlier.Before(first) {
		first = earlier
	}
	for from := first; from.Before(period.To); from = from.Add(chunk) {
		r := v1.Range{Start: from, End: earliest(from.Add(chunk-time.Hour), period.To), Step: time.Hour}
		v, _, _, err := p.QueryRange(ctx, startsExpr, r)
		if err != nil {
			return nil, fmt.Errorf("ask Prometheus which exporters there were: %w", err)
		}
		matrix, ok := v.(model.Matrix)
		if !ok {
			return nil, fmt.Errorf("ask Prometheus which exporters there were: got a %s, want a matrix", v.Type())
		}
		for _, series := range matrix {
			s := storeOf(series.Metric)
			l := h.lives[s]
			for _, v := range series.Values {
				l.start = time.UnixMilli(int64(float64(v.Value) * 1000)).UTC()
				l.seen = append(l.seen, v.Timestamp.Time().UTC())
			}
			h.lives[s] = l
		}
	}
	return h, nil
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func storeOf(m model.Metric) store {
	return store{string(m["job"]), string(m["instance"]), string(m["store"])}
}

// at reads the counters of all stores that were seen in the hour before a time.
func (h *history) at(ctx context.Context, expr string, t time.Time) (snapshot, error) {
	key := t.Format(time.RFC3339Nano) + expr
	if s, ok := h.read[key]; ok {
		return s, nil
	}
	vector, err := query(ctx, h.prometheus, expr, t)
	if err != nil {
		return nil, err
	}
	s := snapshot{}
	for _, sample := range vector {
		m := sample.Metric
		of := storeOf(m)
		if s[of] == nil {
			s[of] = map[slice]counts{}
		}
		if m["counter"] == startCounter {
			continue // that it was seen is all it says here
		}
		slice := sliceOf(m)
		if s[of][slice] == nil {
			s[of][slice] = counts{}
		}
		s[of][slice][counterOf(m)] = float64(sample.Value)
	}
	h.read[key] = s
	return s, nil
}

func sliceOf(m model.Metric) slice {
	for _, label := range []model.LabelName{"intent", "tier", "language"} {
		if v := m[label]; v != "" {
			return slice{string(label), string(v)}
		}
	}
	return slice{}
}

func counterOf(m model.Metric) counter {
	return counter{
		name: string(m["counter"]), outcome: string(m["outcome"]), cause: string(m["cause"]),
		resolved: string(m["resolved"]), score: string(m["score"]), kpi: string(m["kpi"]), le: string(m["le"]),
	}
}

// standing is what a store's counters stood at, at a time. While it was not
// seen, its last counters stand: it was down, or is gone for good. It is nil
// if the store was not seen before.
func (h *history) standing(ctx context.Context, expr string, s store, t time.Time) (c map[slice]counts, at time.Time, err error) {
	snapshot, err := h.at(ctx, expr, t)
	if err != nil || snapshot[s] != nil {
		return snapshot[s], t, err
	}
	seen := h.lives[s].seen
	i, _ := slices.BinarySearchFunc(seen, t, time.Time.Compare)
	if i == 0 {
		return nil, t, nil
	}
	snapshot, err = h.at(ctx, expr, seen[i-1])
	return snapshot[s], seen[i-1], err
}

// count gives what all stores counted in a period, and says of which that is
// not known.
func (h *history) count(ctx context.Context, expr string, p Period) (*counted, error) {
	c := &counted{slices: map[slice]counts{}}
	for _, s := range slices.SortedFunc(maps.Keys(h.lives), compareStores) {
		end, last, err := h.standing(ctx, expr, s, p.To)
		if err != nil {
			return nil, err
		}
		begin, first, err := h.standing(ctx, expr, s, p.From)
		if err != nil {
			return nil, err
		}
		start := h.lives[s].start
		if end == nil || begin != nil && !last.After(p.From) {
			continue // not yet seen, or gone before
		}
		if begin == nil && start.Before(p.From.Add(-firstScrape)) {
			c.notes = append(c.notes, fmt.Sprintf("Exporter %s is left out of %s: it is older (%s), and Prometheus did not record it then.", s.instance, p, moment(start)))
			continue
		}
		c.notes = append(c.notes, p.edges(s.instance, begin != nil, start, first, last)...)
		c.stores++
		c.add(begin, end)
	}
	return c, nil
}

// edges says where a store was not seen at an edge of the period.
func (p Period) edges(instance string, older bool, start, first, last time.Time) []string {
	var notes []string
	switch {
	case !older && start.After(p.From.Add(time.Hour)):
		notes = append(notes, fmt.Sprintf("Exporter %s counts from %s on, within %s.", instance, moment(start), p))
	case older && p.From.Sub(first) > day:
		notes = append(notes, fmt.Sprintf("Exporter %s was not seen from %s to %s: what it counted meanwhile is in the time after.", instance, moment(first), moment(p.From)))
	}
	if p.To.Sub(last) > time.Hour {
		notes = append(notes, fmt.Sprintf("Exporter %s was last seen %s, within %s, and counts until then.", instance, moment(last), p))
	}
	return notes
}

func compareStores(a, b store) int {
	return cmp.Or(strings.Compare(a.job, b.job), strings.Compare(a.instance, b.instance), strings.Compare(a.id, b.id))
}

// add adds end minus begin. The whole system is the sum of its intents, but for
// the buckets, which are counted of it alone. They are added in one order, so
// that the last digit is always the same.
func (c *counted) add(begin, end map[slice]counts) {
	for _, s := range slices.SortedFunc(maps.Keys(end), compareSlices) {
		for k, v := range end[s] {
			v -= begin[s][k]
			c.of(s)[k] += v
			if s.label == "intent" {
				c.of(slice{})[k] += v
			}
		}
	}
}

func compareSlices(a, b slice) int {
	return cmp.Or(strings.Compare(a.label, b.label), strings.Compare(a.value, b.value))
}

func (c *counted) of(s slice) counts {
	if c.slices[s] == nil {
		c.slices[s] = counts{}
	}
	return c.slices[s]
}

// bothPeriods counts a period and the one before it.
func (h *history) bothPeriods(ctx context.Context, now, before Period) (*counted, *counted, error) {
	var both [2]*counted
	for i, p := range []Period{now, before} {
		c, err := h.count(ctx, countersExpr, p)
		if err != nil {
			return nil, nil, err
		}
		if recently := p.To.Add(-week); recently.After(p.From) {
			recent, err := h.count(ctx, wholeExpr, Period{From: recently, To: p.To})
			if err != nil {
				return nil, nil, err
			}
			c.recent = recent.all()
		}
		both[i] = c
	}
	return both[0], both[1], nil
}
