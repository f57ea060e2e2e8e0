package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/model"

	"supportexporter/exporter/client"
	"supportexporter/exporter/internal/simulate"
)

// historyLength is that of a history of which nothing else is said: the longest
// window of the KPIs.
const historyLength = 28 * 24 * time.Hour

// simulateFlags are the flags of simulate.
type simulateFlags struct {
	seed          uint64
	perDay        float64
	scenario      string
	scenarioStart moment
	start         moment
	from          moment
	end           moment
	duration      model.Duration
	output        string
	exporter      pushFlags // those that say where the exporter is
}

func simulateCommand(app *kingpin.Application) command {
	f := simulateFlags{exporter: pushFlags{batchSize: 1000}}
	clause := app.Command("simulate", simulateHelp())
	f.declare(clause)
	return command{clause, f.run}
}

func simulateHelp() string {
	return fmt.Sprintf(`Make up the traffic of a support team, and send each event to an exporter when its time comes, or write a history of it. Healthy traffic lies on the static baselines of the KPIs; a scenario moves one of them.

The same seed gives the same conversations and events, whenever it runs: what is sent again is counted once. So live traffic can go on where a history ended, or where it was stopped: give it the same --start (one two weeks back will do if that is longer ago), and --from the end of what was sent, or some time before.

Every conversation is in the experiment %q, with the variants %q (control) and %q. Declare it in the exporter's configuration, with csat as its primary KPI, to get a verdict.

  supportctl simulate --scenario=cost-spike
  supportctl simulate --output=- --start=2026-10-01T00:00:00Z --duration=28d | gzip > history.ndjson.gz
  supportctl simulate --start=now-14d --from=now-1h --scenario=intent-outage --scenario-start=now`,
		simulate.Experiment, simulate.Control, simulate.Treatment)
}

func (f *simulateFlags) declare(clause *kingpin.CmdClause) {
	clause.Flag("seed", "What the traffic is made up from. Two simulations need two seeds.").Default("1").Uint64Var(&f.seed)
	clause.Flag("conversations-per-day", "Mean of a week; days and hours differ.").Default(fmt.Sprint(simulate.DefaultPerDay)).Float64Var(&f.perDay)
	clause.Flag("scenario", "What happens: "+strings.Join(simulate.Scenarios(), ", ")+".").PlaceHolder("NAME").Default(string(simulate.Healthy)).EnumVar(&f.scenario, simulate.Scenarios()...)
	clause.Flag("scenario-start", "Conversations that begin from here on are under the scenario. Default: --from.").PlaceHolder("TIME").SetValue(&f.scenarioStart)
	clause.Flag("start", "When the first conversation begins; as all times, 2026-10-01T00:00:00Z or now-28d. Default: --from; of a history, --duration before --end.").PlaceHolder("TIME").SetValue(&f.start)
	clause.Flag("from", "Pass over the events before this time. Default: now; of a history, --start.").PlaceHolder("TIME").SetValue(&f.from)
	clause.Flag("end", "Stop before the events of this time. Default: never; of a history, now.").PlaceHolder("TIME").SetValue(&f.end)
	clause.Flag("duration", "How long, such as 12h or 7d, in place of --end, or of a history's --start. Default of a history without --start: 28d.").PlaceHolder("DURATION").SetValue(&f.duration)
	clause.Flag("output", "Write a history to this file instead, one event a line; - for standard output.").PlaceHolder("FILE").StringVar(&f.output)
	clause.Flag("url", "Address of the exporter.").Envar("SUPPORT_EXPORTER_URL").Default(client.DefaultURL).StringVar(&f.exporter.url)
	clause.Flag("token-file", "File that holds the bearer token.").PlaceHolder("FILE").StringVar(&f.exporter.tokenFile)
	clause.Flag("http.config.file", "File with TLS, basic auth and the like: a Prometheus HTTP client configuration.").PlaceHolder("FILE").StringVar(&f.exporter.httpConfig)
	clause.Flag("timeout", "How long to go on trying to reach the exporter.").Default("1h").DurationVar(&f.exporter.timeout)
	clause.Validate(func(*kingpin.CmdClause) error { return f.validate() })
}

func (f *simulateFlags) validate() error {
	switch {
	case !(f.perDay >= simulate.MinPerDay && f.perDay <= simulate.MaxPerDay):
		return fmt.Errorf("--conversations-per-day must be from %d to %d, got %g", simulate.MinPerDay, simulate.MaxPerDay, f.perDay)
	case f.exporter.timeout <= 0:
		return fmt.Errorf("--timeout must be more than 0, got %s", f.exporter.timeout)
	case f.duration != 0 && f.end.given && (f.output == "" || f.start.given):
		return errors.New("--duration must not be given where the length is known without it")
	}
	return nil
}

// moment is a time given by a flag, on the calendar or before now.
type moment struct {
	given bool
	at    time.Time
	ago   time.Duration // before now, if at is zero
}

// Set implements kingpin.Value.
func (m *moment) Set(text string) (err error) {
	m.given = true
	if ago, ok := strings.CutPrefix(text, "now-"); ok {
		var d model.Duration
		err = d.Set(ago)
		m.ago = time.Duration(d)
	} else if text != "now" {
		m.at, err = time.Parse(time.RFC3339, text)
	}
	if err != nil {
		return fmt.Errorf("time must be as in 2026-10-01T00:00:00Z or now-1h, got %q", text)
	}
	return nil
}

// String implements kingpin.Value.
func (m *moment) String() string { return "" }

// time is the zero time if none was given.
func (m *moment) time(now time.Time) time.Time {
	if m.given && m.at.IsZero() {
		return now.Add(-m.ago)
	}
	return m.at
}

// period is which of the traffic's events are wanted.
type period struct {
	start time.Time // of the traffic
	from  time.Time // the first event's time, at the earliest
	end   time.Time // the last one's is before it; zero if there is none
}

// period is what the flags say, and what they leave open.
func (f *simulateFlags) period(now time.Time) (period, error) {
	if f.output != "" {
		now = now.Truncate(time.Second)
	}
	p := period{f.start.time(now), f.from.time(now), f.end.time(now)}
	length := time.Duration(f.duration)
	if f.output == "" {
		if p.from.IsZero() {
			p.from = now
		}
		if p.start.IsZero() {
			p.start = p.from
		}
		if length > 0 {
			p.end = p.from.Add(length)
		}
	} else {
		p.history(now, length)
	}
	if !p.end.IsZero() && (!p.start.Before(p.end) || !p.from.Before(p.end)) {
		return period{}, fmt.Errorf("no time is left: the traffic starts at %s and is wanted from %s to %s",
			p.start.Format(time.RFC3339), p.from.Format(time.RFC3339), p.end.Format(time.RFC3339))
	}
	return p, nil
}

// history fills in what is open of a history.
func (p *period) history(now time.Time, length time.Duration) {
	switch {
	case !p.start.IsZero() && length > 0:
		p.end = p.start.Add(length)
	case p.end.IsZero():
		p.end = now
	}
	if length == 0 {
		length = historyLength
	}
	if p.start.IsZero() {
		p.start = p.end.Add(-length)
	}
	if p.from.IsZero() {
		p.from = p.start
	}
}

func (f *simulateFlags) run(ctx context.Context, env *environment) error {
	now := env.now()
	p, err := f.period(now)
	if err != nil {
		return err
	}
	turning := f.scenarioStart.time(now)
	if turning.IsZero() {
		turning = p.from
	}
	src, err := simulate.New(simulate.Options{
		Seed: f.seed, Start: p.start, PerDay: f.perDay, Scenario: simulate.Scenario(f.scenario), ScenarioStart: turning,
	})
	if err != nil {
		return err
	}
	src.Skip(p.from)
	if f.output != "" {
		return writeHistory(ctx, env, f.output, src, p.end)
	}
	return f.sendLive(ctx, env, src, p.end)
}
