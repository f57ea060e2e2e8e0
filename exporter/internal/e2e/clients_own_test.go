package e2e

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// The clients' own tests, in their own languages.
func TestExampleClientsOwnTests(t *testing.T) {
	t.Parallel()
	for name, tests := range map[string]struct {
		dir     string
		command []string
	}{
		"Python":     {"examples/python", []string{"python3", "-m", "unittest", "discover"}},
		"TypeScript": {"examples/typescript", []string{"node", "--test"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := clientCommand(t, "http://not-used.invalid", tests.command...)
			cmd.Dir = filepath.Join(root, tests.dir)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %v\n%s", tests.command, err, out)
			}
		})
	}
}

// Node 20 runs the .js files, and people read the .ts files. The former are the
// latter with the types blanked out: every character is the same or a space, and
// the last line names the text it was made from. No compiler is needed to see it.
func TestTypeScriptIsBuilt(t *testing.T) {
	sources := glob(t, filepath.Join(root, "examples", "typescript"), "*.ts")
	if len(sources) < 3 {
		t.Fatalf("sources %v, want the client and two programs", sources)
	}
	for _, path := range sources {
		name := filepath.Base(path)
		source := readFile(t, path)
		built := strings.Split(readFile(t, strings.TrimSuffix(path, ".ts")+".js"), "\n")
		made := fmt.Sprintf("// Made from %s by build.js, sha256 %x", name, sha256.Sum256([]byte(source)))
		lines := strings.Split(source, "\n")
		if len(built) != len(lines)+1 || built[len(built)-2] != made {
			t.Errorf("%s: the .js is not made from it: run node build.js in its folder", name)
			continue
		}
		for i, line := range lines[:len(lines)-1] {
			if !isErasure(line, built[i]) {
				t.Errorf("%s line %d: the .js has %q, which is not %q without types", name, i+1, built[i], line)
			}
		}
	}
}

// isErasure says whether a line is another in which some characters are spaces,
// without those at the end. Where a statement begins with a type the eraser may
// put a semicolon, lest the statement before goes on.
func isErasure(line, erased string) bool {
	from, to := []rune(line), []rune(erased)
	if len(to) > len(from) {
		return false
	}
	for i, r := range to {
		if r != from[i] && r != ' ' && r != ';' {
			return false
		}
	}
	return true
}
