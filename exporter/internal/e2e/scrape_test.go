package e2e

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
)

// The whole exposition of the example events, line by line, without a finding
// of promlint. UPDATE_GOLDEN=1 writes the file anew.
func TestGoldenScrape(t *testing.T) {
	events, err := os.ReadFile(filepath.Join(root, "examples", "events", "conversations.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	e := startExporter(t, t.TempDir())
	if r := e.request(http.MethodPost, eventsPath, events, "Content-Type", "application/x-ndjson"); r.status != http.StatusOK {
		t.Fatalf("pushing the examples: %d %s", r.status, r.body)
	}
	scrape := e.request(http.MethodGet, "/metrics", nil).body
	problems, err := promlint.New(bytes.NewReader(scrape)).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("promlint: %v, %v", problems, err)
	}
	var got strings.Builder
	for line := range strings.Lines(string(scrape)) {
		if strings.HasPrefix(line, "support_ledger_start_timestamp_seconds") {
			line = "support_ledger_start_timestamp_seconds NOW\n"
		}
		got.WriteString(line)
	}
	path := filepath.Join("testdata", "scrape.txt")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}
