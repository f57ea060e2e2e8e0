package e2e

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"google.golang.org/protobuf/testing/protocmp"
)

// The formats a scraper may ask for.
const (
	acceptText        = "text/plain;version=0.0.4"
	acceptOpenMetrics = "application/openmetrics-text;version=1.0.0"
	acceptProtobuf    = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
)

// declared is a configuration with an experiment.
const declared = `
experiments:
  - name: greeting
    variants: [{name: short, weight: 1}, {name: warm, weight: 2}]
    primary: resolution_rate
    guardrails: [csat]
    planned_conversations: 1000
`

// varied is events of every kind, with values that formats must escape.
func varied() []string {
	return []string{
		strings.ReplaceAll(everything, "\n", ""),
		`{"conversation_id": "c-2", "intent": "a \"quoted\\ intent\", é", "tier": "free", "language": "pt-BR", "resolution": {"resolved": false, "seconds": 0}, "turns": 1, "cost": {"usd": 0}}`,
		`{"conversation_id": "c-3", "intent": "refund", "resolution": {"resolved": true, "seconds": 1e9}, "turns": 4000, "cost": {"usd": 1000.01}, "csat": 1}`,
		`{"conversation_id": "c-3", "escalation": {"escalated": true}}`,
		`{"conversation_id": "c-4", "resolution": {"resolved": true, "seconds": 61}, "csat": 2, "experiment": "greeting", "variant": "short"}`,
		`{"conversation_id": "c-4", "episode": 2, "escalation": {"escalated": true, "reason": "policy"}}`,
		`{"conversation_id": "c-5", "id": "1", "turns_delta": 2, "cost_delta": {"usd": 0.02, "detail": {"llm": 0.01}}}`,
		`{"conversation_id": "` + strings.Repeat("x", 255) + `", "intent": "refund", "turns": 2, "csat": 3, "language": "not a tag"}`,
	}
}

// What a scrape shows is the same after a restart: every value, every created
// timestamp, every exemplar, in every format; whether the exporter starts from
// its log or from a checkpoint.
func TestRestartChangesNothing(t *testing.T) {
	t.Parallel()
	store := t.TempDir()
	config := "--config.file=" + writeFile(t, "config.yml", declared)
	began := time.Now().Add(-time.Second)
	e := startExporter(t, store, config)
	e.mustPush(varied()...)
	before := scrapeAll(e)
	wantComplete(t, before.families, began)

	e.kill()
	e = startExporter(t, store, config)
	wantSame(t, "after kill -9", before, scrapeAll(e))
	e.stop()
	e = startExporter(t, store, config)
	wantSame(t, "from the checkpoint", before, scrapeAll(e))

	e.mustPush(`{"conversation_id": "c-9", "intent": "refund", "tier": "gold", "language": "en", "turns": 9}`)
	e.kill()
	e = startExporter(t, store, config)
	after := scrapeAll(e)
	if got := createdOf(after.families, "support_conversation_turns", "refund"); !got.Equal(createdOf(before.families, "support_conversation_turns", "refund")) {
		t.Errorf("a series that went on counting was created at %v", got)
	}
}

// scrapes is one moment's scrape in each format.
type scrapes struct {
	text, openMetrics string
	families          []*dto.MetricFamily // of protobuf
}

func scrapeAll(e *exporter) scrapes {
	e.tb.Helper()
	get := func(accept string) []byte {
		r := e.get("/metrics", "Accept", accept)
		if r.status != http.StatusOK {
			e.tb.Fatalf("scraping %s: %d: %s", accept, r.status, r.body)
		}
		return r.body
	}
	r := e.get("/metrics", "Accept", acceptProtobuf)
	return scrapes{
		text:        string(get(acceptText)),
		openMetrics: string(get(acceptOpenMetrics)),
		families:    parseFamilies(e.tb, bytes.NewReader(r.body), expfmt.ResponseFormat(r.header)),
	}
}

func wantSame(t *testing.T, what string, want, got scrapes) {
	t.Helper()
	if diff := cmp.Diff(want.text, got.text); diff != "" {
		t.Errorf("text %s (-before +after):\n%s", what, diff)
	}
	if diff := cmp.Diff(want.openMetrics, got.openMetrics); diff != "" {
		t.Errorf("OpenMetrics %s (-before +after):\n%s", what, diff)
	}
	if diff := cmp.Diff(want.families, got.families, protocmp.Transform()); diff != "" {
		t.Errorf("protobuf %s (-before +after):\n%s", what, diff)
	}
}

// wantComplete checks that a scrape has all that should survive: created
// timestamps of this run, exemplars, and native beside classic buckets.
func wantComplete(t *testing.T, families []*dto.MetricFamily, began time.Time) {
	t.Helper()
	exemplars := map[string]int{}
	for _, f := range families {
		for _, m := range f.Metric {
			var created time.Time
			switch f.GetType() {
			case dto.MetricType_COUNTER:
				created = m.Counter.GetCreatedTimestamp().AsTime()
				if m.Counter.Exemplar != nil {
					exemplars[f.GetName()]++
				}
			case dto.MetricType_HISTOGRAM:
				created = m.Histogram.GetCreatedTimestamp().AsTime()
				exemplars[f.GetName()] += len(m.Histogram.Exemplars)
				if m.Histogram.Schema == nil || m.Histogram.GetSchema() != 3 || len(m.Histogram.Bucket) == 0 {
					t.Errorf("%s has schema %v and %d classic buckets", f.GetName(), m.Histogram.Schema, len(m.Histogram.Bucket))
				}
			default:
				continue
			}
			if created.Before(began) || created.After(time.Now()) {
				t.Errorf("%s %v was created at %v", f.GetName(), m.Label, created)
			}
		}
	}
	want := map[string]int{
		"support_conversation_cost_usd": 3, "support_conversation_resolution_seconds": 4, "support_conversation_turns": 3,
		"support_csat_responses_total": 2, "support_escalations_total": 3,
	}
	if diff := cmp.Diff(want, exemplars); diff != "" {
		t.Errorf("exemplars (-want +got):\n%s", diff)
	}
}

// createdOf gives when the series of an intent was created.
func createdOf(families []*dto.MetricFamily, name, intent string) time.Time {
	for _, f := range families {
		for _, m := range f.Metric {
			for _, l := range m.Label {
				if f.GetName() == name && l.GetName() == "intent" && l.GetValue() == intent {
					return m.Histogram.GetCreatedTimestamp().AsTime()
				}
			}
		}
	}
	return time.Time{}
}
