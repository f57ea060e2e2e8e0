package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"supportexporter/exporter/internal/verdict"
)

// FuzzReadFile has any content for a file of events. It fails with an error that
// names the file, or yields values, each on one line and at its place; the same
// when it is compressed, and when what it yields is a file of lines.
func FuzzReadFile(f *testing.F) {
	for _, seed := range []string{"", "{}\n{}", "[{},\n{}]", "{\n}", "\n\n[", "{\"a\":\n", "[1,]", "x\ny"} {
		f.Add([]byte(seed))
		f.Add(gzipped(f, seed))
		f.Add(zstdCompressed(f, seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		got, err := readAll(t, content)
		if err != nil && !strings.HasPrefix(err.Error(), "<stdin>:") {
			t.Fatalf("error does not name the file: %v", err)
		}
		if again, other := readAll(t, gzipped(t, string(content))); !isCompressed(content) && (fmt.Sprint(err) != fmt.Sprint(other) || !slices.Equal(got, again)) {
			t.Fatalf("compressed: %v, want %v (-plain +compressed):\n%s", other, err, cmp.Diff(got, again))
		}
		lines := strings.Join(got, "\n")
		if err != nil || strings.HasPrefix(lines, "[") || isCompressed([]byte(lines)) || len(got) > 0 && incomplete([]byte(got[0])) {
			return // as a file of lines it would be another file
		}
		if again, err := readAll(t, []byte(lines)); err != nil || !slices.Equal(got, again) {
			t.Fatalf("as lines: %v (-before +as lines):\n%s", err, cmp.Diff(got, again))
		}
	})
}

// readAll gives what is yielded of a file.
func readAll(t *testing.T, content []byte) (all []string, err error) {
	t.Helper()
	last := 1
	err = readFile(&environment{stdin: bytes.NewReader(content)}, stdinName, nil, func(line int, raw []byte) error {
		if len(raw) == 0 || bytes.ContainsRune(raw, '\n') {
			t.Fatalf("line %d: %q", line, raw)
		}
		if line < last {
			t.Fatalf("line %d after %d", line, last)
		}
		last = line
		all = append(all, string(raw))
		return nil
	})
	return all, err
}

func isCompressed(content []byte) bool {
	return bytes.HasPrefix(content, []byte{0x1f, 0x8b}) || bytes.HasPrefix(content, []byte{0x28, 0xb5, 0x2f, 0xfd})
}

// FuzzExperiments has any text for an exporter's metrics. It is refused, or the
// experiments in it can be shown, as text and as JSON.
func FuzzExperiments(f *testing.F) {
	text, err := os.ReadFile(filepath.Join("testdata", "experiments.prom"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	for _, value := range []string{"0", "1", "-1", "NaN", "+Inf"} { // of each metric in turn
		for _, name := range regexp.MustCompile(`(?m)^# TYPE (\w+)`).FindAllSubmatch(text, -1) {
			f.Add(regexp.MustCompile(`(?m)^(`+string(name[1])+`\{.*\}) .*$`).ReplaceAll(text, []byte("$1 "+value)))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		series, err := parseExperiments(bytes.NewReader(text))
		if err != nil {
			if !strings.HasPrefix(err.Error(), "read metrics: ") {
				t.Errorf("error does not say what was read: %v", err)
			}
			return
		}
		all := found{experiments: verdict.FromSeries(series), limits: verdict.DefaultLimits()}
		show(t, newExperimentList(all))
		for i := range all.experiments {
			show(t, newExperimentView(&all.experiments[i], all, 0.8, 100))
		}
	})
}

func show(t *testing.T, p interface{ text(io.Writer) error }) {
	t.Helper()
	if err := p.text(io.Discard); err != nil {
		t.Errorf("%+v: %v", p, err)
	}
	var noNumber *json.UnsupportedValueError // of counts that no exporter has, such as 1e-300
	if _, err := json.Marshal(p); err != nil && !errors.As(err, &noNumber) {
		t.Errorf("%+v: %v", p, err)
	}
}
