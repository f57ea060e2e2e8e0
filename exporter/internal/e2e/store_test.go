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
	var refused answer
	for refused.status == 0 {
		a := e.push(h.body())
		switch a.status {
		case http.StatusOK:
			h.batches++
		default:
			refused = a
		}
	}
	if refused.status != http.StatusServiceUnavailable || refused.header.Get("Retry-After") == "" {
		t.Errorf("got %d and Retry-After %q, want 503 and some: %s", refused.status, refused.header.Get("Retry-After"), refused.body)
	}
	if strings.Contains(string(refused.body), store) {
		t.Errorf("a client is told of %s", refused.body)
	}
	e.wantStatus(http.StatusServiceUnavailable, http.MethodGet, "/-/healthy")
	own := e.own()
	if own["support_exporter_store_healthy"] != 0 || own["support_exporter_journal_failures_total"] == 0 {
		t.Errorf("the exporter does not say that its store fails: %v, %v",
			own["support_exporter_store_healthy"], own["support_exporter_journal_failures_total"])
	}
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

// A second process on a store is sent away, and the first does not notice.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	store := t.TempDir()
	first := startExporter(t, store)
	second := launchExporter(t, store)
	wantFailure(t, second, "opening the store: locking the store's folder "+store+": another process has it")
	first.mustPush(`{"conversation_id": "c-1", "turns": 1}`)
	first.stop()
	startExporter(t, store).stop()
}

// A store that cannot be is told at once.
func TestUnusableStore(t *testing.T) {
	t.Parallel()
	file := writeFile(t, "file", "not a folder")
	foreign := writeFile(t, "photo.jpg", "not a store")
	for _, tc := range []struct{ name, store, want string }{
		{"a file", file, "opening the store: making the store's folder: mkdir " + file + ": not a directory"},
		{"below a file", filepath.Join(file, "data"), "opening the store: making the store's folder: stat " + file + "/data: not a directory"},
		{"somebody else's folder", filepath.Dir(foreign), "the folder is neither empty nor a support_exporter store: it holds photo.jpg"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			wantFailure(t, launchExporter(t, tc.store), tc.want)
		})
	}
	t.Run("not writable", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.Chmod(dir, 0o500); err != nil {
			t.Fatal(err)
		}
		if f, err := os.Create(filepath.Join(dir, "probe")); err == nil {
			_ = f.Close()
			t.Skip("root may write anywhere")
		}
		wantFailure(t, launchExporter(t, dir), "permission denied")
	})
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
