package e2e

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The lines that are said to make the Go client importable do so, in a module
// that knows nothing of this one.
func TestGoClientIsImportable(t *testing.T) {
	t.Parallel()
	var script, statement string
	for _, b := range fences(readFile(t, filepath.Join(root, "examples", "README.md"))) {
		switch {
		case strings.HasPrefix(b.text, "go mod edit"):
			script = b.text
		case b.language == "go" && strings.HasPrefix(b.text, "import "):
			statement = b.text
		}
	}
	if script == "" || statement == "" {
		t.Fatalf("lines %q, import %q", script, statement)
	}
	edit, _, _ := strings.Cut(script, "\n")
	if readme := strings.ReplaceAll(readFile(t, filepath.Join(root, "README.md")), "\n", " "); !strings.Contains(readme, edit) {
		t.Errorf("the README does not have %s", edit)
	}
	dir := t.TempDir()
	rewrite(t, filepath.Join(dir, "go.mod"), "module example.org/agent\n\ngo 1.26.0\n")
	rewrite(t, filepath.Join(dir, "main.go"), "package main\n\n"+statement+"\nfunc main() { _ = client.DefaultURL }\n")
	clone, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("bash", "-euc", strings.ReplaceAll(script, "/path/to/clone", clone)+"go vet .\n")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
