package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/alecthomas/kingpin/v2"

	"supportexporter/exporter/client"
)

// checkReadyCommand is for the health checks of containers: the image has
// neither a shell nor curl.
func checkReadyCommand(app *kingpin.Application) command {
	clause := app.Command("check-ready", `Ask an exporter whether it is ready, which it is once its store is recovered. The exit code is 0 if it is.

  supportctl check-ready --url=http://localhost:10877`)
	exporter := clause.Flag("url", "Address of the exporter.").Envar("SUPPORT_EXPORTER_URL").Default(client.DefaultURL).String()
	httpConfig := clause.Flag("http.config.file", "File with TLS, basic auth and the like: a Prometheus HTTP client configuration.").PlaceHolder("FILE").String()
	timeout := clause.Flag("timeout", "How long to wait for the answer.").Default("5s").Duration()
	return command{clause, func(ctx context.Context, env *environment) error {
		target, shown, err := address(*exporter, "/-/ready")
		if err != nil {
			return err
		}
		c, err := httpClient(*httpConfig)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, *timeout)
		defer cancel()
		return checkReady(ctx, env, c, target, shown)
	}}
}

func checkReady(ctx context.Context, env *environment, c *http.Client, target, shown string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return fmt.Errorf("--url: %w", err)
	}
	answer, err := c.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<10))
	if err != nil {
		return fmt.Errorf("reading the answer of %s: %w", shown, err)
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", shown, answer.Status, bytes.TrimSpace(text))
	}
	fmt.Fprintf(env.stdout, "%s: %s\n", shown, bytes.TrimSpace(text))
	return nil
}
