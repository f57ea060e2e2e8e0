package bundle

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"supportexporter/exporter/internal/program"
)

// unit reads a unit of examples/systemd: its settings in the order of the file,
// as "Section.Name=value". A line that ends with \ goes on.
func unit(t *testing.T, name string) (settings []string) {
	t.Helper()
	section := ""
	text := strings.ReplaceAll(readShipped(t, "examples", "systemd", name), "\\\n", " ")
	for line := range strings.Lines(text) {
		line = strings.Join(strings.Fields(line), " ")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "["):
			section = strings.Trim(line, "[]") + "."
		default:
			settings = append(settings, section+line)
		}
	}
	return settings
}

// systemdUnits are the files of examples/systemd.
func systemdUnits(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(program.Root(t), "examples", "systemd"))
	if err != nil || len(entries) < 2 {
		t.Fatalf("%d units: %v", len(entries), err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// setting gives the value of the one setting of this name.
func setting(t *testing.T, of []string, name string) string {
	t.Helper()
	at := slices.IndexFunc(of, func(s string) bool { return strings.HasPrefix(s, name+"=") })
	if at < 0 {
		t.Fatalf("no %s", name)
	}
	return strings.TrimPrefix(of[at], name+"=")
}

// The units hold what systemd knows, and programs that are there.
func TestSystemdVerifiesTheUnits(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not here to verify them")
	}
	dir := t.TempDir()
	for _, program := range []string{"support_exporter", "supportctl"} {
		if err := os.WriteFile(filepath.Join(dir, program), []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"verify", "--recursive-errors=no"}
	for _, name := range systemdUnits(t) {
		text := strings.ReplaceAll(readShipped(t, "examples", "systemd", name), "/usr/local/bin", dir)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, filepath.Join(dir, name))
	}
	// What it does not know it tells of, and goes on.
	if out, err := exec.Command(analyze, args...).CombinedOutput(); err != nil || strings.Contains(string(out), dir) {
		t.Errorf("systemd-analyze: %v\n%s", err, out)
	}
}

// The programs know the flags that they are started with, also those that the
// comments tell of.
func TestSystemdFlagsAreKnown(t *testing.T) {
	dir := t.TempDir()
	build := exec.Command("go", "build", "-o", dir+"/", "./exporter", "./exporter/supportctl")
	build.Dir = program.Root(t)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	exporter := unit(t, "support_exporter.service")
	start := strings.Fields(setting(t, exporter, "Service.ExecStart"))
	if start[0] != "/usr/local/bin/support_exporter" {
		t.Errorf("ExecStart=%v", start)
	}
	help := []string{filepath.Join(dir, "exporter"), "--help"}
	checkFlags(t, "the service", help, start)
	inComments := regexp.MustCompile(`--web\.[a-z.-]+[a-z]`).FindAllString(readShipped(t, "examples", "systemd", "support_exporter.socket"), -1)
	checkFlags(t, "the socket", help, inComments)

	backup := strings.Fields(setting(t, unit(t, "support_exporter-backup.service"), "Service.ExecStart"))
	if !slices.Contains(backup, "/usr/local/bin/supportctl") {
		t.Errorf("ExecStart=%v", backup)
	}
	checkFlags(t, "the backup", []string{filepath.Join(dir, "supportctl"), "backup", "--help"}, backup)

	// Both mean the same store, which is the folder that systemd makes.
	store := "--storage.path=/var/lib/" + setting(t, exporter, "Service.StateDirectory")
	if !slices.Contains(start, store) || !slices.Contains(backup, store) {
		t.Errorf("want %s in %v and in %v", store, start, backup)
	}
	listen := setting(t, unit(t, "support_exporter.socket"), "Socket.ListenStream")
	if !slices.Contains(start, "--web.listen-address=:"+listen) {
		t.Errorf("the socket is at %s, the service is started with %v", listen, start)
	}
}

// The exporter comes back whatever happens, has the time to stop that it needs,
// and may do nothing but its work.
func TestSystemdServiceIsConfined(t *testing.T) {
	exporter := unit(t, "support_exporter.service")
	for _, want := range []string{
		"Unit.StartLimitIntervalSec=0",
		"Service.Restart=always",
		"Service.ExecReload=/bin/kill -HUP $MAINPID",
		"Service.TimeoutStopSec=60s",
		"Service.DynamicUser=yes",
		"Service.StateDirectoryMode=0700",
		"Service.CapabilityBoundingSet=",
		"Service.NoNewPrivileges=yes",
		"Service.ProtectSystem=strict",
		"Service.ProtectHome=yes",
		"Service.PrivateDevices=yes",
		"Service.MemoryDenyWriteExecute=yes",
		"Service.SystemCallFilter=@system-service",
	} {
		if !slices.Contains(exporter, want) {
			t.Errorf("the service has no %s", want)
		}
	}
	backup := unit(t, "support_exporter-backup.service")
	for _, want := range []string{
		"Service.Type=oneshot",
		"Service.CapabilityBoundingSet=CAP_DAC_OVERRIDE",
		"Service.ProtectSystem=strict",
		"Service.PrivateNetwork=yes",
	} {
		if !slices.Contains(backup, want) {
			t.Errorf("the backup has no %s", want)
		}
	}
}
