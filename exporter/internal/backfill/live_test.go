package backfill

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	"github.com/prometheus/exporter-toolkit/web"

	"supportexporter/exporter/internal/program"
	"supportexporter/exporter/internal/server"
)

// startExporter runs the real exporter on a store until the test ends.
func startExporter(t *testing.T, store string) (address string) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	listening, ended := make(chan string, 1), make(chan error, 1)
	addresses, systemd, config := []string{"127.0.0.1:0"}, false, ""
	go func() {
		ended <- server.Run(ctx, server.Options{
			StoragePath: store, TelemetryPath: "/metrics", Logger: slog.New(slog.DiscardHandler),
			Web:       &web.FlagConfig{WebListenAddresses: &addresses, WebSystemdSocket: &systemd, WebConfigFile: &config},
			Listening: func(a net.Addr) { listening <- a.String() },
		})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	select {
	case address = <-listening:
	case err := <-ended:
		t.Fatal(err)
	}
	return address
}

// instant asks for the one value of an expression.
func instant(p v1.API, expr string) (float64, error) {
	ctx, cancel := context.WithTimeout(context.Background(), program.Patience)
	defer cancel()
	v, _, _, err := p.Query(ctx, expr, time.Now())
	if err != nil {
		return 0, err
	}
	vector, ok := v.(model.Vector)
	if !ok || len(vector) != 1 {
		return 0, fmt.Errorf("%s: got %v", expr, v)
	}
	return float64(vector[0].Value), nil
}

// scraping configures a Prometheus that scrapes an exporter as a stack would,
// but every second.
func scraping(t *testing.T, address string) string {
	t.Helper()
	return fmt.Sprintf(`
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [%q]
scrape_configs:
  - job_name: support
    static_configs: [{targets: [%q], labels: {instance: support}}]
`, hurriedRules(t), address)
}

// hurriedRules are the shipped rules, evaluated every second.
func hurriedRules(t *testing.T) (pattern string) {
	t.Helper()
	dir := t.TempDir()
	files, err := filepath.Glob("../../../recording-rules/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no rules: %v", err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err == nil {
			b = bytes.ReplaceAll(b, []byte("interval: 1m"), []byte("interval: 1s"))
			err = os.WriteFile(filepath.Join(dir, filepath.Base(file)), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "*.yml")
}

// A real exporter on the store, a real Prometheus on the blocks, both started
// when the history is there: live traffic goes on without a jump, a reset or a
// second store, and windows reach back into the history.
func TestLiveTrafficGoesOn(t *testing.T) {
	now := time.Now().UTC()
	all := simulated(t, 3, 60, now)
	o := inNewFolders(t, all)
	o.Now = func() time.Time { return now }
	shippedRules(&o)
	mustRun(t, o)
	address := startExporter(t, o.Storage)
	p := program.Prometheus(t, o.Prometheus, scraping(t, address))
	ratings := factsOf(all)["csat"]
	const want = `support:kpi:samples{kpi="csat", window="1d"}`
	inWindow := func() float64 { // since the last sample before it
		begin := time.Now().Add(-24 * time.Hour).Truncate(o.Step).UnixMilli()
		return float64(len(slices.DeleteFunc(slices.Clone(ratings), func(r fact) bool { return r.at <= begin })))
	}
	is := func(expr string, want func() float64) {
		t.Helper()
		program.Eventually(t, expr, func() error {
			got, err := instant(p, expr)
			if w := want(); err == nil && got != w {
				err = fmt.Errorf("got %v, want %v", got, w)
			}
			return err
		})
	}
	number := func(n int) func() float64 { return func() float64 { return float64(n) } }
	is("sum(support_csat_responses_total)", number(len(ratings)))
	is(`support:kpi:samples{kpi="csat", window="7d"}`, number(len(ratings))) // all of a store of three days
	is(want, inWindow)

	resp, err := http.Post("http://"+address+"/api/v1/events", "application/json",
		strings.NewReader(`{"conversation_id": "live", "intent": "refund", "csat": 5}`))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	is("sum(support_csat_responses_total)", number(len(ratings)+1))
	is(want, func() float64 { return inWindow() + 1 })
	is("count(count by (store) (last_over_time(store:support_counters:sum[3d])))", number(1))
	counters := []string{`{__name__=~"support_.+_(total|count|bucket|sum)"}`}
	names, _, _, err := p.LabelValues(t.Context(), model.MetricNameLabel, counters, now.AddDate(0, 0, -3), now)
	if err != nil || len(names) < 20 {
		t.Errorf("the counters are %v, %v", names, err)
	}
	for _, name := range names {
		is(fmt.Sprintf(`sum(resets(%s[3d]))`, name), number(0))
	}
	is(`min(count by (intent) (support_conversations_total))`, number(4)) // as many outcomes: no series is there twice
}
