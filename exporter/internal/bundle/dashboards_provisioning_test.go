package bundle

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// provisioned reads a provisioning file as Grafana does, but strictly.
func provisioned(tb testing.TB, kind string, into any) {
	tb.Helper()
	decoder := yaml.NewDecoder(strings.NewReader(readShipped(tb, "grafana", "provisioning", kind, "support.yml")))
	decoder.KnownFields(true)
	if err := decoder.Decode(into); err != nil {
		tb.Fatalf("%s: %v", kind, err)
	}
}

func TestDatasourcesAreProvisioned(t *testing.T) {
	var file struct {
		APIVersion  int `yaml:"apiVersion"`
		Datasources []struct {
			Name, UID, Type, Access, URL string
			IsDefault                    bool `yaml:"isDefault"`
			Editable                     bool
			JSONData                     struct {
				HTTPMethod                  string `yaml:"httpMethod"`
				PrometheusType              string `yaml:"prometheusType"`
				TimeInterval                string `yaml:"timeInterval"`
				Implementation              string
				HandleGrafanaManagedAlerts  *bool `yaml:"handleGrafanaManagedAlerts"`
				ExemplarTraceIDDestinations []struct {
					Name, URL       string
					URLDisplayLabel string `yaml:"urlDisplayLabel"`
				} `yaml:"exemplarTraceIdDestinations"`
			} `yaml:"jsonData"`
		}
	}
	provisioned(t, "datasources", &file)
	if file.APIVersion != 1 || len(file.Datasources) != 2 {
		t.Fatalf("version %d, %d data sources", file.APIVersion, len(file.Datasources))
	}
	prometheus, alertmanager := file.Datasources[0], file.Datasources[1]
	if prometheus.Type != "prometheus" || prometheus.URL != "http://prometheus:9090" || !prometheus.IsDefault || prometheus.Editable {
		t.Errorf("%+v", prometheus)
	}
	if alertmanager.Type != "alertmanager" || alertmanager.URL != "http://alertmanager:9093" || alertmanager.JSONData.Implementation != "prometheus" {
		t.Errorf("%+v", alertmanager)
	}
	// Grafana's graphs are no finer than what is scraped.
	if !strings.Contains(readShipped(t, "examples", "prometheus.yml"), "scrape_interval: "+prometheus.JSONData.TimeInterval+"\n") {
		t.Errorf("timeInterval %s is not the scrape interval of examples/prometheus.yml", prometheus.JSONData.TimeInterval)
	}
	if len(prometheus.JSONData.ExemplarTraceIDDestinations) != 1 {
		t.Fatal("exemplars lead nowhere")
	}
	e := prometheus.JSONData.ExemplarTraceIDDestinations[0]
	t.Setenv("SUPPORT_CONVERSATION_URL", "https://helpdesk.test/c/")
	url := strings.ReplaceAll(os.Expand(strings.ReplaceAll(e.URL, "$$", "\x00"), os.Getenv), "\x00", "$")
	if want := "https://helpdesk.test/c/${__value.raw}"; e.Name != "conversation_id" || url != want {
		t.Errorf("exemplars: %s leads to %s, want conversation_id to %s", e.Name, url, want)
	}
}

func TestDashboardsAreProvisioned(t *testing.T) {
	var file struct {
		APIVersion int `yaml:"apiVersion"`
		Providers  []struct {
			Name, Folder, Type    string
			OrgID                 int    `yaml:"orgId"`
			FolderUID             string `yaml:"folderUid"`
			DisableDeletion       bool   `yaml:"disableDeletion"`
			AllowUIUpdates        bool   `yaml:"allowUiUpdates"`
			UpdateIntervalSeconds int    `yaml:"updateIntervalSeconds"`
			Options               struct {
				Path                      string
				FoldersFromFilesStructure bool `yaml:"foldersFromFilesStructure"`
			}
		}
	}
	provisioned(t, "dashboards", &file)
	if file.APIVersion != 1 || len(file.Providers) != 1 {
		t.Fatalf("version %d, %d providers", file.APIVersion, len(file.Providers))
	}
	p := file.Providers[0]
	if p.Type != "file" || p.AllowUIUpdates || !p.DisableDeletion || p.FolderUID == "" || !filepath.IsAbs(p.Options.Path) {
		t.Errorf("%+v: want files, read-only, in a folder that stays", p)
	}
}

// The rejected share is painted from the number on at which it alerts.
func TestRejectedShareIsPaintedAsItAlerts(t *testing.T) {
	if !strings.Contains(readShipped(t, "alerts", "exporter.yml"), ") > 0.01\n") ||
		!strings.Contains(readShipped(t, "grafana", "dashboards", "support-exporter.json"), "\"value\": 0.01\n") &&
			!strings.Contains(readShipped(t, "grafana", "dashboards", "support-exporter.json"), "\"value\": 0.01,\n") {
		t.Error("alerts/exporter.yml and the dashboard disagree about 0.01")
	}
}
