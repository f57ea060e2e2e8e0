package e2e

import (
	"strings"
	"testing"
)

// All that the exporter says about itself is there from the start, at 0 where
// the label's values are known: an alert on an increase would miss the first of
// a counter that comes to be by counting.
func TestOwnMetrics(t *testing.T) {
	t.Parallel()
	e := startExporter(t, t.TempDir())
	own := e.own()
	names := map[string]bool{}
	for key := range own {
		name, _, _ := strings.Cut(key, "{")
		names[name] = true
	}
	for _, name := range []string{
		"events_accepted_total", "events_duplicate_total", "events_rejected_total", "requests_refused_total",
		"request_duration_seconds_count", "event_delay_seconds_count", "commit_duration_seconds_count", "commit_events_count",
		"queue_events", "queue_limit_events", "journal_failures_total", "journal_torn_bytes_total",
		"checkpoint_duration_seconds_count", "checkpoint_failures_total", "store_healthy", "store_log_bytes",
		"store_checkpoint_bytes", "conversations_tracked", "series", "series_limit", "config_last_reload_successful",
		"config_last_reload_success_timestamp_seconds", "pushes_total", "push_failures_total", "build_info",
	} {
		if !names["support_exporter_"+name] {
			t.Errorf("support_exporter_%s is not exposed by a fresh exporter", name)
		}
	}
	for name, values := range map[string]string{
		`support_exporter_events_rejected_total{reason=%}`:  "syntax unknown duplicate missing type range text",
		`support_exporter_label_overflow_total{label=%}`:    "intent tier language reason component experiment series",
		`support_exporter_requests_refused_total{reason=%}`: "rate queue too_large batch media_type encoding unauthorized forbidden",
	} {
		for value := range strings.FieldsSeq(values) {
			key := strings.Replace(name, "%", `"`+value+`"`, 1)
			if got, exposed := own[key]; !exposed || got != 0 {
				t.Errorf("%s is not exposed at 0 by a fresh exporter", key)
			}
		}
	}
	for _, prefix := range []string{"go_goroutines", "process_resident_memory_bytes", "process_cpu_seconds_total"} {
		if !names[prefix] {
			t.Errorf("%s is not exposed", prefix)
		}
	}
}
