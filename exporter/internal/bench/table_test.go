package bench

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// withTable runs the benchmarks, if there are any to run, and writes a table of what
// they found behind their own output.
func withTable(run func() int) int {
	flag.Parse()
	if flag.Lookup("test.bench").Value.String() == "" {
		return run()
	}
	in, out, err := os.Pipe()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	stdout, began := os.Stdout, time.Now()
	os.Stdout = out
	found := make(chan results)
	go func() { found <- readResults(io.TeeReader(in, stdout)) }()
	code := run()
	os.Stdout = stdout
	_ = out.Close()
	r := <-found
	fmt.Fprintf(stdout, "\n%s, %s, %d processors, in %s.\n", time.Now().Format(time.DateOnly), runtime.Version(), runtime.NumCPU(), time.Since(began).Round(time.Second))
	if testing.Short() {
		fmt.Fprintln(stdout, "The short form: its rounds are small, and what it finds is not to be held against the targets.")
	}
	fmt.Fprintln(stdout)
	writeTable(stdout, rows(), r)
	return code
}

// results are the metrics that benchmarks reported, by benchmark, without its
// "Benchmark" and processors, and unit.
type results map[[2]string]float64

// readResults reads the output of benchmarks.
func readResults(in io.Reader) results {
	line := regexp.MustCompile(`^Benchmark(\S+?)(-\d+)?\s+\d+\s+(.*)$`)
	r := results{}
	for lines := bufio.NewScanner(in); lines.Scan(); {
		m := line.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		fields := strings.Fields(m[3])
		for i := 0; i+1 < len(fields); i += 2 {
			if v, err := strconv.ParseFloat(fields[i], 64); err == nil {
				r[[2]string{m[1], fields[i+1]}] = v
			}
		}
	}
	return r
}

// row is a line of the table. In its texts {metric} stands for what its benchmark
// found; a text of which something was not found is left out.
type row struct {
	bench   string
	what    string
	cells   [numColumns]string
	ratios  []string
	targets []target
}

// The columns of the servers.
const (
	exporter = iota
	plainHandler
	emptyHandler
	statsd
	collector
	numColumns
)

// target is what a metric is to come to.
type target struct {
	metric string
	least  bool // that much or more; else that much or less
	bound  float64
	of     string // what a ratio is of
}

// verdict says whether a metric is what it should be; "" if it was not measured.
func (t target) verdict(row *row, r results) string {
	v, ok := r[[2]string{row.bench, t.metric}]
	switch {
	case !ok:
		return "not measured"
	case t.least && v >= t.bound, !t.least && v <= t.bound:
		return "yes"
	}
	return "no"
}

func (t target) String() string {
	sign := "≤ "
	if t.least {
		sign = "≥ "
	}
	return strings.TrimSpace(sign + strconv.FormatFloat(t.bound, 'g', 3, 64) + " " + t.of)
}

// fill puts what was found into a text.
func (row *row) fill(text string, r results) string {
	missing := false
	text = regexp.MustCompile(`\{[^}]+\}`).ReplaceAllStringFunc(text, func(name string) string {
		v, ok := r[[2]string{row.bench, strings.Trim(name, "{}")}]
		missing = missing || !ok
		return digits(v)
	})
	if missing {
		return ""
	}
	return text
}

// digits writes three significant digits, and thousands apart.
func digits(v float64) string {
	if v < 1000 {
		s := strconv.FormatFloat(v, 'g', 3, 64)
		if v >= 100 {
			s = strconv.FormatFloat(v, 'f', 0, 64)
		}
		return s
	}
	for unit := 1.0; ; unit *= 10 {
		if v/unit < 1000 {
			v = float64(int(v/unit+0.5)) * unit
			break
		}
	}
	s := strconv.FormatFloat(v, 'f', 0, 64)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// line gives the texts of a row.
func (row *row) line(r results) []string {
	line := []string{row.what}
	for _, c := range row.cells {
		line = append(line, row.fill(c, r))
	}
	var ratios, targets, met []string
	for _, text := range row.ratios {
		if text = row.fill(text, r); text != "" {
			ratios = append(ratios, text)
		}
	}
	for _, t := range row.targets {
		targets, met = append(targets, t.String()), append(met, t.verdict(row, r))
	}
	return append(line, strings.Join(ratios, ", "), strings.Join(targets, ", "), strings.Join(met, ", "))
}

// writeTable writes rows as a table of Markdown, its columns in line. A row of which
// nothing was found is left out.
func writeTable(w io.Writer, rows []row, r results) {
	lines := [][]string{{"what", "support_exporter", "plain", "empty", "statsd_exporter", "collector", "ratio", "target", "met"}}
	for i := range rows {
		if line := rows[i].line(r); line[1+exporter] != "" {
			lines = append(lines, line)
		}
	}
	widths := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, text := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(text))
		}
	}
	for n, line := range lines {
		for i, text := range line {
			fmt.Fprintf(w, "| %-*s ", widths[i], text)
		}
		fmt.Fprintln(w, "|")
		if n == 0 {
			for _, width := range widths {
				fmt.Fprintf(w, "|%s", strings.Repeat("-", width+2))
			}
			fmt.Fprintln(w, "|")
		}
	}
}
