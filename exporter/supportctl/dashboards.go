package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/alecthomas/kingpin/v2"

	"supportexporter/exporter/internal/dashboard"
)

func dashboardsCommand(app *kingpin.Application) command {
	clause := app.Command("dashboards", `Write the Grafana dashboards, one JSON file each, to a folder: for provisioning, or to import by hand. Files of the same names are replaced.

  supportctl dashboards --output grafana/dashboards`)
	output := clause.Flag("output", "Folder to write to. It is made if it is not there.").Required().PlaceHolder("FOLDER").String()
	return command{clause, func(_ context.Context, env *environment) error {
		files, err := dashboard.Files()
		if err != nil {
			return err
		}
		if err := os.MkdirAll(*output, 0o755); err != nil {
			return fmt.Errorf("make --output: %w", err)
		}
		for _, f := range files {
			path := filepath.Join(*output, f.Name)
			if err := os.WriteFile(path, f.JSON, 0o644); err != nil {
				return fmt.Errorf("write dashboard: %w", err)
			}
			fmt.Fprintln(env.stdout, path)
		}
		return nil
	}}
}
