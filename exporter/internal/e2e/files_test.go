package e2e

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// writeFile puts a file into a new folder.
func writeFile(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	rewrite(t, path, content)
	return path
}

func rewrite(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func readFile(t testing.TB, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// writeTokens writes a configuration under which a push needs this token.
func writeTokens(t testing.TB, token string) (configFile string) {
	t.Helper()
	tokens := writeFile(t, "tokens", fmt.Sprintf("tester %x\n", sha256.Sum256([]byte(token))))
	return writeFile(t, "config.yml", fmt.Sprintf("ingest: {tokens_file: %s}\n", tokens))
}

// glob gives the files of a folder whose names match.
func glob(t testing.TB, dir, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		t.Fatal(err)
	}
	return names
}
