package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Folders stand where the journal's next segments are to be: no write helps,
// and the exporter says so, until they are gone.
func TestStoreFailure(t *testing.T) {
	t.Parallel()
	store := t.TempDir()
	e := startExporter(t, store)
	e.expectError("Events cannot be made durable")
	obstacles := block(t, store)

	h := &heavy{t: t}
	h.pushUntilRefused(e)
	wantStoreFailing(e)
	h.wantExactly(e)

	for _, dir := range obstacles {
		if err := os.Remove(dir); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the store is well again", func() error { return h.push(e) })
	e.wantStatus(http.StatusOK, http.MethodGet, "/-/healthy")
	h.wantExactly(e)
	e.kill()
	e = startExporter(t, store)
	h.wantExactly(e)
}

// pushUntilRefused pushes until the store fails, of which a client is told what it
// must know and no more.
func (h *heavy) pushUntilRefused(e *exporter) {
	h.t.Helper()
	for {
		a := e.push(h.body())
		if a.status == http.StatusOK {
			h.batches++
			continue
		}
		if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
			h.t.Errorf("got %d and Retry-After %q, want 503 and some: %s", a.status, a.header.Get("Retry-After"), a.body)
		}
		if text := string(a.body); strings.Contains(text, ".log") || strings.Contains(text, os.TempDir()) {
			h.t.Errorf("a client is told of %s", text)
		}
		return
	}
}

// wantStoreFailing checks that the exporter says that its store fails.
func wantStoreFailing(e *exporter) {
	e.tb.Helper()
	e.wantStatus(http.StatusServiceUnavailable, http.MethodGet, "/-/healthy")
	own := e.own()
	if own["support_exporter_store_healthy"] != 0 || own["support_exporter_journal_failures_total"] == 0 {
		e.tb.Errorf("the exporter does not say that its store fails: %v, %v",
			own["support_exporter_store_healthy"], own["support_exporter_journal_failures_total"])
	}
}

// block makes folders with the temporary names of all segments that a test may
// come to.
func block(t *testing.T, store string) (folders []string) {
	t.Helper()
	for frame := range 100 {
		dir := filepath.Join(store, fmt.Sprintf("%020d.log.tmp", frame))
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		folders = append(folders, dir)
	}
	return folders
}

// The folder is made where it is missing, and a slash behind its name, as in the
// default, is no part of it.
func TestNewStore(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"data", "data/", "deep/in/data/"} {
		t.Run(name, func(t *testing.T) {
			startExporter(t, t.TempDir()+"/"+name).stop()
		})
	}
}

// Killed while it makes its store, at whatever file, the exporter makes it the
// next time.
func TestKillWhileCreating(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"LOCK", "*.log.tmp", "*.log", "*.checkpoint.tmp", "*.checkpoint"} {
		for range 3 {
			store := t.TempDir()
			e := launchExporter(t, store)
			for len(glob(t, store, file)) == 0 && len(glob(t, store, "*.checkpoint")) == 0 {
				time.Sleep(10 * time.Microsecond) // some are there for a moment only, and may be missed
			}
			e.kill()
			e = startExporter(t, store)
			e.mustPush(`{"conversation_id": "c-1", "turns": 1}`)
			e.kill()
			if got := startExporter(t, store).metrics().sum("support_conversation_turns_count"); got != 1 {
				t.Errorf("killed when there was %s, the store has %v conversations, want 1", file, got)
			}
		}
	}
}

// wantFailure checks that an exporter ends with code 1 and this in its log.
func wantFailure(t *testing.T, e *exporter, text string) {
	t.Helper()
	e.expectError("support_exporter failed.")
	if code := e.exitCode(); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	if !strings.Contains(e.output.String(), text) {
		t.Errorf("the log lacks %q:\n%s", text, e.output.String())
	}
}
