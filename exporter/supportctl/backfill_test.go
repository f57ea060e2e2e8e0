package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"supportexporter/exporter/internal/simulate"
)

// backfillNow is what time invoke says it is: 2023-11-14T22:13:20Z.
var backfillNow = time.Unix(1_700_000_000, 0).UTC()

// backfilled runs backfill without rules into new folders.
func backfilled(t *testing.T, args ...string) (got invocation, dir string) {
	t.Helper()
	dir = t.TempDir()
	return invoke(t.Context(), nil, backfillArgs(dir, args...)...), dir
}

func backfillArgs(dir string, args ...string) []string {
	return append([]string{
		"backfill", "--rules=", "--prometheus.path=" + filepath.Join(dir, "prometheus"),
		"--storage.path=" + filepath.Join(dir, "data"),
	}, args...)
}

// event of a minute of the hour before.
func minuteEvent(minute int, rest string) string {
	return fmt.Sprintf(`{"time": "2023-11-14T21:%02d:00Z", %s}`+"\n", minute, rest)
}

func TestBackfillFiles(t *testing.T) {
	one := write(t, "one.ndjson", minuteEvent(0, `"conversation_id": "a", "csat": 5`)+minuteEvent(30, `"conversation_id": "b", "csat": 7`)+
		`{"conversation_id": "c"}`+"\n")
	two := write(t, "two.json", "["+minuteEvent(31, `"conversation_id": "b", "csat": 4`)+","+minuteEvent(31, `"conversation_id": "b", "csat": 4`)+
		`,{"time": "2023-11-14T22:13:20.001Z", "conversation_id": "d"}]`)
	got, dir := backfilled(t, one, two)
	wantErr := one + ":2: csat: must be an integer from 1 to 5, got 7\n" +
		one + ":3: time: is required in a backfill\n" +
		two + ":3: time: must not be in the future, got 2023-11-14T22:13:20.001Z\n"
	if got.code != exitProblems || got.stderr != wantErr {
		t.Errorf("exit code %d, stderr:\n%s", got.code, cmp.Diff(wantErr, got.stderr))
	}
	golden(t, "backfill-summary.txt", got.stdout)
	again := invoke(t.Context(), nil, backfillArgs(dir, one, two)...)
	want := invocation{exitOK, "Nothing to do: the history from 2023-11-14T21:00:00Z to 2023-11-14T21:35:00Z is there already.\n", ""}
	if again != want {
		t.Errorf("got %+v, want %+v", again, want)
	}
}

func TestBackfillOutOfOrder(t *testing.T) {
	file := write(t, "events.ndjson", minuteEvent(1, `"conversation_id": "a"`)+minuteEvent(0, `"conversation_id": "b"`))
	got, dir := backfilled(t, file)
	want := "supportctl: error: backfill: " + file + ":2: event of 2023-11-14T21:00:00Z comes after one of 2023-11-14T21:01:00Z: events must be in the order of time\n"
	if got.code != exitProblems || got.stderr != want {
		t.Errorf("got %+v, want %s", got, want)
	}
	if entries, _ := os.ReadDir(filepath.Join(dir, "data")); len(entries) > 0 {
		t.Errorf("there is a store: %v", entries)
	}
}

func TestBackfillStdin(t *testing.T) {
	stdin := strings.NewReader(minuteEvent(1, `"conversation_id": "a"`))
	got := invoke(t.Context(), stdin, backfillArgs(t.TempDir(), "-")...)
	if got.code != exitOK || !strings.HasPrefix(got.stdout, "events        1\n") {
		t.Errorf("got %+v", got)
	}
}

func TestBackfillManyProblems(t *testing.T) {
	got, _ := backfilled(t, "--max-errors=1", write(t, "events.ndjson",
		minuteEvent(1, `"conversation_id": "a"`)+"{}\n{}\n{}\n"))
	if got.code != exitProblems || !strings.HasSuffix(got.stderr, "… and 2 more\n") || strings.Count(got.stderr, "\n") != 2 {
		t.Errorf("got %+v", got)
	}
}

// The same seed is the same history, up to the last step before now, and the
// text has it too.
func TestBackfillSimulated(t *testing.T) {
	args := []string{"--simulate=healthy", "--duration=1d", "--conversations-per-day=30", "--seed=3"}
	first, _ := backfilled(t, args...)
	second, _ := backfilled(t, args...)
	if first.code != exitOK || first != second {
		t.Errorf("got %+v and %+v", first, second)
	}
	if !strings.Contains(first.stdout, "end           2023-11-14T22:10:00Z\n") {
		t.Errorf("got %s", first.stdout)
	}
	if want := fmt.Sprintf("events        %d\n", eventsBefore(t, time.Date(2023, 11, 14, 22, 10, 0, 0, time.UTC))); !strings.HasPrefix(first.stdout, want) {
		t.Errorf("got %s, want %s", first.stdout, want)
	}
	other, _ := backfilled(t, "--simulate=healthy", "--duration=1d", "--conversations-per-day=30", "--seed=4")
	if other.stdout == first.stdout {
		t.Error("another seed is the same history")
	}
	file := filepath.Join(t.TempDir(), "history.om")
	text := invoke(t.Context(), nil, append([]string{"backfill", "--rules=", "--output=" + file, "--storage.path=" + t.TempDir()}, args...)...)
	if text.code != exitOK || text.stdout != first.stdout {
		t.Errorf("got %+v, want what %+v says", text, first)
	}
	b, err := os.ReadFile(file)
	if err != nil || !bytes.HasSuffix(b, []byte("\n# EOF\n")) {
		t.Errorf("the text ends with %q, %v", b[max(0, len(b)-20):], err)
	}
}

// eventsBefore counts the events of a day that ends then.
func eventsBefore(t *testing.T, end time.Time) int {
	t.Helper()
	src, err := simulate.New(simulate.Options{Seed: 3, Start: end.AddDate(0, 0, -1), PerDay: 30})
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; ; n++ {
		if at, _ := src.Next(); !at.Before(end) {
			return n
		}
	}
}

func TestBackfillUsage(t *testing.T) {
	to := "--prometheus.path=x"
	for args, want := range map[string]string{
		to:                           "nothing to backfill: name files, or --simulate",
		to + " --simulate=healthy a": "--simulate=healthy and the file a exclude each other",
		to + " --simulate=calm":      `--simulate must be one of healthy, `,
		to + " --step=7m a":          "--step must be whole seconds, from 1s to 5m, that divide an hour, got 7m0s",
		to + " --step=7s a":          "that divide an hour, got 7s",
		to + " --step=500ms a":       "got 500ms",
		to + " --duration=x a":       `not a valid duration string: "x"`,
		to + " --duration=0s a":      "--duration must be more than 0, got 0s",
		to + " --job= a":             "--job must not be empty",
		to + " --instance= a":        "--instance must not be empty",
		to + " --storage.path= a":    "--storage.path must not be empty",
		to + " --max-errors=-1 a":    "--max-errors must not be negative, got -1",
		to + " --output=y a":         "want --prometheus.path or --output, one of them",
		"a":                          "want --prometheus.path or --output, one of them",
		to + " --simulate=healthy --conversations-per-day=0": "--conversations-per-day must be from 1 to 10000000, got 0",
	} {
		got := invoke(t.Context(), nil, append([]string{"backfill"}, strings.Fields(args)...)...)
		if got.code != exitUsage || !strings.Contains(got.stderr, want) {
			t.Errorf("%s: got %+v, want %s", args, got, want)
		}
	}
}

func TestBackfillBadFiles(t *testing.T) {
	config := write(t, "bad.yml", "idle_timeout: soon")
	events := write(t, "events.ndjson", minuteEvent(1, `"conversation_id": "a"`))
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"nowhere.ndjson"}, "nowhere.ndjson: no such file"},
		{[]string{"--config.file=" + config, events}, "idle_timeout"},
		{[]string{"--rules=nowhere.yml", events}, `rules "nowhere.yml": no such file`},
	} {
		got, _ := backfilled(t, tt.args...)
		if got.code != exitProblems || !strings.Contains(got.stderr, tt.want) {
			t.Errorf("%v: got %+v, want %s", tt.args, got, tt.want)
		}
	}
}

// Elsewhere than on a terminal there is a line every ten seconds.
func TestProgress(t *testing.T) {
	var out bytes.Buffer
	now := backfillNow
	p := newProgress(&environment{stderr: &out, now: func() time.Time { return now }})
	p.show(0, now)
	now = now.Add(11 * time.Second)
	p.show(0.25, now)
	p.show(0.5, now)
	now = now.Add(11 * time.Second)
	p.show(0.5, now)
	now = now.Add(11 * time.Second)
	p.show(0, now)
	fmt.Fprintln(p, "a message")
	p.finish()
	want := "25% done, at 2023-11-14, about 33s left\n50% done, at 2023-11-14, about 22s left\nat 2023-11-14\na message\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
	if p.took() != 33*time.Second {
		t.Errorf("took %s", p.took())
	}
}
