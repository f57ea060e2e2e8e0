package config

import (
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"golang.org/x/text/language"

	"supportexporter/exporter/internal/event"
)

const (
	day     = 24 * time.Hour
	maxName = event.MaxLabel // of an experiment or a variant, in bytes
)

// config lists every field of the file with the limits of its value.
func (d *document) config(c *Config) value {
	read := d.object(fields{
		"idle_timeout":        d.duration(&c.IdleTimeout, time.Second, 7*day),
		"retention":           d.duration(&c.Retention, 2*time.Second, 400*day),
		"labels":              d.labels(&c.Labels),
		"buckets":             d.buckets(&c.Buckets),
		"exemplars":           d.boolean(&c.Exemplars),
		"ingest":              d.ingest(&c.Ingest),
		"experiments":         list(d, &c.Experiments, 0, 100, d.experiment),
		"max_experiment_arms": d.integer(&c.MaxExperimentArms, 0, 10_000),
	})
	return d.with(read, func(string) {
		if d.ok("retention") && d.ok("idle_timeout") && c.Retention <= c.IdleTimeout {
			d.fail("retention", "must be longer than idle_timeout (%s), got %s",
				model.Duration(c.IdleTimeout), model.Duration(c.Retention))
		}
		distinct(d, "experiments", ".name", c.Experiments, func(e Experiment) string { return e.Name })
	})
}

func (d *document) labels(l *Labels) value {
	return d.object(fields{
		"intent":     d.label(&l.Intent, event.MaxLabel),
		"tier":       d.label(&l.Tier, event.MaxLabel),
		"language":   d.language(&l.Language),
		"reason":     d.label(&l.Reason, event.MaxReason),
		"component":  d.label(&l.Component, event.MaxComponent),
		"max_series": d.integer(&l.MaxSeries, 1, 100_000_000),
	})
}

// label reads a label's bounds; maxBytes is how long a pushed value can be.
func (d *document) label(l *Label, maxBytes int) value {
	return d.bounded(l, d.object(d.labelFields(l, func(s *string) value { return d.text(s, 1, maxBytes) })))
}

func (d *document) language(l *Language) value {
	fs := d.labelFields(&l.Label, d.languageTag)
	fs["base"] = d.boolean(&l.Base)
	return d.bounded(&l.Label, d.object(fs))
}

func (d *document) labelFields(l *Label, allowed func(*string) value) fields {
	return fields{
		"allow":      list(d, &l.Allow, 0, maxLabelValues, allowed),
		"max_values": d.integer(&l.MaxValues, 1, maxLabelValues),
	}
}

// maxLabelValues keeps one label from using up every series there can be.
const maxLabelValues = 10_000

// bounded checks that there is room for all allowed values, and that none
// stands there twice: pushed values are compared without regard to case.
func (d *document) bounded(l *Label, read value) value {
	return d.with(read, func(path string) {
		allow := path + ".allow"
		distinct(d, allow, "", l.Allow, strings.ToLower)
		if n := len(l.Allow); d.ok(path+".max_values") && n > l.MaxValues {
			d.fail(allow, "must have at most max_values (%d) values, got %d", l.MaxValues, n)
		}
	})
}

func (d *document) languageTag(s *string) value {
	return func(path string, n node) {
		if _, err := language.Parse(n.Value); !n.scalar() || err != nil {
			d.fail(path, "must be a BCP 47 language tag such as pt or pt-BR, got %s", n)
			return
		}
		*s = n.Value
	}
}

func (d *document) buckets(b *Buckets) value {
	return d.object(fields{
		"resolution_seconds": d.bounds(&b.ResolutionSeconds),
		"turns":              d.bounds(&b.Turns),
		"cost_usd":           d.bounds(&b.CostUSD),
	})
}

// bounds reads the upper bounds of a histogram.
func (d *document) bounds(dst *[]float64) value {
	bound := func(f *float64) value { return d.number(f, 0.000001, 1_000_000_000) }
	return d.with(list(d, dst, 1, 64, bound), func(path string) {
		for i := 1; i < len(*dst); i++ {
			if last, next := (*dst)[i-1], (*dst)[i]; next > 0 && next <= last { // 0 is what was not read
				d.fail(index(path, i), "must be more than the bound before it (%s), got %s", decimal(last), decimal(next))
			}
		}
	})
}

func (d *document) ingest(in *Ingest) value {
	read := d.object(fields{
		"max_body_bytes":     d.bytes(&in.MaxBodyBytes, 1<<10, 1<<30),
		"max_batch_events":   d.integer(&in.MaxBatchEvents, 1, 1_000_000),
		"max_inflight_bytes": d.bytes(&in.MaxInflightBytes, 2<<10, 1<<40),
		"max_queue_events":   d.integer(&in.MaxQueueEvents, 1, 10_000_000),
		"events_per_second":  d.number(&in.EventsPerSecond, 0, 1_000_000_000),
		"tokens_file":        d.text(&in.TokensFile, 0, 4096),
	})
	return d.with(read, func(path string) {
		ok := func(a, b string) bool { return d.ok(path+a) && d.ok(path+b) }
		if ok(".max_body_bytes", ".max_inflight_bytes") && in.MaxInflightBytes/2 < in.MaxBodyBytes {
			d.fail(path+".max_inflight_bytes", "must be at least twice max_body_bytes (%d), or a full body never fits; got %d",
				in.MaxBodyBytes, in.MaxInflightBytes)
		}
		if ok(".max_batch_events", ".max_queue_events") && in.MaxQueueEvents < in.MaxBatchEvents {
			d.fail(path+".max_queue_events", "must be at least max_batch_events (%d), or a full batch never fits; got %d",
				in.MaxBatchEvents, in.MaxQueueEvents)
		}
	})
}
