package main

import (
	"context"
	"fmt"

	"github.com/alecthomas/kingpin/v2"

	"supportexporter/exporter/internal/config"
)

func checkConfigCommand(app *kingpin.Application) command {
	clause := app.Command("check-config", `Check an exporter's configuration file, and print every problem of it, and of the tokens file that it names: what support_exporter --config.check says of it.

  supportctl check-config support_exporter.yml`)
	file := clause.Arg("file", "The file that --config.file would name.").Required().String()
	return command{clause, func(_ context.Context, env *environment) error {
		if err := config.Check(*file); err != nil {
			fmt.Fprintln(env.stderr, err) // one line for each problem, with the file's name
			return errProblems
		}
		fmt.Fprintf(env.stdout, "%s: ok\n", *file)
		return nil
	}}
}
