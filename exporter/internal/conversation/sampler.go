package conversation

import (
	dto "github.com/prometheus/client_model/go"

	"supportexporter/exporter/internal/tally"
)

// Sampler makes a tally.Sampler of the state's series. The two gauges that are
// no series of the tally are Open and Start.
func (s *State) Sampler(describe func(name string, labels []*dto.LabelPair)) *tally.Sampler {
	return tally.NewSampler(s.series, describe)
}

// Open gives the number of conversations that are neither closed nor idle.
func (s *State) Open() int { return s.open }

// Start gives when the store was created, in Unix milliseconds.
func (s *State) Start() int64 { return s.start }
