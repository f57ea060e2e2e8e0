package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// ballast takes all of a disk but so many bytes.
func ballast(t *testing.T, disk string, room int64) (file string) {
	t.Helper()
	file = filepath.Join(disk, "ballast")
	size := roomOn(t, disk) - room
	if size <= 0 {
		t.Fatalf("there are only %d bytes of room", size+room)
	}
	if err := os.WriteFile(file, make([]byte, size), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func remove(t *testing.T, file string) {
	t.Helper()
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
}

// A full disk: pushes are refused and alerts fire, until there is room. Nothing
// needs a restart; and one that comes all the same changes nothing.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	disk := mountDisk(t, "48m")
	store := filepath.Join(disk, "data")
	e := startExporter(t, store)
	e.expectError("Events cannot be made durable")
	h := &heavy{t: t}
	if err := h.push(e); err != nil {
		t.Fatal(err)
	}
	p := watch(t, e)
	p.want(`support_exporter_journal_failures_total`, series{`support_exporter_journal_failures_total`: 0})

	for _, room := range []int64{0, 6 << 20} { // the second is used up by pushes
		file := ballast(t, disk, room)
		h.pushUntilRefused(e)
		wantStoreFailing(e)
		h.wantExactly(e)
		p.want(`ALERTS{alertname="SupportStoreFailing", alertstate="firing"}`, series{
			`ALERTS{alertname="SupportStoreFailing", alertstate="firing", severity="critical"}`: 1,
			`ALERTS{alertname="SupportStoreFailing", alertstate="firing", severity="warning"}`:  1,
		})
		remove(t, file)
		eventually(t, "the store is well again", func() error { return h.push(e) })
		e.wantStatus(http.StatusOK, http.MethodGet, "/-/healthy")
		h.wantExactly(e)
		p.want(`support_exporter_store_healthy`, series{`support_exporter_store_healthy`: 1})
	}
	if n := strings.Count(e.output.String(), "Events cannot be made durable"); n != 2 {
		t.Errorf("the log tells %d times that the store fails, want 2", n)
	}

	file := ballast(t, disk, 0)
	e.kill()
	late := launchExporter(t, store)
	wantFailure(t, late, "no space left on device")
	remove(t, file)
	h.wantExactly(startExporter(t, store))
}

// A checkpoint that finds no room costs the log none: pushes go on, and when
// there is room the log is cut.
func TestNoRoomForACheckpoint(t *testing.T) {
	t.Parallel()
	disk := mountDisk(t, "128m")
	store := filepath.Join(disk, "data")
	e := startExporter(t, store)
	e.expectError("A checkpoint could not be written")
	p := watch(t, e)
	p.want(`support_exporter_checkpoint_failures_total`, series{`support_exporter_checkpoint_failures_total`: 0})
	small := 0
	push := func(n int) error {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "{\"conversation_id\": \"small-%d\", \"turns\": 1}\n", small+i)
		}
		a, err := e.tryPush([]byte(b.String()))
		if err == nil && a.Accepted != n {
			err = fmt.Errorf("push of %d events: %s", n, a.counts())
		}
		if err == nil {
			small += n
		}
		return err
	}
	for range 20 { // a checkpoint of more than the room that there will be
		if err := push(10_000); err != nil {
			t.Fatal(err)
		}
	}
	h := &heavy{t: t}
	grow := func(log float64) {
		t.Helper()
		for e.own()["support_exporter_store_log_bytes"] < log {
			if err := h.push(e); err != nil {
				t.Fatal(err)
			}
			e.metrics() // waits until the ledger has told how long its log is
		}
	}
	grow(autoCheckpoint - 6<<20)
	file := ballast(t, disk, 14<<20)
	grow(autoCheckpoint)
	eventually(t, "three checkpoints fail", func() error {
		for range 50 { // also while one fills the disk
			if err := push(1); err != nil {
				t.Fatal(err)
			}
		}
		if n := e.own()["support_exporter_checkpoint_failures_total"]; n < 3 {
			return fmt.Errorf("%v have failed", n)
		}
		return nil
	})
	e.wantStatus(http.StatusOK, http.MethodGet, "/-/healthy")
	p.want(`ALERTS{alertname="SupportStoreFailing", alertstate="firing"}`, series{
		`ALERTS{alertname="SupportStoreFailing", alertstate="firing", severity="warning"}`: 1,
	})
	check := func() {
		t.Helper()
		h.wantExactly(e)
		if got := e.metrics().sum("support_conversation_turns_count"); got != float64(small) {
			t.Errorf("got %v small events, want %d", got, small)
		}
	}
	check()

	remove(t, file)
	eventually(t, "the log is cut", func() error {
		if err := push(1); err != nil {
			t.Fatal(err)
		}
		if size := e.own()["support_exporter_store_log_bytes"]; size > autoCheckpoint {
			return fmt.Errorf("the log has %v bytes", size)
		}
		return nil
	})
	check()
	e.kill()
	e = startExporter(t, store)
	check()
}

// watch runs a Prometheus that scrapes an exporter's own metrics and has the
// alerts about it, evaluated each second. What lasts two minutes in life lasts
// two seconds here.
func watch(t *testing.T, e *exporter) *prometheus {
	t.Helper()
	rules := readFile(t, filepath.Join(root, "alerts", "exporter.yml"))
	for old, quick := range map[string]string{"interval: 1m": "interval: 1s", "for: 2m": "for: 2s"} {
		if strings.Count(rules, old) != 1 {
			t.Fatalf("alerts/exporter.yml has %q %d times, want it once", old, strings.Count(rules, old))
		}
		rules = strings.Replace(rules, old, quick, 1)
	}
	return runPrometheus(t, t.TempDir(), fmt.Sprintf(`
global: {scrape_interval: 500ms, scrape_timeout: 500ms}
rule_files: [%q]
scrape_configs:
  - job_name: support_exporter
    metrics_path: /metrics/exporter
    static_configs: [{targets: [%q], labels: {instance: store}}]
`, writeFile(t, "exporter.yml", rules), e.address()))
}
