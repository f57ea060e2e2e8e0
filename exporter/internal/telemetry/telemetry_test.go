package telemetry_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"supportexporter/exporter/internal/telemetry"
)

// all uses every metric once.
func all() *telemetry.Metrics {
	m := telemetry.New()
	m.Accepted.Add(3)
	m.Rejected("range").Inc()
	m.Request(200).Inc()
	m.Refused("queue").Inc()
	m.FactIgnored("csat", "conflict").Inc()
	m.LabelOverflow("intent").Inc()
	m.RequestSeconds.Update(0.002)
	for _, gauge := range []string{telemetry.QueueEvents, telemetry.QueueLimit, telemetry.InflightBytes, telemetry.InflightLimit, telemetry.Connections, telemetry.ConnectionsLimit} {
		m.Observe(gauge, func() float64 { return 5 })
	}
	m.ObserveHealth(func() bool { return true })
	return m
}

func TestPrometheusReadsIt(t *testing.T) {
	var b bytes.Buffer
	if err := all().Write(&b); err != nil {
		t.Fatal(err)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(&b)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{
		telemetry.EventsAccepted: 3,
		telemetry.EventsRejected: 1,
		telemetry.QueueEvents:    5,
		telemetry.StoreHealthy:   1,
		telemetry.BuildInfo:      1,
	} {
		f := families[name]
		if len(f.GetMetric()) != 1 {
			t.Errorf("%s has %d series, want 1", name, len(f.GetMetric()))
			continue
		}
		if got := f.Metric[0].GetCounter().GetValue() + f.Metric[0].GetGauge().GetValue(); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if h := families[telemetry.RequestSeconds].GetMetric()[0].GetHistogram(); h.GetSampleCount() != 1 || len(h.GetBucket()) < 5 {
		t.Errorf("%s is %v, want a classic histogram of one value", telemetry.RequestSeconds, h)
	}
	own := 0
	for name, f := range families {
		if strings.HasPrefix(name, "support_exporter_") {
			own++
		}
		if f.GetHelp() == "" {
			t.Errorf("%s has no help", name)
		}
		if counts := strings.HasSuffix(name, "_total"); counts != (f.GetType() == dto.MetricType_COUNTER) {
			t.Errorf("%s is a %v", name, f.GetType())
		}
		if strings.Contains(name, "vmrange") {
			t.Errorf("%s is of a type that Prometheus does not read", name)
		}
	}
	if own < 25 {
		t.Errorf("%d metrics about the exporter, want all of them", own)
	}
	for _, name := range []string{"process_cpu_seconds_total", "process_open_fds", "process_max_fds", "go_goroutines"} {
		if families[name] == nil {
			t.Errorf("no %s", name)
		}
	}
}

func TestWriteGivesTheWritersError(t *testing.T) {
	want := errors.New("gone")
	if err := all().Write(failing{want}); !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
