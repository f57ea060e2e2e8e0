package bundle

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"supportexporter/exporter/internal/program"
)

// target is the labels of the one exporter that is scraped.
const target = `job="support",instance="support",`

// fakeExporter stands in for a support_exporter: it exposes a population.
type fakeExporter struct {
	*httptest.Server
	down atomic.Bool
}

func newFakeExporter(tb testing.TB, p *population) *fakeExporter {
	tb.Helper()
	var body strings.Builder
	p.expose(&body, len(windows), "", "")
	e := &fakeExporter{}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if e.down.Load() {
			http.Error(w, "starting", http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		io.WriteString(w, body.String()) //nolint:errcheck // the scrape fails, and the test with it
	}))
	tb.Cleanup(e.Close)
	return e
}

// promServer is a running Prometheus.
type promServer struct {
	url     string
	process *program.Program // nil if it is another's to stop
}

// startPrometheus runs Prometheus on one core, with the shipped rules and the
// data in dir, scraping e. Rules are evaluated every interval, that a test does
// not have to wait for the minutes of the shipped files.
func startPrometheus(tb testing.TB, dir string, e *fakeExporter, interval time.Duration) *promServer {
	tb.Helper()
	writeRules(tb, dir, interval)
	config := fmt.Sprintf(`
global: {scrape_interval: 15s, evaluation_interval: %[2]s}
rule_files: [rules/*.yml]
scrape_configs:
  - job_name: support
    scrape_interval: %[2]s
    scrape_timeout: %[2]s
    static_configs: [{targets: [%[1]q], labels: {instance: support}}]
`, strings.TrimPrefix(e.URL, "http://"), interval)
	if err := os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte(config), 0o600); err != nil {
		tb.Fatal(err)
	}
	cmd := exec.Command(program.Tool(tb, "prometheus"), "--config.file="+filepath.Join(dir, "prometheus.yml"),
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--storage.tsdb.retention.time=60d",
		"--web.listen-address=127.0.0.1:0")
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	p := program.StartCmd(tb, cmd)
	s := &promServer{p.URL, p}
	tb.Cleanup(func() { s.stop(tb) })
	return s
}

// stop ends the process, which must succeed; a second stop does nothing.
func (s *promServer) stop(tb testing.TB) {
	s.process.Stop(tb)
	if state := s.process.Cmd.ProcessState; !state.Success() {
		tb.Errorf("prometheus ended: %v", state)
	}
}

var intervalLine = regexp.MustCompile(`(?m)^( *interval:) .*$`)

// writeRules copies the shipped rule files to dir/rules, evaluated every d.
func writeRules(tb testing.TB, dir string, d time.Duration) {
	tb.Helper()
	if err := os.MkdirAll(filepath.Join(dir, "rules"), 0o700); err != nil {
		tb.Fatal(err)
	}
	for _, name := range ruleFiles(tb) {
		text, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		text = intervalLine.ReplaceAll(text, []byte("${1} "+d.String()))
		if err := os.WriteFile(filepath.Join(dir, "rules", filepath.Base(name)), text, 0o600); err != nil {
			tb.Fatal(err)
		}
	}
}

// get answers the data of an API call, or the text of another page.
func (s *promServer) get(path string, params url.Values) (json.RawMessage, error) {
	resp, err := http.Get(s.url + path + "?" + params.Encode())
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("get %s: %s: %s", path, resp.Status, body)
	}
	if !strings.HasPrefix(path, "/api/") {
		return body, nil
	}
	var answer struct{ Data json.RawMessage }
	return answer.Data, json.Unmarshal(body, &answer)
}

// promSample is one series of a query's answer.
type promSample struct {
	labels map[string]string
	value  float64
}

// query evaluates an expression now; read is how many samples that took.
func (s *promServer) query(expr string) (series []promSample, read int, err error) {
	data, err := s.get("/api/v1/query", url.Values{"query": {expr}, "stats": {"all"}})
	if err != nil {
		return nil, 0, err
	}
	var answer struct {
		Result []struct {
			Metric map[string]string
			Value  [2]any
		}
		Stats struct {
			Samples struct{ TotalQueryableSamples int }
		}
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return nil, 0, err
	}
	for _, r := range answer.Result {
		v, err := strconv.ParseFloat(fmt.Sprint(r.Value[1]), 64)
		if err != nil {
			return nil, 0, fmt.Errorf("value of %v: %w", r.Metric, err)
		}
		series = append(series, promSample{r.Metric, v})
	}
	return series, answer.Stats.Samples.TotalQueryableSamples, nil
}
