package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheckEvents(t *testing.T) {
	lines := write(t, "events.ndjson", `{"conversation_id":"a","turns":3}
{"conversation_id":"a","csat":9}

{"turns":1}
not json
{"conversation_id":"b","turns_delta":1}
`)
	array := write(t, "events.json", `[
  {"conversation_id": "a"},
  {
    "conversation_id": "a",
    "nope": 1
  }
]
`)
	broken := write(t, "broken.json", "[{\"conversation_id\":\"a\"}\n{}]")

	tests := []struct {
		name   string
		stdin  string
		args   []string
		code   int
		stdout string
		stderr []string // how each line begins
	}{
		{name: "all good", stdin: `{"conversation_id":"a","csat":4.0}`, args: []string{"-"}, stdout: "1 event, 0 errors\n"},
		{name: "nothing", args: []string{"-"}, stdout: "0 events, 0 errors\n"},
		{name: "lines", args: []string{lines}, code: exitProblems, stdout: "5 events, 4 errors\n", stderr: []string{
			lines + ":2: csat: ", lines + ":4: conversation_id: ", lines + ":5: not JSON: ", lines + ":6: id: ",
		}},
		{name: "array", args: []string{array}, code: exitProblems, stdout: "2 events, 1 error\n", stderr: []string{
			array + ":3: nope: unknown field",
		}},
		{name: "all files, whatever is wrong with one", stdin: "{}",
			args: []string{broken, filepath.Join(t.TempDir(), "missing"), array, "-"},
			code: exitProblems, stdout: "4 events, 4 errors\n", stderr: []string{
				broken + ":2: not JSON: ", "open ", array + ":3: nope: ", "<stdin>:1: conversation_id: ",
			}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := invoke(t.Context(), strings.NewReader(tt.stdin), append([]string{"check-events"}, tt.args...)...)
			if got.code != tt.code || got.stdout != tt.stdout {
				t.Errorf("exit code %d, stdout %q; want %d, %q", got.code, got.stdout, tt.code, tt.stdout)
			}
			checkLines(t, got.stderr, tt.stderr)
		})
	}
}

// checkLines compares the beginnings of the lines of a text.
func checkLines(t *testing.T, text string, want []string) {
	t.Helper()
	var got []string
	for line := range strings.Lines(text) {
		got = append(got, line)
	}
	if len(got) != len(want) {
		t.Fatalf("%d lines, want %d:\n%s", len(got), len(want), text)
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("line %d: %q, want %q", i+1, got[i], want[i])
		}
	}
}

func TestCheckEventsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	file := write(t, "events.ndjson", strings.Repeat(`{"conversation_id":"a"}`+"\n", 5))
	got := invoke(ctx, nil, "check-events", file, file)
	if got.code != exitProblems || got.stdout != "1 event, 1 error\n" {
		t.Errorf("got %+v", got)
	}
}
