package bundle

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"supportexporter/exporter/internal/program"
)

// mix is what a group of conversations is like. Of each fifty, some are
// escalated and thirty-six resolved, in three minutes on average and two and a
// half turns.
type mix struct {
	escalated int        // of fifty
	cost      [2]float64 // in turn
	scores    []int      // in turn, of two conversations in five
}

var (
	// workedExample: CSAT 3.9, escalation 0.18, resolution 180 s, cost $0.30;
	// resolution rate 0.72 and 2.5 turns are on their baselines.
	workedExample = mix{escalated: 9, cost: [2]float64{0.2, 0.4}, scores: []int{5, 5, 5, 4, 4, 4, 4, 3, 3, 2}}
	// recovery brings as many of the worked example back to the baselines:
	// escalation (0.18 + 0.06) / 2, cost ($0.30 + $0.20) / 2.
	recovery = mix{escalated: 3, cost: [2]float64{0.1, 0.3}, scores: []int{5, 5, 5, 5, 5, 4, 4, 4, 4, 4}}
)

// events are n conversations of a mix, as NDJSON.
func (m mix) events(prefix string, n int) []byte {
	var b bytes.Buffer
	rated := 0
	for i := range n {
		fmt.Fprintf(&b, `{"conversation_id":"%s-%d","id":"1","intent":"intent-%d","tier":"free","language":"en","turns":%d,"cost":{"usd":%g}`,
			prefix, i, i%3, 2+i%2, m.cost[i%2])
		switch of := i % 50; {
		case of < m.escalated:
			fmt.Fprint(&b, `,"escalation":{"escalated":true,"reason":"asked"}`)
		case of >= 14: // 36 of them
			fmt.Fprintf(&b, `,"resolution":{"resolved":true,"seconds":%d}`, 90+i%2*180)
		default:
			fmt.Fprint(&b, `,"resolution":{"resolved":false}`)
		}
		if i%5 < 2 {
			fmt.Fprintf(&b, `,"csat":%d`, m.scores[rated%len(m.scores)])
			rated++
		}
		fmt.Fprintln(&b, "}")
	}
	return b.Bytes()
}

// stack is the repository's own files at work: exporter, Prometheus and
// Alertmanager, with a webhook at the end.
type stack struct {
	exporter, prometheus *program.Program
	alertmanager         alertmanager
	webhook              *webhook
}

func startStack(t *testing.T) *stack {
	t.Helper()
	dir := t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "support_exporter"), "./exporter")
	build.Dir = program.Root(t)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the exporter: %v\n%s", err, out)
	}
	s := &stack{webhook: newWebhook(t)}
	s.alertmanager = startAlertmanager(t, s.webhook.secrets(t))
	s.exporter = program.Start(t, filepath.Join(dir, "support_exporter"), "--storage.path="+filepath.Join(dir, "store"),
		"--config.file="+filepath.Join(program.Root(t), "examples", "support_exporter.yml"), "--web.listen-address=127.0.0.1:0")
	s.prometheus = program.Start(t, program.Tool(t, "prometheus"), "--config.file="+s.configure(t, dir),
		"--storage.tsdb.path="+filepath.Join(dir, "tsdb"), "--web.listen-address=127.0.0.1:0", "--enable-feature=exemplar-storage")
	return s
}

// configure copies Prometheus's files, with other addresses and intervals. What
// the exporter's alerts wait for is left as it is.
func (s *stack) configure(t *testing.T, dir string) (configFile string) {
	t.Helper()
	host := func(p *program.Program) string { return strings.TrimPrefix(p.URL, "http://") }
	addresses := strings.NewReplacer("support-exporter:10877", host(s.exporter), "alertmanager:9093", host(s.alertmanager.Program),
		"scrape_interval: 15s", "scrape_interval: 1s")
	group := regexp.MustCompile(`(?m)^( +interval:) .*$`)
	wait := regexp.MustCompile(`(?m)^( +(?:for|keep_firing_for):) .*$`)
	files := append(ruleFiles(t), filepath.Join(program.Root(t), "alerts", "support.yml"), filepath.Join(program.Root(t), "alerts", "exporter.yml"),
		filepath.Join(program.Root(t), "alerts", "experiments.yml"),
		filepath.Join(program.Root(t), "examples", "prometheus.yml"))
	for _, name := range files {
		name, err := filepath.Rel(program.Root(t), name)
		if err != nil {
			t.Fatal(err)
		}
		text := addresses.Replace(readShipped(t, name))
		text = group.ReplaceAllString(text, "${1} 1s")
		if filepath.Base(name) == "support.yml" {
			text = wait.ReplaceAllString(text, "${1} 3s")
		}
		to := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "examples", "prometheus.yml")
}

func (s *stack) push(t *testing.T, events []byte) {
	t.Helper()
	body, err := read(http.Post(s.exporter.URL+"/api/v1/events", "application/x-ndjson", bytes.NewReader(events)))
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`{"accepted":%d,"duplicates":0,"rejected":0,"errors":[]}`+"\n", bytes.Count(events, []byte("\n")))
	if string(body) != want {
		t.Fatalf("the push was answered %s, want %s", body, want)
	}
}

// told are the regressions of a status that have reached the webhook, each as
// what and, while it fires, by how much.
func (s *stack) told(status string) []string {
	var out []string
	for _, a := range s.webhook.received() {
		if a.Status != status || a.Labels["alertname"] != "SupportKPIRegression" {
			continue
		}
		what := []string{a.Labels["kpi"], a.Labels["severity"], a.Labels["window"], a.Labels["baseline"]}
		if status == "firing" {
			what = append(what, deviationText.FindString(a.Annotations["description"]))
		}
		out = append(out, strings.Join(what, " "))
	}
	slices.Sort(out)
	return out
}

var deviationText = regexp.MustCompile(`[+-][0-9.]+%`)

// From a push to a person: the article's worked example gives exactly what the
// article says it should, and its end is told too.
func TestAlertsEndToEnd(t *testing.T) {
	t.Parallel()
	s := startStack(t)
	s.holds(t, `count(up == 1) == 2`)
	s.holds(t, `count(support:threshold:min_samples) > 10 and on () support:threshold:zscore`)
	const conversations = 3000 // as many as the warning about escalations needs, and some
	s.push(t, workedExample.events("example", conversations))

	var firing, resolved []string
	for _, window := range []string{"1d", "1h", "7d"} {
		firing = append(firing, "cost_usd warning "+window+" static +20%", "escalation_rate critical "+window+" static +50%")
		resolved = append(resolved, "cost_usd warning "+window+" static", "escalation_rate critical "+window+" static")
	}
	exactly := func(status string, want []string) func() error {
		return func() error {
			if diff := cmp.Diff(slices.Sorted(slices.Values(want)), s.told(status)); diff != "" {
				return fmt.Errorf("(-want +got):\n%s", diff)
			}
			return nil
		}
	}
	program.Eventually(t, "the regressions reach the webhook", exactly("firing", firing))
	s.settle(t)
	if err := exactly("firing", firing)(); err != nil {
		t.Errorf("some evaluations later: %v", err)
	}
	s.scrapesAsConfigured(t)
	s.push(t, recovery.events("recovery", conversations))
	program.Eventually(t, "their end reaches the webhook", exactly("resolved", resolved))

	for _, a := range s.webhook.received() {
		t.Log(a)
		if d := a.Annotations["description"]; strings.Contains(d, "error") || strings.Contains(d, "<no value>") {
			t.Errorf("a description was not written: %s", d)
		}
	}
}

// holds waits until a query has an answer.
func (s *stack) holds(t *testing.T, expr string) {
	t.Helper()
	prometheus := &promServer{url: s.prometheus.URL}
	program.Eventually(t, expr, func() error {
		series, _, err := prometheus.query(expr)
		if err == nil && len(series) == 0 {
			err = errors.New("it does not hold")
		}
		return err
	})
}

// scrapesAsConfigured looks for what examples/prometheus.yml asks for: both
// jobs, native histograms beside the classic ones, and exemplars.
func (s *stack) scrapesAsConfigured(t *testing.T) {
	t.Helper()
	for _, expr := range []string{
		`up{job="support", instance="support"} == 1`,
		`up{job="support_exporter", instance="support"} == 1`,
		`sum(histogram_count(support_conversation_turns)) == 3000`,
		`sum(support_conversation_turns_bucket{le="+Inf"}) == 3000`,
		`support_exporter_store_healthy == 1`,
	} {
		s.holds(t, expr)
	}
	exemplars, err := fetch(s.prometheus.URL + "/api/v1/query_exemplars?query=support_escalations_total")
	if err != nil || !bytes.Contains(exemplars, []byte(`"conversation_id":"example-`)) {
		t.Errorf("exemplars of escalations: want ids of conversations, got %.300s: %v", exemplars, err)
	}
}

// settle waits until Prometheus has evaluated the alerts for longer than they
// wait, so that what has not come by then does not come.
func (s *stack) settle(t *testing.T) {
	t.Helper()
	s.holds(t, fmt.Sprintf("max(timestamp(support:kpi:worse_ratio)) > %d", time.Now().Add(8*time.Second).Unix()))
}
