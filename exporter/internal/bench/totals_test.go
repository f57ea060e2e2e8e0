package bench

import (
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// TestSameTotals has every server count the same events. They have to agree, or
// the benchmarks would compare different work.
func TestSameTotals(t *testing.T) {
	exporter, statsd, collector := buildExporter(t), statsdBinary(t), collectorBinary(t)
	batches, singles := newLoad(20_000, 1000), newLoad(2000, 1)

	want := pushed(t, startRole(t, rolePlain, 0), batches)
	compareTotals(t, "exporter", want, pushed(t, startExporter(t, exporter), batches))
	// The others have histograms and no sums of squares.
	maps.DeleteFunc(want, func(series string, _ float64) bool { return strings.HasPrefix(series, "support_values_") })
	if statsd != "" {
		p := startStatsD(t, statsd)
		if err := batches.stream(p.statsd, 8); err != nil {
			t.Fatal(err)
		}
		p.settle(t)
		compareTotals(t, "statsd", want, scrape(t, p))
	}
	if collector != "" {
		batches.addLogs(1000)
		p := startCollector(t, collector)
		if err := push(p.logs, batches.logs, 8); err != nil {
			t.Fatalf("%v\n%s", err, &p.stderr)
		}
		p.settle(t)
		compareTotals(t, "collector", want, mergeComponents(scrape(t, p)))
	}

	want = pushed(t, startRole(t, rolePlain, 0), singles)
	compareTotals(t, "exporter, one by one", want, pushed(t, startExporter(t, exporter), singles))
}

// totals are the samples of a scrape by name and labels.
type totals map[string]float64

func pushed(t *testing.T, p *process, l *load) totals {
	t.Helper()
	if err := push(p.http, l.requests, 8); err != nil {
		t.Fatalf("%v\n%s", err, &p.stderr)
	}
	return scrape(t, p)
}

func scrape(t *testing.T, p *process) totals {
	t.Helper()
	answer, err := http.Get("http://" + p.http + metricsPath)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	found := totals{}
	for name, f := range families {
		if strings.HasPrefix(name, "support_") {
			for _, m := range f.GetMetric() {
				found.add(name, m)
			}
		}
	}
	return found
}

func (t totals) add(name string, m *dto.Metric) {
	var labels []string
	for _, p := range m.GetLabel() {
		labels = append(labels, fmt.Sprintf("%s=%q", p.GetName(), p.GetValue()))
	}
	slices.Sort(labels)
	series := name + "{" + strings.Join(labels, ",") + "}"
	h := m.GetHistogram()
	if h == nil {
		t[series] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
		return
	}
	t[series+" count"] = float64(h.GetSampleCount())
	t[series+" sum"] = h.GetSampleSum()
	for _, b := range h.GetBucket() {
		t[fmt.Sprintf("%s le=%v", series, b.GetUpperBound())] = float64(b.GetCumulativeCount())
	}
}

// compareTotals checks that got has all of want, and nothing else in the
// families that want has. What one of them has at 0 the other may leave out.
func compareTotals(t *testing.T, name string, want, got totals) {
	t.Helper()
	if len(want) < 1000 {
		t.Fatalf("%s: want some thousand samples, got %d", name, len(want))
	}
	compared := map[string]bool{}
	for series := range want {
		compared[family(series)] = true
	}
	wrong := 0
	check := func(series string) {
		w, g := want[series], got[series]
		if math.Abs(g-w) <= 1e-9*w {
			return
		}
		if wrong++; wrong <= 5 {
			t.Errorf("%s: %s: want %v, got %v", name, series, w, g)
		}
	}
	for series := range want {
		check(series)
	}
	for series := range got {
		if _, checked := want[series]; !checked && compared[family(series)] {
			check(series)
		}
	}
	if wrong > 5 {
		t.Errorf("%s: %d samples of %d are wrong", name, wrong, len(want))
	}
}

func family(series string) string {
	name, _, _ := strings.Cut(series, "{")
	return name
}
