package bundle

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"supportexporter/exporter/client"
	"supportexporter/exporter/internal/simulate"

	"supportexporter/exporter/internal/program"
)

// declaration is what the simulator's experiment is judged by. The planned size
// is about what supportctl experiment plan gives for a lift of 10 %.
const declaration = `
experiments:
  - name: greeting
    variants: [{name: short}, {name: warm}]
    control: short
    primary: csat
    guardrails: [escalation_rate, cost_usd]
    min_lift_ratio: 0.05
    planned_conversations: 700
`

// From pushed conversations to a verdict: simulated traffic, the exporter,
// Prometheus and the shipped rules.
func TestExperimentsEndToEnd(t *testing.T) {
	t.Parallel()
	bin := t.TempDir()
	build := exec.Command("go", "build", "-o", bin+"/", "./exporter", "./exporter/supportctl")
	build.Dir = program.Root(t)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the exporter: %v\n%s", err, out)
	}
	for scenario, want := range map[simulate.Scenario]func(verdict string) bool{
		simulate.ExperimentWinner: func(v string) bool { return v == "ship" },
		simulate.ExperimentNull:   func(v string) bool { return v == "review" || v == "insufficient" },
	} {
		t.Run(string(scenario), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			config := filepath.Join(dir, "support_exporter.yml")
			if err := os.WriteFile(config, []byte(declaration), 0o600); err != nil {
				t.Fatal(err)
			}
			exporter := program.Start(t, filepath.Join(bin, "exporter"), "--storage.path="+filepath.Join(dir, "store"), "--config.file="+config, "--web.listen-address=127.0.0.1:0")
			conversations := pushSimulated(t, exporter.URL, scenario)
			s := startPrometheus(t, dir, &fakeExporter{Server: &httptest.Server{URL: exporter.URL}}, time.Second)
			got := ""
			program.Eventually(t, "a verdict on all conversations", func() (err error) {
				got, err = s.settled(conversations)
				return err
			})
			if !want(got) {
				t.Errorf("verdict %q", got)
			}
			t.Logf("%d conversations: %s", conversations, got)
			s.agreesWithSupportctl(t, filepath.Join(bin, "supportctl"), exporter.URL, got)
		})
	}
}

// pushSimulated pushes five days of traffic at once, and tells how many
// conversations that is.
func pushSimulated(t *testing.T, url string, scenario simulate.Scenario) int {
	t.Helper()
	start := time.Date(2026, 10, 5, 0, 0, 0, 0, time.UTC)
	src, err := simulate.New(simulate.Options{Seed: 7, Start: start, PerDay: 600, Scenario: scenario})
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New(client.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context()) //nolint:errcheck // nothing is queued
	var batch []client.Event
	conversations := map[string]bool{}
	for at, e := src.Next(); at.Before(start.Add(5 * 24 * time.Hour)); at, e = src.Next() {
		conversations[e.ConversationID] = true
		batch = append(batch, e)
	}
	for len(batch) > 0 {
		n := min(len(batch), 5000)
		if r, err := c.Send(t.Context(), batch[:n]); err != nil || r.Rejected > 0 {
			t.Fatalf("push: %+v, %v", r, err)
		}
		batch = batch[n:]
	}
	return len(conversations)
}

// settled gives the verdict once the rules have seen all conversations and
// nothing changes any more.
func (s *promServer) settled(conversations int) (string, error) {
	enough := fmt.Sprintf(`sum(support:experiment:assigned) == %d and on () sum(support:experiment:assigned offset 3s) == %d`, conversations, conversations)
	if seen, _, err := s.query(enough); err != nil || len(seen) == 0 {
		return "", errors.Join(errors.New("not all conversations are seen"), err)
	}
	got, _, err := s.query(`support:experiment:verdict{experiment="greeting", variant="warm"} == 1`)
	if err != nil || len(got) != 1 {
		return "", errors.Join(fmt.Errorf("%d verdicts hold, want one", len(got)), err)
	}
	return got[0].labels["verdict"], nil
}

// supportctl says the same as the rules, from Prometheus and from the exporter.
func (s *promServer) agreesWithSupportctl(t *testing.T, supportctl, exporter, want string) {
	t.Helper()
	for _, source := range []string{"--prometheus.url=" + s.url, "--url=" + exporter} {
		cmd := exec.Command(supportctl, "experiment", "list", "--format=json", source)
		cmd.Env = append(os.Environ(), "PROMETHEUS_URL=")
		out, err := cmd.Output()
		if err != nil {
			t.Errorf("supportctl %s: %v", source, err)
			continue
		}
		var list []struct{ Verdicts map[string]string }
		if err := json.Unmarshal(out, &list); err != nil || len(list) != 1 || list[0].Verdicts["warm"] != want {
			t.Errorf("supportctl %s: %s, %v; want %s", source, out, err, want)
		}
	}
}
