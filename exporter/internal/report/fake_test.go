package report

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// end is when the periods of these tests end.
var end = time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)

// fakeStore is an exporter's store that Prometheus saw.
type fakeStore struct {
	instance string
	start    time.Time
	seen     func(time.Time) bool                        // nil: always, from the start on
	counters func(age time.Duration) map[slice]counts    // at an age, without the whole
	whole    func(age time.Duration) map[counter]float64 // of the buckets
}

// fake is a Prometheus that knows the answers to what a report asks.
type fake struct {
	stores    []fakeStore
	targets   map[string]float64 // by series
	extra     map[string]float64 // experiments, by series
	exemplars map[string][]v1.ExemplarQueryResult
	fail      string // part of a query that fails
	asked     []string
}

var errFake = errors.New("out of order")

func (f *fake) Query(_ context.Context, query string, ts time.Time, _ ...v1.Option) (model.Value, v1.Warnings, v1.Infos, error) {
	f.asked = append(f.asked, query)
	if f.fail != "" && strings.Contains(query, f.fail) {
		return nil, nil, nil, errFake
	}
	switch {
	case query == countersExpr:
		return f.counters(ts, false), nil, nil, nil
	case query == wholeExpr:
		return f.counters(ts, true), nil, nil, nil
	case strings.Contains(query, "support:experiment:"):
		return selected(query, f.extra)
	}
	return selected(query, f.targets)
}

// selected are the series that a query reads.
func selected(query string, series map[string]float64) (model.Value, v1.Warnings, v1.Infos, error) {
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(query)
	if err != nil {
		return nil, nil, nil, err
	}
	read := parser.ExtractSelectors(expr)
	return slices.DeleteFunc(vectorOf(series), func(s *model.Sample) bool {
		return !slices.ContainsFunc(read, func(selector []*labels.Matcher) bool {
			return !slices.ContainsFunc(selector, func(m *labels.Matcher) bool { return !m.Matches(string(s.Metric[model.LabelName(m.Name)])) })
		})
	}), nil, nil, nil
}

func (f *fake) QueryRange(_ context.Context, query string, r v1.Range, _ ...v1.Option) (model.Value, v1.Warnings, v1.Infos, error) {
	if f.fail != "" && strings.Contains("range "+query, f.fail) {
		return nil, nil, nil, errFake
	}
	if points := r.End.Sub(r.Start) / r.Step; points >= 11_000 {
		return nil, nil, nil, fmt.Errorf("exceeded maximum resolution of 11,000 points per timeseries: %d", points)
	}
	var m model.Matrix
	for _, s := range f.stores {
		stream := &model.SampleStream{Metric: s.metric()}
		for t := r.Start; !t.After(r.End); t = t.Add(r.Step) {
			if s.last(t) != nil {
				stream.Values = append(stream.Values, model.SamplePair{Timestamp: model.TimeFromUnix(t.Unix()), Value: model.SampleValue(s.start.Unix())})
			}
		}
		if len(stream.Values) > 0 {
			m = append(m, stream)
		}
	}
	return m, nil, nil, nil
}

func (f *fake) QueryExemplars(_ context.Context, query string, _, _ time.Time) ([]v1.ExemplarQueryResult, error) {
	if f.fail == "exemplars" {
		return nil, errFake
	}
	name, _, _ := strings.Cut(query, "{")
	return f.exemplars[name], nil
}

func (s *fakeStore) metric() model.Metric {
	return model.Metric{"job": "support", "instance": model.LabelValue(s.instance), "store": model.LabelValue(s.start.String())}
}

// last is the last minute of the hour before t in which the store was seen.
func (s *fakeStore) last(t time.Time) *time.Time {
	for m := t; m.After(t.Add(-time.Hour)); m = m.Add(-time.Minute) {
		if !m.Before(s.start) && (s.seen == nil || s.seen(m)) {
			return &m
		}
	}
	return nil
}

// counters are those of all stores, as store:support_counters:sum has them; or
// without the intents.
func (f *fake) counters(t time.Time, whole bool) model.Vector {
	var v model.Vector
	for _, s := range f.stores {
		at := s.last(t)
		if at == nil {
			continue
		}
		add := func(value float64, labels map[string]string) {
			m := s.metric()
			for name, label := range labels {
				if label != "" {
					m[model.LabelName(name)] = model.LabelValue(label)
				}
			}
			v = append(v, &model.Sample{Metric: m, Value: model.SampleValue(value)})
		}
		add(float64(s.start.Unix()), map[string]string{"counter": startCounter})
		all := counts{}
		counters := s.counters(at.Sub(s.start))
		for _, of := range slices.SortedFunc(maps.Keys(counters), compareSlices) {
			for k, value := range counters[of] {
				if of.label == "intent" {
					all[k] += value
				}
				if !whole {
					add(value, labelsOf(k, of))
				}
			}
		}
		if whole {
			for k, value := range all {
				add(value, labelsOf(k, slice{}))
			}
		} else if s.whole != nil {
			for k, value := range s.whole(at.Sub(s.start)) {
				add(value, labelsOf(k, slice{}))
			}
		}
	}
	return v
}

func labelsOf(k counter, of slice) map[string]string {
	labels := map[string]string{
		"counter": k.name, "outcome": k.outcome, "cause": k.cause, "resolved": k.resolved, "score": k.score, "kpi": k.kpi, "le": k.le,
	}
	if of.label != "" {
		labels[of.label] = of.value
	}
	return labels
}

// vectorOf reads series written as name label=value label=value.
func vectorOf(series map[string]float64) model.Vector {
	var v model.Vector
	for name, value := range series {
		parts := strings.Fields(name)
		m := model.Metric{"__name__": model.LabelValue(parts[0])}
		for _, p := range parts[1:] {
			label, text, _ := strings.Cut(p, "=")
			m[model.LabelName(label)] = model.LabelValue(text)
		}
		v = append(v, &model.Sample{Metric: m, Value: model.SampleValue(value)})
	}
	return v
}

// numbered makes counters of what a team of agents does: per hour, from an age on.
func (c counts) happen(hours float64, of func(string) float64) {
	for _, outcome := range outcomes() {
		c[counter{name: "conversations", outcome: outcome}] += float64(int(hours * of(outcome)))
	}
	resolved, all := float64(int(hours*of("resolved"))), 0.0
	for _, outcome := range outcomes() {
		all += float64(int(hours * of(outcome)))
	}
	c[counter{name: "resolutions", resolved: "true"}] += resolved
	c[counter{name: "resolutions", resolved: "false"}] += float64(int(hours * of("unresolved")))
	c[counter{name: "resolutions_confirmed"}] += float64(int(resolved / 3))
	c[counter{name: "csat_surveys"}] += all
	for score := 1; score <= 5; score++ {
		c[counter{name: "csat_responses", score: strconv.Itoa(score)}] += float64(int(hours * of("score"+strconv.Itoa(score))))
	}
	for kpi, n := range map[string]float64{"resolution_seconds": resolved, "turns": all, "cost_usd": all} {
		mean := of(kpi)
		c[counter{name: "values", kpi: kpi}] += n
		c[counter{name: "values_sum", kpi: kpi}] += n * mean
		c[counter{name: "values_squares", kpi: kpi}] += n * mean * mean * 1.25
	}
	c[counter{name: "cost_usd"}] += all * of("cost_usd")
}

// golden compares with a file in testdata, or writes it if UPDATE_GOLDEN is set.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func written(t *testing.T, r *Report, format string) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.Write(&b, format); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
