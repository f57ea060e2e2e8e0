package e2e

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Hostile clients come from the address that all tests come from. The good one
// has another, as it would have.
const goodAddress = "127.0.0.2"

const (
	scrapeTimeout = 10 * time.Second // what Prometheus gives a target by default
	promptly      = time.Second      // what half of the answers take at most
)

// good is a client beside hostile ones: it pushes events one by one, and asks for
// the metrics and the health in between. Every answer is 200, each within the
// time that Prometheus gives a scrape, and of the metrics and the health half
// within a second: nine in ten do on a machine that does nothing else, which
// that of a test need not be.
type good struct {
	e      *exporter // as the good client reaches it
	stop   context.CancelFunc
	done   sync.WaitGroup
	pushed atomic.Int64
	took   map[string][]time.Duration // by path
	errs   []error
}

// from gives the exporter as a client at another address of this machine sees it.
func (e *exporter) from(t *testing.T, address string) *exporter {
	t.Helper()
	l, err := net.Listen("tcp", address+":0")
	if err != nil {
		t.Skipf("this system has one loopback address: %v", err)
	}
	_ = l.Close()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	c := &http.Client{Timeout: scrapeTimeout, Transport: &http.Transport{DialContext: d.DialContext}}
	t.Cleanup(c.CloseIdleConnections)
	return e.as(c)
}

// startGood starts a good client. It needs a second address of the loopback net.
func startGood(t *testing.T, e *exporter) *good {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	g := &good{e: e.from(t, goodAddress), stop: stop, took: map[string][]time.Duration{}}
	g.done.Go(func() { g.run(ctx) })
	t.Cleanup(g.done.Wait)
	t.Cleanup(stop)
	return g
}

// watched is what must answer at once whatever clients do.
var watched = []string{"/-/healthy", "/metrics"}

func (g *good) run(ctx context.Context) {
	for ; ctx.Err() == nil && len(g.errs) < 10; time.Sleep(10 * time.Millisecond) {
		body := fmt.Appendf(nil, `{"conversation_id": "good-%d", "intent": "good", "turns": 1}`, g.pushed.Load())
		ok := g.ask(eventsPath, func() (response, error) {
			return g.e.try(http.MethodPost, eventsPath, body, "Content-Type", "application/json")
		})
		if ok {
			g.pushed.Add(1)
		}
		for _, path := range watched {
			g.ask(path, func() (response, error) { return g.e.try(http.MethodGet, path, nil) })
		}
	}
}

func (g *good) ask(path string, try func() (response, error)) bool {
	began := time.Now()
	r, err := try()
	g.took[path] = append(g.took[path], time.Since(began))
	if err == nil && r.status != http.StatusOK {
		err = fmt.Errorf("%s: %d: %.200s", path, r.status, r.body)
	}
	if err != nil {
		g.errs = append(g.errs, err)
	}
	return err == nil
}

// finish stops the client when it has pushed some events, and checks that it was
// served all the time, and that each of its events was counted once.
func (g *good) finish(t *testing.T) {
	t.Helper()
	eventually(t, "the good client pushes", func() error {
		if n := g.pushed.Load(); n < 20 {
			return fmt.Errorf("it pushed %d events", n)
		}
		return nil
	})
	g.stop()
	g.done.Wait()
	pushed := g.pushed.Load()
	for _, err := range g.errs {
		t.Errorf("the good client: %v", err)
	}
	if got := g.e.metrics().sum("support_conversation_turns_count", `intent="good"`); got != float64(pushed) {
		t.Errorf("of the good client %v conversations are counted, want %d", got, pushed)
	}
	for path, took := range g.took {
		half, nine, all := quantile(took, 0.5), quantile(took, 0.9), quantile(took, 1)
		t.Logf("%d answers of %s to the good client: half within %v, nine in ten within %v, all within %v", len(took), path, half, nine, all)
		if slices.Contains(watched, path) && half > promptly && raceFlags == nil {
			t.Errorf("%s takes more than %v", path, promptly)
		}
	}
}

var peakMemory = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// peakMB gives the most memory the process has had so far, in units of a million
// bytes; 0 where the system does not say.
func (e *exporter) peakMB() int {
	e.tb.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", e.cmd.Process.Pid))
	m := peakMemory.FindSubmatch(status)
	if err != nil || m == nil {
		return 0
	}
	kB, err := strconv.Atoi(string(m[1]))
	if err != nil {
		e.tb.Fatal(err)
	}
	return kB * 1024 / 1e6
}

// wantMemory checks that the process never had more than so many million bytes.
// The race detector's memory is its own.
func (e *exporter) wantMemory(most int) {
	e.tb.Helper()
	peak := e.peakMB()
	e.tb.Logf("at most %d MB of memory, of %d", peak, most)
	if peak > most && len(raceFlags) == 0 {
		e.tb.Errorf("the exporter had %d MB, want at most %d", peak, most)
	}
}
