package report

import (
	"math"
	"slices"
	"strconv"

	"github.com/prometheus/prometheus/promql"
)

// slice is whose conversations are counted: those of one label's value, or all
// if it is empty.
type slice struct{ label, value string }

// counter is one counter of a slice, by the labels of store:support_counters:sum.
type counter struct{ name, outcome, cause, resolved, score, kpi, le string }

// counts are what the counters of a slice counted in a time.
type counts map[counter]float64

// sum adds up the counters that a function picks.
func (c counts) sum(pick func(counter) bool) float64 {
	sum := 0.0
	for k, v := range c {
		if pick(k) {
			sum += v
		}
	}
	return sum
}

func (c counts) named(name string) float64 {
	return c.sum(func(k counter) bool { return k.name == name })
}

// outcomes are all there are.
func outcomes() []string { return []string{"resolved", "unresolved", "escalated", "abandoned"} }

// net is how many conversations ended in an outcome and stayed there.
func (c counts) net(outcome string) float64 {
	return c[counter{name: "conversations", outcome: outcome}] - c.reversed(outcome)
}

func (c counts) reversed(outcome string, causes ...string) float64 {
	return c.sum(func(k counter) bool {
		return k.name == "conversations_reversed" && k.outcome == outcome && (len(causes) == 0 || slices.Contains(causes, k.cause))
	})
}

// conversations are all net outcomes. An outcome that was counted in one period
// and reversed in the next can make one negative: then no rate can be made of
// them, and ok is false.
func (c counts) conversations() (total float64, ok bool) {
	ok = true
	for _, outcome := range outcomes() {
		n := c.net(outcome)
		total += n
		ok = ok && n >= 0
	}
	return total, ok && total > 0
}

// scores gives the number of ratings, their sum and that of their squares, of
// ratings from low to high.
func (c counts) scores(low, high int) (n, sum, squares float64) {
	for score := low; score <= high; score++ {
		k := c[counter{name: "csat_responses", score: strconv.Itoa(score)}]
		n += k
		sum += k * float64(score)
		squares += k * float64(score*score)
	}
	return n, sum, squares
}

// quantile is that of resolution_seconds, of resolved conversations, as
// histogram_quantile works it out.
func (c counts) quantile(q float64) *float64 {
	var buckets promql.Buckets
	for k, v := range c {
		if k.name != "conversation_resolution_seconds_bucket" {
			continue
		}
		bound, err := strconv.ParseFloat(k.le, 64)
		if err == nil {
			buckets = append(buckets, promql.Bucket{UpperBound: bound, Count: v})
		}
	}
	if len(buckets) == 0 {
		return nil
	}
	v, _, _, _, _, _ := promql.BucketQuantile(q, buckets)
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// counted is what happened in a period.
type counted struct {
	slices map[slice]counts
	recent counts // all conversations in its last seven days; nil in a shorter period
	stores int    // how many exporters' counts are known
	notes  []string
}

// all are the counts of the whole system.
func (c *counted) all() counts { return c.slices[slice{}] }

// values are those of a label, sorted.
func (c *counted) values(label string) []string {
	var values []string
	for s := range c.slices {
		if s.label == label && label != "" {
			values = append(values, s.value)
		}
	}
	slices.Sort(values)
	return values
}
