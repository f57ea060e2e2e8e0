// Package dashboard is the Grafana dashboards, as code.
//
// A dashboard is one file here: a function that says what stands on it, line
// by line. What they share has one home each:
//
//	board.go      the page: uid, links, annotations, where panels stand
//	panel.go      the kinds of panel, with their looks and empty states
//	variables.go  what can be chosen at the top
//	query.go      PromQL that several panels need
//	kpi.go        the six KPIs: their names, units and good directions
//	palette.go    the colours
//
// Panels draw what recording-rules/ has recorded wherever it has, and compare
// with the thresholds, baselines and benchmarks recorded there: no such number
// stands here.
package dashboard

import (
	"bytes"
	"encoding/json"
	"fmt"
)

//go:generate go run ../../supportctl dashboards --output ../../../grafana/dashboards

// tag is on every dashboard, and by it they link to each other.
const tag = "support"

// File is a dashboard as Grafana takes it: by provisioning, its API or its
// import page.
type File struct {
	Name string // uid.json
	JSON []byte // indented, with a line feed at its end; the same for the same code
}

// Files gives all dashboards, in the order in which one reads them. An error
// names the dashboard, and is a mistake in this package.
func Files() ([]File, error) {
	var files []File
	for _, b := range []*board{overview(), breakdown(), experiments(), executive(), exporter()} {
		page, err := b.build()
		if err != nil {
			return nil, fmt.Errorf("build dashboard %s: %w", b.uid, err)
		}
		var text bytes.Buffer
		out := json.NewEncoder(&text)
		out.SetEscapeHTML(false)
		out.SetIndent("", "  ")
		if err := out.Encode(page); err != nil {
			return nil, fmt.Errorf("encode dashboard %s: %w", b.uid, err)
		}
		files = append(files, File{Name: b.uid + ".json", JSON: text.Bytes()})
	}
	return files, nil
}
