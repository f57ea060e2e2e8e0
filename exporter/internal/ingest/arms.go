package ingest

import (
	"fmt"
	"strings"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"supportexporter/exporter/internal/event"
	"supportexporter/exporter/internal/experiment"
	"supportexporter/exporter/internal/telemetry"
)

// arms are the declared experiments, by name, with what is counted of each.
type arms map[string]arm

type arm struct {
	split          *experiment.Split
	contradictions *metrics.Counter
}

func newArms(splits experiment.Splits, m *telemetry.Metrics) arms {
	all := make(arms, len(splits))
	for name, s := range splits {
		all[name] = arm{s, m.Contradictions(name)}
	}
	return all
}

// claim judges which arm an event says its conversation is in. A variant that a
// declared experiment does not have is an error: nothing would be compared with
// it. Another variant than the one assigned is only counted: it may be what the
// customer got, and then it is the split that is not what was declared.
//
// Experiments that are not declared may have any variants.
func (d *desk) claim(declared arms, e *event.Event, arrival time.Time) error {
	x, ok := declared[e.Experiment]
	switch {
	case !ok:
	case !x.split.Has(e.Variant):
		return &event.FieldError{
			Field:  "variant",
			Reason: event.ReasonRange,
			Message: fmt.Sprintf("must be one of %s, which experiment %q has; got %q",
				strings.Join(x.split.Variants(), ", "), e.Experiment, e.Variant),
		}
	case x.split.Contradicts(e.ConversationID, e.Variant, arrival):
		d.contrary = append(d.contrary, x.contradictions)
	}
	return nil
}
