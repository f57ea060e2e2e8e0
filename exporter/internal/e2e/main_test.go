package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// root is the repository's folder, seen from where the tests run.
const root = "../../.."

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	bin, err := os.MkdirTemp("", "e2e")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(bin) }() // binaries in the temporary folder harm nobody
	for name, source := range map[string]string{
		"support_exporter": "./exporter",
		"supportctl":       "./exporter/supportctl",
	} {
		args := append(append([]string{"build"}, raceFlags...), "-o", filepath.Join(bin, name), source)
		build := exec.Command("go", args...)
		build.Dir = root
		if out, err := build.CombinedOutput(); err != nil {
			return 0, fmt.Errorf("building %s: %w\n%s", name, err, out)
		}
	}
	if err := os.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH")); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

// tool finds a program of the Prometheus project. These tests are the ones that
// prove the exporter against it, so they are not skipped without it.
func tool(tb testing.TB, name string) string {
	tb.Helper()
	path, err := filepath.Abs(filepath.Join(root, ".bin", name))
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		tb.Fatalf("run make tools: %v", err)
	}
	return path
}
