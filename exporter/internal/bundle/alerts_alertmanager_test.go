package bundle

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"supportexporter/exporter/internal/program"
)

// post gives Alertmanager alerts that fire, each written as its labels.
func (p alertmanager) post(tb testing.TB, alerts ...string) {
	tb.Helper()
	var body []map[string]any
	for _, a := range alerts {
		body = append(body, map[string]any{
			"labels":      parseLabels(a),
			"annotations": map[string]string{"summary": "s", "description": a, "runbook_url": runbookBase, "dashboard_url": dashboardBase},
			"startsAt":    time.Now().Add(-time.Minute).Format(time.RFC3339),
			"endsAt":      time.Now().Add(time.Hour).Format(time.RFC3339),
		})
	}
	text, err := json.Marshal(body)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := read(http.Post(p.URL+"/api/v2/alerts", "application/json", bytes.NewReader(text))); err != nil {
		tb.Fatal(err)
	}
}

func parseLabels(text string) map[string]string {
	labels := map[string]string{}
	for _, l := range strings.Fields(text) {
		name, value, _ := strings.Cut(l, "=")
		labels[name] = value
	}
	return labels
}

// states gives for each alert whether Alertmanager would notify of it. They are
// known by their descriptions.
func (p alertmanager) states() (map[string]string, error) {
	body, err := fetch(p.URL + "/api/v2/alerts")
	if err != nil {
		return nil, err
	}
	var alerts []struct {
		Annotations map[string]string
		Status      struct{ State string }
	}
	if err := json.Unmarshal(body, &alerts); err != nil {
		return nil, err
	}
	states := map[string]string{}
	for _, a := range alerts {
		states[a.Annotations["description"]] = a.Status.State
	}
	return states, nil
}

// inhibition is which of some alerts Alertmanager keeps to itself.
type inhibition struct {
	name string
	want map[string]string // the state of each
}

func inhibitions() []inhibition {
	const active, suppressed = "active", "suppressed"
	kpi := func(severity, kpi, window, baseline string) string {
		return fmt.Sprintf("alertname=SupportKPIRegression severity=%s kpi=%s window=%s baseline=%s", severity, kpi, window, baseline)
	}
	intent := func(severity, intent, kpi string) string {
		return fmt.Sprintf("alertname=SupportIntentRegression severity=%s intent=%s kpi=%s window=1d baseline=rolling", severity, intent, kpi)
	}
	store := "alertname=SupportStoreFailing severity=%s instance=%s"
	return []inhibition{
		{"a critical KPI its warnings, everywhere", map[string]string{
			kpi("critical", "csat", "1h", "static"):    active,
			kpi("warning", "csat", "1h", "rolling"):    suppressed,
			kpi("warning", "csat", "1d", "static"):     suppressed,
			kpi("warning", "csat", "7d", "static"):     suppressed,
			intent("warning", "refund", "csat"):        suppressed,
			intent("critical", "refund", "csat"):       active,
			kpi("warning", "cost_usd", "1h", "static"): active,
			intent("warning", "refund", "cost_usd"):    active,
		}},
		{"no warning that pages by a week that informs", map[string]string{
			kpi("critical", "csat", "7d", "static"): active,
			kpi("warning", "csat", "1d", "static"):  active,
		}},
		{"a critical intent its own warnings alone", map[string]string{
			intent("critical", "refund", "csat"):    active,
			intent("warning", "refund", "csat"):     suppressed,
			intent("warning", "billing", "csat"):    active,
			intent("warning", "refund", "turns"):    active,
			kpi("warning", "csat", "1d", "rolling"): active,
		}},
		{"an exporter that is down all KPIs, and no exporter", map[string]string{
			"alertname=SupportExporterDown severity=critical instance=a":                   active,
			kpi("critical", "csat", "1h", "static"):                                        suppressed,
			kpi("warning", "turns", "1d", "static"):                                        suppressed,
			intent("critical", "refund", "csat"):                                           suppressed,
			"alertname=SupportKPIImproved severity=info kpi=turns window=1d":               suppressed,
			"alertname=SupportCSATResponseRateLow severity=warning kpi=csat_response_rate": suppressed,
			fmt.Sprintf(store, "critical", "b"):                                            active,
		}},
		{"a store that fails its own warnings", map[string]string{
			fmt.Sprintf(store, "critical", "a"): active,
			fmt.Sprintf(store, "warning", "a"):  suppressed,
			fmt.Sprintf(store, "warning", "b"):  active,
		}},
	}
}

func TestAlertmanagerInhibits(t *testing.T) {
	for _, c := range inhibitions() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			am := startAlertmanager(t, t.TempDir())
			am.post(t, slices.Collect(maps.Keys(c.want))...)
			program.Eventually(t, "the alerts are inhibited as they should be", func() error {
				got, err := am.states()
				if diff := cmp.Diff(c.want, got); err == nil && diff != "" {
					err = fmt.Errorf("(-want +got):\n%s", diff)
				}
				return err
			})
		})
	}
}

func TestAlertmanagerStartsAsShipped(t *testing.T) {
	t.Parallel()
	program.Start(t, program.Tool(t, "alertmanager"), "--config.file="+filepath.Join(program.Root(t), "alerts", "alertmanager.yml"),
		"--storage.path="+t.TempDir(), "--web.listen-address=127.0.0.1:0", "--cluster.listen-address=")
}

// The shipped file starts with no secret there is, delivers to whoever has one,
// and to the others from when they have.
func TestAlertmanagerStartsWithoutSecretsAndDeliversWithOne(t *testing.T) {
	t.Parallel()
	h := newWebhook(t)
	dir := t.TempDir()
	am := startAlertmanager(t, dir)
	am.post(t, "alertname=SupportKPIRegression severity=critical kpi=csat window=1h baseline=static")
	program.Eventually(t, "every receiver without its secret says so", func() error {
		for _, name := range []string{"pagerduty_routing_key", "slack_url", "webhook_url"} {
			if !strings.Contains(am.Log.String(), name+": no such file or directory") {
				return fmt.Errorf("the log has nothing about %s", name)
			}
		}
		return nil
	})
	if err := os.WriteFile(filepath.Join(dir, "webhook_url"), []byte(h.URL), 0o600); err != nil {
		t.Fatal(err)
	}
	am.post(t, "alertname=SupportKPIImproved severity=info kpi=turns window=1d baseline=static")
	program.Eventually(t, "both alerts reach the webhook", func() error {
		if got := h.received(); len(got) < 2 {
			return fmt.Errorf("%d alerts have come", len(got))
		}
		return nil
	})
	for _, a := range h.received() {
		t.Log(a)
	}
}
