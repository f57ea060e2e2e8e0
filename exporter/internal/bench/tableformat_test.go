package bench

import (
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	r := readResults(strings.NewReader(`goos: linux
BenchmarkA/events=1-2   	       5	         1.697 x-s	       0.2744 ratio	    400370 x/s
    a_test.go:12: WITHOUT something
BenchmarkB-16  1  7 ms
PASS
`))
	var out strings.Builder
	writeTable(&out, []row{
		{
			bench: "A/events=1", what: "one",
			cells:   [numColumns]string{exporter: "{x-s} ({x/s} a second)", statsd: "{y-s}"},
			ratios:  []string{"{ratio} of y", "{other} of z"},
			targets: []target{{metric: "ratio", bound: 0.25, of: "of y"}, {metric: "x-s", least: true, bound: 1.697}, {metric: "other", bound: 1}},
		},
		{bench: "B", what: "two", cells: [numColumns]string{exporter: "{ms}"}},
		{bench: "C", what: "three", cells: [numColumns]string{exporter: "{ms}"}},
	}, r)
	want := `| what | support_exporter       | plain | empty | statsd_exporter | collector | ratio      | target                  | met                   |
|------|------------------------|-------|-------|-----------------|-----------|------------|-------------------------|-----------------------|
| one  | 1.7 (400,000 a second) |       |       |                 |           | 0.274 of y | ≤ 0.25 of y, ≥ 1.7, ≤ 1 | no, yes, not measured |
| two  | 7                      |       |       |                 |           |            |                         |                       |
`
	if got := out.String(); got != want {
		t.Errorf("want\n%sgot\n%s", want, got)
	}
}
