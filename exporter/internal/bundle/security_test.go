package bundle

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"supportexporter/exporter/internal/program"
)

var (
	namedTest    = regexp.MustCompile("`(Test[A-Za-z0-9]+)`")
	testFunction = regexp.MustCompile(`(?m)^func (Test[A-Za-z0-9]+)\(t \*testing\.T\)`)
)

// Every defence that SECURITY.md claims names the tests that show it, and those
// are there.
func TestSecurityNamesTests(t *testing.T) {
	there := map[string]bool{}
	err := filepath.WalkDir(filepath.Join(program.Root(t), "exporter"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range testFunction.FindAllSubmatch(text, -1) {
			there[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	threats := 0
	for line := range strings.Lines(readShipped(t, "SECURITY.md")) {
		for _, m := range namedTest.FindAllStringSubmatch(line, -1) {
			if !there[m[1]] {
				t.Errorf("%s is no test: %s", m[1], line)
			}
		}
		cells := strings.Split(strings.Trim(line, "| \n"), " | ")
		if !strings.HasPrefix(line, "| ") || len(cells) < 3 || cells[0] == "threat" || cells[0] == "who" {
			continue
		}
		if inThreats := strings.Count(line, "|") == 5; inThreats {
			threats++
			if !namedTest.MatchString(cells[2]) {
				t.Errorf("no test shows the defence against %q", cells[0])
			}
		}
	}
	if threats < 25 {
		t.Errorf("only %d threats", threats)
	}
}

// It tells how to report in private, and gives nobody's address away.
func TestSecurityHasNoAddress(t *testing.T) {
	text := readShipped(t, "SECURITY.md")
	if !strings.Contains(text, "Report a vulnerability") || regexp.MustCompile(`[\w.]+@[\w-]+\.\w`).MatchString(text) {
		t.Error("SECURITY.md has an address, or no way to report")
	}
	for _, heading := range []string{"## Reporting a vulnerability", "## What is protected", "## Who is trusted with what", "## Threats", "## What is not defended"} {
		if !strings.Contains(text, "\n"+heading+"\n") {
			t.Errorf("SECURITY.md has no %q", heading)
		}
	}
}
