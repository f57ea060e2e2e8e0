package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// clock is where invoke stops it.
const clock = "2023-11-14T22:13:20Z"

// What is wanted follows from the flags; what they leave open, from the clock.
func TestSimulatePeriod(t *testing.T) {
	const day = 24 * time.Hour
	tests := []struct {
		args             string
		start, from, end time.Duration // after the clock
		endless          bool
	}{
		{args: "", endless: true},
		{args: "--duration=1h", end: time.Hour},
		{args: "--end=2023-11-15T22:13:20Z", end: day},
		{args: "--from=2023-11-13T22:13:20Z", start: -day, from: -day, endless: true},
		{args: "--from=2023-11-13T22:13:20Z --duration=2d", start: -day, from: -day, end: day},
		{args: "--start=2023-11-04T22:13:20Z", start: -10 * day, endless: true},
		{args: "--start=2023-11-04T22:13:20Z --from=2023-11-13T22:13:20Z", start: -10 * day, from: -day, endless: true},
		{args: "--start=2023-11-04T22:13:20Z --duration=1h", start: -10 * day, end: time.Hour},

		{args: "--start=now-14d --from=now-1h30m", start: -14 * day, from: -90 * time.Minute, endless: true},
		{args: "--from=now-1h --end=now", start: -time.Hour, from: -time.Hour},
		{args: "--start=2023-11-13T23:13:20.5+01:00 --from=now", start: -day + 500*time.Millisecond, endless: true},

		{args: "--output=x", start: -28 * day, from: -28 * day},
		{args: "--output=x --duration=7d", start: -7 * day, from: -7 * day},
		{args: "--output=x --end=2023-11-13T22:13:20Z", start: -29 * day, from: -29 * day, end: -day},
		{args: "--output=x --end=2023-11-13T22:13:20Z --duration=1d", start: -2 * day, from: -2 * day, end: -day},
		{args: "--output=x --start=2023-11-04T22:13:20Z", start: -10 * day, from: -10 * day},
		{args: "--output=x --start=2023-11-04T22:13:20Z --duration=1d", start: -10 * day, from: -10 * day, end: -9 * day},
		{args: "--output=x --start=2023-11-04T22:13:20Z --from=2023-11-13T22:13:20Z", start: -10 * day, from: -day},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			now, err := time.Parse(time.RFC3339, clock)
			if err != nil {
				t.Fatal(err)
			}
			got, err := parseSimulate(t, tt.args).period(now)
			if err != nil {
				t.Fatal(err)
			}
			want := period{now.Add(tt.start), now.Add(tt.from), now.Add(tt.end)}
			if tt.endless {
				want.end = time.Time{}
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(period{})); diff != "" {
				t.Errorf("period (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSimulateErrors(t *testing.T) {
	tests := []struct {
		args   string
		code   int
		stderr string
	}{
		{"--scenario=doom", exitUsage, "--scenario: enum value must be one of healthy,csat-regression,cost-spike,escalation-storm,intent-outage,experiment-winner,experiment-null, got 'doom', try --help"},
		{"--start=yesterday", exitUsage, `--start: time must be as in 2026-10-01T00:00:00Z or now-1h, got "yesterday", try --help`},
		{"--from=now+1h", exitUsage, `--from: time must be as in 2026-10-01T00:00:00Z or now-1h, got "now+1h", try --help`},
		{"--end=now-soon", exitUsage, `--end: time must be as in 2026-10-01T00:00:00Z or now-1h, got "now-soon", try --help`},
		{"--timeout=0s", exitUsage, "--timeout must be more than 0, got 0s, try --help"},
		{"--end=2023-11-15T00:00:00Z --duration=1d", exitUsage, "--duration must not be given where the length is known without it, try --help"},
		{"--output=x --start=2023-11-01T00:00:00Z --end=2023-11-02T00:00:00Z --duration=1d", exitUsage, "--duration must not be given where the length is known without it, try --help"},
		{"--end=2023-11-01T00:00:00Z", exitProblems, "no time is left: the traffic starts at 2023-11-14T22:13:20Z and is wanted from 2023-11-14T22:13:20Z to 2023-11-01T00:00:00Z"},
		{"--conversations-per-day=0", exitUsage, "--conversations-per-day must be from 1 to 10000000, got 0, try --help"},
		{"--conversations-per-day=0.1", exitUsage, "--conversations-per-day must be from 1 to 10000000, got 0.1, try --help"},
		{"--seed=x", exitUsage, `--seed: strconv.ParseUint: parsing "x": invalid syntax, try --help`},
		{"--url=ftp://x", exitProblems, `exporter url: must begin with http:// or https://`},
		{"--token-file=/does/not/exist", exitProblems, "token: open /does/not/exist: no such file or directory"},
		{"--output=/does/not/exist", exitProblems, "open /does/not/exist: no such file or directory"},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			got := invoke(t.Context(), nil, append([]string{"simulate"}, strings.Fields(tt.args)...)...)
			if want := (invocation{code: tt.code, stderr: "supportctl: error: " + tt.stderr + "\n"}); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

// A history is valid, lies within its time, and is the same each time and by
// each way.
func TestSimulateHistory(t *testing.T) {
	args := []string{"simulate", "--seed=4", "--conversations-per-day=300", "--start=2023-11-01T00:00:00Z", "--duration=2d"}
	file := filepath.Join(t.TempDir(), "history.ndjson")
	got := invoke(t.Context(), nil, append(args, "--output="+file)...)
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	n := strings.Count(string(content), "\n")
	if want := (invocation{stdout: fmt.Sprintf("%d events\n", n)}); got != want || n < 1000 {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, dash := range [][]string{{"--output=-"}, {"--output", "-"}} {
		piped := invoke(t.Context(), nil, append(args, dash...)...)
		if want := (invocation{stdout: string(content), stderr: fmt.Sprintf("%d events\n", n)}); piped != want {
			t.Errorf("%q: not what the file holds", dash)
		}
	}
	if checked := invoke(t.Context(), nil, "check-events", file); checked.code != exitOK {
		t.Errorf("check-events: %+v", checked)
	}
	first, last, _ := strings.Cut(string(content), "\n")
	last = last[strings.LastIndex(strings.TrimSpace(last), "\n")+1:]
	if !strings.Contains(first, `"time":"2023-11-01T00:`) || !strings.Contains(last, `"time":"2023-11-02T23:`) {
		t.Errorf("from\n%s\nto\n%s", first, last)
	}
}

// A history that was interrupted does not pass for a whole one.
func TestSimulateHistoryInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got := invoke(ctx, nil, "simulate", "--output=-")
	if want := (invocation{exitProblems, "", "0 events\nsupportctl: error: history is not complete: context canceled\n"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// A scenario begins where it is told to, else with what is sent: the stream
// that goes on from before is the same until then.
func TestSimulateScenarioStart(t *testing.T) {
	run := func(args ...string) map[string]bool {
		t.Helper()
		args = append([]string{"simulate", "--output=-", "--conversations-per-day=1000", "--start=now-1d"}, args...)
		got := invoke(t.Context(), nil, args...)
		if got.code != exitOK {
			t.Fatalf("%q: %+v", args, got)
		}
		lines := map[string]bool{}
		for line := range strings.Lines(got.stdout) {
			lines[line] = true
		}
		return lines
	}
	differ := func(a, b map[string]bool) (first string) {
		for line := range a {
			if _, rest, _ := strings.Cut(line, "conversation_id\":\"sim-1-"); !b[line] && (first == "" || rest < first) {
				first = rest
			}
		}
		return first
	}
	healthy, spike := run("--from=now-10h"), run("--from=now-10h", "--scenario=cost-spike")
	if first := differ(spike, healthy); !strings.HasPrefix(first, "20231114T12") {
		t.Errorf("the first other conversation is %q, want one from ten hours before the end", first)
	}
	later := run("--from=now-10h", "--scenario=cost-spike", "--scenario-start=now-5h")
	if first := differ(later, healthy); !strings.HasPrefix(first, "20231114T17") {
		t.Errorf("the first other conversation is %q, want one from five hours before the end", first)
	}
}
