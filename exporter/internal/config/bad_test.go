package config

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestBadFiles holds the error of each bad file to the letter: it is all that
// whoever made the mistake has to go by.
func TestBadFiles(t *testing.T) {
	want := badFiles()
	files, err := filepath.Glob(filepath.Join("testdata", "*.bad.yml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no bad files: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".bad.yml")
		t.Run(name, func(t *testing.T) {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			c, err := Parse("f.yml", content)
			if err == nil {
				t.Fatal("no error")
			}
			if c != nil {
				t.Error("a config beside an error")
			}
			if diff := cmp.Diff(want[name], strings.Split(err.Error(), "\n")); diff != "" {
				t.Error(diff)
			}
		})
		delete(want, name)
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		t.Errorf("no file testdata/%s.bad.yml", name)
	}
}
