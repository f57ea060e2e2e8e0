package e2e

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Commands that take long, or need what not every machine has, are in blocks
// marked console. Other tests run what they start; this one sees that they name
// commands, flags, files and tests that there are.
func TestReadmeConsole(t *testing.T) {
	blocks := allFences(t)
	checked := 0
	for _, b := range blocks {
		if b.language != "console" {
			continue
		}
		for line := range strings.Lines(b.text) {
			command, ok := strings.CutPrefix(strings.TrimSpace(line), "$ ")
			if !ok {
				t.Errorf("%q: want a command behind $", line)
				continue
			}
			words := strings.Fields(strings.Replace(command, "go run ./exporter/supportctl", "supportctl", 1))
			if problem := consoleProblem(words); problem != "" {
				t.Errorf("%s: %s", command, problem)
			}
			checked++
		}
	}
	if checked < 10 {
		t.Errorf("%d such commands, want those about the stack and the history at least", checked)
	}
}

// allFences are those of the README and of the guides beside what they are about.
func allFences(t *testing.T) (all []fence) {
	t.Helper()
	files := []string{"README.md", "exporter/OPERATING.md"}
	for _, pattern := range []string{"*/README.md", "*/*/README.md"} {
		found, err := fs.Glob(os.DirFS(root), pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	for _, name := range files {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		blocks := fences(string(text))
		for _, b := range blocks {
			if b.language == "sh" && name != "README.md" {
				t.Errorf("%s: a block marked sh is run in the README alone; want console", name)
			}
		}
		all = append(all, blocks...)
	}
	return all
}

// consoleProblem says what is wrong with a command, "" if nothing is seen to be.
func consoleProblem(words []string) string {
	switch words[0] {
	case "supportctl":
		return flagProblem(words[1:])
	case "make":
		if out, err := exec.Command("make", "-n", "-C", root, words[1]).CombinedOutput(); err != nil {
			return string(out)
		}
	case "docker":
		if !slices.Equal(words, []string{"docker", "compose", "up"}) {
			return "only docker compose up is known"
		}
	case "promtool":
		if !slices.Equal(words[:4], []string{"promtool", "tsdb", "create-blocks-from", "openmetrics"}) {
			return "not known"
		}
	case "curl":
		if !strings.Contains(strings.Join(words, " "), "http://localhost:10877/") {
			return "where to?"
		}
	case "examples/cloudevents/push.sh", "examples/otlp/push.sh":
		return consoleProblem(append([]string{"node"}, words...))
	case "python3", "node":
		for _, file := range words[1:] {
			if _, err := os.Stat(filepath.Join(root, file)); err != nil {
				return err.Error()
			}
		}
	case "go":
		i := slices.Index(words, "-run")
		if i < 0 || i+2 >= len(words) {
			return "want go test -run NAME FOLDER"
		}
		out, err := exec.Command("grep", "-rq", "func "+words[i+1]+"(", filepath.Join(root, words[i+2])).CombinedOutput()
		if err != nil {
			return "no such test: " + string(out)
		}
	default:
		return "a command that this test does not know"
	}
	return ""
}

var longFlag = regexp.MustCompile(`^--([a-z0-9.-]+)`)

// flagProblem asks a command of supportctl for its flags.
func flagProblem(words []string) string {
	help, err := exec.Command("supportctl", words[0], "--help").CombinedOutput()
	if err != nil {
		return string(help)
	}
	for _, w := range words[1:] {
		if m := longFlag.FindStringSubmatch(w); m != nil && !regexp.MustCompile(`--(\[no-\])?`+regexp.QuoteMeta(m[1])+`[ =\n]`).Match(help) {
			return "no flag --" + m[1]
		}
	}
	return ""
}
