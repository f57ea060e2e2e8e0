package main

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// numbered are n events with ids, one a line.
func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"conversation_id":"c-%d","id":"e-%d","turns":%d}`+"\n", i, i, i+1)
	}
	return b.String()
}

// summary is what push prints while the clock stands still.
func summary(accepted, duplicates, rejected, retries int) string {
	return fmt.Sprintf("events     %d\naccepted   %d\nduplicates %d\nrejected   %d\nretries    %d\nduration   0s\nevents/s   0\n",
		accepted+duplicates+rejected, accepted, duplicates, rejected, retries)
}

func TestPush(t *testing.T) {
	events := numbered(10)
	tests := []struct {
		name    string
		content string
		batches []int
	}{
		{"lines", events, []int{4, 4, 2}},
		{"array", "[" + strings.ReplaceAll(strings.TrimSpace(events), "\n", ",\n  ") + "]", []int{4, 4, 2}},
		{"gzip", string(gzipped(t, events)), []int{4, 4, 2}},
		{"zstd", string(zstdCompressed(t, events)), []int{4, 4, 2}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			exporter := &fakeExporter{t: t}
			url := exporter.start()
			got := invoke(t.Context(), nil, "push", url, "--batch-size=4", write(t, "events", tt.content))
			if want := (invocation{stdout: summary(10, 0, 0, 0)}); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
			if !slices.Equal(exporter.batches, tt.batches) {
				t.Errorf("batches %v, want %v", exporter.batches, tt.batches)
			}
			if diff := cmp.Diff(events, strings.Join(exporter.lines, "\n")+"\n"); diff != "" {
				t.Errorf("sent (-want +got):\n%s", diff)
			}
			again := invoke(t.Context(), strings.NewReader(tt.content), "push", url, "-")
			if want := (invocation{stdout: summary(0, 10, 0, 0)}); again != want {
				t.Errorf("again: got %+v, want %+v", again, want)
			}
		})
	}
}

// Numbers, unknown fields and escapes are the exporter's to judge, so they
// reach it as they were written.
func TestPushSendsWhatWasWritten(t *testing.T) {
	line := `{"conversation_id":"c", "id":"\u00e4", "cost":{"usd":1.10e-2}, "turns":4.0, "nope":1, "nope":2}`
	exporter := &fakeExporter{t: t}
	got := invoke(t.Context(), strings.NewReader(line), "push", exporter.start(), "-")
	want := invocation{exitProblems, summary(0, 0, 1, 0), "<stdin>:1: nope: unknown field\n"}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if !slices.Equal(exporter.lines, []string{line}) {
		t.Errorf("sent %q, want %q", exporter.lines, line)
	}
}

func TestPushRejected(t *testing.T) {
	first := write(t, "first.ndjson", numbered(3)+"\n{\"turns\":1}\n"+`{"conversation_id":"x"}`+"\n{\"csat\":9}\nnonsense\n")
	second := write(t, "second.json", "[\n{\"conversation_id\":\"y\"},\n{\n\"conversation_id\":7}]")
	tests := []struct {
		max    string
		stderr []string
	}{
		{"20", []string{
			first + ":5: conversation_id: ", first + ":7: csat: ", first + ":8: not JSON: ", second + ":3: conversation_id: ",
		}},
		{"2", []string{first + ":5: conversation_id: ", first + ":7: csat: ", "… and 2 more\n"}},
		{"0", []string{"… and 4 more\n"}},
	}
	for _, tt := range tests {
		t.Run(tt.max, func(t *testing.T) {
			exporter := &fakeExporter{t: t}
			got := invoke(t.Context(), nil, "push", exporter.start(), "--batch-size=2", "--max-errors="+tt.max, first, second)
			if got.code != exitProblems || got.stdout != summary(5, 0, 4, 0) {
				t.Errorf("exit code %d, stdout\n%s", got.code, got.stdout)
			}
			checkLines(t, got.stderr, tt.stderr)
		})
	}
}

// A batch has a limit in bytes too, so that large events do not fill the memory.
func TestPushLargeEvents(t *testing.T) {
	exporter := &fakeExporter{t: t}
	event := `{"conversation_id":"` + strings.Repeat("x", maxBatch/2-100) + `"}` + "\n"
	got := invoke(t.Context(), strings.NewReader(strings.Repeat(event, 5)), "push", exporter.start(), "-")
	if got.code != exitProblems || got.stdout != summary(0, 0, 5, 0) {
		t.Errorf("exit code %d, stdout\n%s", got.code, got.stdout)
	}
	if want := []int{2, 2, 1}; !slices.Equal(exporter.batches, want) {
		t.Errorf("batches %v, want %v", exporter.batches, want)
	}
}

func TestPushConcurrency(t *testing.T) {
	var now, most atomic.Int32
	both := make(chan struct{})
	exporter := &fakeExporter{t: t}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if now.Add(1) == 2 {
			close(both)
		}
		select {
		case <-both: // the first two wait for each other
		case <-time.After(10 * time.Second):
		}
		most.Store(max(most.Load(), now.Load()))
		now.Add(-1)
		exporter.ServeHTTP(w, r)
	}))
	defer server.Close()
	got := invoke(t.Context(), strings.NewReader(numbered(4)), "push", "--url="+server.URL, "--batch-size=2", "--concurrency=2", "-")
	if got.code != exitOK || got.stdout != summary(4, 0, 0, 0) || most.Load() != 2 {
		t.Errorf("at most %d at a time; %+v", most.Load(), got)
	}
}

func TestPushNothing(t *testing.T) {
	exporter := &fakeExporter{t: t}
	got := invoke(t.Context(), strings.NewReader("\n"), "push", exporter.start(), "-", write(t, "empty", ""))
	if want := (invocation{stdout: summary(0, 0, 0, 0)}); got != want || exporter.requests != 0 {
		t.Errorf("got %+v after %d requests", got, exporter.requests)
	}
}

func TestPushToken(t *testing.T) {
	exporter := &fakeExporter{t: t}
	url := exporter.start()
	token := write(t, "token", "s3cret\n")
	got := invoke(t.Context(), strings.NewReader(numbered(1)), "push", url, "--token-file="+token, "-")
	if got.code != exitOK || exporter.header.Get("Authorization") != "Bearer s3cret" {
		t.Errorf("got %+v, header %v", got, exporter.header)
	}
	empty := write(t, "token", " \n")
	got = invoke(t.Context(), nil, "push", url, "--token-file="+empty, "-")
	if want := (invocation{code: exitProblems, stderr: "supportctl: error: token: " + empty + " is empty\n"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestPushHTTPConfig(t *testing.T) {
	exporter := &fakeExporter{t: t}
	server := httptest.NewTLSServer(exporter)
	defer server.Close()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	good := write(t, "http.yml", "basic_auth: {username: u, password: p}\ntls_config: {ca_file: ca.pem}\n")
	if err := os.WriteFile(filepath.Join(filepath.Dir(good), "ca.pem"), ca, 0o600); err != nil {
		t.Fatal(err)
	}
	got := invoke(t.Context(), strings.NewReader(numbered(1)), "push", "--url="+server.URL, "--http.config.file="+good, "-")
	if got.code != exitOK || exporter.header.Get("Authorization") != "Basic dTpw" {
		t.Errorf("got %+v, header %v", got, exporter.header)
	}
	bad := write(t, "http.yml", "nope: 1\n")
	got = invoke(t.Context(), nil, "push", "--http.config.file="+bad, "-")
	if got.code != exitProblems || !strings.HasPrefix(got.stderr, "supportctl: error: http config "+bad+": ") {
		t.Errorf("got %+v", got)
	}
}

func TestPushURL(t *testing.T) {
	got := invoke(t.Context(), nil, "push", "--url=exporter:10877", "-")
	want := "supportctl: error: exporter url: must begin with http:// or https://\n"
	if got.code != exitProblems || got.stderr != want {
		t.Errorf("got %+v", got)
	}
}

func TestSummary(t *testing.T) {
	p := &push{}
	p.result.Accepted, p.result.Duplicates, p.result.Rejected = 12_000, 300, 45
	var b strings.Builder
	p.summary(&b, 2, 2500*time.Millisecond+300*time.Microsecond)
	golden(t, "summary.txt", b.String())
}

// A total that leaves something out would make the bar lie.
func TestTotalSize(t *testing.T) {
	file := write(t, "events", "123")
	tests := []struct {
		files []string
		want  int64
	}{
		{[]string{file}, 3},
		{[]string{file, file}, 6},
		{[]string{stdinName}, -1},
		{[]string{stdinName, file}, -1},
		{[]string{file, stdinName}, -1},
		{[]string{os.DevNull, file}, -1},
	}
	for _, tt := range tests {
		if got, err := totalSize(tt.files); got != tt.want || err != nil {
			t.Errorf("%v: %d, %v; want %d", tt.files, got, err, tt.want)
		}
	}
}
