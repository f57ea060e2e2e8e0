package bundle

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/tsdb"

	"supportexporter/exporter/internal/telemetry"

	"supportexporter/exporter/internal/program"
)

// The dashboards are asked on everything that a Prometheus with the shipped
// rules has, spread over two months.

// withRules starts a Prometheus with the shipped rules, which has made of a
// population's history, and of an experiment, what there is to make.
func withRules(tb testing.TB, p *population) *promServer {
	tb.Helper()
	dir := tb.TempDir()
	l := &lines{dir: dir}
	p.history(tb, l, time.Now(), 30*time.Second, 2*time.Minute, 10*time.Minute)
	l.blocks(tb, filepath.Join(dir, "data"))
	x := &exposition{}
	p.expose(x, len(windows), "", "")
	x.greeting()
	s := startPrometheus(tb, dir, x.served(tb), time.Second)
	program.Eventually(tb, "all is published", s.publishes)
	program.Eventually(tb, "the experiment is judged", s.judges(4))
	return s
}

// recordedNow gives the exporter's series and what the rules make of them, so
// that names and labels are those that there are.
func recordedNow(tb testing.TB, p *population) []promSample {
	tb.Helper()
	s := withRules(tb, p)
	defer s.stop(tb)
	series, _, err := s.query(`{__name__=~"support_.+|(support|slice|intent|tier|language):.+"}`)
	if err != nil {
		tb.Fatal(err)
	}
	return series
}

// later gives what takes longer to be recorded than a test has, and what is
// only there while something is wrong.
func later() []promSample {
	var out []promSample
	add := func(value float64, pairs ...string) {
		s := promSample{map[string]string{}, value}
		for i := 0; i < len(pairs); i += 2 {
			s.labels[pairs[i]] = pairs[i+1]
		}
		out = append(out, s)
	}
	for _, kpi := range []string{"resolution_rate", "escalation_rate", "csat", "resolution_seconds", "turns", "cost_usd"} {
		for hour := range 24 {
			add(0.5, "__name__", "hour:support_kpi:value", "kpi", kpi, "hour", fmt.Sprintf("%02d", hour))
		}
		for week := 1; week <= 4; week++ {
			add(0.6, "__name__", "support:weeks_ago:value", "kpi", kpi, "window", "1h", "weeks", fmt.Sprint(week))
		}
	}
	for severity, kpi := range map[string]string{"critical": "cost_usd", "warning": "turns"} {
		add(0.3, "__name__", "support:kpi:regression_ratio", "kpi", kpi, "window", "1d", "baseline", "static", "severity", severity)
		add(0.3, "__name__", "intent:support_kpi:regression_ratio", "kpi", kpi, "window", "1d", "baseline", "rolling", "severity", severity, "intent", "intent-03")
		add(1, "__name__", "ALERTS", "alertname", "SupportKPIRegression", "alertstate", "firing", "kpi", kpi, "window", "1d", "baseline", "static", "severity", severity)
	}
	add(0.2, "__name__", "support:kpi:improvement_ratio", "kpi", "csat", "window", "1d", "baseline", "static")
	add(0.3, "__name__", "support:threshold:min_value", "kpi", "csat_response_rate")
	add(1, "__name__", "ALERTS", "alertname", "SupportKPIImproved", "alertstate", "firing", "kpi", "csat", "window", "1d", "baseline", "static", "severity", "info")
	add(120, "__name__", "support_conversations_open", "job", "support", "instance", "support")
	add(1, "__name__", "up", "job", "support_exporter", "instance", "support")
	return out
}

// ofTheExporter gives its own metrics, each at least once.
func ofTheExporter(tb testing.TB) []promSample {
	tb.Helper()
	m := telemetry.New()
	m.Accepted.Add(9000)
	m.Duplicates.Add(90)
	m.Rejected("range").Add(9)
	m.Request(200).Inc()
	m.Refused("queue").Inc()
	m.FactIgnored("csat", "conflict").Inc()
	m.LabelOverflow("intent").Inc()
	for _, v := range []float64{0.0002, 0.002, 0.02, 0.2} {
		m.RequestSeconds.Update(v)
		m.CommitSeconds.Update(v)
		m.EventDelay.Update(v * 1000)
		m.CommitEvents.Update(v * 1000)
		m.CheckpointSeconds.Update(v)
	}
	m.SeriesLimit.Set(100_000)
	m.Series.Set(4000)
	for _, gauge := range []string{telemetry.QueueEvents, telemetry.QueueLimit, telemetry.InflightBytes, telemetry.InflightLimit, telemetry.Connections, telemetry.ConnectionsLimit} {
		m.Observe(gauge, func() float64 { return 5 })
	}
	m.ObserveHealth(func() bool { return true })
	var text bytes.Buffer
	if err := m.Write(&text); err != nil {
		tb.Fatal(err)
	}
	textParser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := textParser.TextToMetricFamilies(&text)
	if err != nil {
		tb.Fatal(err)
	}
	var out []promSample
	for _, f := range families {
		vector, err := expfmt.ExtractSamples(&expfmt.DecodeOptions{}, f)
		if err != nil {
			tb.Fatal(err)
		}
		for _, v := range vector {
			s := promSample{map[string]string{"job": "support_exporter", "instance": "support"}, float64(v.Value)}
			for name, value := range v.Metric {
				s.labels[string(name)] = string(value)
			}
			out = append(out, s)
		}
	}
	return out
}

// readBy leaves of series those that some selector reads.
func readBy(selectors []*parser.VectorSelector, series []promSample) []promSample {
	return slices.DeleteFunc(series, func(s promSample) bool {
		return !slices.ContainsFunc(selectors, func(v *parser.VectorSelector) bool {
			return !slices.ContainsFunc(v.LabelMatchers, func(m *labels.Matcher) bool { return !m.Matches(s.labels[m.Name]) })
		})
	})
}

// The history's density: as scraped and recorded where a dashboard looks
// closely, and on the hour before.
const (
	wholeEvery = time.Minute
	slicesOf   = 5 * time.Minute
	scraped    = 15 * time.Second
	closely    = 8 * 24 * time.Hour // of the whole system's series
	lastDay    = 25 * time.Hour     // of series that there are many of
	asScraped  = 7 * time.Hour
	twoMonths  = 62 * 24 * time.Hour
)

// keptSeries is a series of the history.
type keptSeries struct {
	labels  labels.Labels
	value   float64 // in the end
	every   time.Duration
	counter bool
	fixed   bool
}

func keep(s promSample) keptSeries {
	name := s.labels["__name__"]
	k := keptSeries{labels: labels.FromMap(s.labels), value: s.value, every: slicesOf, fixed: strings.Contains(name, "start_timestamp_seconds")}
	for _, suffix := range []string{"_total", "_bucket", "_sum", "_count"} {
		k.counter = k.counter || strings.HasSuffix(name, suffix)
	}
	switch {
	case strings.HasPrefix(s.labels["job"], "support"):
		k.every = scraped
	case strings.HasPrefix(name, "support:") || name == "ALERTS":
		k.every = wholeEvery
	}
	return k
}

// at gives the value at a time that is age before the end, if there is one
// then. Counters grow to their values, stores were created when they were, and
// the others swing around their values by the day.
func (k keptSeries) at(t time.Time, age time.Duration) (value float64, ok bool) {
	every := k.every
	if every == scraped && age > asScraped {
		every = slicesOf
	}
	if every == slicesOf && age > lastDay {
		every = time.Hour
	}
	if t.Unix()%int64(every.Seconds()) != 0 {
		return 0, false
	}
	if k.fixed {
		return k.value, true
	}
	if k.counter {
		return k.value * (1 - 0.9*age.Hours()/twoMonths.Hours()), true
	}
	return k.value * (1 + 0.05*math.Sin(2*math.Pi*float64(t.Unix())/86400)), true
}

// pause is how long after a time the next sample of any series comes.
func pause(age time.Duration) time.Duration {
	switch {
	case age > closely:
		return time.Hour
	case age > asScraped:
		return wholeEvery
	default:
		return scraped
	}
}

// spread writes two months of series that end at a full hour, and tells how
// many samples that is.
func spread(tb testing.TB, data string, end time.Time, series []promSample) int {
	tb.Helper()
	w, err := tsdb.NewBlockWriter(slog.New(slog.DiscardHandler), data, 2*twoMonths.Milliseconds())
	if err != nil {
		tb.Fatal(err)
	}
	var all []keptSeries
	for _, s := range series {
		all = append(all, keep(s))
	}
	samples := 0
	for age := twoMonths; age >= 0; age -= pause(age) {
		t := end.Add(-age)
		app := w.Appender(context.Background())
		for _, k := range all {
			value, ok := k.at(t, age)
			if !ok {
				continue
			}
			if _, err := app.Append(0, k.labels, t.UnixMilli(), value); err != nil {
				tb.Fatal(err)
			}
			samples++
		}
		if err := app.Commit(); err != nil {
			tb.Fatal(err)
		}
	}
	if _, err := w.Flush(context.Background()); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return samples
}
