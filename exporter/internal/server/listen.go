package server

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"

	"github.com/prometheus/exporter-toolkit/web"
	"golang.org/x/sync/errgroup"

	"supportexporter/exporter/internal/deadline"
)

// site is the HTTP server of one address. Addresses do not share a server:
// exporter-toolkit and directPushes put handlers in front of its own, once for
// each address, while requests come in on another.
type site struct {
	*http.Server
	flags web.FlagConfig
}

type sites []site

// sites makes a server for each address, or one for all of systemd's sockets.
func (d *daemon) sites() (sites, error) {
	addresses := *d.o.Web.WebListenAddresses
	if d.o.Web.WebSystemdSocket != nil && *d.o.Web.WebSystemdSocket {
		addresses = []string{""}
	}
	var all sites
	for _, a := range addresses {
		srv, err := d.server()
		if err != nil {
			return nil, err
		}
		s := site{Server: srv, flags: *d.o.Web}
		s.flags.WebListenAddresses = &[]string{a}
		all = append(all, s)
	}
	return all, nil
}

// serve listens on all addresses. The channel gives an error for each that ends.
func (all sites) serve(logger *slog.Logger) <-chan error {
	served := make(chan error, len(all))
	for _, s := range all {
		go func() { served <- s.serve(logger) }()
	}
	return served
}

// serve listens and serves until the site is closed. The time-outs of TCP
// addresses are kept by package deadline; systemd's sockets and vsock are
// exporter-toolkit's to open.
func (s site) serve(logger *slog.Logger) error {
	address := (*s.flags.WebListenAddresses)[0]
	if address == "" || strings.HasPrefix(address, "vsock://") {
		return web.ListenAndServe(s.Server, &s.flags, logger)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	return web.Serve(deadline.Listen(l), s.Server, &s.flags, logger)
}

// shutdown stops listening, and waits for the requests until ctx is done.
func (all sites) shutdown(ctx context.Context) error {
	var g errgroup.Group
	for _, s := range all {
		g.Go(func() error { return s.Shutdown(ctx) })
	}
	return g.Wait()
}

// close cuts off whatever shutdown has not ended.
func (all sites) close() {
	for _, s := range all {
		_ = s.Close() // nothing can be done about it
	}
}
