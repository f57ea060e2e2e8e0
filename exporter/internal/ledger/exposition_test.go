package ledger_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"google.golang.org/protobuf/proto"

	"supportexporter/exporter/internal/ledger"
	"supportexporter/exporter/internal/tally"
)

// shot is a scrape.
func shot(t *testing.T, l *ledger.Ledger) *tally.Snapshot {
	t.Helper()
	s, err := l.Snapshot(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// everything is all that a scrape shows, as bytes that can be compared.
func everything(s *tally.Snapshot) string { return encode(s, func(*dto.Metric) {}) }

// values is everything but what says when: created timestamps, exemplars and the
// store's start. They move with a push that has to be sent again.
func values(s *tally.Snapshot) string {
	timeless := *s
	timeless.Start = 0
	return encode(&timeless, func(m *dto.Metric) {
		if c := m.Counter; c != nil {
			c.CreatedTimestamp, c.Exemplar = nil, nil
		}
		if h := m.Histogram; h != nil {
			h.CreatedTimestamp, h.Exemplars = nil, nil
			for _, b := range h.Bucket {
				b.Exemplar = nil
			}
		}
	})
}

func encode(s *tally.Snapshot, strip func(*dto.Metric)) string {
	metrics := make(chan prometheus.Metric, 256)
	go func() {
		defer close(metrics)
		collector(s).Collect(metrics)
	}()
	var out []byte
	for m := range metrics {
		var d dto.Metric
		err := m.Write(&d)
		strip(&d)
		if err == nil {
			out = binary.AppendUvarint(out, uint64(proto.Size(&d)))
			out, err = proto.MarshalOptions{Deterministic: true}.MarshalAppend(out, &d)
		}
		if err != nil {
			panic(err) // of a metric that was just made
		}
	}
	return string(out)
}

func collector(s *tally.Snapshot) prometheus.Collector {
	return tally.NewCollector(func() (*tally.Snapshot, error) { return s, nil })
}

// diff shows what differs, or that it is a time or an exemplar.
func diff(want, got *tally.Snapshot) string {
	if d := cmp.Diff(lines(want), lines(got)); d != "" {
		return d
	}
	return "only a created timestamp, an exemplar or a native bucket differs"
}

func lines(s *tally.Snapshot) []string {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collector(s))
	families, err := registry.Gather()
	if err != nil {
		return []string{err.Error()}
	}
	var out bytes.Buffer
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&out, f); err != nil {
			return []string{err.Error()}
		}
	}
	return strings.Split(out.String(), "\n")
}
