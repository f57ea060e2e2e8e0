package main

import (
	"context"
	"fmt"

	"github.com/alecthomas/kingpin/v2"

	"supportexporter/exporter/internal/event"
)

func checkEventsCommand(app *kingpin.Application) command {
	clause := app.Command("check-events", `Check events as an exporter without a configuration would, without sending them. `+fileHelp+`

What a configuration adds is not checked: the sizes of its section ingest, and that a declared experiment has the variant.

  supportctl check-events events.ndjson`)
	files := clause.Arg("file", "Files of events; - for standard input.").Required().Strings()
	return command{clause, func(ctx context.Context, env *environment) error {
		return checkEvents(ctx, env, *files)
	}}
}

// checkEvents reads every file to its end, whatever is wrong with another.
func checkEvents(ctx context.Context, env *environment, files []string) error {
	var decoder event.Decoder
	events, problems := 0, 0
	for _, name := range files {
		problem := func(line int, err error) {
			problems++
			fmt.Fprintf(env.stderr, "%s: %v\n", position{name, line}, err)
		}
		err := readFile(env, name, nil, func(line int, raw []byte) error {
			events++
			err := decoder.Decode(raw, event.NDJSON, func(_ int, _ *event.Event, err error) bool {
				if err != nil {
					problem(line, err)
				}
				return true
			})
			if err != nil {
				problem(line, err)
			}
			return ctx.Err()
		})
		if err != nil {
			problems++
			fmt.Fprintln(env.stderr, err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	fmt.Fprintf(env.stdout, "%s, %s\n", count(events, "event"), count(problems, "error"))
	if problems > 0 {
		return errProblems
	}
	return nil
}
