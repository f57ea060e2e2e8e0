package bundle

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"supportexporter/exporter/internal/program"
)

// windows are the lengths of the windows, shortest first.
var windows = []struct {
	name   string
	length time.Duration
}{
	{"1h", time.Hour},
	{"1d", 24 * time.Hour},
	{"7d", 7 * 24 * time.Hour},
	{"28d", 28 * 24 * time.Hour},
}

// population is what an exporter exposes: its counters for each label set.
//
// Its events come in five batches, each label set's of its own size: one before
// every window began, and one in the middle between the beginnings of each two
// windows. The truth about a window is then a sum of batches, and does not
// depend on when it is looked at.
type population struct {
	start     time.Time // when the store was created, before all windows
	labelSets []labelSet
}

type labelSet struct{ intent, tier, language string }

// newPopulation makes intents × tiers × languages label sets of 91 series.
func newPopulation(now time.Time, intents, tiers, languages int) *population {
	p := &population{start: now.Add(-100 * 24 * time.Hour)}
	for i := range intents {
		for t := range tiers {
			for l := range languages {
				p.labelSets = append(p.labelSets, labelSet{
					fmt.Sprintf("intent-%02d", i), fmt.Sprintf("tier-%d", t), fmt.Sprintf("language-%d", l),
				})
			}
		}
	}
	return p
}

// counterValue is one counter of one label set.
type counterValue struct {
	name   string
	labels string // beside intent, tier and language
	value  float64
}

// counts gives the counters of label set i after batches 0 to last.
func (p *population) counts(i, last int) []counterValue {
	var total []counterValue
	for b := range last + 1 {
		for k, c := range batch(i, b) {
			if b == 0 {
				total = append(total, c)
				continue
			}
			total[k].value += c.value
		}
	}
	return total
}

// batch is what batch b of label set i adds to each counter: always the same
// countersRead, in the same order.
func batch(i, b int) []counterValue {
	n := float64(3 + (i+b)%4) // resolved conversations
	var out []counterValue
	add := func(name, labels string, value float64) {
		out = append(out, counterValue{"support_" + name, labels, value})
	}
	for k, outcome := range []string{"resolved", "unresolved", "escalated", "abandoned"} {
		add("conversations_total", labelText("outcome", outcome), n+2-float64(k))
	}
	for k, r := range [][2]string{
		{"resolved", "escalated"}, {"unresolved", "escalated"}, {"resolved", "reopened"},
		{"abandoned", "reopened"}, {"abandoned", "resumed"},
	} {
		add("conversations_reversed_total", labelText("outcome", r[0])+labelText("cause", r[1]), float64((i+b+k)%2))
	}
	for _, resolved := range []string{"true", "false"} {
		add("resolutions_total", labelText("resolved", resolved), n+1)
		histogram(add, "conversation_resolution_seconds", labelText("resolved", resolved), n, "15 30 60 90 120 180 240 300 600 900 1800 3600")
	}
	add("resolutions_confirmed_total", "", n-1)
	histogram(add, "conversation_turns", "", n, "1 2 3 4 5 6 8 10 15 20")
	histogram(add, "conversation_cost_usd", "", n, "0.01 0.02 0.05 0.1 0.15 0.2 0.25 0.3 0.4 0.6 1 2")
	for k, component := range []string{"model", "tools", "unspecified"} {
		add("cost_usd_total", labelText("component", component), 0.25*n*float64(k+1))
	}
	for score := range 5 {
		add("csat_responses_total", labelText("score", fmt.Sprint(score+1)), float64((i+b+score)%3))
	}
	add("csat_surveys_total", "", 3*n)
	for _, reason := range []string{"asked", "policy", "unspecified"} {
		add("escalations_total", labelText("reason", reason), 1)
	}
	for k, kpi := range []string{"resolution_seconds", "turns", "cost_usd"} {
		add("values_total", labelText("kpi", kpi), n)
		add("values_sum_total", labelText("kpi", kpi), n*float64(k+2))
		add("values_squares_total", labelText("kpi", kpi), n*float64(k+3)*float64(k+3))
	}
	return out
}

func histogram(add func(name, labels string, value float64), name, labels string, n float64, bounds string) {
	for k, le := range append(strings.Fields(bounds), "+Inf") {
		add(name+"_bucket", labels+labelText("le", le), n*float64(k+1))
	}
	add(name+"_sum", labels, n*7.5)
	add(name+"_count", labels, n*13)
}

// labelText writes one label as a metric's text format has it, and a comma.
func labelText(name, value string) string { return fmt.Sprintf("%s=%q,", name, value) }

// expose writes all series as the text format has them, as they are after
// batches 0 to last. suffix ends each line: a timestamp, or nothing.
func (p *population) expose(w io.Writer, last int, target, suffix string) {
	fmt.Fprintf(w, "support_ledger_start_timestamp_seconds{%s} %d%s\n", target, p.start.Unix(), suffix)
	for i, l := range p.labelSets {
		labels := target + labelText("intent", l.intent) + labelText("tier", l.tier) + labelText("language", l.language)
		for _, c := range p.counts(i, last) {
			fmt.Fprintf(w, "%s{%s%s} %g%s\n", c.name, labels, c.labels, c.value, suffix)
		}
	}
}

// truth gives what the counters of every slice added up to in a window, by
// series; only of those counters that the rules read.
func (p *population) truth(window int) map[string]float64 {
	sums := make(map[string]float64)
	for i, l := range p.labelSets {
		for b := len(windows) - window; b <= len(windows); b++ {
			for _, c := range batch(i, b) {
				if !slices.Contains(countersRead, c.name) {
					continue
				}
				if c.name == "support_cost_usd_total" {
					c.labels = "" // summed over its components
				}
				for _, slice := range []string{"", labelText("intent", l.intent), labelText("tier", l.tier), labelText("language", l.language)} {
					sums[seriesText(c.name, slice+c.labels)] += c.value
				}
			}
		}
	}
	return sums
}

// seriesText writes a name and labels so that equal ones are equal strings.
func seriesText(name, labels string) string {
	pairs := strings.Split(strings.TrimSuffix(labels, ","), ",")
	slices.Sort(pairs)
	return name + "{" + strings.Join(pairs, ",") + "}"
}

// lines writes OpenMetrics files, one for each time, since promtool reads a
// file once for each block that comes of it.
type lines struct {
	dir   string
	files []string
}

// write makes one file of what fill writes.
func (l *lines) write(tb testing.TB, fill func(io.Writer)) {
	tb.Helper()
	name := filepath.Join(l.dir, fmt.Sprintf("%03d.om", len(l.files)))
	f, err := os.Create(name)
	if err != nil {
		tb.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	fill(w)
	fmt.Fprintln(w, "# EOF")
	if err := w.Flush(); err != nil {
		tb.Fatal(err)
	}
	if err := f.Close(); err != nil {
		tb.Fatal(err)
	}
	l.files = append(l.files, name)
}

// blocks turns the files into blocks of a Prometheus data directory.
func (l *lines) blocks(tb testing.TB, data string) {
	tb.Helper()
	for _, name := range l.files {
		out, err := exec.Command(program.Tool(tb, "promtool"), "tsdb", "create-blocks-from", "openmetrics", "-q", name, data).CombinedOutput()
		if err != nil {
			tb.Fatalf("promtool create-blocks-from openmetrics: %v\n%s", err, out)
		}
		if err := os.Remove(name); err != nil {
			tb.Fatal(err)
		}
	}
	l.files = nil
}

// history writes the population's series around the beginning of each window,
// every step from before to after it, but never after now.
func (p *population) history(tb testing.TB, l *lines, now time.Time, step, before, after time.Duration) {
	tb.Helper()
	for i, w := range slices.Backward(windows) {
		last := len(windows) - 1 - i
		l.write(tb, func(out io.Writer) {
			edge := now.Add(-w.length)
			for t := edge.Add(-before); t.Before(edge.Add(after)) && t.Before(now); t = t.Add(step) {
				p.expose(out, last, target, fmt.Sprintf(" %d", t.Unix()))
			}
		})
	}
}
