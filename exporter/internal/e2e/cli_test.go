package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// runExporter runs an exporter that ends by itself, in a folder.
func runExporter(t *testing.T, dir string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "support_exporter", args...)
	cmd.Env = append(os.Environ(), "COLUMNS=80")
	cmd.Dir = dir
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	_ = cmd.Run() // the exit code says it
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// The help names every flag with its default, on stdout. UPDATE_GOLDEN writes
// the file anew.
func TestHelp(t *testing.T) {
	t.Parallel()
	golden := filepath.Join("testdata", "help.txt")
	code, got, errs := runExporter(t, t.TempDir(), "--help")
	if code != 0 || errs != "" {
		t.Errorf("exit code %d, stderr %q", code, errs)
	}
	if os.Getenv("UPDATE_GOLDEN") != "" {
		rewrite(t, golden, got)
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("--help (-want +got):\n%s", diff)
	}
	for _, flag := range []string{
		"--config.file", "--[no-]config.check", "--storage.path=\"data/\"", "--web.listen-address=:10877", "--web.config.file",
		"--web.telemetry-path=\"/metrics\"", "--[no-]web.enable-lifecycle", "--log.level=info", "--log.format=logfmt",
		"--push.url", "--push.interval=15s", "--[no-]version",
	} {
		wantText(t, got, flag)
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	code, got, errs := runExporter(t, t.TempDir(), "--version")
	if code != 0 || errs != "" {
		t.Errorf("exit code %d, stderr %q", code, errs)
	}
	if !strings.HasPrefix(got, "support_exporter, version ") {
		t.Errorf("got %q", got)
	}
	wantText(t, got, "go version:")
}

// Flags that make no sense end the exporter with a message.
func TestBadFlags(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ flag, want string }{
		{"--no-such-flag", "unknown long flag '--no-such-flag'"},
		{"--log.level=loud", "unrecognized log level loud"},
		{"--push.interval=soon", `invalid duration "soon"`},
		{"--config.file=none.yml", "read config: open none.yml: no such file or directory"},
		{"--web.config.file=none.yml", "open none.yml: no such file or directory"},
		{"--web.listen-address=127.0.0.1:99999", "invalid port"},
		{"--push.url=://", "--push.url"},
		{"--push.url=victoria:8428", "--push.url"},
		{"--push.url=ftp://x", "--push.url: want an address that begins with http:// or https://"},
		{"--push.url=http://", "--push.url: want the name of a host"},
		{"--push.url=http://:8428/write", "--push.url: want the name of a host"},
		{"--push.interval=0s --push.url=http://127.0.0.1:1", "--push.interval: want more than 0, got 0s"},
		{"--storage.path=", `--storage.path: want a folder, got \"\"`},
		{"--web.telemetry-path=/", "--web.telemetry-path"},
		{"--web.telemetry-path=metrics", "--web.telemetry-path"},
		{"--web.telemetry-path=/metrics/exporter", "--web.telemetry-path"},
		{"--web.telemetry-path=/-/ready", "--web.telemetry-path"},
		{"--web.telemetry-path=/api/v1/events", "--web.telemetry-path"},
		{"--web.telemetry-path=/{metrics}", "--web.telemetry-path"},
		{"--web.telemetry-path=/{", "--web.telemetry-path"},
		{"--web.telemetry-path=//metrics", "--web.telemetry-path"},
		{"--web.telemetry-path=/-/", "--web.telemetry-path"},
		{"--web.telemetry-path=/a/../metrics", "--web.telemetry-path"},
		{`--web.telemetry-path=/"><script>alert(1)</script>`, "--web.telemetry-path"},
		{"--web.telemetry-path=/metrics?a=1", "--web.telemetry-path"},
	} {
		t.Run(tc.flag, func(t *testing.T) {
			args := strings.Fields(tc.flag)
			if !strings.Contains(tc.flag, "--storage.path") {
				args = append(args, "--storage.path=store")
			}
			if !strings.Contains(tc.flag, "--web.listen-address") {
				args = append(args, "--web.listen-address=127.0.0.1:0")
			}
			dir := t.TempDir()
			code, _, errs := runExporter(t, dir, args...)
			if made := glob(t, dir, "*"); len(made) > 0 && !strings.Contains(tc.flag, "--web.listen-address") {
				t.Errorf("made %v first", made)
			}
			if code != 1 {
				t.Errorf("exit code %d, want 1", code)
			}
			wantText(t, errs, tc.want)
			if strings.Contains(errs, "goroutine ") {
				t.Error("a panic is no message for an operator")
			}
		})
	}
}

// The configuration is checked as the exporter would read it, without a store.
func TestConfigCheck(t *testing.T) {
	t.Parallel()
	example, err := filepath.Abs(filepath.Join(root, "examples", "support_exporter.yml"))
	if err != nil {
		t.Fatal(err)
	}
	good := writeFile(t, "good.yml", "idle_timeout: 5m")
	bad := writeFile(t, "bad.yml", "idle_timeout: 5")
	noTokens := writeFile(t, "tokens.yml", "ingest: {tokens_file: none}")
	badWeb := writeFile(t, "web.yml", "basic_auth_users: {prometheus: not-a-hash}")
	const valid = "the configuration is valid\n"
	for _, tc := range []struct {
		name, flag     string
		code           int
		stdout, stderr string
	}{
		{"no file", "", 0, valid, ""},
		{"good", "--config.file=" + good, 0, valid, ""},
		{"shipped example", "--config.file=" + example, 0, valid, ""},
		{"bad", "--config.file=" + bad, 1, "", bad + ":1: idle_timeout: "},
		{"missing", "--config.file=" + good + ".not", 1, "", "no such file or directory"},
		{"missing tokens", "--config.file=" + noTokens, 1, "", "ingest.tokens_file: read tokens: open "},
		{"bad push address", "--push.url=ftp://x", 1, "", "--push.url: want an address"},
		{"bad telemetry path", "--web.telemetry-path=/", 1, "", "--web.telemetry-path: "},
		{"not the first problem alone", "--push.url=ftp://x --config.file=" + bad, 1, "", bad + ":1: idle_timeout: "},
		{"bad web configuration", "--web.config.file=" + badWeb, 1, "", "hashedSecret too short"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			code, stdout, stderr := runExporter(t, dir, append(strings.Fields(tc.flag), "--config.check")...)
			if code != tc.code || stdout != tc.stdout {
				t.Errorf("got exit code %d and %q, want %d and %q", code, stdout, tc.code, tc.stdout)
			}
			wantText(t, stderr, tc.stderr)
			if made := glob(t, dir, "*"); len(made) > 0 {
				t.Errorf("a check made %v", made)
			}
		})
	}
}
