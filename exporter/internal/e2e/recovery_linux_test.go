package e2e

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// stall keeps whoever starts on a store from reading its checkpoint, until it
// is released: the system lets nobody open a file while another process has a
// lease on it, for as long as 45 seconds.
func stall(t *testing.T, store string) (release func()) {
	t.Helper()
	checkpoints := glob(t, store, "*.checkpoint")
	if len(checkpoints) != 1 {
		t.Fatalf("the store has %v", checkpoints)
	}
	f, err := os.OpenFile(checkpoints[0], os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	if _, err := unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_WRLCK); err != nil {
		t.Skipf("the file system of %s gives no leases: %v", store, err)
	}
	return func() {
		t.Helper()
		if _, err := unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_UNLCK); err != nil {
			t.Fatal(err)
		}
	}
}

// stalledExporter starts an exporter on a store that it cannot read yet, and
// waits until it listens.
func stalledExporter(t *testing.T, flags ...string) (e *exporter, release func()) {
	t.Helper()
	store := t.TempDir()
	before := startExporter(t, store)
	before.mustPush(`{"conversation_id": "c-1", "turns": 7}`)
	before.stop()
	release = stall(t, store)
	e = launchExporter(t, store, flags...)
	e.address()
	return e, release
}

// Until the store is recovered nothing is shown and nothing is taken, and
// whoever asks is told to come back.
func TestRecovering(t *testing.T) {
	t.Parallel()
	e, release := stalledExporter(t)
	for range 2 {
		for path, want := range map[string]int{
			"/metrics": 503, "/-/ready": 503, "/-/healthy": 200, "/metrics/exporter": 200, "/": 200,
		} {
			wantProtection(t, path, e.wantStatus(want, http.MethodGet, path).header)
		}
		a := e.push(`{"conversation_id": "c-2", "turns": 5}`)
		wantProtection(t, eventsPath, a.header)
		if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" || len(a.Errors) != 1 {
			t.Errorf("push: got %d, Retry-After %q: %s", a.status, a.header.Get("Retry-After"), a.body)
		}
		e.signal(syscall.SIGHUP) // is for later, and does no harm
	}
	release()
	e.awaitReady()
	if got := e.metrics().sum("support_conversation_turns_sum"); got != 7 {
		t.Errorf("recovered %v turns, want 7", got)
	}
	eventually(t, "the signal reloads when there is something to reload", func() error {
		if n := strings.Count(e.output.String(), "Configuration in force."); n < 2 {
			return fmt.Errorf("%d configurations were put in force", n)
		}
		return nil
	})
	e.stop()
}

// A push with a token is not taken for a scrape with wrong credentials while
// the store is recovered: its client would give up.
func TestRecoveringWithTokens(t *testing.T) {
	t.Parallel()
	e, release := stalledExporter(t, "--config.file="+writeTokens(t, "agent's token"),
		"--web.config.file="+writeFile(t, "web.yml", basicUsers))
	const event = `{"conversation_id": "c-2", "turns": 5}`
	if a := e.push(event, "Authorization", "Bearer agent's token"); a.status != http.StatusServiceUnavailable {
		t.Errorf("push with a token: got %d, want 503: %s", a.status, a.body)
	}
	e.wantStatus(http.StatusUnauthorized, http.MethodGet, "/-/ready")
	release()
	eventually(t, "pushes are taken", func() error {
		a, err := e.tryPush([]byte(event), "Authorization", "Bearer agent's token")
		if err == nil && a.status != http.StatusOK {
			err = fmt.Errorf("%d: %s", a.status, a.body)
		}
		return err
	})
}

// Asked to stop while it recovers, the exporter stops when it has.
func TestStopWhileRecovering(t *testing.T) {
	t.Parallel()
	e, release := stalledExporter(t)
	e.signal(syscall.SIGTERM)
	e.wantStatus(http.StatusServiceUnavailable, http.MethodGet, "/-/ready")
	release()
	if code := e.exitCode(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}
