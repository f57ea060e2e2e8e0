package fastpath

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"supportexporter/exporter/internal/connection"
	"supportexporter/exporter/internal/ingest"
)

const (
	path     = "/push"
	patience = 10 * time.Second // with what takes no time
)

// served is a server, and what its handlers have seen.
type served struct {
	address string
	stop    func(context.Context) error
	open    atomic.Int64  // answers on the fast path that are not written
	held    chan struct{} // a request that is held, and that it may go on

	mu   sync.Mutex
	seen []string
	fast int // of seen, on the fast path
}

// ServeHTTP notes a request, and answers with what it was.
func (s *served) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "the body ended", http.StatusBadRequest)
		return
	}
	if later, ok := w.(ingest.AfterWriter); ok {
		s.open.Add(1)
		later.AfterWrite(func() { s.open.Add(-1) })
	}
	switch {
	case strings.HasPrefix(string(b), "long"):
		_, _ = w.Write(bytes.Repeat([]byte("a"), 8<<20)) // more than the system keeps
	case strings.HasPrefix(string(b), "panic"):
		panic("as asked")
	case strings.HasPrefix(string(b), "hold"):
		s.held <- struct{}{}
		<-s.held
	}
	what := fmt.Sprintf("%s %s of %s, %s, %d, %q: %d bytes, %08x", r.Method, r.RequestURI, r.Host, r.Proto, r.ContentLength, r.Header, len(b), crc32.ChecksumIEEE(b))
	s.mu.Lock()
	s.seen = append(s.seen, what)
	s.mu.Unlock()
	w.Header().Set("Content-Type", "text/plain")
	w.Header()["X-Two"] = []string{"1", "2"}
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, what[:10])
	_, _ = io.WriteString(w, what[10:])
}

// take gives what was seen since the last time, and how much of it on the fast path.
func (s *served) take() (seen []string, fast int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen, fast = s.seen, s.fast
	s.seen, s.fast = nil, 0
	return seen, fast
}

// serve serves on a free port, with the fast path or by net/http alone.
func serve(t testing.TB, split bool, timeout time.Duration) *served {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &served{address: l.Addr().String(), held: make(chan struct{})}
	quiet := slog.New(slog.DiscardHandler)
	srv := &http.Server{Handler: s, ErrorLog: slog.NewLogLogger(quiet.Handler(), slog.LevelDebug), ReadTimeout: timeout, ConnState: connection.State}
	l = connection.NewSet(1000, func() { t.Error("a connection was closed to make room") }).Listen(l)
	s.stop = srv.Shutdown
	if split {
		fast := New(Options{
			Paths: []string{path},
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				s.mu.Lock()
				s.fast++
				s.mu.Unlock()
				s.ServeHTTP(w, r)
			}),
			ReadTimeout: timeout, WriteTimeout: timeout, IdleTimeout: timeout, Logger: quiet,
		})
		l = fast.Split(l)
		s.stop = func(ctx context.Context) error {
			if err := srv.Shutdown(ctx); err != nil {
				return err
			}
			return fast.Shutdown(ctx)
		}
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := s.stop(ctx); err != nil {
			t.Errorf("stopping: %v", err)
		}
		if err := <-ended; err != http.ErrServerClosed {
			t.Errorf("net/http ended with %v", err)
		}
	})
	return s
}

// dial opens a connection for a minute at most.
func (s *served) dial(t testing.TB) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return c.(*net.TCPConn)
}

// answers reads n answers: status, the headers but for the date, and body.
func answers(t testing.TB, c net.Conn, n int) (all []string) {
	t.Helper()
	r := bufio.NewReader(c)
	for i := range n {
		a, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatalf("answer %d of %d: %v", i+1, n, err)
		}
		b, err := io.ReadAll(a.Body)
		if err != nil {
			t.Fatalf("answer %d of %d: %v", i+1, n, err)
		}
		a.Header.Del("Date")
		all = append(all, fmt.Sprintln(a.Status, a.Proto, a.ContentLength, a.Header, string(b)))
	}
	return all
}

func push(body string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nX-Of-Test: a\r\nx-of-test: b\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body)
}

// others are requests that are for net/http, in each form that has its own way
// through move.
var others = map[string]string{
	"without a body": "GET /metrics?a=b HTTP/1.1\r\nHost: h\r\nX-Of-Test: a\r\n\r\n",
	"another path":   "POST /-/reload HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
	"another form":   "POST http://h" + path + " HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
	"a query":        "POST " + path + "?a HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\na",
	"another method": "PUT " + path + " HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
	"a large body":   push(strings.Repeat("large ", 50_000)),
	"a longer body":  push(strings.Repeat("a", maxBodyBytes+1)),
	"chunks":         "POST " + path + " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
}

// Whatever is asked for on a connection, and however it is cut into packets, is
// answered as net/http does.
func TestSameAsNetHTTP(t *testing.T) {
	split, alone := serve(t, true, time.Minute), serve(t, false, time.Minute)
	kinds := map[string]string{
		"a push": push(`{"turns": 3}`), "an empty push": push(""), "the longest push": push(strings.Repeat("a", maxBodyBytes)),
		"a push without a length": "POST " + path + " HTTP/1.1\r\nHost: h\r\n\r\n",
	}
	for name, r := range others {
		kinds[name] = r
	}
	names := make([]string, 0, len(kinds))
	for name := range kinds {
		names = append(names, name)
	}
	slices.Sort(names)
	r := rand.New(rand.NewPCG(1, 2))
	fast := 0
	for range 200 {
		var script []string
		for range 1 + r.IntN(5) {
			script = append(script, "a push")
		}
		for range r.IntN(4) {
			script = append(script, names[r.IntN(len(names))])
		}
		var sent strings.Builder
		for _, name := range script {
			sent.WriteString(kinds[name])
		}
		a, b := split.dial(t), alone.dial(t)
		go func() {
			for rest := sent.String(); rest != ""; {
				n := min(len(rest), 1+r.IntN(1500))
				_, _ = io.WriteString(a, rest[:n])
				rest = rest[n:]
			}
		}()
		go func() { _, _ = io.WriteString(b, sent.String()) }()
		got, want := answers(t, a, len(script)), answers(t, b, len(script))
		if !slices.Equal(got, want) {
			t.Fatalf("%q:\ngot  %q\nwant %q", script, got, want)
		}
		_ = a.Close()
		_ = b.Close()
		saw, n := split.take()
		wanted, _ := alone.take()
		if !slices.Equal(saw, wanted) {
			t.Fatalf("%q:\nsaw  %q\nwant %q", script, saw, wanted)
		}
		fast += n
	}
	if fast < 500 {
		t.Errorf("%d pushes were on the fast path, want the first ones of each connection", fast)
	}
}

// Whatever else a header says, a push has the answer that net/http gives it, and is
// seen as net/http sees it. Not among them is Trailer, of which fasthttp refuses more.
func TestHeaders(t *testing.T) {
	split, alone := serve(t, true, time.Minute), serve(t, false, time.Minute)
	names := []string{
		"Accept", "Accept-Encoding", "Authorization", "Cache-Control", "Connection", "Content-Encoding", "Content-Type", "Cookie", "Date", "Expect",
		"Forwarded", "HTTP2-Settings", "If-Match", "If-None-Match", "Keep-Alive", "Origin", "Pragma", "Proxy-Connection", "Range", "Referer", "TE",
		"Upgrade", "User-Agent", "Via", "X-HTTP-Method-Override",
	}
	values := []string{
		"", "a", "a, b", "close", "Keep-Alive", "upgrade, close", "h2c", "no-cache", "100-continue", "100-Continue", "100-continued", "100-continue, a", "bytes=0-1",
		"chunked", "gzip", "multipart/form-data; boundary=a", "Content-Length",
	}
	ask := func(s *served, sent string) (all []string) {
		c := s.dial(t)
		defer c.Close()
		if _, err := io.WriteString(c, sent); err != nil {
			t.Fatal(err)
		}
		_ = c.CloseWrite()
		r := bufio.NewReader(c)
		for {
			a, err := http.ReadResponse(r, nil)
			if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) { // with something unread
				return all
			} else if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(a.Body)
			if err != nil {
				t.Fatal(err)
			}
			a.Header.Del("Date")
			all = append(all, fmt.Sprintln(a.Status, a.Proto, a.ContentLength, a.Header, a.Close, string(b)))
		}
	}
	for _, name := range names {
		for _, value := range values {
			sent := push("x") + strings.Replace(push("a"), "Host", name+": "+value+"\r\nHost", 1) + push("b")
			if got, want := ask(split, sent), ask(alone, sent); !slices.Equal(got, want) {
				t.Errorf("%s: %s:\ngot  %q\nwant %q", name, value, got, want)
			}
			got, _ := split.take()
			if want, _ := alone.take(); !slices.Equal(got, want) {
				t.Errorf("%s: %s:\nsaw  %q\nwant %q", name, value, got, want)
			}
		}
	}
}

// A connection that has moved stays with net/http, and one that begins with
// something else begins there.
func TestWhoServes(t *testing.T) {
	s := serve(t, true, time.Minute)
	small := push("small")
	for name, other := range others {
		t.Run(name, func(t *testing.T) {
			for script, want := range map[string]int{small + small + other + small: 2, other + small: 0} {
				c := s.dial(t)
				go func() { _, _ = io.WriteString(c, script) }()
				n := strings.Count(script, " HTTP/1.1\r\n")
				answers(t, c, n)
				if seen, fast := s.take(); len(seen) != n || fast != want {
					t.Errorf("%d requests were seen, %d on the fast path; want %d and %d", len(seen), fast, n, want)
				}
			}
		})
	}
	long := strings.Replace(small, "X-Of-Test: a", "X-Of-Test: "+strings.Repeat("a", firstBytes), 1)
	c := s.dial(t)
	if _, err := io.WriteString(c, long); err != nil {
		t.Fatal(err)
	}
	answers(t, c, 1)
	if _, fast := s.take(); fast != 0 {
		t.Error("a first request with a long header is on the fast path")
	}
}

// What is no HTTP is refused without a word of what it was, and so is a handler's
// panic. The connection is closed.
func TestRefused(t *testing.T) {
	s := serve(t, true, time.Second)
	for name, tc := range map[string]struct{ send, want string }{
		"two lengths":   {strings.Replace(push("x"), "Host: h", "Content-Length: 1", 1), "400 Bad Request"},
		"no length":     {strings.Replace(push("x"), "Content-Length: 1", "Content-Length: secret", 1), "400 Bad Request"},
		"not a header":  {push("x") + strings.Replace(push("x"), "Host: h", "secret", 1), "400 Bad Request"},
		"a long header": {push("x") + strings.Replace(push("x"), "Host: h", "X: "+strings.Repeat("secret", 1000), 1), "431 Request Header Fields Too Large"},
		"a short body":  {strings.Replace(push("secret"), "Content-Length: 6", "Content-Length: 60", 1), "408 Request Timeout"},
		"a panic":       {push("panic: secret"), "500 Internal Server Error"},
		"half a header": {push("x")[:100], ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := s.dial(t)
			if _, err := io.WriteString(c, tc.send); err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(c)
			if err != nil && !errors.Is(err, syscall.ECONNRESET) { // with something unread
				t.Fatal(err)
			}
			got := string(b)
			if i := strings.LastIndex(got, "HTTP/1.1 "); i >= 0 {
				got = got[i:]
			}
			if tc.want == "" {
				if got != "" {
					t.Errorf("got %q, want nothing", got)
				}
				return
			}
			head, body, _ := strings.Cut(got, "\r\n\r\n")
			for _, line := range []string{"HTTP/1.1 " + tc.want, "Connection: close", "X-Content-Type-Options: nosniff"} {
				if !slices.Contains(strings.Split(head, "\r\n"), line) {
					t.Errorf("got %q, want %s", got, line)
				}
			}
			if body != tc.want+"\n" {
				t.Errorf("got %q, want the body %s", got, tc.want)
			}
		})
	}
}

// An answer is open until it is written, or the client has gone.
func TestAfterWrite(t *testing.T) {
	s := serve(t, true, time.Minute)
	await := func(want int64) {
		t.Helper()
		for end := time.Now().Add(patience); s.open.Load() != want; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%d answers are open, want %d", s.open.Load(), want)
			}
		}
	}
	for name, body := range map[string]string{"short": "short", "a panic": "panic"} {
		c := s.dial(t)
		if _, err := io.WriteString(c, push(body)); err != nil {
			t.Fatal(err)
		}
		answers(t, c, 1)
		if n := s.open.Load(); n != 0 {
			t.Errorf("%s: %d answers are open when it was read", name, n)
		}
	}
	for name, end := range map[string]func(*net.TCPConn){
		"read": func(c *net.TCPConn) {
			if err := c.SetReadBuffer(4 << 20); err != nil {
				t.Fatal(err)
			}
			answers(t, c, 1)
		},
		"gone": func(c *net.TCPConn) { _ = c.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			c := s.dial(t)
			if err := c.SetReadBuffer(1 << 10); err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(c, push("long")); err != nil {
				t.Fatal(err)
			}
			await(1)
			end(c)
			await(0)
		})
	}
}

// A server that stops answers what has come, and closes connections that wait.
func TestShutdown(t *testing.T) {
	s := serve(t, true, time.Minute)
	silent, begun, idle := s.dial(t), s.dial(t), s.dial(t)
	if _, err := io.WriteString(idle, push("x")); err != nil {
		t.Fatal(err)
	}
	answers(t, idle, 1)
	if _, err := io.WriteString(begun, push("hold")); err != nil {
		t.Fatal(err)
	}
	<-s.held
	stopped := make(chan error, 1)
	go func() { stopped <- s.stop(t.Context()) }()
	for name, c := range map[string]net.Conn{"silent": silent, "idle": idle} {
		if b, err := io.ReadAll(c); err != nil || len(b) > 0 {
			t.Errorf("the %s connection: %q, %v; want it closed", name, b, err)
		}
	}
	s.held <- struct{}{}
	if b, err := io.ReadAll(begun); err != nil || !strings.HasPrefix(string(b), "HTTP/1.1 202 ") || !strings.Contains(string(b), "Connection: close") {
		t.Errorf("the request under way: %q, %v; want its answer, and the connection closed", b, err)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", s.address); err == nil {
		t.Error("a connection is accepted after the end")
	}
}
