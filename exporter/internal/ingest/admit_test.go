package ingest_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/event"
	"supportexporter/exporter/internal/ingest"
	"supportexporter/exporter/internal/ledger"
	"supportexporter/exporter/internal/telemetry"
)

// wantNothingHeld checks that no request left anything taken of what all share.
func wantNothingHeld(t *testing.T, p *pushes) {
	t.Helper()
	text := own(t, p)
	for _, want := range []string{"support_exporter_inflight_bytes 0\n", "support_exporter_queue_events 0\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q after all requests", want)
		}
	}
}

// slow is the body of a client that has sent a part of it, and sends the rest
// when it is told to.
type slow struct {
	body    io.Reader
	waiting chan struct{} // closed when the first part is read
	rest    chan struct{}
	sent    bool
}

func (s *slow) Read(p []byte) (int, error) {
	if n, err := s.body.Read(p); n > 0 || err == nil {
		return n, err
	}
	if !s.sent {
		s.sent = true
		close(s.waiting)
		<-s.rest
		p[0] = '\n'
		return 1, nil
	}
	return 0, io.EOF
}

// hold has a client push slowly, up to the last byte; finish sends that and gives
// the answer.
func (p *pushes) hold(t *testing.T, client, body string) (finish func() (code int)) {
	t.Helper()
	s := &slow{body: strings.NewReader(body), waiting: make(chan struct{}), rest: make(chan struct{})}
	r := post(ndjsonType, "")
	r.Body, r.ContentLength, r.RemoteAddr = io.NopCloser(s), -1, client
	code := make(chan int, 1)
	go func() {
		c, _, _ := p.do(t, r)
		code <- c
	}()
	select {
	case <-s.waiting:
	case c := <-code:
		return func() int { return c } // refused before its last byte
	}
	return func() int {
		close(s.rest)
		return <-code
	}
}

func (p *pushes) from(t *testing.T, client, body string) (int, ingest.Answer, http.Header) {
	t.Helper()
	r := post(ndjsonType, body)
	r.RemoteAddr = client
	return p.do(t, r)
}

const (
	greedy = "192.0.2.1:1"
	modest = "192.0.2.2:1"
)

// Slow pushes take memory, and of that no client has all.
func TestBytesInFlightAreShared(t *testing.T) {
	const quantum = 64 << 10
	p := newPushes(t, func(c *config.Config) { c.Ingest.MaxBodyBytes, c.Ingest.MaxInflightBytes = 1<<20, 8*quantum })
	var finish []func() int
	for i := range 10 {
		finish = append(finish, p.hold(t, fmt.Sprint("192.0.2.1:", i), numbered(10)))
	}
	if code, _, _ := p.from(t, modest, numbered(10)); code != http.StatusOK {
		t.Errorf("beside a client that takes all it can get, another one is answered %d", code)
	}
	code, answer, header := p.from(t, greedy, strings.Repeat(" ", 5000)+numbered(10))
	if code != http.StatusTooManyRequests || header.Get("Retry-After") != "1" || !strings.Contains(answer.Errors[0].Message, "in flight") {
		t.Errorf("one more of the greedy client: %d, Retry-After %q: %v", code, header.Get("Retry-After"), answer.Errors)
	}
	got := map[int]int{}
	for _, f := range finish {
		got[f()]++
	}
	if got[http.StatusOK] != 6 || got[http.StatusTooManyRequests] != 4 { // three quarters of 8 quanta
		t.Errorf("10 slow pushes were answered %v, want 6 taken and 4 refused", got)
	}
	wantNothingHeld(t, p)
	if code, _, _ := p.from(t, greedy, strings.Repeat(" ", 5000)+numbered(10)); code != http.StatusOK {
		t.Errorf("when its pushes are through, the client is answered %d", code)
	}
}

// Errors count, too: they are longer than the events they are about. A request
// that would never find room for them is not to come again.
func TestBytesInFlightCountErrors(t *testing.T) {
	bad := strings.Repeat("7\n", 2000) // of 1 MB of errors
	for limit, want := range map[int64]int{1 << 20: http.StatusRequestEntityTooLarge, 4 << 20: http.StatusBadRequest} {
		p := newPushes(t, func(c *config.Config) { c.Ingest.MaxBodyBytes, c.Ingest.MaxInflightBytes = 1<<19, limit })
		if code, _, _ := p.do(t, post(ndjsonType, bad)); code != want {
			t.Errorf("with %d bytes: code %d, want %d", limit, code, want)
		}
		wantNothingHeld(t, p)
	}
	p := newPushes(t, func(c *config.Config) { c.Ingest.MaxBodyBytes, c.Ingest.MaxInflightBytes = 1<<19, 3<<20 })
	finish := p.hold(t, modest, strings.Repeat(" ", 1<<19-1000)+numbered(1))
	defer finish()
	if code, _, header := p.from(t, greedy, bad); code != http.StatusBadRequest {
		t.Errorf("beside a slow push: code %d, Retry-After %q", code, header.Get("Retry-After"))
	}
}

// What an archive's events become counts until they are committed.
func TestBytesInFlightCountArchives(t *testing.T) {
	p := newPushes(t, nil)
	g := gate{p.ledger, make(chan struct{}), make(chan struct{})}
	p.metrics = telemetry.New() // for this handler alone
	p.Handler = ingest.New(g, config.Default(), nil, nil, p.metrics, silent(), p.clock)
	done := make(chan int, 1)
	go func() {
		r := compressed(t, "gzip", strings.Repeat(`{"conversation_id":"`+strings.Repeat("a", 250)+`"}`+"\n", 1000))
		r.Header.Set("Content-Type", ndjsonType)
		code, _, _ := p.do(t, r)
		done <- code
	}()
	select {
	case <-g.entered:
	case code := <-done:
		t.Fatalf("code %d, want to be committed", code)
	}
	bytes := 0
	for line := range strings.Lines(own(t, p)) {
		_, _ = fmt.Sscanf(line, "support_exporter_inflight_bytes %d", &bytes)
	}
	if bytes < 250_000 {
		t.Errorf("%d bytes are in flight, want those of a thousand events", bytes)
	}
	close(g.open)
	if code := <-done; code != http.StatusOK {
		t.Errorf("code %d", code)
	}
	wantNothingHeld(t, p)
}

// However small the bounds are, what they allow finds room, also if it does not
// say how long it is.
func TestSmallestBytesInFlight(t *testing.T) {
	for _, most := range []int{1 << 10, 10_000, 1 << 20} {
		p := newPushes(t, func(c *config.Config) {
			c.Ingest.MaxBodyBytes, c.Ingest.MaxInflightBytes = int64(most), 2*int64(most)
		})
		body := numbered(1)
		body = strings.Repeat(" ", most-len(body)) + body
		for _, length := range []int64{int64(most), -1} {
			r := post(ndjsonType, body)
			r.ContentLength = length
			if code, answer, _ := p.do(t, r); code != http.StatusOK {
				t.Errorf("a body of all %d bytes, length %d: code %d: %v", most, length, code, answer.Errors)
			}
			wantNothingHeld(t, p)
		}
	}
}

// gate is a ledger that holds up whoever commits until it is opened.
type gate struct {
	*ledger.Ledger
	entered chan struct{}
	open    chan struct{}
}

func (g gate) Commit(b *ledger.Batch) (ledger.Result, error) {
	g.entered <- struct{}{}
	<-g.open
	return g.Ledger.Commit(b)
}

// While the disk is slow, a client that fills the queue is refused, and another
// still finds a place.
func TestQueueIsShared(t *testing.T) {
	p := newPushes(t, nil)
	g := gate{p.ledger, make(chan struct{}), make(chan struct{})}
	c := config.Default()
	c.Ingest.MaxQueueEvents = 40
	p.metrics = telemetry.New() // for this handler alone
	p.Handler = ingest.New(g, c, nil, nil, p.metrics, silent(), p.clock)
	codes := make(chan int, 10)
	push := func(client string) {
		go func() {
			code, _, _ := p.from(t, client, numbered(10))
			codes <- code
		}()
	}
	for range 3 {
		push(greedy)
		<-g.entered
	}
	code, answer, header := p.from(t, greedy, numbered(10))
	if code != http.StatusTooManyRequests || header.Get("Retry-After") != "1" || !strings.Contains(answer.Errors[0].Message, "waiting") {
		t.Errorf("a client with three quarters of the queue got %d, Retry-After %q: %v", code, header.Get("Retry-After"), answer.Errors)
	}
	if want := `support_exporter_requests_refused_total{reason="queue"} 1`; !strings.Contains(own(t, p), want) {
		t.Errorf("no %s", want)
	}
	push(modest)
	<-g.entered
	close(g.open)
	for range 4 {
		if code := <-codes; code != http.StatusOK {
			t.Errorf("a push in the queue was answered %d", code)
		}
	}
	wantNothingHeld(t, p)
}

// Clients are told apart by token, or else by address.
func TestClients(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		same bool
	}{
		{"192.0.2.1:1000", "192.0.2.1:2000", true},
		{"192.0.2.1:1000", "192.0.2.2:1000", false},
		{"[2001:db8::1]:1000", "[2001:db8::2]:1000", true},
	} {
		p := newPushes(t, func(c *config.Config) { c.Ingest.EventsPerSecond, c.Ingest.MaxBatchEvents = 1, 20 })
		p.from(t, tc.a, numbered(12))
		code, _, _ := p.from(t, tc.b, numbered(4))
		if same := code == http.StatusTooManyRequests; same != tc.same {
			t.Errorf("%q and %q: one client is %v, want %v", tc.a, tc.b, same, tc.same)
		}
	}
}

// A request that panics gives back what it had.
func TestPanicHoldsNothing(t *testing.T) {
	p := newPushes(t, nil)
	r := post(ndjsonType, "")
	r.Body, r.ContentLength = io.NopCloser(io.MultiReader(strings.NewReader(numbered(1)), panics{})), -1
	func() {
		defer func() {
			if recover() == nil {
				t.Error("nothing panicked")
			}
		}()
		p.do(t, r)
	}()
	wantNothingHeld(t, p)
}

type panics struct{}

func (panics) Read([]byte) (int, error) { panic(event.ErrEmpty) }

// Events whose form in the log is longer than a frame can be are never taken, so
// they are not worth sending again.
func TestTooManyBytesOfEvents(t *testing.T) {
	p := newPushes(t, func(c *config.Config) {
		c.Ingest.MaxBodyBytes, c.Ingest.MaxInflightBytes, c.Ingest.MaxBatchEvents = 100<<20, 400<<20, 20_000
	})
	var detail []string
	for i := range event.MaxComponents {
		detail = append(detail, fmt.Sprintf(`"%0*d":1`, event.MaxComponent, i))
	}
	one := fmt.Sprintf(`{"conversation_id":"c","cost":{"usd":%d,"detail":{%s}}}`+"\n", event.MaxComponents, strings.Join(detail, ","))
	perEvent := 1 + event.MaxComponents*(1+event.MaxComponent+8) // and no more than these, with the amount
	code, got, _ := p.do(t, post(ndjsonType, strings.Repeat(one, ledger.MaxBatchBytes/perEvent+1)))
	want := fmt.Sprintf("the events of a request may take %d bytes in the store's log; these take more", ledger.MaxBatchBytes)
	if code != 413 || len(got.Errors) != 1 || got.Errors[0].Message != want {
		t.Errorf("code %d, answer %+v", code, got)
	}
	if code, _, _ := p.do(t, post(ndjsonType, one)); code != 200 {
		t.Errorf("code %d for one of them", code)
	}
	wantNothingHeld(t, p)
}
