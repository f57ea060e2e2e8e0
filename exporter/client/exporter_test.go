package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/gzip"
)

// fakeExporter answers as the contract says, and keeps what it was sent. It
// rejects events of the conversation "bad" and counts an id once.
type fakeExporter struct {
	t      testing.TB
	script []http.HandlerFunc // answers to the first requests; a nil one is the usual answer

	mu       sync.Mutex
	requests int
	batches  []int // events in each request that was taken in
	seen     map[string]bool
	headers  http.Header // of the last request
}

func (f *fakeExporter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.headers = r.Header
	n := f.requests
	f.requests++
	if n < len(f.script) && f.script[n] != nil {
		f.script[n](w, r)
		return
	}
	lines := f.lines(r)
	if f.seen == nil {
		f.seen = map[string]bool{}
	}
	var result Result
	for i, line := range lines {
		var e Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			f.t.Errorf("event %q: %v", line, err)
		}
		switch {
		case e.ConversationID == "bad":
			result.Rejected++
			result.Errors = append(result.Errors, EventError{Index: i, Field: "csat", Message: "want 1 to 5, got 9"})
		case f.seen[e.ID]:
			result.Duplicates++
		default:
			f.seen[e.ID] = true
			result.Accepted++
		}
	}
	f.batches = append(f.batches, len(lines))
	code := http.StatusOK
	if result.Rejected == len(lines) {
		code = http.StatusBadRequest
	} else if result.Rejected > 0 {
		code = http.StatusMultiStatus
	}
	answer(code, result)(w, r)
}

// taken is the number of requests, and of events in each that was taken in.
func (f *fakeExporter) taken() (requests int, batches []int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.requests, slices.Clone(f.batches)
}

// lines is the body's events, decompressed.
func (f *fakeExporter) lines(r *http.Request) []string {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		zip, err := gzip.NewReader(body)
		if err != nil {
			f.t.Errorf("gzip body: %v", err)
			return nil
		}
		body = zip
	}
	b, err := io.ReadAll(body)
	if err != nil {
		f.t.Errorf("read body: %v", err)
	}
	if !bytes.HasSuffix(b, []byte("\n")) {
		f.t.Errorf("body %q does not end its last line", b)
	}
	return strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
}

// answer writes a result under any status.
func answer(code int, r Result) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(r)
	}
}

// refuse answers without any event counted, and headers by name and value.
func refuse(code int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		http.Error(w, "no, thanks", code)
	}
}

// tooLargeFrom refuses requests of n events and more.
func tooLargeFrom(n int, next *fakeExporter) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(b))
		if bytes.Count(b, []byte("\n")) >= n {
			http.Error(w, fmt.Sprintf("batch of %d events or more", n), http.StatusRequestEntityTooLarge)
			return
		}
		next.ServeHTTP(w, r)
	}
}

// inMemory calls a handler with no network between, so that it can be used
// where time is synthetic.
type inMemory struct{ h http.Handler }

// errConnection stands for all that goes wrong below HTTP.
var errConnection = errors.New("connection refused")

func (m inMemory) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	defer func() {
		if recover() != nil { // a handler's http.ErrAbortHandler
			resp, err = nil, errConnection
		}
	}()
	rec := httptest.NewRecorder()
	m.h.ServeHTTP(rec, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return rec.Result(), nil
}

// abort is a connection that breaks before the answer.
func abort(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// hang answers only when the client has given up.
func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// inMemoryClient is a client of a handler without a network. The test closes it.
func inMemoryClient(t testing.TB, h http.Handler, o Options) *Client {
	t.Helper()
	o.URL = "http://exporter.test"
	o.HTTPClient = &http.Client{Transport: inMemory{h}}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// conversations makes one small event for each.
func conversations(n int) []Event {
	events := make([]Event, n)
	for i := range events {
		events[i] = Event{ConversationID: fmt.Sprintf("c-%d", i), ID: fmt.Sprintf("e-%d", i), Turns: 3}
	}
	return events
}

// rawLines are the same events as Post takes them.
func rawLines(n int) [][]byte {
	lines := make([][]byte, n)
	for i := range lines {
		lines[i] = fmt.Appendf(nil, `{"conversation_id":"c-%d","id":"e-%d"}`, i, i)
	}
	return lines
}
