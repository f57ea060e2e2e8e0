package e2e

import (
	"bytes"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
)

// Neither client_golang's linter nor promtool has anything to say about what is
// exposed.
func TestLint(t *testing.T) {
	t.Parallel()
	e := startExporter(t, t.TempDir(), "--config.file="+writeFile(t, "config.yml", declared))
	e.mustPush(varied()...)
	for _, path := range []string{"/metrics", "/metrics/exporter"} {
		text := e.get(path).body
		problems, err := promlint.New(bytes.NewReader(text)).Lint()
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
		for _, p := range problems {
			t.Errorf("%s: %s: %s", path, p.Metric, p.Text)
		}
		check := exec.Command(tool(t, "promtool"), "check", "metrics")
		check.Stdin = bytes.NewReader(text)
		if out, err := check.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s: promtool: %v: %s", path, err, out)
		}
	}
}

// What OpenMetrics asks for and its parsers do not all insist on.
func TestOpenMetrics(t *testing.T) {
	t.Parallel()
	e := startExporter(t, t.TempDir(), "--config.file="+writeFile(t, "config.yml", declared))
	e.mustPush(varied()...)
	r := e.get("/metrics", "Accept", acceptOpenMetrics)
	if got := r.header.Get("Content-Type"); !strings.HasPrefix(got, "application/openmetrics-text; version=1.0.0") {
		t.Errorf("media type %q", got)
	}
	text := string(r.body)
	if !strings.HasSuffix(text, "\n# EOF\n") || strings.Count(text, "# EOF") != 1 {
		t.Error("the exposition does not end with # EOF")
	}
	exemplars := 0
	for line := range strings.Lines(text) {
		_, exemplar, found := strings.Cut(line, " # {")
		labels, _, _ := strings.Cut(exemplar, "} ")
		switch {
		case strings.Contains(line, "_created"):
			t.Errorf("created timestamps cost a line for each series: %s", line)
		case strings.HasPrefix(line, "# TYPE") && strings.Contains(line, "_total "):
			t.Errorf("a counter's family has the suffix of its sample: %s", line)
		case found && len([]rune(labels)) > 128:
			t.Errorf("an exemplar's labels are longer than 128 characters: %s", line)
		case found:
			exemplars++
		}
	}
	if exemplars == 0 {
		t.Error("no exemplars")
	}
	e.wantStatus(http.StatusOK, http.MethodHead, "/metrics")
}
