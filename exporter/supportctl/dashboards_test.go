package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDashboardsAreWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	got := invoke(t.Context(), nil, "dashboards", "--output", dir)
	if got.code != exitOK || got.stderr != "" {
		t.Fatalf("exit code %d, stderr %q", got.code, got.stderr)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(got.stdout, "\n"); lines != len(entries) || lines < 4 {
		t.Errorf("%d files, %d of them printed, want the same and at least 4", len(entries), lines)
	}
	for path := range strings.Lines(got.stdout) {
		text, err := os.ReadFile(strings.TrimSpace(path))
		if err != nil {
			t.Fatal(err)
		}
		var d struct{ UID string }
		if err := json.Unmarshal(text, &d); err != nil || d.UID+".json" != filepath.Base(strings.TrimSpace(path)) {
			t.Errorf("%s: uid %q, error %v", path, d.UID, err)
		}
	}
}

func TestDashboardsThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	taken := t.TempDir()
	if err := os.Mkdir(filepath.Join(taken, "support-overview.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{
		file:  "make --output: ",
		taken: "write dashboard: ",
	} {
		got := invoke(t.Context(), nil, "dashboards", "--output", dir)
		if got.code != exitProblems || !strings.Contains(got.stderr, want) {
			t.Errorf("%s: exit code %d, stderr %q, want %q", dir, got.code, got.stderr, want)
		}
	}
}
