package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"supportexporter/exporter/internal/report"
)

// endings are those of files, in the order of report.Formats.
func endings() []string { return []string{".txt", ".md", ".json", ".html"} }

// formatOf is the format that a file's ending says.
func formatOf(name string) (string, error) {
	for i, ending := range endings() {
		if strings.HasSuffix(name, ending) {
			return report.Formats()[i], nil
		}
	}
	return "", fmt.Errorf("name must end in one of %s, got %q", strings.Join(endings(), ", "), name)
}

// write writes the report to all files, or to standard output.
func (f *reportFlags) write(env *environment, r *report.Report) error {
	if len(f.outputs) == 0 {
		return r.Write(env.stdout, f.format)
	}
	for _, name := range f.outputs {
		if err := writeReport(name, r); err != nil {
			return fmt.Errorf("write --output: %w", err)
		}
		fmt.Fprintln(env.stdout, name)
	}
	return nil
}

// writeReport puts a file in place when it is whole, since a web server may be
// giving the one before to someone.
func writeReport(name string, r *report.Report) (err error) {
	format, err := formatOf(name)
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(name), ".report-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(file.Name()) //nolint:errcheck // the first error says what went wrong
		}
	}()
	err = r.Write(file, format)
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Chmod(file.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(file.Name(), name)
	}
	return err
}
