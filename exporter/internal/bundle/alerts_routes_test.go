package bundle

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"supportexporter/exporter/internal/program"
)

func TestAlertmanagerConfigPassesAmtool(t *testing.T) {
	out, err := exec.Command(program.Tool(t, "amtool"), "check-config", filepath.Join(program.Root(t), "alerts", "alertmanager.yml")).CombinedOutput()
	if err != nil {
		t.Errorf("amtool check-config: %v\n%s", err, out)
	}
}

// Regressions of 1h and 1d page, longer windows and improvements inform.
func TestAlertmanagerRoutes(t *testing.T) {
	amtool, config := program.Tool(t, "amtool"), filepath.Join(program.Root(t), "alerts", "alertmanager.yml")
	for _, c := range []struct{ labels, receiver string }{
		{"alertname=SupportKPIRegression severity=critical kpi=csat window=1h baseline=static", "page"},
		{"alertname=SupportKPIRegression severity=critical kpi=csat window=1d baseline=rolling", "page"},
		{"alertname=SupportKPIRegression severity=warning kpi=csat window=1h baseline=seasonal", "page"},
		{"alertname=SupportKPIRegression severity=critical kpi=csat window=7d baseline=static", "inform"},
		{"alertname=SupportKPIRegression severity=warning kpi=csat window=7d baseline=static", "inform"},
		{"alertname=SupportKPIImproved severity=info kpi=csat window=1d baseline=static", "inform"},
		{"alertname=SupportIntentRegression severity=critical kpi=csat window=1d baseline=rolling intent=refund", "page"},
		{"alertname=SupportIntentRegression severity=warning kpi=csat window=1d baseline=rolling intent=refund", "page"},
		{"alertname=SupportCSATResponseRateLow severity=warning kpi=csat_response_rate window=28d", "inform"},
		{"alertname=SupportExporterDown severity=critical instance=support", "page"},
		{"alertname=SupportEventsStopped severity=critical instance=support window=1d", "page"},
		{"alertname=SupportEventsRejected severity=warning instance=support", "page"},
		{"alertname=SupportStoreFailing severity=critical instance=support", "page"},
		{"alertname=SupportStoreFailing severity=warning instance=support", "page"},
		{"alertname=SupportEventsDelayed severity=info instance=support", "inform"},
		{"alertname=SupportLabelOverflow severity=info instance=support label=intent", "inform"},
		{"alertname=SomebodyElses", "inform"},
	} {
		args := append([]string{"config", "routes", "test", "--config.file=" + config, "--verify.receivers=" + c.receiver}, strings.Fields(c.labels)...)
		if out, err := exec.Command(amtool, args...).CombinedOutput(); err != nil {
			t.Errorf("%s: want receiver %s: %v\n%s", c.labels, c.receiver, err, out)
		}
	}
}
