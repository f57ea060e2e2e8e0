// Package server puts the exporter together and runs it: the store, the
// routes, reloads and the way down.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/exporter-toolkit/web"

	"supportexporter/exporter/internal/clock"
	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/conversation"
	"supportexporter/exporter/internal/experiment"
	"supportexporter/exporter/internal/exposition"
	"supportexporter/exporter/internal/fair"
	"supportexporter/exporter/internal/ingest"
	"supportexporter/exporter/internal/journal"
	"supportexporter/exporter/internal/ledger"
	"supportexporter/exporter/internal/telemetry"
	"supportexporter/exporter/internal/token"
)

// Options are the daemon's flags.
type Options struct {
	ConfigFile      string // "" for the defaults
	StoragePath     string
	TelemetryPath   string
	EnableLifecycle bool
	Web             *web.FlagConfig
	PushURL         string // "" for none
	PushInterval    time.Duration
	Logger          *slog.Logger
	Listening       func(net.Addr) // called for each address that is listened on
}

// The time a client has. Reading covers the slowest push that is still worth
// waiting for; the whole of it must fit into an orchestrator's grace period.
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = 30 * time.Second
	writeTimeout      = 60 * time.Second
	idleTimeout       = 2 * time.Minute
	shutdownTimeout   = 20 * time.Second
	maxHeaderBytes    = 16 << 10
)

// daemon is a running exporter.
type daemon struct {
	o        Options
	metrics  *telemetry.Metrics
	declared *experiment.Declared
	splits   atomic.Pointer[experiment.Splits] // never nil once there is a listener
	reloads  chan chan error
	tokens   bool                    // pushes need a bearer token, until there is a service that knows
	service  atomic.Pointer[service] // nil until the store is recovered
	stopping atomic.Bool
	down     chan struct{} // closed when no reload is done any more

	passwords *fair.Turns // to have one looked at
}

// service is what there is once the store is recovered.
type service struct {
	ledger *ledger.Ledger
	ingest *ingest.Handler
	scrape http.Handler
}

// Run runs the exporter until ctx is done, or until it cannot go on. Every
// event that was answered with 200 is durable then, whatever Run returns.
func Run(ctx context.Context, o Options) error {
	d := &daemon{
		o: o, metrics: telemetry.New(), declared: experiment.NewDeclared(),
		reloads: make(chan chan error), down: make(chan struct{}),
		passwords: fair.NewTurns(1),
	}
	hangup := make(chan os.Signal, 1) // before the store is recovered, or one then would end the process
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	if err := o.check(); err != nil {
		return err
	}
	loaded, err := load(o.ConfigFile)
	if err != nil {
		return err
	}
	d.tokens = loaded.tokens != nil
	d.splits.Store(&loaded.splits)
	sites, err := d.sites()
	if err != nil {
		return err
	}
	served := sites.serve(o.Logger)
	defer sites.close()

	l, err := d.open(loaded)
	if err != nil {
		return err
	}
	stopPush, err := d.startPush()
	if err == nil {
		err = d.wait(ctx, hangup, served)
	}
	return errors.Join(err, d.shutdown(sites, stopPush, l))
}

// settings is a configuration with the files it names.
type settings struct {
	config *config.Config
	tokens *token.Set // nil: none are configured
	splits experiment.Splits
}

func load(file string) (settings, error) {
	c, err := config.Load(file)
	if err != nil {
		return settings{}, err
	}
	s := settings{config: c}
	if s.splits, err = experiment.NewSplits(c.Experiments); err != nil {
		return settings{}, err
	}
	if c.Ingest.TokensFile != "" {
		if s.tokens, err = token.Load(c.Ingest.TokensFile); err != nil {
			return settings{}, fmt.Errorf("ingest.tokens_file: %w", err)
		}
	}
	return s, nil
}

// Check finds what would keep Run from starting, in the flags and the
// configuration file.
func Check(o Options) error {
	return errors.Join(o.check(), config.Check(o.ConfigFile))
}

// open recovers the store and starts to take events.
func (d *daemon) open(s settings) (*ledger.Ledger, error) {
	fs, err := journal.OS(d.o.StoragePath)
	if err != nil {
		return nil, fmt.Errorf("opening the store: %w", err)
	}
	c := clock.New(d.o.Logger)
	l, err := ledger.Open(fs, ledger.Options{
		Settings: conversation.Configured(s.config),
		Now:      c.Now,
		Logger:   d.o.Logger,
		Metrics:  d.metrics,
	})
	if err != nil {
		return nil, fmt.Errorf("opening the store in %s: %w", d.o.StoragePath, err)
	}
	c.Reached(l.Last())
	d.declared.Declare(s.config.Experiments)
	d.reloaded(nil)
	pushes := ingest.New(l, s.config, s.tokens, s.splits, d.metrics, d.o.Logger, time.Now)
	d.metrics.ObserveHealth(func() bool { return l.Err() == nil })
	d.service.Store(&service{
		ledger: l,
		ingest: pushes,
		scrape: exposition.NewHandler(d.source(l), d.o.Logger),
	})
	d.o.Logger.Info("Ready to take events.")
	return l, nil
}

// wait reloads when asked to, until the exporter has to stop.
func (d *daemon) wait(ctx context.Context, hangup <-chan os.Signal, served <-chan error) error {
	for {
		select {
		case <-hangup:
			_ = d.reload(ctx) // logged, and a metric
		case answer := <-d.reloads:
			answer <- d.reload(ctx)
		case err := <-served:
			return fmt.Errorf("serving HTTP: %w", err)
		case <-ctx.Done():
			d.o.Logger.Info("Shutting down.")
			return nil
		}
	}
}

// reload puts the configuration file's content in force, all of it or nothing.
func (d *daemon) reload(ctx context.Context) error {
	s, err := load(d.o.ConfigFile)
	svc := d.service.Load()
	if err == nil {
		err = svc.ledger.Configure(ctx, conversation.Configured(s.config))
	}
	if err == nil {
		svc.ingest.Configure(s.config, s.tokens, s.splits)
		d.splits.Store(&s.splits)
		d.declared.Declare(s.config.Experiments)
	}
	d.reloaded(err)
	return err
}

// reloaded tells the log and the metrics how a reload went.
func (d *daemon) reloaded(err error) {
	if err != nil {
		d.metrics.ReloadOK.Set(0)
		d.o.Logger.Error("The configuration was not reloaded; the one before stays in force.", "file", d.o.ConfigFile, "err", err)
		return
	}
	d.metrics.ReloadOK.Set(1)
	d.metrics.ReloadTime.Set(float64(time.Now().UnixMilli()) / 1000)
	d.o.Logger.Info("Configuration in force.", "file", d.o.ConfigFile)
}

// shutdown ends the requests, pushes what they counted, and closes the ledger.
func (d *daemon) shutdown(all sites, stopPush func(), l *ledger.Ledger) error {
	d.stopping.Store(true)
	close(d.down)
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	err := all.shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		d.o.Logger.Warn("Some requests did not end in time and were cut off.", "timeout", shutdownTimeout)
		err = nil
	}
	stopPush()
	return errors.Join(err, l.Close())
}
