package bundle

import (
	"cmp"
	"context"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/conversation"
	"supportexporter/exporter/internal/experiment"
	"supportexporter/exporter/internal/tally"
)

// world is what one Prometheus scrapes, from start on, every lawStep.
type world struct {
	start     int64 // Unix milliseconds
	exporters []exporter
}

// exporter is one store and the events that come to it, in the order of time.
type exporter struct {
	instance string
	events   []happened
}

// The scrapes are so far apart that no sample is taken for another's: an
// instant selector looks back five minutes.
const (
	lawStep  = 15 * time.Minute
	lawSteps = 16
	lawIdle  = 40 * time.Minute
)

// database is the samples of all series, by name. What is recorded is added.
type database map[string][]sampled

type sampled struct {
	labels labels.Labels
	points []promql.FPoint
}

// results are series by their names and labels. Times are milliseconds since the
// world's start.
type results map[string]sampled

// recorded gives what the shipped rules record of a world, but for what they
// record of single stores.
func (w world) recorded(t *testing.T) results {
	t.Helper()
	db := database{}
	for _, e := range w.exporters {
		e.scrape(t, w.start, db)
	}
	out := results{}
	engine := promql.NewEngine(promql.EngineOpts{
		MaxSamples: math.MaxInt32, Timeout: time.Minute, LookbackDelta: 5 * time.Minute, EnableAtModifier: true,
		EnableNegativeOffset: true, Parser: parser.NewParser(parser.Options{}),
	})
	for _, r := range lawRules(t) {
		for _, s := range db.evaluate(t, engine, r, w.start) {
			if strings.HasPrefix(r.Record, "store:") {
				continue
			}
			points := slices.Clone(s.points)
			for i := range points {
				points[i].T -= w.start
			}
			out[s.labels.String()] = sampled{s.labels, points}
		}
	}
	return out
}

// lawRules are all shipped rules, each behind those that it reads.
func lawRules(t *testing.T) (rules []recordingRule) {
	t.Helper()
	order := []string{
		"support_targets.yml", "support_history.yml", "support_kpis.yml", "support_baselines.yml", "support_hours.yml", "support_experiments.yml",
	}
	if len(order) != len(ruleFiles(t)) {
		t.Fatalf("there are %d rule files, want those of %v", len(ruleFiles(t)), order)
	}
	for _, name := range order {
		rules = append(rules, readRules(t, filepath.Base(name))...)
	}
	return rules
}

// evaluate adds what a rule records at every step, and gives it. A later rule
// reads the whole of it, which is right since none reads a later one.
func (db database) evaluate(t *testing.T, engine *promql.Engine, r recordingRule, start int64) []sampled {
	t.Helper()
	from, to := time.UnixMilli(start), time.UnixMilli(start).Add(lawSteps*lawStep)
	q, err := engine.NewRangeQuery(context.Background(), db.queryable(), nil, r.Expr, from, to, lawStep)
	if err != nil {
		t.Fatalf("%s: %v", r.Record, err)
	}
	defer q.Close()
	matrix, err := q.Exec(context.Background()).Matrix()
	if err != nil {
		t.Fatalf("%s: %v", r.Record, err)
	}
	var all []sampled
	for _, s := range matrix {
		b := labels.NewBuilder(s.Metric).Set(model.MetricNameLabel, r.Record)
		for name, v := range r.Labels {
			b.Set(name, v)
		}
		l := b.Labels()
		i := slices.IndexFunc(all, func(s sampled) bool { return labels.Equal(s.labels, l) })
		if i < 0 {
			i = len(all)
			all = append(all, sampled{labels: l})
		}
		all[i].points = append(all[i].points, s.Floats...) // now of one operand of an "or", now of the other
	}
	for _, s := range all {
		slices.SortFunc(s.points, func(a, b promql.FPoint) int { return cmp.Compare(a.T, b.T) })
	}
	db[r.Record] = append(db[r.Record], all...)
	return all
}

// queryable gives the engine what it asks for.
func (db database) queryable() storage.Queryable {
	return &storage.MockQueryable{MockQuerier: &storage.MockQuerier{
		SelectMockFunction: func(_ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
			var all []storage.Series
			for name, series := range db {
				if slices.ContainsFunc(matchers, func(m *labels.Matcher) bool { return m.Name == model.MetricNameLabel && !m.Matches(name) }) {
					continue
				}
				for _, s := range series {
					if !slices.ContainsFunc(matchers, func(m *labels.Matcher) bool { return !m.Matches(s.labels.Get(m.Name)) }) {
						all = append(all, &storage.SeriesEntry{Lset: s.labels, SampleIteratorFn: s.iterator})
					}
				}
			}
			slices.SortFunc(all, func(a, b storage.Series) int { return labels.Compare(a.Labels(), b.Labels()) })
			return &found{SeriesSet: storage.EmptySeriesSet(), rest: all}
		},
	}}
}

// found goes through series.
type found struct {
	storage.SeriesSet
	rest []storage.Series
	at   storage.Series
}

func (f *found) Next() bool {
	if len(f.rest) == 0 {
		return false
	}
	f.at, f.rest = f.rest[0], f.rest[1:]
	return true
}

func (f *found) At() storage.Series { return f.at }

func (s sampled) iterator(it chunkenc.Iterator) chunkenc.Iterator {
	c := chunkenc.NewXORChunk()
	app, err := c.Appender()
	if err != nil {
		panic(err) // a new chunk has always room
	}
	for _, p := range s.points {
		app.Append(0, p.T, p.F)
	}
	return c.Iterator(it)
}

// scrape counts an exporter's events as it would, and adds what Prometheus sees.
func (e exporter) scrape(t *testing.T, start int64, db database) {
	t.Helper()
	state := conversation.New(make([]byte, conversation.SecretBytes), start, lawSettings())
	declared := experiment.NewDeclared()
	declared.Declare(lawSettings().Experiments)
	registry := prometheus.NewRegistry()
	registry.MustRegister(declared, tally.NewCollector(func() (*tally.Snapshot, error) { return state.Snapshot(), nil }))
	at := map[string]int{} // in its name's series
	next := 0
	for step := range lawSteps + 1 {
		now := start + int64(step)*lawStep.Milliseconds()
		for ; next < len(e.events) && start+e.events[next].at <= now; next++ {
			state.Advance(start + e.events[next].at)
			state.Apply(&e.events[next].Event)
		}
		state.Advance(now)
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		vector, err := expfmt.ExtractSamples(&expfmt.DecodeOptions{Timestamp: model.Time(now)}, families...)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range vector {
			name, key := string(s.Metric[model.MetricNameLabel]), s.Metric.String()
			if _, ok := at[key]; !ok {
				at[key] = len(db[name])
				b := labels.NewBuilder(labels.FromStrings("job", "support", "instance", e.instance))
				for name, v := range s.Metric {
					b.Set(string(name), string(v))
				}
				db[name] = append(db[name], sampled{labels: b.Labels()})
			}
			points := &db[name][at[key]].points
			*points = append(*points, promql.FPoint{T: now, F: float64(s.Value)})
		}
	}
}

func lawSettings() conversation.Settings {
	c := config.Default()
	c.IdleTimeout = lawIdle
	c.Experiments = []config.Experiment{{
		Name: "greeting", Control: "short", Primary: config.CSAT, Guardrails: []config.KPI{config.CostUSD, config.EscalationRate},
		Variants: []config.Variant{{Name: "short", Weight: 2}, {Name: "warm", Weight: 1}, {Name: "witty", Weight: 1}},
		Alpha:    0.05, MinLiftRatio: 0.05, GuardrailToleranceRatio: 0.05, PlannedConversations: 200,
	}}
	return conversation.Configured(c)
}
