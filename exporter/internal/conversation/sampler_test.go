package conversation_test

import (
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/conversation"
	"supportexporter/exporter/internal/event"
	"supportexporter/exporter/internal/tally"
)

// A sampler made of a configured state reads what is counted later, and the
// gauges stand beside it.
func TestSampler(t *testing.T) {
	const start = 1_700_000_000_000
	c := config.Default()
	c.Experiments = []config.Experiment{{Name: "greeting", Variants: []config.Variant{{Name: "warm"}}}}
	s := conversation.New(make([]byte, conversation.SecretBytes), start, conversation.Configured(c))
	var names []string
	sampler := s.Sampler(func(name string, _ []*dto.LabelPair) { names = append(names, name) })
	s.Apply(&event.Event{ConversationID: "a", Episode: 1})
	s.Apply(&event.Event{ConversationID: "b", Episode: 1, Facts: event.CSAT, CSAT: 4})
	if s.Open() != 2 || s.Start() != start {
		t.Errorf("open %d, start %d", s.Open(), s.Start())
	}
	got := map[string]float64{}
	for i, v := range sampler.Sample() {
		got[names[i]] += v
	}
	if got[tally.CSATResponsesTotal] != 1 || got[tally.CSATSurveysTotal] != 1 {
		t.Errorf("got %v", got)
	}
	if _, ok := got[tally.ExperimentAssignedTotal]; !ok {
		t.Error("the declared arm has no series")
	}
	s.Advance(start + time.Hour.Milliseconds())
	if s.Open() != 0 {
		t.Errorf("open %d when both are idle", s.Open())
	}
	sampler.Sample()
}

// What an empty configuration file says is what counts.
func TestConfigured(t *testing.T) {
	c := config.Default()
	s := conversation.Configured(c)
	if s.IdleTimeout != c.IdleTimeout || s.Retention != c.Retention || s.Exemplars != c.Exemplars {
		t.Errorf("got %+v", s)
	}
	if s.Limits != (tally.Limits{Intents: 100, Tiers: 20, Languages: 50, Reasons: 50, Components: 20, Arms: 100, Series: 200_000}) {
		t.Errorf("got limits %+v", s.Limits)
	}
	if len(s.Buckets.Seconds) != 19 || len(s.Buckets.Turns) != 14 || len(s.Buckets.Cost) != 20 || len(s.Experiments) != 0 {
		t.Errorf("got %+v", s)
	}
}
