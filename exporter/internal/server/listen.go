package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/prometheus/exporter-toolkit/web"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"supportexporter/exporter/internal/connection"
	"supportexporter/exporter/internal/fastpath"
	"supportexporter/exporter/internal/telemetry"
)

// site is the HTTP server of one address. Addresses do not share a server:
// exporter-toolkit and directPushes put handlers in front of its own, once for
// each address, while requests come in on another.
type site struct {
	*http.Server
	fast    *fastpath.Server // nil for none
	flags   *web.FlagConfig
	address string       // where socket is nil
	socket  net.Listener // systemd's
	conns   *connection.Set
}

type sites []site

// sites makes a server for each address, or each of systemd's sockets.
func (d *daemon) sites() (sites, error) {
	most := maxConnections()
	conns := connection.NewSet(most, d.metrics.ConnectionsClosed.Inc)
	d.metrics.Observe(telemetry.Connections, func() float64 { return float64(conns.Len()) })
	d.metrics.Observe(telemetry.ConnectionsLimit, func() float64 { return float64(most) })
	var all sites
	if d.o.Web.WebSystemdSocket != nil && *d.o.Web.WebSystemdSocket {
		sockets, err := activation.Listeners()
		if err == nil && len(sockets) == 0 {
			err = errors.New("there are none")
		}
		if err != nil {
			return nil, fmt.Errorf("--web.systemd-socket: systemd's sockets: %w", err)
		}
		for _, s := range sockets {
			all = append(all, site{socket: s})
		}
	} else {
		for _, a := range *d.o.Web.WebListenAddresses {
			all = append(all, site{address: a})
		}
	}
	for i := range all {
		srv, err := d.server()
		if err != nil {
			return nil, err
		}
		all[i].Server, all[i].fast, all[i].flags, all[i].conns = srv, d.fastPath(), d.o.Web, conns
	}
	return all, nil
}

// maxConnections is how many connections there may be: at most 35 KiB of memory
// each, with TLS 45, and one file, of which the store needs some.
func maxConnections() int {
	const most = 12_000
	var files unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &files); err != nil {
		return most
	}
	return int(min(most, files.Cur/4*3))
}

// serve listens on all addresses. The channel gives an error for each that ends.
func (all sites) serve(logger *slog.Logger) <-chan error {
	served := make(chan error, len(all))
	for _, s := range all {
		go func() { served <- s.serve(logger) }()
	}
	return served
}

// serve listens and serves until the site is closed. Addresses of vsock are
// exporter-toolkit's to open: only virtual machines on this host reach them.
func (s site) serve(logger *slog.Logger) error {
	if strings.HasPrefix(s.address, "vsock://") {
		flags := *s.flags
		flags.WebListenAddresses = &[]string{s.address}
		return web.ListenAndServe(s.Server, &flags, logger)
	}
	l := s.socket
	if l == nil {
		var err error
		if l, err = net.Listen("tcp", s.address); err != nil {
			return err
		}
	}
	l = s.conns.Listen(l)
	if s.fast != nil {
		l = s.fast.Split(l)
	}
	return web.Serve(l, s.Server, s.flags, logger)
}

// shutdown stops listening, and waits for the requests until ctx is done.
func (all sites) shutdown(ctx context.Context) error {
	var g errgroup.Group
	for _, s := range all {
		g.Go(func() error { return s.Shutdown(ctx) })
		if s.fast != nil {
			g.Go(func() error { return s.fast.Shutdown(ctx) })
		}
	}
	return g.Wait()
}

// close cuts off whatever shutdown has not ended.
func (all sites) close() {
	for _, s := range all {
		_ = s.Close() // nothing can be done about it
	}
}
