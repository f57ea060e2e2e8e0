package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/config"

	"supportexporter/exporter/client"
)

// pushFlags are the flags of push.
type pushFlags struct {
	files       []string
	url         string
	tokenFile   string
	httpConfig  string
	batchSize   int
	concurrency int
	maxErrors   int
	timeout     time.Duration
}

func pushCommand(app *kingpin.Application) command {
	var f pushFlags
	clause := app.Command("push", `Push files of events to an exporter, as they are written. `+fileHelp+`

Events that an exporter has counted before are duplicates, so what failed halfway can simply be run again. Facts count once by themselves; increments (turns_delta, cost_delta) do so by the event's id, and without one they are rejected.

  supportctl push events.ndjson
  zcat events-*.gz | supportctl push --url=https://exporter.example -`)
	clause.Arg("file", "Files of events; - for standard input.").Required().StringsVar(&f.files)
	clause.Flag("url", "Address of the exporter.").Envar("SUPPORT_EXPORTER_URL").Default(client.DefaultURL).StringVar(&f.url)
	clause.Flag("token-file", "File that holds the bearer token.").PlaceHolder("FILE").StringVar(&f.tokenFile)
	clause.Flag("http.config.file", "File with TLS, basic auth and the like: a Prometheus HTTP client configuration.").PlaceHolder("FILE").StringVar(&f.httpConfig)
	clause.Flag("batch-size", "Events in a request.").Default("1000").IntVar(&f.batchSize)
	clause.Flag("concurrency", "Requests at a time. With more than one, events arrive out of order: let each carry its labels.").Default("1").IntVar(&f.concurrency)
	clause.Flag("timeout", "How long to go on trying to deliver one batch.").Default("5m").DurationVar(&f.timeout)
	clause.Flag("max-errors", "Rejected events to print; the others are counted.").Default("20").IntVar(&f.maxErrors)
	clause.Validate(func(*kingpin.CmdClause) error { return f.validate() })
	return command{clause, f.run}
}

func (f *pushFlags) validate() error {
	switch {
	case f.batchSize < 1:
		return fmt.Errorf("--batch-size must be at least 1, got %d", f.batchSize)
	case f.concurrency < 1:
		return fmt.Errorf("--concurrency must be at least 1, got %d", f.concurrency)
	case f.timeout <= 0:
		return fmt.Errorf("--timeout must be more than 0, got %s", f.timeout)
	case f.maxErrors < 0:
		return fmt.Errorf("--max-errors must not be negative, got %d", f.maxErrors)
	}
	return nil
}

// run sends nothing before it knows that every file is there.
func (f *pushFlags) run(ctx context.Context, env *environment) error {
	total, err := totalSize(f.files)
	if err != nil {
		return err
	}
	console := newConsole(env, total)
	defer console.finish()
	c, err := f.client(console)
	if err != nil {
		return err
	}
	defer c.Close(ctx) // nothing is queued, so nothing can be lost

	start := env.now()
	p := newPush(ctx, f, c, console)
	for _, name := range f.files {
		p.file(env, name)
	}
	p.wait(ctx)
	console.finish()
	p.summary(env.stdout, c.Stats().Retries, env.now().Sub(start))
	if p.failed {
		return errProblems
	}
	return nil
}

// totalSize is that of all files as they lie on the disk, or -1 if one of them
// has none.
func totalSize(files []string) (int64, error) {
	total := int64(0)
	for _, name := range files {
		if name == stdinName {
			total = -1
			continue
		}
		info, err := os.Stat(name)
		switch {
		case err != nil:
			return 0, err
		case info.IsDir():
			return 0, fmt.Errorf("%s: is a directory", name)
		case !info.Mode().IsRegular():
			total = -1
		case total >= 0:
			total += info.Size()
		}
	}
	return total, nil
}

// client connects as the flags say.
func (f *pushFlags) client(console *console) (*client.Client, error) {
	o := client.Options{
		URL:        f.url,
		MaxElapsed: f.timeout,
		Logger:     slog.New(slog.NewTextHandler(console, nil)),
	}
	var err error
	if f.tokenFile != "" {
		if o.Token, err = readToken(f.tokenFile); err != nil {
			return nil, err
		}
	}
	if f.httpConfig != "" { // without one the client has its own
		if o.HTTPClient, err = httpClient(f.httpConfig); err != nil {
			return nil, err
		}
	}
	return client.New(o)
}

func readToken(file string) (string, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	token := strings.TrimSpace(string(b))
	if token == "" {
		return "", fmt.Errorf("token: %s is empty", file)
	}
	return token, nil
}

// httpClient is as a file of --http.config.file and the like says, or the usual
// one where there is none.
func httpClient(file string) (*http.Client, error) {
	if file == "" {
		return http.DefaultClient, nil
	}
	c, _, err := config.LoadHTTPConfigFile(file)
	if err != nil {
		return nil, fmt.Errorf("http config %s: %w", file, err)
	}
	h, err := config.NewClientFromConfig(*c, "supportctl")
	if err != nil {
		return nil, fmt.Errorf("http config %s: %w", file, err)
	}
	return h, nil
}
