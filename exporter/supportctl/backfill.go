package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/model"

	"supportexporter/exporter/internal/backfill"
	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/simulate"
)

// backfillFlags are the flags of backfill.
type backfillFlags struct {
	files      []string
	simulate   string
	duration   model.Duration
	perDay     float64
	seed       uint64
	prometheus string
	output     string
	storage    string
	config     string
	rules      []string
	skipGroups []string
	step       time.Duration
	job        string
	instance   string
	maxErrors  int
}

func backfillCommand(app *kingpin.Application) command {
	var f backfillFlags
	clause := app.Command("backfill", `Make a history of events that lie in the past: the counters as they would have stood, and the recorded series. `+fileHelp+`

Each event needs its time, and they must be in that order, from file to file too; or the events are simulated, up to now. The history goes into the data folder of a Prometheus as blocks, and the counters as they stand in the end into a new store: start an exporter on it, and they go on without a jump. Start Prometheus with a retention that is longer than the history.

What was interrupted goes on when it is run again with the same arguments. What was finished is not done again, so a stack can run this at every start.

  supportctl backfill --simulate=healthy --duration=28d --prometheus.path=prometheus/ --storage.path=data/
  supportctl backfill --prometheus.path=/var/lib/prometheus --storage.path=data/ events.ndjson.gz
  supportctl backfill --output=history.om events.ndjson && promtool tsdb create-blocks-from openmetrics history.om prometheus/`)
	clause.Arg("file", "Files of events; - for standard input.").StringsVar(&f.files)
	clause.Flag("simulate", "Simulate events instead of reading files: "+strings.Join(simulate.Scenarios(), ", ")+".").PlaceHolder("SCENARIO").StringVar(&f.simulate)
	f.duration = model.Duration(28 * 24 * time.Hour)
	clause.Flag("duration", "Length of what is simulated, up to now.").Default("28d").SetValue(&f.duration)
	clause.Flag("conversations-per-day", "Simulated conversations a day, as the mean of a week.").Default(fmt.Sprint(simulate.DefaultPerDay)).Float64Var(&f.perDay)
	clause.Flag("seed", "Number that the simulation is drawn from.").Default("1").Uint64Var(&f.seed)
	clause.Flag("prometheus.path", "Prometheus's data folder, to put blocks into.").PlaceHolder("DIR").StringVar(&f.prometheus)
	clause.Flag("output", "File to write OpenMetrics into instead, for promtool. About 130 bytes a sample.").PlaceHolder("FILE").StringVar(&f.output)
	clause.Flag("storage.path", "Folder of the exporter's store, which must be empty or not there.").Default("data/").StringVar(&f.storage)
	clause.Flag("config.file", "The exporter's configuration file, without which the defaults are in force.").PlaceHolder("FILE").StringVar(&f.config)
	clause.Flag("rules", "Files of recording rules, as patterns; an empty one for none. May be repeated.").Default("recording-rules/*.yml").StringsVar(&f.rules)
	clause.Flag("skip-group", "Groups of rules to leave out. May be repeated. support_history serves a Prometheus that has not recorded yet what it looks back on; here all is recorded.").Default("support_history").StringsVar(&f.skipGroups)
	clause.Flag("step", "Time between samples: a part of an hour, and at most the 5m for which Prometheus takes one as the present.").Default("5m").DurationVar(&f.step)
	clause.Flag("job", "Label job of the exporter's series.").Default("support").StringVar(&f.job)
	clause.Flag("instance", "Label instance of the exporter's series.").Default("support").StringVar(&f.instance)
	clause.Flag("max-errors", "Rejected events to print; the others are counted.").Default("20").IntVar(&f.maxErrors)
	clause.Validate(func(*kingpin.CmdClause) error { return f.validate() })
	return command{clause, f.run}
}

func (f *backfillFlags) validate() error {
	switch {
	case len(f.files) == 0 && f.simulate == "":
		return errors.New("nothing to backfill: name files, or --simulate")
	case len(f.files) > 0 && f.simulate != "":
		return fmt.Errorf("--simulate=%s and the file %s exclude each other", f.simulate, f.files[0])
	case f.simulate != "" && !slices.Contains(simulate.Scenarios(), f.simulate):
		return fmt.Errorf("--simulate must be one of %s, got %q", strings.Join(simulate.Scenarios(), ", "), f.simulate)
	case f.duration <= 0:
		return fmt.Errorf("--duration must be more than 0, got %s", f.duration)
	case !(f.perDay >= simulate.MinPerDay && f.perDay <= simulate.MaxPerDay):
		return fmt.Errorf("--conversations-per-day must be from %d to %d, got %g", simulate.MinPerDay, simulate.MaxPerDay, f.perDay)
	case (f.prometheus == "") == (f.output == ""):
		return errors.New("want --prometheus.path or --output, one of them")
	case f.storage == "":
		return errors.New("--storage.path must not be empty")
	case f.step < time.Second || f.step > 5*time.Minute || time.Hour%f.step != 0 || f.step%time.Second != 0:
		return fmt.Errorf("--step must be whole seconds, from 1s to 5m, that divide an hour, got %s", f.step)
	case f.job == "":
		return errors.New("--job must not be empty")
	case f.instance == "":
		return errors.New("--instance must not be empty")
	case f.maxErrors < 0:
		return fmt.Errorf("--max-errors must not be negative, got %d", f.maxErrors)
	}
	return nil
}

func (f *backfillFlags) run(ctx context.Context, env *environment) error {
	c, err := config.Load(f.config)
	if err != nil {
		return err
	}
	arguments, err := f.arguments()
	if err != nil {
		return err
	}
	progress := newProgress(env)
	defer progress.finish()
	events := &eventReader{env: env, files: f.files, problems: progress, maxErrors: f.maxErrors}
	result, err := backfill.Run(ctx, backfill.Options{
		Arguments: arguments,
		Config:    c,
		Open: func(now time.Time) (backfill.Source, error) {
			if f.simulate != "" {
				return f.simulated(now)
			}
			return events.source(now)
		},
		Prometheus: f.prometheus,
		Output:     f.output,
		Storage:    f.storage,
		Rules:      slices.DeleteFunc(slices.Clone(f.rules), func(s string) bool { return s == "" }),
		LeaveOut:   f.skipGroups,
		Step:       f.step,
		Job:        f.job,
		Instance:   f.instance,
		Now:        env.now,
		Progress:   progress.show,
	})
	progress.finish()
	if err != nil {
		return fmt.Errorf("backfill: %w", err)
	}
	if result.Before {
		fmt.Fprintf(env.stdout, "Nothing to do: the history from %s to %s is there already.\n",
			result.Start.Format(time.RFC3339), result.End.Format(time.RFC3339))
		return nil
	}
	backfillSummary(env.stdout, result, events.rejected, progress.took())
	if events.rejected > 0 {
		return errProblems
	}
	return nil
}

// arguments are what tells one backfill from another. A file is taken for the
// same if it has the same name and size.
func (f *backfillFlags) arguments() (map[string]string, error) {
	size, err := totalSize(f.files)
	if err != nil {
		return nil, err
	}
	a := map[string]string{
		"files":        strings.Join(f.files, " "),
		"size":         fmt.Sprint(size),
		"storage.path": f.storage,
		"step":         f.step.String(),
		"job":          f.job,
		"instance":     f.instance,
	}
	if f.simulate != "" {
		a["simulate"] = f.simulate
		a["duration"] = f.duration.String()
		a["conversations-per-day"] = fmt.Sprint(f.perDay)
		a["seed"] = fmt.Sprint(f.seed)
	}
	return a, nil
}

func backfillSummary(w io.Writer, r backfill.Result, rejected int, took time.Duration) {
	for _, row := range []struct {
		name  string
		value any
	}{
		{"events", r.Events},
		{"rejected", rejected},
		{"conversations", r.Conversations},
		{"start", r.Start.Format(time.RFC3339)},
		{"end", r.End.Format(time.RFC3339)},
		{"series", r.Series},
		{"samples", r.Samples},
		{"blocks", r.Blocks},
		{"duration", took.Round(time.Millisecond)},
	} {
		fmt.Fprintf(w, "%-13s %v\n", row.name, row.value)
	}
}
