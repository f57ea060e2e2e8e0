package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path"
	"regexp"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web"

	"supportexporter/exporter/internal/connection"
	"supportexporter/exporter/internal/conversation"
	"supportexporter/exporter/internal/experiment"
	"supportexporter/exporter/internal/exposition"
	"supportexporter/exporter/internal/fastpath"
	"supportexporter/exporter/internal/ingest"
	"supportexporter/exporter/internal/ledger"
)

// exporterPath is where the exporter's own metrics are.
const exporterPath = "/metrics/exporter"

// server makes the HTTP server. It answers before the store is recovered:
// with 503, where the store is needed.
func (d *daemon) server() (*http.Server, error) {
	landing, err := web.NewLandingPage(web.LandingConfig{
		Name:        "Support Exporter",
		Description: "Conversation events of support agents in, exact metrics out.",
		Version:     version.Info(),
		Profiling:   "false",
		Links: []web.LandingLinks{
			{Address: d.o.TelemetryPath, Text: "Metrics", Description: "about conversations"},
			{Address: exporterPath, Text: "Exporter metrics", Description: "about this exporter"},
			{Address: "/-/healthy", Text: "Health", Description: "503 when events cannot be made durable"},
			{Address: "/-/ready", Text: "Readiness", Description: "503 until the store is recovered"},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("making the landing page: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", landing)
	mux.HandleFunc(ingest.Path, d.push)
	mux.HandleFunc(ingest.LogsPath, d.push)
	mux.HandleFunc("GET "+variantPath, d.variant)
	mux.HandleFunc("GET "+d.o.TelemetryPath, d.scrape)
	mux.HandleFunc("GET "+exporterPath, exposition.Bounded(d.exporterMetrics))
	mux.HandleFunc("GET /-/healthy", d.healthy)
	mux.HandleFunc("GET /-/ready", d.ready)
	mux.HandleFunc("/-/reload", d.reloadHandler)

	srv := &http.Server{
		Handler:           known(mux),
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ConnState:         connection.State,
		ErrorLog:          slog.NewLogLogger(d.o.Logger.Handler(), slog.LevelDebug),

		DisableGeneralOptionsHandler: true, // OPTIONS * is answered as all else is
	}
	// No HTTP/2: one connection of it has 250 requests at a time, whose bodies and
	// answers the bound of connections does not count.
	srv.Protocols = new(http.Protocols)
	srv.Protocols.SetHTTP1(true)
	srv.BaseContext = func(l net.Listener) context.Context {
		srv.Handler = d.directPushes(srv.Handler)
		if d.o.Listening != nil {
			d.o.Listening(l.Addr())
		}
		return context.Background()
	}
	return srv, nil
}

// checkTelemetryPath refuses what a ServeMux would panic at, what it takes for
// something else than a path, and what the landing page would have to escape.
func checkTelemetryPath(telemetry string) error {
	for _, taken := range []string{"/api/", "/v1/", "/-/", exporterPath + "/"} {
		if telemetry == "/" || strings.HasPrefix(telemetry+"/", taken) {
			return fmt.Errorf("--web.telemetry-path: %q is taken", telemetry)
		}
	}
	if !plainPath.MatchString(telemetry) || path.Clean(telemetry) != telemetry {
		return fmt.Errorf("--web.telemetry-path: want a path that begins with / and does not end with it, of letters, digits and -._~ between single slashes; got %q", telemetry)
	}
	return nil
}

// plainPath is a path that is the same in a URL, in HTML and as a pattern of a
// ServeMux.
var plainPath = regexp.MustCompile(`^/[A-Za-z0-9._~/-]+$`)

// directPushes leads pushes past the web configuration's basic authentication
// where bearer tokens are configured for them: a request has one Authorization
// header, and pushing has credentials of its own. Where there is no web
// configuration they are led past the choice of a route alone, which is a
// fiftieth of what a push of one event costs. The server calls this when
// exporter-toolkit has put its handler in front, and before the first request.
func (d *daemon) directPushes(next http.Handler) http.Handler {
	direct := *d.o.Web.WebConfigFile == ""
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !d.admit(w, r) {
			return
		}
		if r.URL.Path == ingest.Path || r.URL.Path == ingest.LogsPath { // which set the headers that they need
			if direct {
				d.push(w, r)
				return
			}
			if push, ok := d.withToken(); ok {
				push(w, r)
				return
			}
		}
		protect(w.Header())
		if _, _, password := r.BasicAuth(); password && !direct {
			d.guess(w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// admit refuses who may not ask at all.
func (d *daemon) admit(w http.ResponseWriter, r *http.Request) bool {
	switch {
	case d.resumedByStranger(r.TLS):
		refuse(w, "the client certificate is not allowed")
	case fromPage(r):
		refuse(w, "a page in a browser sent this")
	default:
		return true
	}
	return false
}

// fromPage says whether a page in a browser sent a request that may change something.
// The exporter has no page that does. That the page is of the same origin says
// nothing: its owner may point its name at the exporter's address.
func fromPage(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return false
	}
	return r.Header["Origin"] != nil || r.Header["Sec-Fetch-Site"] != nil
}

// fastPath makes the server of small pushes, nil where there is a web configuration:
// what that asks for, net/http has to see to.
func (d *daemon) fastPath() *fastpath.Server {
	if *d.o.Web.WebConfigFile != "" {
		return nil
	}
	return fastpath.New(fastpath.Options{
		Paths: []string{ingest.Path, ingest.LogsPath},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if d.admit(w, r) {
				d.push(w, r)
			}
		}),
		ReadTimeout:  readHeaderTimeout,
		WriteTimeout: writeTimeout,
		IdleTimeout:  idleTimeout,
		Logger:       d.o.Logger,
	})
}

// withToken gives what answers pushes, if that asks for a bearer token: by the rules
// that say so, whatever a reload does. It is known before the store is recovered: a
// client that had 401 then would not come back.
func (d *daemon) withToken() (push http.HandlerFunc, ok bool) {
	if s := d.service.Load(); s != nil {
		return s.ingest.Now()
	}
	return ingest.Recovering, d.tokens
}

func (d *daemon) push(w http.ResponseWriter, r *http.Request) {
	s := d.service.Load()
	if s == nil {
		ingest.Recovering(w, r)
		return
	}
	s.ingest.ServeHTTP(w, r)
}

// scrape exposes the metrics about conversations, all of them or none: a scrape
// of a half-recovered store would look like a counter reset.
func (d *daemon) scrape(w http.ResponseWriter, r *http.Request) {
	s := d.service.Load()
	if s == nil {
		http.Error(w, "recovering the store", http.StatusServiceUnavailable)
		return
	}
	s.scrape.ServeHTTP(w, r)
}

// source is where the metrics about conversations come from.
func (d *daemon) source(l *ledger.Ledger) exposition.Source {
	experiments := prometheus.NewRegistry()
	experiments.MustRegister(d.declared, experiment.Undeclared{Arms: func() ([]conversation.Arm, error) {
		return l.Undeclared(context.Background())
	}})
	return exposition.Source{Snapshot: l.Snapshot, Others: experiments}
}

func (d *daemon) exporterMetrics(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	if err := exposition.Compressed(w, r, d.metrics.Write); err != nil {
		panic(http.ErrAbortHandler) // a scraper that has gone comes again
	}
}

func (d *daemon) healthy(w http.ResponseWriter, _ *http.Request) {
	if s := d.service.Load(); s != nil {
		if err := s.ledger.Err(); err != nil {
			http.Error(w, "events cannot be made durable; see the log", http.StatusServiceUnavailable)
			return
		}
	}
	fmt.Fprintln(w, "healthy")
}

func (d *daemon) ready(w http.ResponseWriter, _ *http.Request) {
	switch {
	case d.stopping.Load():
		http.Error(w, "shutting down", http.StatusServiceUnavailable)
	case d.service.Load() == nil:
		http.Error(w, "recovering the store", http.StatusServiceUnavailable)
	default:
		fmt.Fprintln(w, "ready")
	}
}

var errStopping = errors.New("shutting down")

func (d *daemon) reloadHandler(w http.ResponseWriter, r *http.Request) {
	if !d.o.EnableLifecycle {
		http.Error(w, "reloading by HTTP needs --web.enable-lifecycle", http.StatusForbidden)
		return
	}
	if r.Method != http.MethodPost && r.Method != http.MethodPut {
		w.Header().Set("Allow", "POST, PUT")
		http.Error(w, "want POST or PUT", http.StatusMethodNotAllowed)
		return
	}
	answer := make(chan error, 1)
	err := errStopping
	select {
	case d.reloads <- answer:
		err = <-answer
	case <-r.Context().Done():
	case <-d.down:
	}
	if err != nil {
		http.Error(w, fmt.Sprintf("the configuration was not reloaded: %v", err), http.StatusInternalServerError)
	}
}
