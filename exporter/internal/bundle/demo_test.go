package bundle

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"supportexporter/exporter/internal/program"
)

// make demo's program: history and live numbers, and nothing left behind when
// it is interrupted.
func TestDemo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, from := range map[string]string{"support_exporter": "./exporter", "supportctl": "./exporter/supportctl", "demo": "./examples/demo"} {
		build := exec.Command("go", "build", "-o", filepath.Join(dir, name), from)
		build.Dir = program.Root(t)
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("building %s: %v\n%s", from, err, out)
		}
	}
	program.Tool(t, "prometheus")
	cmd := exec.Command(filepath.Join(dir, "demo"), "--dist="+dir, "--dir="+filepath.Join(dir, "stack"),
		"--duration=2d", "--conversations-per-day=20000", "--scenario=cost-spike",
		"--exporter.address=127.0.0.1:0", "--prometheus.address=127.0.0.1:0", "--alertmanager.address=127.0.0.1:0", "--grafana.address=127.0.0.1:0")
	cmd.Dir = program.Root(t)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := false
	defer func() {
		if !ended {
			_ = cmd.Process.Signal(os.Interrupt)
			_ = cmd.Wait()
		}
		if t.Failed() {
			t.Log(stderr.String())
		}
	}()
	urls := map[string]string{}
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "Data and logs") {
		if m := regexp.MustCompile(`^(\w+) +(http://\S+)$`).FindStringSubmatch(lines.Text()); m != nil {
			urls[m[1]] = m[2]
		}
	}
	if urls["Prometheus"] == "" || urls["Exporter"] == "" || urls["Alertmanager"] == "" {
		t.Fatalf("the demo tells %v", urls)
	}
	prometheus := &promServer{url: urls["Prometheus"]}
	for _, expr := range []string{
		`count(support:kpi:value{window="28d"}) > 10`,
		`min_over_time(support:kpi:samples{kpi="csat", window="28d"}[1d:1h] offset 3h) > 0`, // history
		`time() - max(timestamp(support_conversations_open)) < 30`,                          // live
		`sum(support_exporter_events_accepted_total) > 0`,                                   // from the simulator
		`sum(support_exporter_events_duplicate_total) > 100`,                                // the last hour, once more
		`sum(support_exporter_experiment_contradictions_total) == 0`,                        // the simulator asks for no other variant than its own
		`sum(resets(support_conversations_total[1d])) == 0 and on () count(up == 1) == 2`,   // without a jump
	} {
		program.Eventually(t, expr, func() error {
			got, _, err := prometheus.query(expr)
			if err == nil && len(got) == 0 {
				err = fmt.Errorf("no")
			}
			return err
		})
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() { //nolint:revive // what it says while it stops
	}
	ended = true
	if err := cmd.Wait(); err != nil {
		t.Errorf("interrupted: %v", err)
	}
	for name, url := range urls {
		if _, err := fetch(url); err == nil {
			t.Errorf("%s still answers", name)
		}
	}
	if left, _ := exec.Command("pgrep", "-f", dir).Output(); len(left) > 0 && cmd.ProcessState.Sys().(syscall.WaitStatus).Exited() {
		t.Errorf("processes are left: %s", left)
	}
}
