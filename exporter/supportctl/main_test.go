package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/google/go-cmp/cmp"
)

// invocation is one run of the program with its clock stopped.
type invocation struct {
	code           int
	stdout, stderr string
}

func invoke(ctx context.Context, stdin io.Reader, args ...string) invocation {
	var stdout, stderr bytes.Buffer
	code := run(ctx, args, &environment{
		stdin: stdin, stdout: &stdout, stderr: &stderr,
		now: func() time.Time { return time.Unix(1_700_000_000, 0) },
	})
	return invocation{code, stdout.String(), stderr.String()}
}

// write puts a file into a new folder.
func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// golden compares with a file in testdata, or writes it if UPDATE_GOLDEN is set.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// commandNames are those of the program, so that a new command is tested by
// being there.
func commandNames() []string {
	var names []string
	for _, c := range commands(kingpin.New("supportctl", "")) {
		names = append(names, c.clause.FullCommand())
	}
	return names
}

func TestHelp(t *testing.T) {
	t.Setenv("COLUMNS", "80")
	t.Setenv("SUPPORT_EXPORTER_URL", "http://not-a-default.test")
	all := invoke(t.Context(), nil, "--help")
	if all.code != exitOK || all.stderr != "" {
		t.Errorf("exit code %d, stderr %q", all.code, all.stderr)
	}
	golden(t, "help.txt", all.stdout)
	for _, name := range commandNames() {
		t.Run(name, func(t *testing.T) {
			got := invoke(t.Context(), nil, name, "--help")
			if got.code != exitOK || got.stderr != "" {
				t.Errorf("exit code %d, stderr %q", got.code, got.stderr)
			}
			if !strings.Contains(got.stdout, "\n  supportctl "+name+" ") {
				t.Error("help has no example")
			}
			golden(t, "help-"+name+".txt", got.stdout)
			if other := invoke(t.Context(), nil, "help", name); other != got {
				t.Errorf("help %s differs from %s --help: %+v", name, name, other)
			}
		})
	}
}

func TestVersion(t *testing.T) {
	got := invoke(t.Context(), nil, "--version")
	if got.code != exitOK || !strings.HasPrefix(got.stdout, "supportctl, version ") || got.stderr != "" {
		t.Errorf("got %+v", got)
	}
	if strings.Contains(got.stdout, "usage:") {
		t.Errorf("usage behind the version:\n%s", got.stdout)
	}
}

func TestUsageErrors(t *testing.T) {
	tests := []struct {
		args   string
		stderr string
	}{
		{"nope", `supportctl: error: expected command but got "nope", try --help`},
		{"help nope", `supportctl: error: expected command but got "nope"`},
		{"--nope", "supportctl: error: unknown long flag '--nope', try --help"},
		{"push", "supportctl: error: required argument 'file' not provided, try --help"},
		{"check-config", "supportctl: error: required argument 'file' not provided, try --help"},
		{"check-config a b", "supportctl: error: unexpected b, try --help"},
		{"check-events", "supportctl: error: required argument 'file' not provided, try --help"},
		{"push --batch-size=0 x", "supportctl: error: --batch-size must be at least 1, got 0, try --help"},
		{"push --concurrency=0 x", "supportctl: error: --concurrency must be at least 1, got 0, try --help"},
		{"push --timeout=0s x", "supportctl: error: --timeout must be more than 0, got 0s, try --help"},
		{"push --max-errors=-1 x", "supportctl: error: --max-errors must not be negative, got -1, try --help"},
		{"push --timeout=soon x", `supportctl: error: --timeout: time: invalid duration "soon", try --help`},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			got := invoke(t.Context(), nil, strings.Fields(tt.args)...)
			want := invocation{code: exitUsage, stderr: tt.stderr + "\n"}
			if got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestNoArguments(t *testing.T) {
	got := invoke(t.Context(), nil)
	if got.code != exitUsage || !strings.HasPrefix(got.stdout, "usage: supportctl ") {
		t.Errorf("got %+v", got)
	}
}

func TestCheckConfig(t *testing.T) {
	good := write(t, "good.yml", "idle_timeout: 10m\n")
	bad := write(t, "bad.yml", "idle_timeout: soon\nnope: 1\n")
	missing := filepath.Join(t.TempDir(), "missing.yml")
	noTokens := write(t, "tokens.yml", "ingest: {tokens_file: nope}\n")
	badTokens := write(t, "tokens.yml", "idle_timeout: soon\ningest:\n  tokens_file: tokens\n  max_queue_events: 5\n  max_inflight_bytes: 1MiB\n")
	if err := os.WriteFile(filepath.Join(filepath.Dir(badTokens), "tokens"), []byte("agent secret\n\nbot more than two\n"), 0o600); err != nil {
		t.Fatal(err)
	}

	if got, want := invoke(t.Context(), nil, "check-config", good), (invocation{stdout: good + ": ok\n"}); got != want {
		t.Errorf("good: got %+v, want %+v", got, want)
	}
	got := invoke(t.Context(), nil, "check-config", bad)
	if got.code != exitProblems || got.stdout != "" {
		t.Errorf("bad: exit code %d, stdout %q", got.code, got.stdout)
	}
	problems := strings.Split(strings.TrimSpace(got.stderr), "\n")
	if len(problems) != 2 || !strings.HasPrefix(problems[0], bad+":1: ") || !strings.HasPrefix(problems[1], bad+":2: ") {
		t.Errorf("bad: stderr %q, want a line for each problem", got.stderr)
	}
	for file, want := range map[string][]string{
		noTokens: {noTokens + ":1: ingest.tokens_file: read tokens: open " + filepath.Join(filepath.Dir(noTokens), "nope") + ": no such file"},
		badTokens: {
			badTokens + ":1: idle_timeout: ",
			badTokens + ":3: ingest.tokens_file: " + filepath.Join(filepath.Dir(badTokens), "tokens") + ":1: SHA-256 must be 64 hex digits",
			badTokens + ":3: ingest.tokens_file: " + filepath.Join(filepath.Dir(badTokens), "tokens") + ":3: must be a name and a SHA-256",
			badTokens + ":4: ingest.max_queue_events: ",
			badTokens + ":5: ingest.max_inflight_bytes: ",
		},
	} {
		got := invoke(t.Context(), nil, "check-config", file)
		if got.code != exitProblems || got.stdout != "" {
			t.Errorf("%s: exit code %d, stdout %q", file, got.code, got.stdout)
		}
		checkLines(t, got.stderr, want)
	}
	got = invoke(t.Context(), nil, "check-config", missing)
	if got.code != exitProblems || !strings.Contains(got.stderr, missing+": no such file or directory") {
		t.Errorf("missing: got %+v", got)
	}
}
