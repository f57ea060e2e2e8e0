package e2e

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// pushed is the summary of a supportctl push.
type pushed struct{ accepted, duplicates, rejected, retries int }

// supportctlPush pushes a file as a user would.
func supportctlPush(ctx context.Context, url, file string, batchSize int) (pushed, error) {
	push := exec.CommandContext(ctx, "supportctl", "push", "--url="+url, fmt.Sprintf("--batch-size=%d", batchSize), file)
	out, err := push.CombinedOutput()
	if err != nil {
		return pushed{}, fmt.Errorf("supportctl: %w\n%s", err, out)
	}
	var p pushed
	for line := range strings.Lines(string(out)) {
		for format, n := range map[string]*int{
			"accepted %d": &p.accepted, "duplicates %d": &p.duplicates, "rejected %d": &p.rejected, "retries %d": &p.retries,
		} {
			_, _ = fmt.Sscanf(line, format, n) // of each line one fits, or none
		}
	}
	return p, nil
}

// wantPushed pushes a file to an exporter that has some of it.
func wantPushed(t *testing.T, e *exporter, file string, accepted, duplicates int) {
	t.Helper()
	got, err := supportctlPush(t.Context(), "http://"+e.address(), file, 50)
	if err != nil {
		t.Fatal(err)
	}
	if want := (pushed{accepted: accepted, duplicates: duplicates}); got != want {
		t.Errorf("supportctl push: got %+v, want %+v", got, want)
	}
}

// The exporter is killed under a push, more than once, and the push goes on
// with the next: it ends well, and every event counts once.
func TestPushThroughKills(t *testing.T) {
	t.Parallel()
	file, want := generateAirline(t)
	lines := strings.Count(readFile(t, file), "\n")
	store := t.TempDir()
	f := newFront(t, startExporter(t, store))
	var got pushed
	var err error
	done := make(chan struct{})
	go func() {
		got, err = supportctlPush(t.Context(), f.URL, file, 1)
		close(done)
	}()
	for _, pushes := range []int64{50, 150, 250} {
		for f.pushes.Load() < pushes {
			select {
			case <-done:
				t.Fatalf("the push ended after %d requests: %v", f.pushes.Load(), err)
			case <-time.After(time.Millisecond):
			}
		}
		f.exporter.Load().kill()
		f.exporter.Store(startExporter(t, store))
	}
	<-done
	if err != nil {
		t.Fatal(err)
	}
	if got.accepted+got.duplicates != lines || got.rejected != 0 || got.retries == 0 {
		t.Errorf("supportctl push: got %+v of %d events", got, lines)
	}
	wantAirline(t, "pushed through kills", f.exporter.Load(), want)
}
