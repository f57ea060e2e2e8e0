package bundle

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"supportexporter/exporter/internal/program"
)

// alertmanager is a running Alertmanager.
type alertmanager struct{ *program.Program }

// startAlertmanager runs Alertmanager with the shipped configuration, of which
// only the folder of the secrets, the intervals and what replace says are
// replaced: secrets is a folder, with whichever files are in it.
func startAlertmanager(tb testing.TB, secrets string, replace ...string) alertmanager {
	tb.Helper()
	config := strings.NewReplacer(append(replace,
		"/etc/alertmanager/secrets", secrets,
		"group_wait: 30s", "group_wait: 1s",
		"group_interval: 5m", "group_interval: 1s",
	)...).Replace(readShipped(tb, "alerts", "alertmanager.yml"))
	dir := tb.TempDir()
	file := filepath.Join(dir, "alertmanager.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		tb.Fatal(err)
	}
	return alertmanager{program.Start(tb, program.Tool(tb, "alertmanager"), "--config.file="+file, "--storage.path="+dir,
		"--web.listen-address=127.0.0.1:0", "--cluster.listen-address=")}
}

// fetch gets a page that must be there.
func fetch(url string) ([]byte, error) {
	resp, err := http.Get(url)
	return read(resp, err)
}
