package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What passes is retried, and nothing is counted twice.
func TestPushRetries(t *testing.T) {
	exporter := &fakeExporter{t: t}
	exporter.script = []http.HandlerFunc{
		refuse(http.StatusServiceUnavailable, "shutting down"), nil,
		exporter.cutAnswer, nil,
		func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
		},
	}
	got := invoke(t.Context(), strings.NewReader(numbered(6)), "push", exporter.start(), "--batch-size=2", "-")
	if got.code != exitOK || got.stdout != summary(4, 2, 0, 3) {
		t.Errorf("exit code %d, stdout\n%s", got.code, got.stdout)
	}
	for _, want := range []string{
		`msg=retrying events=2 attempt=1`, "503 Service Unavailable: shutting down", "unexpected EOF", "429 Too Many Requests",
	} {
		if !strings.Contains(got.stderr, want) {
			t.Errorf("stderr lacks %q:\n%s", want, got.stderr)
		}
	}
}

func TestPushNotDelivered(t *testing.T) {
	events := write(t, "events.ndjson", numbered(9))
	gone := httptest.NewServer(nil)
	gone.Close()
	login := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>log in") }
	tests := []struct {
		name     string
		script   []http.HandlerFunc
		args     []string
		accepted int
		stderr   string
	}{
		{"refused for good", []http.HandlerFunc{nil, refuse(401, "no token")}, nil, 2,
			"supportctl: error: " + events + ":3: not delivered: 401 Unauthorized: no token\n"},
		{"not an exporter", []http.HandlerFunc{login}, nil, 0,
			"supportctl: error: " + events + ":1: not delivered: answer does not account for the 2 events: 200 OK: <html>log in\n"},
		{"for too long", []http.HandlerFunc{nil, nil, refuse(503, "disk full"), refuse(503, "disk full"), refuse(503, "disk full")},
			[]string{"--timeout=1ms"}, 4, "not delivered: post 2 events: gave up after "},
		{"nobody there", nil, []string{"--timeout=1ms", "--url=" + gone.URL}, 0, "connection refused"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			exporter := &fakeExporter{t: t, script: tt.script}
			t.Setenv("SUPPORT_EXPORTER_URL", strings.TrimPrefix(exporter.start(), "--url="))
			args := append([]string{"push", "--batch-size=2"}, tt.args...)
			got := invoke(t.Context(), nil, append(args, events)...)
			if got.code != exitProblems || !strings.Contains(got.stderr, tt.stderr) {
				t.Errorf("exit code %d, stderr %q, want %q", got.code, got.stderr, tt.stderr)
			}
			if !strings.HasPrefix(got.stdout, fmt.Sprintf("events     %d\naccepted   %d\n", tt.accepted, tt.accepted)) {
				t.Errorf("stdout\n%s", got.stdout)
			}
			if strings.Contains(strings.Join(exporter.lines, ""), "e-8") {
				t.Error("went on to the last batch")
			}
		})
	}
}

func TestPushInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	exporter := &fakeExporter{t: t, script: []http.HandlerFunc{nil, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		_, _ = io.Copy(io.Discard, r.Body) // else the server does not see the client go
		<-r.Context().Done()
	}}}
	got := invoke(ctx, strings.NewReader(numbered(9)), "push", exporter.start(), "--batch-size=2", "-")
	if got.code != exitProblems || got.stdout != summary(2, 0, 0, 0) {
		t.Errorf("exit code %d, stdout\n%s", got.code, got.stdout)
	}
	if !strings.HasPrefix(got.stderr, "supportctl: error: <stdin>:3: not delivered: post 2 events: context canceled") {
		t.Errorf("stderr %q", got.stderr)
	}

	// Also when no request is under way: not everything was read.
	got = invoke(ctx, strings.NewReader(numbered(1)), "push", "-")
	if got.code != exitProblems || !strings.Contains(got.stderr, "context canceled") {
		t.Errorf("interrupted before: %+v", got)
	}
}

func TestPushSplitsWhatIsTooLarge(t *testing.T) {
	exporter := &fakeExporter{t: t}
	server := httptest.NewServer(exporter.atMost(3))
	defer server.Close()
	content := numbered(5) + "{}\n" + numbered(4)
	got := invoke(t.Context(), strings.NewReader(content), "push", "--url="+server.URL, "-")
	if got.code != exitProblems || got.stdout != summary(5, 4, 1, 0) {
		t.Errorf("exit code %d, stdout\n%s", got.code, got.stdout)
	}
	checkLines(t, got.stderr, []string{"<stdin>:6: conversation_id: "})
	if want := []int{2, 3, 2, 3}; !slices.Equal(exporter.batches, want) {
		t.Errorf("batches %v, want %v", exporter.batches, want)
	}
}

// One bad file does not keep the others from being pushed; a missing one does,
// for it is noticed before anything was sent.
func TestPushFiles(t *testing.T) {
	good := write(t, "good.ndjson", numbered(3))
	cut := write(t, "cut.gz", string(gzipped(t, numbered(2))[:30]))
	missing := filepath.Join(t.TempDir(), "missing")
	folder := t.TempDir()
	tests := []struct {
		name   string
		files  []string
		stdout string
		stderr string
	}{
		{"none is there", []string{good, missing}, "", "supportctl: error: stat " + missing + ": no such file or directory\n"},
		{"folder", []string{good, folder}, "", "supportctl: error: " + folder + ": is a directory\n"},
		{"one is broken", []string{cut, good}, summary(3, 0, 0, 0), "supportctl: error: " + cut + ":1: unexpected EOF\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			exporter := &fakeExporter{t: t}
			got := invoke(t.Context(), nil, append([]string{"push", exporter.start()}, tt.files...)...)
			if want := (invocation{exitProblems, tt.stdout, tt.stderr}); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

// endless is a stream of events that goes on for ever.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	line := numbered(1)
	n := 0
	for n+len(line) <= len(p) {
		n += copy(p[n:], line)
	}
	return n, nil
}

func TestPushStopsReading(t *testing.T) {
	exporter := &fakeExporter{t: t, script: []http.HandlerFunc{refuse(401, "no token")}}
	got := invoke(t.Context(), endless{}, "push", exporter.start(), "-")
	if got.code != exitProblems || got.stdout != summary(0, 0, 0, 0) {
		t.Errorf("got %+v", got)
	}
}
