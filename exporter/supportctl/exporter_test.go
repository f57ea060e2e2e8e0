package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/gzip"

	"supportexporter/exporter/client"
	"supportexporter/exporter/internal/event"
)

// fakeExporter judges events as the real one does, counts an id once, and
// keeps the lines it was sent.
type fakeExporter struct {
	t      testing.TB
	script []http.HandlerFunc // answers to the first requests; a nil one is the usual answer
	header http.Header        // of the last request

	mu       sync.Mutex
	decoder  event.Decoder
	requests int
	batches  []int
	lines    []string
	seen     map[string]bool
}

// start listens until the test ends, and returns the flag that names it.
func (f *fakeExporter) start() string {
	server := httptest.NewServer(f)
	f.t.Cleanup(server.Close)
	return "--url=" + server.URL
}

func (f *fakeExporter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.header = r.Header
	n := f.requests
	f.requests++
	if n < len(f.script) && f.script[n] != nil {
		f.script[n](w, r)
		return
	}
	f.count(w, f.body(r))
}

// count answers for all events of a body.
func (f *fakeExporter) count(w http.ResponseWriter, body []byte) {
	lines := strings.Split(strings.TrimSuffix(string(body), "\n"), "\n")
	f.lines = append(f.lines, lines...)
	f.batches = append(f.batches, len(lines))
	if f.seen == nil {
		f.seen = map[string]bool{}
	}
	var result client.Result
	err := f.decoder.Decode(body, event.NDJSON, func(i int, e *event.Event, err error) bool {
		field, rejected := errors.AsType[*event.FieldError](err)
		switch {
		case rejected:
			result.Rejected++
			result.Errors = append(result.Errors, client.EventError{Index: i, Field: field.Field, Message: field.Message})
		case e.ID != "" && f.seen[e.ID]:
			result.Duplicates++
		default:
			f.seen[strings.Clone(e.ID)] = true
			result.Accepted++
		}
		return true
	})
	if err != nil {
		f.t.Errorf("body %q: %v", body, err)
	}
	switch result.Rejected {
	case 0:
	case len(lines):
		w.WriteHeader(http.StatusBadRequest)
	default:
		w.WriteHeader(http.StatusMultiStatus)
	}
	if err := json.NewEncoder(w).Encode(result); err != nil {
		f.t.Error(err)
	}
}

// body is the request's, decompressed.
func (f *fakeExporter) body(r *http.Request) []byte {
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
	return b
}

// refuse answers without any event counted.
func refuse(code int, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, message, code) }
}

// cutAnswer counts the events, and loses the connection within the answer.
func (f *fakeExporter) cutAnswer(w http.ResponseWriter, r *http.Request) {
	rec := httptest.NewRecorder()
	f.count(rec, f.body(r))
	w.Header().Set("Content-Length", "1000")
	_, _ = io.Copy(w, io.LimitReader(rec.Body, 10))
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// atMost refuses requests of more events.
func (f *fakeExporter) atMost(events int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := f.body(r)
		if bytes.Count(body, []byte("\n")) > events {
			http.Error(w, "too many events", http.StatusRequestEntityTooLarge)
			return
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		f.count(w, body)
	})
}
