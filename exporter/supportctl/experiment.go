package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"supportexporter/exporter/client"
	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/verdict"
)

// experimentFlags are the flags of experiment.
type experimentFlags struct {
	action string
	name   string
	format string
	power  float64
	perDay float64
	source experimentSource
	plan   planFlags
}

// What experiment can do.
const (
	listExperiments = "list"
	showExperiment  = "show"
	planExperiment  = "plan"
)

func experimentCommand(app *kingpin.Application) command {
	var f experimentFlags
	clause := app.Command("experiment", `What experiments have shown: list names them all with their verdicts; show NAME has every arm and KPI with its lift, interval and finding, and how many more conversations it takes; plan says how many conversations a new one needs.

Intervals hold however often they are looked at. A verdict is ship, rollback, review (a person has to decide) or insufficient (there is not enough data yet); only declared experiments get one.

It asks Prometheus where its address is known, and reads the exporter's metrics otherwise. The exporter alone does not know how much traffic there is: tell it by --per-day.

  supportctl experiment list --prometheus.url=http://prometheus:9090
  supportctl experiment show greeting
  supportctl experiment show greeting --per-day=400 --format=json
  supportctl experiment plan --kpi=csat --baseline=4.2 --stddev=1.0 --lift=0.10 --samples-per-conversation=0.35
  supportctl experiment plan --kpi=escalation_rate --baseline=0.12 --lift=-0.20 --per-day=2000`)
	clause.Arg("action", "What to do: list, show or plan.").Required().EnumVar(&f.action, listExperiments, showExperiment, planExperiment)
	clause.Arg("name", "The experiment to show.").StringVar(&f.name)
	clause.Flag("format", "How to print it: text or json.").Default("text").EnumVar(&f.format, "text", "json")
	clause.Flag("power", "The probability to find an effect that is there.").Default("0.8").Float64Var(&f.power)
	clause.Flag("per-day", "Conversations a day, in all arms together. Default of show: those of the last day, if Prometheus knows them.").PlaceHolder("NUMBER").Float64Var(&f.perDay)
	f.source.declare(clause)
	f.plan.declare(clause)
	clause.Validate(func(*kingpin.CmdClause) error { return f.validate() })
	return command{clause, f.run}
}

func (s *experimentSource) declare(clause *kingpin.CmdClause) {
	clause.Flag("prometheus.url", "Address of Prometheus.").Envar("PROMETHEUS_URL").PlaceHolder("URL").StringVar(&s.prometheus)
	clause.Flag("prometheus.config", "File with TLS, basic auth and the like: a Prometheus HTTP client configuration.").PlaceHolder("FILE").StringVar(&s.prometheusConfig)
	clause.Flag("url", "Address of the exporter, where there is no Prometheus.").Envar("SUPPORT_EXPORTER_URL").Default(client.DefaultURL).StringVar(&s.exporter)
	clause.Flag("metrics-path", "Path of its metrics.").Default("/metrics").StringVar(&s.path)
	clause.Flag("http.config.file", "As --prometheus.config, for the exporter.").PlaceHolder("FILE").StringVar(&s.exporterConfig)
	clause.Flag("timeout", "How long to wait for an answer.").Default("30s").DurationVar(&s.timeout)
}

func (f *experimentFlags) validate() error {
	switch {
	case f.action == showExperiment && f.name == "":
		return errors.New("show needs the name of an experiment")
	case f.action != showExperiment && f.name != "":
		return fmt.Errorf("%s takes no name, got %q", f.action, f.name)
	case !(f.power > 0 && f.power < 1):
		return fmt.Errorf("--power must be between 0 and 1, got %g", f.power)
	case !(f.perDay >= 0):
		return fmt.Errorf("--per-day must not be negative, got %g", f.perDay)
	case f.source.timeout <= 0:
		return fmt.Errorf("--timeout must be more than 0, got %s", f.source.timeout)
	case f.action == planExperiment:
		return f.plan.validate()
	}
	return nil
}

func (f *experimentFlags) run(ctx context.Context, env *environment) error {
	if f.action == planExperiment {
		p, err := f.plan.work(f.power, f.perDay)
		if err != nil {
			return fmt.Errorf("plan: %w", err)
		}
		return f.print(env.stdout, p)
	}
	ctx, cancel := context.WithTimeout(ctx, f.source.timeout)
	defer cancel()
	found, err := f.source.read(ctx)
	if err != nil {
		return err
	}
	if f.action == listExperiments {
		return f.print(env.stdout, newExperimentList(found))
	}
	var names []string
	for i := range found.experiments {
		if e := &found.experiments[i]; e.Name == f.name {
			return f.print(env.stdout, newExperimentView(e, found, f.power, f.perDay))
		}
		names = append(names, fmt.Sprintf("%q", found.experiments[i].Name))
	}
	if len(names) == 0 {
		return fmt.Errorf("no experiment %q: there are none", f.name)
	}
	return fmt.Errorf("no experiment %q: there are %s", f.name, strings.Join(names, ", "))
}

// printed is what an action has found out.
type printed interface{ text(w io.Writer) error }

func (f *experimentFlags) print(w io.Writer, p printed) error {
	if f.format == "json" {
		out := json.NewEncoder(w)
		out.SetIndent("", "  ")
		return out.Encode(p)
	}
	return p.text(w)
}

// percent writes a ratio with its sign.
func percent(ratio float64) string { return fmt.Sprintf("%+.1f %%", 100*ratio) }

// amount writes a mean as people read it.
func amount(kpi config.KPI, v float64) string {
	switch kpi {
	case config.CostUSD:
		return fmt.Sprintf("$%.4f", v)
	case config.ResolutionSeconds:
		return time.Duration(v * float64(time.Second)).Round(100 * time.Millisecond).String()
	case config.CSAT, config.Turns:
		return fmt.Sprintf("%.3f", v)
	default:
		return fmt.Sprintf("%.2f %%", 100*v)
	}
}

// interval writes an interval, or that there is none yet.
func interval(i *verdict.Interval) string {
	if i == nil {
		return "-"
	}
	return percent(i.Low) + " to " + percent(i.High)
}
