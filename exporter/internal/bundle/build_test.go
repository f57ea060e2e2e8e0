package bundle

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"supportexporter/exporter/internal/program"
)

// What the builds of the tests below are told to be.
const builtVersion, builtRevision = "v1.2.3", "0123456789abcdef0123456789abcdef01234567"

// copySource copies what the Dockerfile copies, and the Makefile, into a folder
// of its own.
func copySource(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	err := os.CopyFS(filepath.Join(dir, "exporter"), os.DirFS(filepath.Join(program.Root(t), "exporter")))
	for _, name := range []string{"go.mod", "go.sum", "Makefile"} {
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), []byte(readShipped(t, name)), 0o600)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// run runs a program of the build in a folder.
func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "VERSION="+builtVersion, "REVISION="+builtRevision, "MAKEFLAGS=",
		"GOFLAGS=-buildvcs=auto", // as Go has it, unless a machine says otherwise
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com", "GIT_CONFIG_GLOBAL=/dev/null")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// dockerBuild is the command of the Dockerfile that builds, with another folder
// in the place of /out.
func dockerBuild(t *testing.T, out string) string {
	t.Helper()
	joined := strings.ReplaceAll(readShipped(t, "Dockerfile"), "\\\n", " ")
	m := regexp.MustCompile(`(?m)^RUN (.*go build.*)$`).FindStringSubmatch(joined)
	if m == nil {
		t.Fatal("the Dockerfile builds nothing")
	}
	return strings.ReplaceAll(m[1], "/out", out)
}

// The same revision gives the same bytes: by make in a clone of the repository,
// and by the Dockerfile's command in a folder that has no history and another
// name. The binaries are static, and tell nothing of the folder they come from.
func TestBuildIsReproducible(t *testing.T) {
	clone, bare := copySource(t), copySource(t)
	if _, err := exec.LookPath("git"); err == nil {
		run(t, clone, "git", "init", "-q")
		run(t, clone, "git", "add", ".")
		run(t, clone, "git", "commit", "-q", "-m", "a revision that must not be seen")
	}
	t.Log("building by make")
	run(t, clone, "make", "build")
	out, goroot := filepath.Join(bare, "out"), strings.TrimSpace(run(t, clone, "go", "env", "GOROOT"))
	t.Log("building as the Dockerfile does")
	run(t, bare, "sh", "-euc", dockerBuild(t, out))
	for _, name := range []string{"support_exporter", "supportctl"} {
		made, docker := filepath.Join(clone, "dist", name), filepath.Join(out, name)
		a, b := readBinary(t, made), readBinary(t, docker)
		if sha256.Sum256(a) != sha256.Sum256(b) {
			t.Errorf("%s: two builds of one revision differ:\n%s", name, cmp.Diff(settings(t, made), settings(t, docker)))
		}
		home, _ := os.UserHomeDir() // "" is in every file, and not looked for
		for _, path := range []string{clone, bare, program.Root(t), goroot, home, os.TempDir()} {
			if path := strings.TrimSuffix(path, "/"); path != "" && bytes.Contains(a, []byte(path+"/")) {
				t.Errorf("%s: tells of %s", name, path)
			}
		}
		if !bytes.Contains(a, []byte(builtVersion)) || !bytes.Contains(a, []byte(builtRevision)) {
			t.Errorf("%s: does not know its version", name)
		}
		wantStatic(t, made)
	}
}

func readBinary(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// settings are those that a binary says it was built with.
func settings(t *testing.T, path string) any {
	t.Helper()
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Settings
}

// wantStatic checks that a program needs no loader and no library.
func wantStatic(t *testing.T, path string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("programs are static on Linux alone")
	}
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("%s: has a %v", path, p.Type)
		}
	}
	if libraries, err := f.ImportedLibraries(); len(libraries) > 0 {
		t.Errorf("%s: needs %v, %v", path, libraries, err)
	}
}

// buildFlag is an argument of go build that matters to the bytes, or a setting of
// its environment; what is built into which file is another matter.
var buildFlag = regexp.MustCompile(`CGO_ENABLED=\S+|-(?:trimpath|buildvcs=\S+|tags[ =]\S+|mod=\S+|pgo=\S+)|-ldflags (?:'[^']*'|"[^"]*")`)

func flags(command string) []string {
	words := buildFlag.FindAllString(command, -1)
	for i, w := range words {
		w = strings.NewReplacer("'", "", `"`, "", "$VERSION", builtVersion, "$REVISION", builtRevision).Replace(w)
		words[i] = strings.Join(strings.Fields(w), " ")
	}
	slices.Sort(words)
	return words
}

// The Makefile and the Dockerfile build with the same flags.
func TestBuildFlags(t *testing.T) {
	want := []string{
		"-buildvcs=false",
		"-ldflags -s -w -X github.com/prometheus/common/version.Version=" + builtVersion + " -X github.com/prometheus/common/version.Revision=" + builtRevision,
		"-trimpath", "CGO_ENABLED=0",
	}
	builds := 0
	commands := strings.ReplaceAll(run(t, program.Root(t), "make", "-n", "build"), "\\\n", " ")
	for line := range strings.Lines(commands) {
		if strings.Contains(line, "go build") {
			builds++
			if diff := cmp.Diff(want, flags(line)); diff != "" {
				t.Errorf("make build (-want +got):\n%s", diff)
			}
		}
	}
	if builds != 2 {
		t.Errorf("make build has %d builds, want those of two programs:\n%s", builds, commands)
	}
	if diff := cmp.Diff(want, flags(dockerBuild(t, "/out"))); diff != "" {
		t.Errorf("Dockerfile (-want +got):\n%s", diff)
	}
}
