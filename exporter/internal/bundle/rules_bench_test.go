package bundle

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"supportexporter/exporter/internal/program"
)

// ruleGroup is a rule group and its rules, as Prometheus reports them.
type ruleGroup struct {
	Name  string
	Rules []struct {
		Name           string
		Query          string
		Labels         map[string]string
		Health         string
		LastError      string
		EvaluationTime float64 // seconds
		LastEvaluation time.Time
	}
}

// rules answers the groups with how their last evaluation went.
func (s *promServer) rules() ([]ruleGroup, error) {
	data, err := s.get("/api/v1/rules", nil)
	if err != nil {
		return nil, err
	}
	var answer struct{ Groups []ruleGroup }
	return answer.Groups, json.Unmarshal(data, &answer)
}

// every is how often the benchmark's rules are evaluated and its exporter is
// scraped.
const every = 5 * time.Second

// ruleCost is what one rule takes.
type ruleCost struct {
	group, rule string
	seconds     []float64 // by evaluation
	samples     int       // read by one evaluation
}

func (c *ruleCost) fastest() float64 { return slices.Min(c.seconds) }

func (c *ruleCost) median() float64 {
	slices.Sort(c.seconds)
	return c.seconds[len(c.seconds)/2]
}

// BenchmarkRules measures what all rules together cost a Prometheus on one core
// that has 10,000 series of an exporter, their history at every window's
// beginning and what the rules recorded of it then, and prints it rule by rule.
//
// The median of twelve evaluations is what the machine gave; the fastest is
// nearest to what an idle one would, since whatever else runs on it only adds.
// cpu-ms is the processor time of Prometheus for one evaluation of all groups,
// garbage collection included and scrapes taken off.
//
//	go test ./exporter/internal/bundle -run '^$' -bench Rules -benchtime 1x
func BenchmarkRules(b *testing.B) {
	for _, shape := range []struct{ intents, tiers, languages int }{{11, 2, 5}, {110, 1, 1}} {
		b.Run(fmt.Sprintf("intents=%d/tiers=%d/languages=%d", shape.intents, shape.tiers, shape.languages), func(b *testing.B) {
			dir := b.TempDir()
			now := time.Now()
			p := newPopulation(now, shape.intents, shape.tiers, shape.languages)
			s := benchmarked(b, dir, now, p)
			printCosts(b, s.costs(b, 12))
			b.ReportMetric(s.cpuOfRules(b, dir)*1000, "cpu-ms")
			b.ReportMetric(0, "ns/op") // says nothing here
		})
	}
}

// benchmarked starts a Prometheus that has the exporter's own history and, of
// the hour before each window, what the rules recorded then: as they do in
// their second month.
func benchmarked(b testing.TB, dir string, now time.Time, p *population) *promServer {
	b.Helper()
	data := filepath.Join(dir, "data")
	l := &lines{dir: dir}
	p.history(b, l, now, 30*time.Second, 6*time.Minute, 20*time.Minute)
	l.blocks(b, data)
	e := newFakeExporter(b, p)
	s := startPrometheus(b, dir, e, every)
	recorded := make(map[string][]promSample)
	for _, w := range windows {
		program.Eventually(b, "history is read", func() (err error) {
			recorded[w.name], _, err = s.query(fmt.Sprintf("store:support_counters:history{window=%q}", w.name))
			if err == nil && len(recorded[w.name]) == 0 {
				err = fmt.Errorf("none of %s", w.name)
			}
			return err
		})
	}
	s.stop(b)
	for _, w := range windows {
		l.write(b, func(out io.Writer) { recordedBefore(out, now, w.length, recorded[w.name]) })
	}
	l.blocks(b, data)
	return startPrometheus(b, dir, e, every)
}

// recordedBefore writes what the rules recorded every minute around a window's
// beginning.
func recordedBefore(out io.Writer, now time.Time, window time.Duration, values []promSample) {
	edge := now.Add(-window)
	for t := edge.Add(-65 * time.Minute); t.Before(edge.Add(20*time.Minute)) && t.Before(now); t = t.Add(time.Minute) {
		for _, v := range values {
			var labels strings.Builder
			for k, value := range v.labels {
				if k != "__name__" && k != "window" {
					labels.WriteString(labelText(k, value))
				}
			}
			fmt.Fprintf(out, "store:support_counters:sum{%s} %g %d\n", labels.String(), v.value, t.Unix())
		}
	}
}

// costs watches a number of evaluations of every rule, after the first two:
// those may come before the first scrape.
func (s *promServer) costs(b *testing.B, evaluations int) []*ruleCost {
	b.Helper()
	costs := make(map[string]*ruleCost)
	last := make(map[string]time.Time)
	var order []*ruleCost
	program.Eventually(b, "all is published", s.publishes)
	for deadline := time.Now().Add(3 * time.Minute); time.Now().Before(deadline); time.Sleep(time.Second) {
		groups, err := s.rules()
		if err != nil {
			b.Fatal(err)
		}
		for _, g := range groups {
			for k, r := range g.Rules {
				key := fmt.Sprintf("%s %d", g.Name, k)
				if costs[key] == nil {
					costs[key] = &ruleCost{group: g.Name, rule: r.Name + strings.TrimPrefix(fmt.Sprint(r.Labels), "map")}
					order = append(order, costs[key])
					if _, costs[key].samples, err = s.query(r.Query); err != nil {
						b.Fatal(err)
					}
				}
				if r.LastEvaluation.After(last[key]) {
					last[key] = r.LastEvaluation
					costs[key].seconds = append(costs[key].seconds, r.EvaluationTime)
				}
			}
		}
		if len(order[0].seconds) > evaluations+2 {
			break
		}
	}
	for _, c := range order {
		c.seconds = c.seconds[2:]
	}
	return order
}

// cpuOfRules gives the seconds of processor time that one evaluation of all
// rules takes: those with the rules minus those without.
func (s *promServer) cpuOfRules(b *testing.B, dir string) float64 {
	b.Helper()
	const evaluations = 12
	before := s.cpu(b)
	time.Sleep(evaluations * every)
	with := s.cpu(b) - before
	if err := os.RemoveAll(filepath.Join(dir, "rules")); err != nil {
		b.Fatal(err)
	}
	if err := s.process.Cmd.Process.Signal(syscall.SIGHUP); err != nil {
		b.Fatal(err)
	}
	program.Eventually(b, "the rules are gone", func() error {
		groups, err := s.rules()
		if err == nil && len(groups) > 0 {
			err = fmt.Errorf("%d groups", len(groups))
		}
		return err
	})
	before = s.cpu(b)
	time.Sleep(evaluations * every)
	return (with - (s.cpu(b) - before)) / evaluations
}

var cpuLine = regexp.MustCompile(`(?m)^process_cpu_seconds_total (\S+)$`)

// cpu is how many seconds of processor time Prometheus has used: what a busy
// machine does not distort.
func (s *promServer) cpu(b *testing.B) float64 {
	b.Helper()
	text, err := s.get("/metrics", nil)
	if err != nil {
		b.Fatal(err)
	}
	m := cpuLine.FindSubmatch(text)
	if m == nil {
		b.Fatal("no process_cpu_seconds_total")
	}
	seconds, err := strconv.ParseFloat(string(m[1]), 64)
	if err != nil {
		b.Fatal(err)
	}
	return seconds
}

// printCosts prints every rule's cost, dearest first, and the sums.
func printCosts(b *testing.B, costs []*ruleCost) {
	b.Helper()
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "fastest ms\tmedian ms\tsamples\tgroup\trule\t")
	slices.SortStableFunc(costs, func(x, y *ruleCost) int { return cmp.Compare(y.fastest(), x.fastest()) })
	var fastest, median float64
	var samples int
	for _, c := range costs {
		fastest += c.fastest() * 1000
		median += c.median() * 1000
		samples += c.samples
		fmt.Fprintf(w, "%.2f\t%.2f\t%d\t%s\t%s\t\n", c.fastest()*1000, c.median()*1000, c.samples, c.group, c.rule)
	}
	fmt.Fprintf(w, "%.2f\t%.2f\t%d\tall\t\t\n", fastest, median, samples)
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	fmt.Printf("\n%s", table.String()) // b.Log cuts long texts off
	b.ReportMetric(fastest, "fastest-ms")
	b.ReportMetric(median, "median-ms")
	b.ReportMetric(float64(samples), "samples")
}
