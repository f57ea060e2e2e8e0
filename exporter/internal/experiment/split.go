package experiment

import (
	"fmt"
	"slices"
	"time"

	"supportexporter/exporter/client"
	"supportexporter/exporter/internal/config"
)

// Split is a declared experiment's split of the traffic. It is safe for
// concurrent use.
type Split struct {
	declared   config.Experiment
	assignment *client.Assignment
}

// NewSplit makes the split of a valid declaration.
func NewSplit(x config.Experiment) (*Split, error) {
	weights := make(map[string]float64, len(x.Variants))
	for _, v := range x.Variants {
		weights[v.Name] = v.Weight
	}
	a, err := client.NewAssignment(x.Name, x.Salt, weights)
	if err != nil {
		return nil, err
	}
	return &Split{declared: x, assignment: a}, nil
}

// Splits are the splits of declared experiments, by name.
type Splits map[string]*Split

// NewSplits makes the splits of valid declarations.
func NewSplits(declared []config.Experiment) (Splits, error) {
	all := make(Splits, len(declared))
	for _, x := range declared {
		s, err := NewSplit(x)
		if err != nil {
			return nil, fmt.Errorf("experiments: %w", err)
		}
		all[x.Name] = s
	}
	return all, nil
}

// Variant gives the variant that a conversation gets now: the control before
// the start and from the end on.
func (s *Split) Variant(conversationID string, now time.Time) string {
	if !s.running(now) {
		return s.declared.Control
	}
	return s.assignment.Variant(conversationID)
}

// Has says whether the experiment has the variant.
func (s *Split) Has(variant string) bool {
	for i := range s.declared.Variants {
		if s.declared.Variants[i].Name == variant {
			return true
		}
	}
	return false
}

// Contradicts says whether a conversation cannot have come to its variant by
// this split. Of an experiment that is not running nothing is said: who joined
// while it was keeps a variant that nobody gets any more.
func (s *Split) Contradicts(conversationID, variant string, now time.Time) bool {
	return s.running(now) && s.assignment.Variant(conversationID) != variant
}

// Variants gives the names of the variants in their order.
func (s *Split) Variants() []string {
	names := make([]string, len(s.declared.Variants))
	for i, v := range s.declared.Variants {
		names[i] = v.Name
	}
	slices.Sort(names)
	return names
}

func (s *Split) running(now time.Time) bool {
	return s.declared.Started(now) && !s.declared.Ended(now)
}
