package e2e

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
)

// A store is backed up again and again while events come in as fast as they
// are taken and checkpoints replace the log. Each copy holds whole requests: all
// that were answered before it was begun, and none that came after it was done.
func TestBackupUnderLoad(t *testing.T) {
	t.Parallel()
	store := t.TempDir()
	e := startExporter(t, store)
	var begun, acknowledged atomic.Int64
	stop, stopped := make(chan struct{}), make(chan error, 1)
	go func() {
		h := &heavy{t: t}
		for {
			select {
			case <-stop:
				stopped <- nil
				return
			default:
			}
			begun.Add(heavyEvents)
			if err := h.push(e); err != nil {
				stopped <- err
				return
			}
			acknowledged.Add(heavyEvents)
		}
	}()

	backups, checkpoints := 6, 3
	if testing.Short() {
		backups, checkpoints = 2, 1
	}
	seen := map[string]bool{}
	for n := 0; n < backups || len(seen) <= checkpoints; n++ {
		output := filepath.Join(t.TempDir(), "backup")
		least := acknowledged.Load()
		backup(t, store, output)
		most := begun.Load()
		for _, name := range glob(t, output, "*.checkpoint") {
			seen[filepath.Base(name)] = true
		}
		restored := startExporter(t, output)
		m := restored.metrics()
		got := int64(m.sum("support_values_total", `kpi="cost_usd"`))
		if got < least || got > most || got%heavyEvents != 0 {
			t.Errorf("backup %d: got %d events, want %d to %d, in whole requests of %d", n, got, least, most, heavyEvents)
		}
		if usd := m.sum("support_cost_usd_total"); usd != float64(got*heavyUSD) {
			t.Errorf("backup %d: %d events cost %v, want %d", n, got, usd, got*heavyUSD)
		}
		restored.kill()
		if err := os.RemoveAll(output); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	t.Logf("%d events; backups with %d checkpoints", acknowledged.Load(), len(seen))
	wantRestored(t, store, e)
}

// backup backs a store up as an operator would.
func backup(t *testing.T, store, output string) {
	t.Helper()
	p := startProcess(t, "supportctl", "backup", "--storage.path="+store, "--output="+output)
	if code := p.exitCode(); code != 0 {
		t.Fatalf("supportctl backup: exit code %d:\n%s", code, p.output.String())
	}
}

// wantRestored backs up the store of an exporter, and checks that another one that
// is started on the copy exposes the same, to the last digit and exemplar.
func wantRestored(t *testing.T, store string, e *exporter) (restored *exporter) {
	t.Helper()
	output := filepath.Join(t.TempDir(), "backup")
	backup(t, store, output)
	restored = startExporter(t, output)
	wantSame(t, "restored from a backup", scrapeAll(e), scrapeAll(restored))
	return restored
}
