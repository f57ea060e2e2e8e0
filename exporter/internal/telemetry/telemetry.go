// Package telemetry is what the exporter says about itself, on
// /metrics/exporter: what it was sent, what it refused and why, how long it
// took, and how full it is.
//
// These are metrics of the process and start anew with it, unlike those about
// conversations. They are kept by VictoriaMetrics/metrics, whose counters cost
// one atomic addition, and in types that Prometheus reads: counters, gauges
// and classic histograms. Those of the Go runtime and the process are
// client_golang's, with the names, types and help that all exporters have.
package telemetry

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/VictoriaMetrics/metrics"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/version"
)

// The names of everything about the exporter itself.
const (
	EventsAccepted     = "support_exporter_events_accepted_total"
	EventsDuplicate    = "support_exporter_events_duplicate_total"
	EventsRejected     = "support_exporter_events_rejected_total"
	RequestsTotal      = "support_exporter_requests_total"
	RequestsRefused    = "support_exporter_requests_refused_total"
	RequestSeconds     = "support_exporter_request_duration_seconds"
	FactsIgnored       = "support_exporter_facts_ignored_total"
	LabelOverflow      = "support_exporter_label_overflow_total"
	Contradictions     = "support_exporter_experiment_contradictions_total"
	LogRecordsIgnored  = "support_exporter_otlp_records_ignored_total"
	LogAttrsIgnored    = "support_exporter_otlp_attributes_ignored_total"
	EventDelay         = "support_exporter_event_delay_seconds"
	CommitSeconds      = "support_exporter_commit_duration_seconds"
	CommitEvents       = "support_exporter_commit_events"
	QueueEvents        = "support_exporter_queue_events"
	QueueLimit         = "support_exporter_queue_limit_events"
	Connections        = "support_exporter_connections"
	ConnectionsLimit   = "support_exporter_connections_limit"
	ConnectionsClosed  = "support_exporter_connections_closed_total"
	InflightBytes      = "support_exporter_inflight_bytes"
	InflightLimit      = "support_exporter_inflight_limit_bytes"
	JournalFailures    = "support_exporter_journal_failures_total"
	JournalTorn        = "support_exporter_journal_torn_bytes_total"
	CheckpointSeconds  = "support_exporter_checkpoint_duration_seconds"
	CheckpointFailures = "support_exporter_checkpoint_failures_total"
	StoreHealthy       = "support_exporter_store_healthy"
	StoreLogBytes      = "support_exporter_store_log_bytes"
	StoreCheckpoint    = "support_exporter_store_checkpoint_bytes"
	Conversations      = "support_exporter_conversations_tracked"
	Series             = "support_exporter_series"
	SeriesLimit        = "support_exporter_series_limit"
	ReloadSuccessful   = "support_exporter_config_last_reload_successful"
	ReloadTimestamp    = "support_exporter_config_last_reload_success_timestamp_seconds"
	Pushes             = "support_exporter_pushes_total"
	PushFailures       = "support_exporter_push_failures_total"
	BuildInfo          = "support_exporter_build_info"
)

var help = map[string]string{
	EventsAccepted:     "Events that said something new.",
	EventsDuplicate:    "Events whose id, or all that they said, was known.",
	EventsRejected:     "Events that broke the contract, by what was wrong with them.",
	RequestsTotal:      "Pushes answered, by HTTP status code.",
	RequestsRefused:    "Pushes refused as a whole, by reason: nothing of them was counted.",
	RequestSeconds:     "Time from a push's first byte to its answer.",
	FactsIgnored:       "Facts of accepted or duplicate events that were not counted, by fact and reason.",
	LabelOverflow:      "Values counted as \"other\", by label; label=\"series\" is the budget of all series.",
	Contradictions:     "Events of a running experiment whose variant is not the one that their conversation is assigned.",
	LogRecordsIgnored:  "Log records of OpenTelemetry that were no events, by reason.",
	LogAttrsIgnored:    "Attributes support.* without a meaning, of log records that were events.",
	EventDelay:         "Time from when an event happened, if it says so, to its arrival.",
	CommitSeconds:      "Time to write and sync one group of events.",
	CommitEvents:       "Events in one group.",
	QueueEvents:        "Events received that are not committed yet.",
	QueueLimit:         "Events that may wait; beyond, pushes are answered with 429.",
	Connections:        "Open connections.",
	ConnectionsLimit:   "Connections there may be; beyond, one is closed for each new one, rather one that waits for a request.",
	ConnectionsClosed:  "Connections closed to make room for others.",
	InflightBytes:      "Bytes of pushes being received, read or committed.",
	InflightLimit:      "Bytes of pushes there may be; beyond, pushes are answered with 429.",
	JournalFailures:    "Failed attempts to make events durable.",
	JournalTorn:        "Bytes of an unfinished group cut from the log's end at start.",
	CheckpointSeconds:  "Time to write a checkpoint, beside the traffic.",
	CheckpointFailures: "Checkpoints that could not be written.",
	StoreHealthy:       "Whether events can be made durable (1) or are refused (0).",
	StoreLogBytes:      "Bytes of log that a restart would read.",
	StoreCheckpoint:    "Bytes of the last checkpoint.",
	Conversations:      "Conversations within their retention.",
	Series:             "Time series about conversations, as a text scrape counts them.",
	SeriesLimit:        "Time series there may be; beyond, label sets are counted as \"other\".",
	ReloadSuccessful:   "Whether the last configuration reload succeeded.",
	ReloadTimestamp:    "When the configuration in force was loaded, since the Unix epoch in seconds.",
	Pushes:             "Pushes of all metrics to --push.url.",
	PushFailures:       "Pushes of all metrics to --push.url that failed.",
	BuildInfo:          "What this binary was built from; always 1.",
}

// Metrics are the exporter's own metrics. All methods and fields are safe for
// concurrent use.
type Metrics struct {
	set      *metrics.Set
	process  *prometheus.Registry // of the Go runtime and the process
	requests sync.Map             // by code, to spare every request its counter's name

	Accepted, Duplicates        *metrics.Counter
	LogsNoConversation          *metrics.Counter // log records that name no conversation
	LogsNothingOfOurs           *metrics.Counter // log records that say nothing about theirs
	LogAttributesIgnored        *metrics.Counter
	RequestSeconds              *metrics.PrometheusHistogram
	EventDelay                  *metrics.PrometheusHistogram
	CommitSeconds, CommitEvents *metrics.PrometheusHistogram
	JournalFailures, TornBytes  *metrics.Counter
	CheckpointSeconds           *metrics.PrometheusHistogram
	CheckpointFailures          *metrics.Counter
	LogBytes, CheckpointBytes   *metrics.Gauge
	Conversations               *metrics.Gauge
	Series, SeriesLimit         *metrics.Gauge
	ReloadOK, ReloadTime        *metrics.Gauge
	Pushes, PushFailures        *metrics.Counter
	ConnectionsClosed           *metrics.Counter
}

// New makes the metrics, all at 0 where their labels are known.
func New() *Metrics {
	metrics.ExposeMetadata(true)
	s := metrics.NewSet()
	m := &Metrics{
		set:        s,
		process:    prometheus.NewRegistry(),
		Accepted:   s.NewCounter(EventsAccepted),
		Duplicates: s.NewCounter(EventsDuplicate),

		LogsNoConversation:   s.NewCounter(LogRecordsIgnored + `{reason="no_conversation"}`),
		LogsNothingOfOurs:    s.NewCounter(LogRecordsIgnored + `{reason="no_attribute"}`),
		LogAttributesIgnored: s.NewCounter(LogAttrsIgnored),

		RequestSeconds:     s.NewPrometheusHistogramExt(RequestSeconds, latencies()),
		EventDelay:         s.NewPrometheusHistogramExt(EventDelay, []float64{1, 10, 60, 600, 3600, 6 * 3600, 86400, 3 * 86400, 7 * 86400, 30 * 86400}),
		CommitSeconds:      s.NewPrometheusHistogramExt(CommitSeconds, latencies()),
		CommitEvents:       s.NewPrometheusHistogramExt(CommitEvents, []float64{1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 30_000}),
		JournalFailures:    s.NewCounter(JournalFailures),
		TornBytes:          s.NewCounter(JournalTorn),
		CheckpointSeconds:  s.NewPrometheusHistogramExt(CheckpointSeconds, []float64{0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30}),
		CheckpointFailures: s.NewCounter(CheckpointFailures),
		LogBytes:           s.NewGauge(StoreLogBytes, nil),
		CheckpointBytes:    s.NewGauge(StoreCheckpoint, nil),
		Conversations:      s.NewGauge(Conversations, nil),
		Series:             s.NewGauge(Series, nil),
		SeriesLimit:        s.NewGauge(SeriesLimit, nil),
		ReloadOK:           s.NewGauge(ReloadSuccessful, nil),
		ReloadTime:         s.NewGauge(ReloadTimestamp, nil),
		Pushes:             s.NewCounter(Pushes),
		PushFailures:       s.NewCounter(PushFailures),
		ConnectionsClosed:  s.NewCounter(ConnectionsClosed),
	}
	m.process.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	s.NewGauge(fmt.Sprintf("%s{version=%q,revision=%q,goversion=%q}", BuildInfo, version.Version, version.GetRevision(), version.GoVersion), nil).Set(1)
	return m
}

// latencies are bucket bounds from a sync on a fast disk to a client's time-out.
func latencies() []float64 {
	return []float64{0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10}
}

// Rejected counts events that broke the contract. reason is one of event's.
func (m *Metrics) Rejected(reason string) *metrics.Counter {
	return m.set.GetOrCreateCounter(fmt.Sprintf("%s{reason=%q}", EventsRejected, reason))
}

// Request counts answers by status code.
func (m *Metrics) Request(code int) *metrics.Counter {
	if c, ok := m.requests.Load(code); ok {
		return c.(*metrics.Counter)
	}
	c := m.set.GetOrCreateCounter(fmt.Sprintf(`%s{code="%d"}`, RequestsTotal, code))
	m.requests.Store(code, c)
	return c
}

// Refused counts pushes refused as a whole.
func (m *Metrics) Refused(reason string) *metrics.Counter {
	return m.set.GetOrCreateCounter(fmt.Sprintf("%s{reason=%q}", RequestsRefused, reason))
}

// FactIgnored counts facts that were not counted.
func (m *Metrics) FactIgnored(fact, reason string) *metrics.Counter {
	return m.set.GetOrCreateCounter(fmt.Sprintf("%s{fact=%q,reason=%q}", FactsIgnored, fact, reason))
}

// LabelOverflow counts values that became "other".
func (m *Metrics) LabelOverflow(label string) *metrics.Counter {
	return m.set.GetOrCreateCounter(fmt.Sprintf("%s{label=%q}", LabelOverflow, label))
}

// Contradictions counts events that name another variant of an experiment than
// the one that their conversation is assigned. The name is any text without
// control characters, of which %q would escape more than the text format knows.
func (m *Metrics) Contradictions(experiment string) *metrics.Counter {
	name := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(experiment)
	return m.set.GetOrCreateCounter(fmt.Sprintf(`%s{experiment="%s"}`, Contradictions, name))
}

// Observe has a gauge's value read at each scrape.
func (m *Metrics) Observe(gauge string, value func() float64) { m.set.GetOrCreateGauge(gauge, value) }

// ObserveHealth has it read at each scrape whether the store takes events.
func (m *Metrics) ObserveHealth(healthy func() bool) {
	m.Observe(StoreHealthy, func() float64 {
		if healthy() {
			return 1
		}
		return 0
	})
}

// Write writes all metrics in the Prometheus text format, with those of the Go
// runtime and the process.
func (m *Metrics) Write(w io.Writer) error {
	var b bytes.Buffer
	m.set.WritePrometheus(&b)
	families, err := m.process.Gather()
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	for line := range bytes.Lines(b.Bytes()) {
		if name, ok := strings.CutPrefix(string(line), "# HELP "); ok {
			name = strings.TrimSpace(name)
			if text := help[name]; text != "" {
				fmt.Fprintf(out, "# HELP %s %s\n", name, text)
			}
			continue
		}
		if _, err := out.Write(line); err != nil {
			return err
		}
	}
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(out, f); err != nil {
			return err
		}
	}
	return out.Flush()
}
