package backfill

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/conversation"
	"supportexporter/exporter/internal/journal"
	"supportexporter/exporter/internal/ledger"
	"supportexporter/exporter/internal/tally"
	"supportexporter/exporter/internal/telemetry"
)

// shown is what an exporter that starts on a store shows in the classic text, as
// Prometheus names the series.
func shown(t *testing.T, dir string, now time.Time) map[string]float64 {
	t.Helper()
	disk, err := journal.OS(dir)
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(disk, ledger.Options{
		Settings: conversation.Configured(config.Default()), Now: func() time.Time { return now },
		Logger: slog.New(slog.DiscardHandler), Metrics: telemetry.New(),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	registry := prometheus.NewRegistry()
	registry.MustRegister(tally.NewCollector(func() (*tally.Snapshot, error) { return l.Snapshot(t.Context()) }))
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := func(suffix string, more ...string) string {
				b := labels.NewBuilder(labels.FromStrings(append(more, "job", "support", "instance", "support")...))
				for _, l := range m.GetLabel() {
					b.Set(l.GetName(), l.GetValue())
				}
				return b.Set(model.MetricNameLabel, f.GetName()+suffix).Labels().String()
			}
			switch {
			case f.GetType() == dto.MetricType_HISTOGRAM:
				h := m.GetHistogram()
				for _, b := range h.GetBucket() {
					all[name("_bucket", "le", labels.FormatOpenMetricsFloat(b.GetUpperBound()))] = float64(b.GetCumulativeCount())
				}
				all[name("_bucket", "le", "+Inf")] = float64(h.GetSampleCount())
				all[name("_sum")], all[name("_count")] = h.GetSampleSum(), float64(h.GetSampleCount())
			default:
				all[name("")] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return all
}

// What an exporter shows that is started on the store is, to the last digit,
// what the history ends with: all series, no more and no fewer.
func TestExporterGoesOnFromTheLastSample(t *testing.T) {
	o := inNewFolders(t, simulated(t, 4, 300, noon))
	r := mustRun(t, o)
	last := map[string]float64{}
	for name, points := range read(t, o.Prometheus, "support_.+") {
		if v, ok := points[r.End.UnixMilli()]; ok {
			last[name] = v
		}
	}
	got := shown(t, o.Storage, r.End)
	if diff := cmp.Diff(last, got); diff != "" {
		t.Errorf("last sample, exporter (-/+):\n%s", diff)
	}
	if len(got) < 200 || !strings.Contains(strings.Join(keys(got), " "), "support_escalations_total") {
		t.Errorf("only %d series", len(got))
	}
}

func keys(m map[string]float64) []string {
	var all []string
	for k := range m {
		all = append(all, k)
	}
	return all
}
