package bench

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"
)

// rounds collects what every round of a benchmark measured, by name.
type rounds map[string][]float64

func (r rounds) add(name string, value float64) { r[name] = append(r[name], value) }

// next begins the next round, if there is one, and says so to whoever waits.
func (r rounds) next(b *testing.B) bool {
	if !b.Loop() {
		return false
	}
	progress(b, "a round")
	return true
}

func progress(b *testing.B, what string) {
	fmt.Fprintf(os.Stderr, "%s %s: %s\n", time.Now().Format(time.TimeOnly), b.Name(), what)
}

// report reports the medians, as metrics of their names, and nothing else: the
// time of a round as a whole says nothing.
func (r rounds) report(b *testing.B) {
	b.ReportMetric(0, "ns/op")
	for name, values := range r {
		b.ReportMetric(median(values), name)
	}
}

// ratio gives a name to the median of the quotients of two things, each taken
// within its round.
func (r rounds) ratio(name, dividend, divisor string) {
	for i := range min(len(r[dividend]), len(r[divisor])) {
		r.add(name, r[dividend][i]/r[divisor][i])
	}
}

func median(values []float64) float64 {
	s := slices.Sorted(slices.Values(values))
	n := len(s)
	return (s[n/2] + s[(n-1)/2]) / 2
}

// sized gives the size of a round: full, or short under -short.
func sized(full, short int) int {
	if testing.Short() {
		return short
	}
	return full
}

func TestRatioIsTakenWithinRounds(t *testing.T) {
	r := rounds{}
	for _, v := range [][2]float64{{1, 1}, {20, 10}, {300, 100}, {4, 1}} {
		r.add("a", v[0])
		r.add("b", v[1])
	}
	r.ratio("a/b", "a", "b")
	if got := median(r["a/b"]); got != 2.5 {
		t.Errorf("want a median ratio of 2.5, got %v of %v", got, r["a/b"])
	}
	if got := median([]float64{3, 1, 2}); got != 2 {
		t.Errorf("want a median of 2, got %v", got)
	}
}
