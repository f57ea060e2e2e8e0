// Command support_exporter takes conversation events from AI support agents,
// makes each durable before it answers, counts it exactly once, and exposes
// the result to Prometheus.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/promslog"
	promslogflag "github.com/prometheus/common/promslog/flag"
	"github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web/kingpinflag"

	"supportexporter/exporter/internal/server"
)

const about = `Counts the conversations of AI support agents for Prometheus.

Example:
  support_exporter --storage.path=/var/lib/support_exporter &
  curl -d '{"conversation_id":"c-1","intent":"refund","resolution":{"resolved":true}}' \
    -H 'Content-Type: application/json' http://localhost:10877/api/v1/events
  curl http://localhost:10877/metrics`

func main() { os.Exit(run()) }

func run() int {
	var o server.Options
	var logs promslog.Config
	app := kingpin.New("support_exporter", about).UsageWriter(os.Stdout)
	app.Version(version.Print("support_exporter"))
	app.HelpFlag.Short('h')
	app.Flag("config.file", "Configuration file; examples/support_exporter.yml shows all of it. Without one, the defaults hold.").StringVar(&o.ConfigFile)
	check := app.Flag("config.check", "Check the configuration file, the files that it names, the web configuration file and the flags, and exit.").Bool()
	app.Flag("storage.path", "Folder of the store. One process at a time.").Default("data/").StringVar(&o.StoragePath)
	app.Flag("web.telemetry-path", "Path of the metrics about conversations.").Default("/metrics").StringVar(&o.TelemetryPath)
	app.Flag("web.enable-lifecycle", "Allow reloads by POST /-/reload.").BoolVar(&o.EnableLifecycle)
	app.Flag("push.url", "Address that takes the Prometheus text format, such as VictoriaMetrics' /api/v1/import/prometheus; all metrics are pushed to it.").StringVar(&o.PushURL)
	app.Flag("push.interval", "Time between two pushes.").Default("15s").DurationVar(&o.PushInterval)
	o.Web = kingpinflag.AddFlags(app, ":10877")
	promslogflag.AddFlags(app, &logs)
	kingpin.MustParse(app.Parse(os.Args[1:]))

	if *check {
		return checkConfig(o)
	}
	o.Logger = promslog.New(&logs)
	o.Logger.Info("Starting support_exporter.", "version", version.Info(), "build_context", version.BuildContext())
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1) // for the committer, which spends its time waiting for the disk
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := server.Run(ctx, o); err != nil {
		o.Logger.Error("support_exporter failed.", "err", err)
		return 1
	}
	o.Logger.Info("Stopped.")
	return 0
}

func checkConfig(o server.Options) int {
	if err := server.Check(o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println("the configuration is valid")
	return 0
}
