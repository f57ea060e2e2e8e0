package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// heavy pushes events that fill the journal fast: each has the cost of one
// conversation, in components with the longest names there may be.
type heavy struct {
	t       *testing.T
	batches int // acknowledged
}

const (
	heavyEvents     = 1000 // in a batch
	heavyComponents = 60   // in an event
	heavyUSD        = 64   // of an event: a dollar a component, and 4 unspecified
	autoCheckpoint  = 64 << 20
)

func (h *heavy) body() string {
	var detail []string
	for i := range heavyComponents {
		detail = append(detail, fmt.Sprintf(`"%064d": 1`, i))
	}
	cost := fmt.Sprintf(`"cost": {"usd": %d, "detail": {%s}}`, heavyUSD, strings.Join(detail, ","))
	var b strings.Builder
	for i := range heavyEvents {
		fmt.Fprintf(&b, "{\"conversation_id\": \"heavy-%d-%d\", %s}\n", h.batches, i, cost)
	}
	return b.String()
}

// push has the next batch acknowledged, or says that the exporter did not.
func (h *heavy) push(e *exporter) error {
	a, err := e.tryPush([]byte(h.body()))
	if err == nil && (a.status != http.StatusOK || a.Accepted+a.Duplicates != heavyEvents) {
		err = fmt.Errorf("batch %d: %s", h.batches, a.counts())
	}
	if err == nil {
		h.batches++
	}
	return err
}

// want checks that all batches are counted that were acknowledged, and of the
// one that was not, all or nothing.
func (h *heavy) want(e *exporter) {
	h.t.Helper()
	m := e.metrics()
	events := m.sum("support_values_total", `kpi="cost_usd"`)
	if n := float64(h.batches * heavyEvents); events != n && events != n+heavyEvents {
		h.t.Errorf("got %v events, want %v or %v", events, n, n+heavyEvents)
	}
	if got := m.sum("support_cost_usd_total"); got != events*heavyUSD {
		h.t.Errorf("%v events cost %v, want %v", events, got, events*heavyUSD)
	}
	if got := m.sum("support_cost_usd_total", `component="unspecified"`); got != 4*events {
		h.t.Errorf("%v events have %v unspecified, want %v", events, got, 4*events)
	}
}

// wantExactly is want when nothing was left without an answer.
func (h *heavy) wantExactly(e *exporter) {
	h.t.Helper()
	h.want(e)
	if got := e.metrics().sum("support_values_total", `kpi="cost_usd"`); got != float64(h.batches*heavyEvents) {
		h.t.Errorf("got %v events, want %v", got, h.batches*heavyEvents)
	}
}

// The exporter writes a checkpoint beside the traffic when the log has grown
// long. Killed while it does, it goes on from the log; killed when it is done,
// from the checkpoint.
func TestKillDuringCheckpoint(t *testing.T) {
	t.Parallel()
	store := t.TempDir()
	h := &heavy{t: t}
	kills := 3
	if testing.Short() {
		kills = 1
	}
	for range kills {
		e := startExporter(t, store)
		h.want(e)
		pushed := make(chan error, 1)
		go func() {
			var err error
			for err == nil {
				err = h.push(e)
			}
			pushed <- err
		}()
		waitForFile(t, store, "*.checkpoint.tmp")
		e.kill()
		t.Logf("killed: %v", <-pushed)
	}
	e := startExporter(t, store)
	h.want(e)
	eventually(t, "a checkpoint takes the place of the log", func() error {
		if err := h.push(e); err != nil {
			t.Fatal(err)
		}
		if size := e.own()["support_exporter_store_log_bytes"]; size > autoCheckpoint {
			return fmt.Errorf("the log has %v bytes", size)
		}
		return nil
	})
	e.kill()
	e = startExporter(t, store)
	h.want(e)
	if size := e.own()["support_exporter_store_log_bytes"]; size > autoCheckpoint {
		t.Errorf("a restart read %v bytes of log, which the checkpoint covered", size)
	}
	e.stop()
}

// waitForFile looks so often that it sees a file that is there for a moment.
func waitForFile(t *testing.T, dir, pattern string) {
	t.Helper()
	for deadline := time.Now().Add(patience); len(glob(t, dir, pattern)) == 0; time.Sleep(50 * time.Microsecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", patience, pattern)
		}
	}
}
