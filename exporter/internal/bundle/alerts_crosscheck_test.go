package bundle

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"supportexporter/exporter/internal/program"
)

// promtoolTest is a file of promtool's unit tests, as far as it is needed.
type promtoolTest struct {
	RuleFiles          []string        `yaml:"rule_files"`
	EvaluationInterval string          `yaml:"evaluation_interval"`
	GroupEvalOrder     []string        `yaml:"group_eval_order"`
	FuzzyCompare       bool            `yaml:"fuzzy_compare"`
	Tests              [1]promtoolCase `yaml:"tests"`
}

type promtoolCase struct {
	Interval string             `yaml:"interval"`
	Input    []promtoolSeries   `yaml:"input_series"`
	Expected []promtoolExpected `yaml:"promql_expr_test"`
}

type promtoolSeries struct {
	Series string `yaml:"series"`
	Values string `yaml:"values"`
}

type promtoolExpected struct {
	Expr    string           `yaml:"expr"`
	Time    string           `yaml:"eval_time"`
	Samples []promtoolSample `yaml:"exp_samples"`
}

type promtoolSample struct {
	Labels string  `yaml:"labels"`
	Value  float64 `yaml:"value"`
}

// The simulation's formulas are the rules', and its alerts Prometheus's: for
// some hours by five minutes, and for a month by the hour, since baselines need
// it.
func TestAlertsSimulationAgreesWithTheRules(t *testing.T) {
	for _, c := range []struct {
		name               string
		every              int // minutes
		hourly             float64
		intents            int
		worse, better, end int    // minutes
		alerts             string // to be compared
	}{
		{"hours by five minutes", 5, 600, 1, 3 * 60, 5 * 60, 11 * 60, "SupportKPI.+"},
		{"a month by the hour", 60, 60, 2, 29 * minutesADay, 29*minutesADay + 12*60, 30*minutesADay + 12*60, "SupportKPI.+|SupportIntent.+"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if testing.Short() && c.end > minutesAWeek {
				t.Skip("takes half a minute")
			}
			t.Parallel()
			n := readAlertNumbers(t)
			s := newSimulation(n, newTraffic(3, c.hourly, c.intents), c.every)
			test := newCrossCheck(t, s)
			for s.minute < c.end {
				s.step()
				for k := range numKPIs {
					switch s.minute {
					case c.worse:
						s.traffic.change[k] = 1 - 0.3*n.direction[k]
					case c.better:
						s.traffic.change[k] = 1
					}
				}
				if s.minute%c.every == 0 {
					test.add(s, c.alerts, s.minute > c.worse-3*c.every)
				}
			}
			if test.seen["firing"] < 20 || test.seen["pending"] < 20 {
				t.Errorf("alerts in all that was compared: %v, want enough of each", test.seen)
			}
			test.run(t)
		})
	}
}

// crossCheck is a promtool test that is written while a simulation runs.
type crossCheck struct {
	test   promtoolTest
	values [][]string // of each input series
	seen   map[string]int
}

func newCrossCheck(tb testing.TB, s *simulation) *crossCheck {
	tb.Helper()
	var files []string
	for _, name := range []string{"recording-rules/support_targets.yml", "recording-rules/support_kpis.yml", "recording-rules/support_baselines.yml", "alerts/support.yml"} {
		files = append(files, filepath.Join(program.Root(tb), filepath.FromSlash(name)))
	}
	c := &crossCheck{test: promtoolTest{
		RuleFiles:          files,
		EvaluationInterval: fmt.Sprintf("%dm", s.every),
		GroupEvalOrder:     []string{"support_targets", "support_kpis", "support_baselines", "support_alerts"},
		FuzzyCompare:       true,
	}, seen: map[string]int{}}
	c.test.Tests[0].Interval = c.test.EvaluationInterval
	c.input(s)
	return c
}

// input adds the exporter's counters as they are now.
func (c *crossCheck) input(s *simulation) {
	i := 0
	add := func(name, labels string, value float64) {
		if i == len(c.values) {
			series := fmt.Sprintf(`%s{job="support",instance="support",%s}`, name, labels)
			c.test.Tests[0].Input = append(c.test.Tests[0].Input, promtoolSeries{Series: series})
			c.values = append(c.values, nil)
		}
		c.values[i] = append(c.values[i], strconv.FormatFloat(value, 'g', -1, 64))
		i++
	}
	add("support_ledger_start_timestamp_seconds", "", 0)
	for k, t := range s.byIntent {
		labels := fmt.Sprintf(`intent="intent-%d",tier="free",language="en",`, k)
		for at, outcome := range []string{"resolved", "escalated", "unresolved"} {
			add("support_conversations_total", labels+fmt.Sprintf("outcome=%q", outcome), t[at])
		}
		for score := range 5 {
			add("support_csat_responses_total", labels+fmt.Sprintf(`score="%d"`, score+1), t[atScore1+score])
		}
		for _, v := range []struct{ kpi, at int }{{resolutionSeconds, atSeconds}, {turns, atTurns}, {costUSD, atCost}} {
			kpi := labels + fmt.Sprintf("kpi=%q", kpiNames[v.kpi])
			add("support_values_total", kpi, t[v.at])
			add("support_values_sum_total", kpi, t[v.at+1])
			add("support_values_squares_total", kpi, t[v.at+2])
		}
	}
}

// add adds what the simulation has now: to the input always, and to what is
// expected if it is to be compared.
func (c *crossCheck) add(s *simulation, alerts string, compare bool) {
	c.input(s)
	if !compare {
		return
	}
	at := fmt.Sprintf("%dm", s.minute)
	var active []promtoolSample
	for _, a := range s.active() {
		active = append(active, promtoolSample{"ALERTS{" + a + "}", 1})
		for state := range map[string]bool{"pending": true, "firing": true} {
			if strings.Contains(a, state) {
				c.seen[state]++
			}
		}
	}
	expected := &c.test.Tests[0].Expected
	*expected = append(*expected, promtoolExpected{fmt.Sprintf("ALERTS{alertname=~%q}", alerts), at, active})
	if s.minute%(2*60) == 0 {
		*expected = append(*expected, promtoolExpected{fmt.Sprintf(`round(support:kpi:zscore{kpi=~%q,window!="28d"}, 1e-6)`, strings.Join(kpiNames[:], "|")), at, s.zscores()})
	}
}

// active are the labels of all alerts that are pending or firing.
func (s *simulation) active() []string {
	var out []string
	add := func(f *firing, alert, labels string) {
		if f.pending {
			state := map[bool]string{true: "firing", false: "pending"}[f.firing]
			out = append(out, fmt.Sprintf("alertname=%q,alertstate=%q,%s", alert, state, labels))
		}
	}
	for k, kpi := range kpiNames {
		for c, compared := range comparisons {
			of := fmt.Sprintf("kpi=%q,window=%q,baseline=%q", kpi, compared.window, compared.baseline)
			add(&s.improved[k][c], "SupportKPIImproved", of+`,severity="info"`)
			for severity, name := range severityNames {
				add(&s.regression[severity][k][c], "SupportKPIRegression", of+fmt.Sprintf(",severity=%q", name))
			}
		}
		for i := range s.intent {
			for severity, name := range severityNames {
				add(&s.intent[i][severity][k], "SupportIntentRegression",
					fmt.Sprintf(`intent="intent-%d",kpi=%q,window="1d",baseline="rolling",severity=%q`, i, kpi, name))
			}
		}
	}
	return out
}

func (s *simulation) zscores() []promtoolSample {
	var out []promtoolSample
	for k, kpi := range kpiNames {
		for c, compared := range comparisons {
			if d := s.deviations[k][c]; d.samples > 0 {
				out = append(out, promtoolSample{fmt.Sprintf("{kpi=%q,window=%q,baseline=%q}", kpi, compared.window, compared.baseline), math.Round(d.zscore*1e6) / 1e6})
			}
		}
	}
	return out
}

func (c *crossCheck) run(t *testing.T) {
	t.Helper()
	for i := range c.values {
		c.test.Tests[0].Input[i].Values = strings.Join(c.values[i], " ")
	}
	c.test.run(t)
}

// run has promtool run the test.
func (p *promtoolTest) run(t *testing.T) {
	t.Helper()
	text, err := yaml.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "test.yml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(program.Tool(t, "promtool"), "test", "rules", file).CombinedOutput(); err != nil {
		lines := slices.Collect(strings.Lines(string(out)))
		t.Errorf("promtool test rules: %v\n%s", err, strings.Join(lines[:min(len(lines), 60)], ""))
	}
}
