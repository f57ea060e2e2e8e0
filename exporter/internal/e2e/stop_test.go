package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"syscall"
	"testing"
	"time"
)

// TestStop stops the exporter under load, as an orchestrator does: it ends in
// time and leaves nothing to be replayed, and nothing that was acknowledged is
// lost.
func TestStop(t *testing.T) {
	t.Parallel()
	const gracePeriod = 20 * time.Second // of which Kubernetes gives 30
	store := t.TempDir()
	e := startExporter(t, store)
	load := newTraffic(1)
	load.target.Store(e)
	load.start(t, 8)
	eventually(t, "the load is on", func() error {
		if n := len(load.acknowledged()); n < 100 {
			return fmt.Errorf("%d batches", n)
		}
		return nil
	})
	began := time.Now()
	e.signal(syscall.SIGTERM)
	wantNeverReadyAgain(t, e)
	if code := e.exitCode(); code != 0 {
		t.Fatalf("exit code %d, want 0", code)
	}
	if took := time.Since(began); took > gracePeriod {
		t.Errorf("stopping took %v, want at most %v", took, gracePeriod)
	}
	wantCheckpointOnly(t, store)

	e = startExporter(t, store)
	load.hold()
	load.settle(t, e)
	load.release(e)
	load.finish()
	load.settle(t, e)
	e.stop()
	wantCheckpointOnly(t, store)
}

// wantNeverReadyAgain asks until nobody answers: an exporter that has said it
// is not ready does not take it back.
func wantNeverReadyAgain(t *testing.T, e *exporter) {
	t.Helper()
	ready := true
	for !e.hasExited() {
		r, err := e.try(http.MethodGet, "/-/ready", nil)
		switch {
		case err != nil:
			ready = false
		case r.status == http.StatusServiceUnavailable:
			ready = false
		case r.status != http.StatusOK:
			t.Errorf("/-/ready: got %d on the way down: %s", r.status, r.body)
		case !ready:
			t.Error("/-/ready: ready again on the way down")
		}
	}
}

// wantCheckpointOnly checks that the store has one checkpoint, and an empty log
// behind it: a header of 40 bytes, and zeros.
func wantCheckpointOnly(t *testing.T, store string) {
	t.Helper()
	checkpoints, segments := glob(t, store, "*.checkpoint"), glob(t, store, "*.log")
	if len(checkpoints) != 1 || len(segments) != 1 {
		t.Fatalf("the store has %v and %v, want one of each", checkpoints, segments)
	}
	log, err := os.ReadFile(segments[0])
	if err != nil {
		t.Fatal(err)
	}
	if frames := bytes.Trim(log[40:], "\x00"); len(frames) > 0 {
		t.Errorf("%s has %d bytes of frames that the checkpoint does not cover", segments[0], len(frames))
	}
}
