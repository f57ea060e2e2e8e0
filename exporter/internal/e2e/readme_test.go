package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Every command of the README does what the README shows. Blocks marked sh are
// run, one after the other, against one fresh exporter; a block marked text
// behind one is what it prints. `go run ./exporter` is that exporter; of make,
// whose targets are this test among others, it is checked that it knows them.
func TestReadmeCommands(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := fences(string(readme))
	e := startExporter(t, t.TempDir())
	ran := 0
	for i, b := range blocks {
		if b.language != "sh" {
			continue
		}
		script := b.text
		switch {
		case script == "go run ./exporter\n":
			continue
		case strings.HasPrefix(script, "make "):
			script = strings.ReplaceAll(script, "make ", "make -n ")
		}
		script = strings.ReplaceAll(script, "http://localhost:10877", "http://"+e.address())
		cmd := exec.Command("bash", "-euo", "pipefail", "-c", script)
		cmd.Dir = root
		if strings.HasPrefix(script, "sed -i ") { // not in this tree
			cmd.Dir = t.TempDir()
			for _, folder := range []string{"alerts", "examples/kubernetes/rules"} {
				if err := os.CopyFS(filepath.Join(cmd.Dir, folder), os.DirFS(filepath.Join(root, folder))); err != nil {
					t.Fatal(err)
				}
			}
			defer noExamples(t, cmd.Dir)
		}
		cmd.Env = append(os.Environ(), "SUPPORT_EXPORTER_URL=http://"+e.address())
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Errorf("%v\n%s%s%s", err, b.text, out, stderr.String())
		}
		if i+1 < len(blocks) && blocks[i+1].language == "text" {
			if diff := cmp.Diff(blocks[i+1].text, string(out)); diff != "" {
				t.Errorf("README and output differ (-README +output) of\n%s\n%s", b.text, diff)
			}
		}
		ran++
	}
	if ran < 5 {
		t.Errorf("the README has %d blocks of commands, want those of its first steps at least", ran)
	}
}

// noExamples looks for addresses that the README's command should have replaced.
func noExamples(t *testing.T, dir string) {
	t.Helper()
	replaced := 0
	for _, name := range append(glob(t, dir, "alerts/*.yml"), glob(t, dir, "examples/kubernetes/rules/*.yaml")...) {
		text := readFile(t, name)
		if strings.Contains(text, "example.com") || strings.Contains(text, "localhost:3000") {
			t.Errorf("%s: addresses are not replaced", name)
		}
		replaced += strings.Count(text, "dashboard_url: https://grafana.example.org/")
	}
	if replaced == 0 {
		t.Error("there is no address in them")
	}
}

// fence is a fenced block of a Markdown file.
type fence struct{ language, text string }

func fences(markdown string) []fence {
	var all []fence
	open := false
	for line := range strings.Lines(markdown) {
		language, isFence := strings.CutPrefix(line, "```")
		switch {
		case isFence && !open:
			all = append(all, fence{language: strings.TrimSpace(language)})
			open = true
		case isFence:
			open = false
		case open:
			all[len(all)-1].text += line
		}
	}
	return all
}
