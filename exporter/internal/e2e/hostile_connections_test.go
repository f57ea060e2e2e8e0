package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// open opens connections and sends each the same; nothing is read. The exporter
// may close them.
func (e *exporter) open(t *testing.T, n int, send string) (all []net.Conn) {
	t.Helper()
	for range n {
		c, err := net.Dial("tcp", e.address())
		if err != nil {
			t.Fatalf("connection %d: %v", len(all), err)
		}
		t.Cleanup(func() { _ = c.Close() })
		all = append(all, c)
		_, _ = io.WriteString(c, send) // it may be closed already
	}
	return all
}

// memoryOfConnections is what so many connections may take, in MB: so many KiB each
// and, with them, what a small exporter has.
func memoryOfConnections(n, kib int) int { return 80 + n*kib<<10/1e6 }

const (
	usualConnection  = 20 // KiB, as long as headers are short
	largerConnection = 35 // with the longest headers
)

// Thousands that are connected and say nothing, or nothing any more, keep nobody
// out.
func TestIdleConnections(t *testing.T) {
	n := 10_000
	if testing.Short() {
		n = 2000
	}
	const body = `{"conversation_id": "c", "turns": 1}`
	for name, tc := range map[string]struct {
		sent string
		kib  int
	}{
		"silent":            {"", usualConnection},
		"after a push":      {rawPush(body), usualConnection},
		"after long pushes": {longPush(body, 1900) + longPush(body, 3900), largerConnection},
	} {
		t.Run(name, func(t *testing.T) {
			e := startExporter(t, t.TempDir())
			g := startGood(t, e)
			all := e.open(t, n, tc.sent)
			eventually(t, "all are accepted", func() error {
				if got := e.own()["support_exporter_connections"]; got < float64(n) {
					return fmt.Errorf("%v connections are open, want %d at least", got, n)
				}
				return nil
			})
			g.finish(t)
			for i, c := range all[:100] { // they may still be used
				_, _ = fmt.Fprintf(c, "GET /-/healthy HTTP/1.0\r\n\r\n")
				if b, err := io.ReadAll(c); err != nil || !strings.HasSuffix(string(b), "healthy\n") || strings.Count(string(b), "200 OK") != 1+strings.Count(tc.sent, "POST") {
					t.Fatalf("connection %d: %q, %v", i, b, err)
				}
			}
			e.wantMemory(memoryOfConnections(n, tc.kib))
		})
	}
}

// rawPush is a push of NDJSON, byte by byte.
func rawPush(body string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nContent-Length: %d\r\n\r\n%s", eventsPath, len(body), body)
}

// longPush is a push with a header that has so many bytes more, and spaces for a
// body of 2 KiB.
func longPush(body string, header int) string {
	return strings.Replace(rawPush(body+strings.Repeat(" ", 2<<10-len(body))), "Host: x", "Host: x\r\nX-Long: "+strings.Repeat("x", header), 1)
}

// Clients that push what is all wrong, in a few bytes, and do not read the long
// answers, keep no more of them in memory than may be in flight.
func TestUnreadAnswers(t *testing.T) {
	t.Parallel()
	n := 2000
	if testing.Short() {
		n = 300
	}
	const inflight = 32 // MiB
	e := startExporter(t, t.TempDir(), "--config.file="+writeFile(t, "config.yml",
		fmt.Sprintf("ingest: {max_body_bytes: 1MiB, max_inflight_bytes: %dMiB}", inflight)))
	g := startGood(t, e)
	wrong := rawPush(strings.Repeat("1\n", 1000))
	var all []net.Conn
	for range n {
		c := e.open(t, 1, "")[0].(*net.TCPConn)
		if err := c.SetReadBuffer(1 << 10); err != nil { // or the system keeps what is not read
			t.Fatal(err)
		}
		if err := c.SetWriteDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(c, strings.Repeat(wrong, 30)) // answers of 3 MB
		all = append(all, c)
	}
	eventually(t, "answers are in flight", func() error {
		if got := e.own()["support_exporter_inflight_bytes"]; got < inflight<<20/4 {
			return fmt.Errorf("%v bytes are", got)
		}
		return nil
	})
	g.finish(t)
	e.wantMemory(memoryOfConnections(n, usualConnection) + 3*inflight*105/100)
	for _, c := range all {
		_ = c.Close()
	}
	eventually(t, "nothing is held when they have gone", func() error {
		if got := e.own()["support_exporter_inflight_bytes"]; got != 0 {
			return fmt.Errorf("%v bytes are in flight", got)
		}
		return nil
	})
}

// An exporter that may open few files keeps some for its store, and makes room for
// new clients by those that have the most connections.
func TestMoreConnectionsThanFiles(t *testing.T) {
	t.Parallel()
	store := t.TempDir()
	e := exporterProcess(t, exec.Command("sh", "-c",
		`ulimit -n 200; exec support_exporter --web.listen-address=127.0.0.1:0 --storage.path="$0"`, store))
	e.awaitReady()
	g := startGood(t, e)
	e.open(t, 1000, "POST "+eventsPath+" HTTP/1.1\r\nHost: x\r\nContent-")
	eventually(t, "all are accepted, and most of them closed", func() error {
		own := e.own()
		if n, most := own["support_exporter_connections"], own["support_exporter_connections_limit"]; most != 150 || n > most || n < most/2 {
			return fmt.Errorf("%v connections are open, of %v; want at most 150", n, most)
		}
		if closed := own["support_exporter_connections_closed_total"]; closed < 800 {
			return fmt.Errorf("%v were closed to make room, want 850 or more", closed)
		}
		return nil
	})
	g.finish(t)
	e.kill()
	e = startExporter(t, store)
	if got := e.metrics().sum("support_conversation_turns_count"); got != float64(g.pushed.Load()) {
		t.Errorf("after a restart %v conversations, want %d", got, g.pushed.Load())
	}
}

// Clients that send a request byte by byte, or stop in its middle, take what they
// have sent, and end when their time is over.
func TestSlowRequests(t *testing.T) {
	t.Parallel()
	n := 2000
	if testing.Short() {
		n = 300
	}
	e := startExporter(t, t.TempDir())
	g := startGood(t, e)
	slow := e.open(t, n, "POST "+eventsPath+" HTTP/1.1\r\nHost: x\r\nX-A: b")
	for _, length := range []string{"Content-Length: 4000", "Content-Length: 10000000", "Transfer-Encoding: chunked", "Content-Encoding: zstd\r\nContent-Length: 1000000"} {
		slow = append(slow, e.open(t, n/4, "POST "+eventsPath+" HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\n"+length+"\r\n\r\n")...)
	}
	began := time.Now()
	for time.Since(began) < 3*time.Second {
		for _, c := range slow {
			_, _ = c.Write([]byte("0")) // of a header's value, a body, or a chunk's length
		}
	}
	if got := e.own()["support_exporter_inflight_bytes"]; got < 4000 {
		t.Errorf("%v bytes are in flight, want those of the slow requests", got)
	}
	g.finish(t)
	e.wantMemory(memoryOfConnections(2*n, usualConnection) + 20)

	// The time for a header is short; for a body, which takes 30 s, the test does not wait.
	if err := slow[0].SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(slow[0]); err != nil || len(b) > 0 {
		t.Errorf("a header without an end: %q, %v; want the connection closed", b, err)
	}
}

// One client pushes large batches without end over many connections. It is told to
// wait; the other is not, and both are counted right.
func TestGreedyClient(t *testing.T) {
	t.Parallel()
	const connections, batch = 64, 10_000
	duration := 5 * time.Second
	if testing.Short() {
		duration = time.Second
	}
	e := startExporter(t, t.TempDir(), "--config.file="+writeFile(t, "config.yml",
		"ingest: {max_body_bytes: 4MiB, max_inflight_bytes: 16MiB, max_queue_events: 20000}"))
	g := startGood(t, e)
	deadline := time.Now().Add(duration)
	var mu sync.Mutex
	var wg sync.WaitGroup
	accepted, refused := 0, 0
	for c := range connections {
		wg.Go(func() {
			for n := 0; time.Now().Before(deadline); n++ {
				var b strings.Builder
				for i := range batch {
					fmt.Fprintf(&b, "{\"conversation_id\": \"c-%d-%d-%d\", \"intent\": \"greedy\", \"turns\": 1}\n", c, n, i)
				}
				a, err := e.tryPush([]byte(b.String()))
				mu.Lock()
				switch {
				case err != nil:
					// The exporter may close a connection before the whole of a body has come.
					refused++
				case a.status == http.StatusOK:
					accepted += a.Accepted
				case a.status == http.StatusTooManyRequests && a.header.Get("Retry-After") != "":
					refused++
				default:
					t.Errorf("got %s", a.counts())
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	g.finish(t)
	t.Logf("%d events of the greedy client were accepted, %d of its pushes refused", accepted, refused)
	if accepted == 0 || refused == 0 {
		t.Errorf("of the greedy client %d events were accepted and %d pushes refused, want some of both", accepted, refused)
	}
	if got := e.metrics().sum("support_conversation_turns_count", `intent="greedy"`); got < float64(accepted) {
		t.Errorf("of the greedy client %v conversations are counted, want %d accepted", got, accepted)
	}
	eventually(t, "nothing is held when all is over", func() error {
		if own := e.own(); own["support_exporter_inflight_bytes"] != 0 || own["support_exporter_queue_events"] != 0 {
			return fmt.Errorf("%v bytes are in flight and %v events wait",
				own["support_exporter_inflight_bytes"], own["support_exporter_queue_events"])
		}
		return nil
	})
	e.wantMemory(50 + (4*16+20*4)<<20/1_000_000 + 2*accepted*160/1e6)
}
