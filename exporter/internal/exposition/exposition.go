// Package exposition answers scrapes of the metrics about conversations.
//
// A scrape is what promhttp would answer with, header by header and byte by
// byte, at a twentieth of the CPU time and without the whole of it in memory: see
// tally.Encoder, which writes nearly all of it. The few metrics that are no
// tally's are gathered from a registry, written by expfmt, and stand between
// the others where their names belong. Who asks for a format that it does not know
// gets the text format: promhttp would make all series at once, in memory.
//
// A scrape is whole or it is an error: one whose series cannot be taken is
// answered with 500, one that cannot be written is cut off, so that nobody takes the
// half of it for all there is.
package exposition

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"supportexporter/exporter/internal/tally"
)

// Source is where the metrics come from.
type Source struct {
	Snapshot func(context.Context) (*tally.Snapshot, error)
	Others   prometheus.Gatherer // of metrics that are no tally's
}

// Metrics are all metrics at one moment.
type Metrics struct {
	snapshot *tally.Snapshot
	others   map[string]*dto.MetricFamily
	names    []string // of both, sorted
}

// Take takes the metrics as they are now.
func (s *Source) Take(ctx context.Context) (*Metrics, error) {
	snapshot, err := s.Snapshot(ctx)
	if err != nil {
		return nil, fmt.Errorf("taking the series: %w", err)
	}
	families, err := s.Others.Gather()
	if err != nil {
		return nil, err
	}
	m := &Metrics{snapshot: snapshot, others: map[string]*dto.MetricFamily{}}
	for _, f := range families {
		m.others[f.GetName()] = f
	}
	m.names = slices.AppendSeq(tally.FamilyNames(), maps.Keys(m.others))
	slices.Sort(m.names)
	return m, nil
}

// Write writes the metrics in a format that tally.Encodes knows: all, or those that
// are named.
func (m *Metrics) Write(w io.Writer, f expfmt.Format, named ...string) error {
	e := tally.NewEncoder(w, m.snapshot, f)
	others := expfmt.NewEncoder(e, f)
	for _, name := range m.names {
		if len(named) > 0 && !slices.Contains(named, name) {
			continue
		}
		if family := m.others[name]; family == nil {
			e.Family(name)
		} else if err := others.Encode(family); err != nil {
			return fmt.Errorf("writing %s: %w", name, err)
		}
	}
	if c, ok := others.(expfmt.Closer); ok { // OpenMetrics has an end
		if err := c.Close(); err != nil {
			return err
		}
	}
	return e.Flush()
}
