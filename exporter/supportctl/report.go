package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/client_golang/api"
	"github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/version"

	"supportexporter/exporter/internal/report"
)

// reportFlags are the flags of report.
type reportFlags struct {
	prometheus  string
	httpConfig  string
	grafana     string
	timeout     time.Duration
	period      string
	format      string
	outputs     []string
	sortBy      string
	failOn      string
	schema      bool
	assumptions report.Assumptions
}

func reportCommand(app *kingpin.Application) command {
	var f reportFlags
	clause := app.Command("report", `Report on a period from Prometheus: the KPIs and how they changed, issues and what drives them, the trend since launch, breakdowns, the return on investment and the verdicts of experiments. As text, Markdown, JSON, or one HTML page that needs nothing else.

It needs the recording rules. What Prometheus does not know is said to be missing; nothing is taken for 0. With --fail-on the exit code is 1 if there is an issue of that severity, or a worse one: critical, high, medium and warning, low. An issue of too few samples is listed, and fails nothing.

  supportctl report --prometheus.url=http://prometheus:9090
  supportctl report --period=month --output=october.html --output=october.json
  supportctl report --period=2026-10-01..2026-10-15 --format=markdown --roi.human-cost-base=14
  supportctl report --period=1d --fail-on=critical

A cron line that writes a page every Monday at 7:

  0 7 * * 1  supportctl report --output=/srv/reports/$(date +\%F).html`)
	clause.Flag("prometheus.url", "Address of Prometheus.").Envar("PROMETHEUS_URL").Default("http://127.0.0.1:9090").StringVar(&f.prometheus)
	clause.Flag("prometheus.config", "File with TLS, basic auth and the like: a Prometheus HTTP client configuration.").PlaceHolder("FILE").StringVar(&f.httpConfig)
	clause.Flag("grafana.url", "Address of Grafana, for links.").Default("http://localhost:3000").StringVar(&f.grafana)
	clause.Flag("timeout", "How long all questions to Prometheus may take.").Default("2m").DurationVar(&f.timeout)
	clause.Flag("period", "A duration up to now, such as 7d; month, the last calendar month, in UTC; or dates or times, as 2026-10-01..2026-10-15 (the end is not in it).").Default("7d").StringVar(&f.period)
	clause.Flag("format", "What to write to standard output: "+strings.Join(report.Formats(), ", ")+".").PlaceHolder("FORMAT").Default("text").EnumVar(&f.format, report.Formats()...)
	clause.Flag("output", "File to write instead; its ending says the format: "+strings.Join(endings(), ", ")+". May be repeated.").PlaceHolder("FILE").StringsVar(&f.outputs)
	clause.Flag("sort-by", "KPI by which breakdowns have the worst first: "+strings.Join(report.Sortable(), ", ")+".").PlaceHolder("KPI").Default("resolution_rate").EnumVar(&f.sortBy, report.Sortable()...)
	clause.Flag("fail-on", "Exit with 1 if there is an issue of this severity or a worse one: "+strings.Join(report.Severities(), ", ")+".").PlaceHolder("SEVERITY").EnumVar(&f.failOn, report.Severities()...)
	clause.Flag("schema", "Print the JSON schema of the report, and do nothing else.").BoolVar(&f.schema)
	f.declareAssumptions(clause)
	clause.Validate(func(*kingpin.CmdClause) error { return f.validate() })
	return command{clause, f.run}
}

func (f *reportFlags) declareAssumptions(clause *kingpin.CmdClause) {
	a := &f.assumptions
	clause.Flag("roi.human-cost-low", "US dollars that a contact costs with a human, low.").Default("8").Float64Var(&a.HumanCostLow)
	clause.Flag("roi.human-cost-base", "The same, base.").Default("10").Float64Var(&a.HumanCostBase)
	clause.Flag("roi.human-cost-high", "The same, high.").Default("12").Float64Var(&a.HumanCostHigh)
	clause.Flag("roi.human-minutes", "Minutes that a human works on a contact.").Default("10").Float64Var(&a.HumanMinutes)
	clause.Flag("roi.human-csat", "CSAT of human agents.").Default("3.8").Float64Var(&a.HumanCSAT)
	clause.Flag("roi.platform-cost", "US dollars that the platform costs in the period, whatever the traffic.").Default("0").Float64Var(&a.PlatformCost)
}

func (f *reportFlags) validate() error {
	a := f.assumptions
	switch u, err := url.Parse(f.prometheus); {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https": // without it: there may be a password in it
		return errors.New("--prometheus.url must be an http or https address")
	case f.timeout <= 0:
		return fmt.Errorf("--timeout must be more than 0, got %s", f.timeout)
	case !(a.HumanCostLow >= 0 && a.HumanCostLow <= a.HumanCostBase && a.HumanCostBase <= a.HumanCostHigh && a.HumanCostHigh <= 1e6):
		return fmt.Errorf("want 0 <= --roi.human-cost-low <= --roi.human-cost-base <= --roi.human-cost-high <= 1000000, got %g, %g and %g", a.HumanCostLow, a.HumanCostBase, a.HumanCostHigh)
	case !(a.HumanMinutes >= 0 && a.HumanMinutes <= 1e6):
		return fmt.Errorf("--roi.human-minutes must be from 0 to 1000000, got %g", a.HumanMinutes)
	case !(a.HumanCSAT >= 1 && a.HumanCSAT <= 5):
		return fmt.Errorf("--roi.human-csat must be from 1 to 5, got %g", a.HumanCSAT)
	case !(a.PlatformCost >= 0 && a.PlatformCost <= 1e12):
		return fmt.Errorf("--roi.platform-cost must be from 0 to 1e12, got %g", a.PlatformCost)
	}
	for _, name := range f.outputs {
		if _, err := formatOf(name); err != nil {
			return fmt.Errorf("--output: %w", err)
		}
	}
	return nil
}

func (f *reportFlags) run(ctx context.Context, env *environment) error {
	if f.schema {
		_, err := fmt.Fprint(env.stdout, report.Schema)
		return err
	}
	period, err := report.ParsePeriod(f.period, env.now())
	if err != nil {
		return usageError{fmt.Errorf("--period: %w", err)}
	}
	prometheus, shown, err := f.client()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	r, err := report.Make(ctx, report.Options{
		Prometheus: prometheus, PrometheusURL: shown, GrafanaURL: f.grafana,
		Period: period, SortBy: f.sortBy, Assumptions: f.assumptions,
		Now: env.now().UTC().Truncate(time.Second), Generator: strings.TrimSpace("supportctl " + version.Version),
	})
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if err := f.write(env, r); err != nil {
		return err
	}
	return f.verdict(env, r)
}

// verdict tells what --fail-on asks for.
func (f *reportFlags) verdict(env *environment, r *report.Report) error {
	if f.failOn == "" {
		return nil
	}
	failing := r.AtLeast(f.failOn)
	for _, i := range failing {
		fmt.Fprintf(env.stderr, "%s: %s\n", i.Severity, i.Area)
	}
	if len(failing) > 0 {
		return errProblems
	}
	return nil
}

// client is for the Prometheus of the flags; shown is its address without
// credentials.
func (f *reportFlags) client() (p v1.API, shown string, err error) {
	u, err := url.Parse(f.prometheus)
	if err != nil {
		return nil, "", errors.New("--prometheus.url is no address")
	}
	h, err := httpClient(f.httpConfig)
	if err != nil {
		return nil, "", err
	}
	c, err := api.NewClient(api.Config{Address: f.prometheus, Client: h})
	if err != nil {
		return nil, "", fmt.Errorf("--prometheus.url: %w", err)
	}
	u.User = nil
	return v1.NewAPI(c), u.String(), nil
}
