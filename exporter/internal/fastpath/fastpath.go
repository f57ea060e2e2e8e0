// Package fastpath answers small pushes on connections without TLS.
//
// Of what a push of one event costs, net/http takes more than reading, syncing and
// counting the event do; fasthttp takes two fifths of that. So a
// connection that begins with a small push goes to fasthttp, and every other one
// to net/http:
//
//	              +-- begins with a small push --> fasthttp --+
//	accepted -----+                                           | any other request
//	              +-- anything else -----------> net/http <---+
//
// When a request comes on the fast path that is not a small push, its connection
// moves to net/http, with that request and for good. A small push is a POST of
// HTTP/1.1 to one of a few paths whose body has a length, and not more than
// maxBodyBytes. Nothing else is ever answered by fasthttp, so that compressed
// archives, slow uploads, scrapes and whatever is strange have one server alone.
package fastpath

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"supportexporter/exporter/internal/connection"
)

const (
	maxBodyBytes = 2 << 10 // of a small push; memory that each connection may take
	readBytes    = 4 << 10 // of a connection's reader: no header is longer
	writeBytes   = 1 << 10 // of its writer, which most answers fit into
	firstBytes   = 2 << 10 // that the header of the first request may have
)

// Options are what a server needs.
type Options struct {
	Paths   []string     // of pushes, as they stand in a request
	Handler http.Handler // of pushes. It does not see when a client goes

	ReadTimeout  time.Duration // for all of a request, from its first byte; for a first one from the connection
	WriteTimeout time.Duration
	IdleTimeout  time.Duration

	Logger *slog.Logger
}

// Server serves the small pushes of one address.
type Server struct {
	o         Options
	fast      fasthttp.Server
	begins    [][]byte  // the first line of a push, for each path
	exchanges sync.Pool // of *exchange

	small, others *queue // to fasthttp and to net/http

	mu      sync.Mutex
	waiting map[*connection.Conn]struct{} // that have not sent their first request; nil at the end
}

// New makes a server.
func New(o Options) *Server {
	s := &Server{o: o, waiting: map[*connection.Conn]struct{}{}}
	s.exchanges.New = func() any { return newExchange() }
	for _, path := range o.Paths {
		s.begins = append(s.begins, []byte("POST "+path+" HTTP/1.1\r\n"))
	}
	s.fast = fasthttp.Server{
		Handler:            s.handle,
		HeaderReceived:     s.received,
		ErrorHandler:       refuse,
		ConnState:          state,
		Logger:             slog.NewLogLogger(o.Logger.Handler(), slog.LevelDebug),
		ReadTimeout:        o.ReadTimeout,
		WriteTimeout:       o.WriteTimeout,
		IdleTimeout:        o.IdleTimeout,
		ReadBufferSize:     readBytes,
		WriteBufferSize:    writeBytes,
		MaxRequestBodySize: maxBodyBytes,
		StreamRequestBody:  true, // so that handle sees one that is larger
		KeepHijackedConns:  true, // they move to net/http
		CloseOnShutdown:    true,

		SecureErrorLogMessage:        true, // no header in the log: tokens stand there
		DisablePreParseMultipartForm: true,
		NoDefaultServerHeader:        true,
		NoDefaultContentType:         true,
		LazyRequestTime:              true, // nobody asks for it
	}
	return s
}

// Split serves the connections of l that begin with a small push, and gives the
// listener of those that are left to net/http. To close that closes l, too. It is
// called once.
func (s *Server) Split(l net.Listener) net.Listener {
	s.small, s.others = newQueue(l), newQueue(l)
	go s.accept()
	go func() { _ = s.fast.Serve(s.small) }() // net/http says why there are no more connections
	return s.others
}

// Shutdown waits for the requests until ctx is done, when the listener of Split is
// closed.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	for c := range s.waiting {
		_ = c.Close() // nobody waits for an answer there
	}
	s.waiting = nil
	s.mu.Unlock()
	return s.fast.ShutdownWithContext(ctx)
}

// accept sorts all connections that come. An error is for net/http, which waits
// before it accepts again.
func (s *Server) accept() {
	for {
		c, err := s.others.Listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			_ = s.others.Close() // it is closed
			_ = s.small.Close()
			return
		}
		own, ok := c.(*connection.Conn)
		if err != nil || !ok {
			s.others.put(c, err)
			continue
		}
		go s.sort(own)
	}
}

// sort gives a connection to who is to serve it.
func (s *Server) sort(c *connection.Conn) {
	to := s.choose(c)
	if to == nil {
		_ = c.Close() // it has gone, or was too slow
		return
	}
	to.put(c, nil) // not waiting any more, or Shutdown might close it while it is served
}

// choose waits for the first request's header. There is nobody to serve a connection
// if that does not come.
func (s *Server) choose(c *connection.Conn) *queue {
	if !s.enter(c) {
		return nil
	}
	defer s.leave(c)
	if err := c.SetReadDeadline(time.Now().Add(s.o.ReadTimeout)); err != nil {
		return nil
	}
	first := make([]byte, 0, firstBytes)
	to := s.others
	for begins := true; begins && to == s.others && len(first) < cap(first); {
		n, err := c.Read(first[len(first):cap(first)])
		if first = first[:len(first)+n]; err != nil {
			return nil
		}
		if begins = s.beginsPush(first); begins && bytes.Contains(first, []byte("\r\n\r\n")) {
			to = s.small
		}
	}
	c.Unread(first)
	if err := c.SetReadDeadline(time.Time{}); err != nil {
		return nil
	}
	return to
}

// beginsPush says whether a request that begins with head is a push, as far as
// one can see.
func (s *Server) beginsPush(head []byte) bool {
	for _, line := range s.begins {
		if n := min(len(line), len(head)); bytes.Equal(head[:n], line[:n]) {
			return true
		}
	}
	return false
}

func (s *Server) enter(c *connection.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting == nil {
		return false
	}
	s.waiting[c] = struct{}{}
	return true
}

func (s *Server) leave(c *connection.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.waiting, c)
}

// state is connection.State for fasthttp.
func state(c net.Conn, to fasthttp.ConnState) {
	switch to {
	case fasthttp.StateActive:
		connection.State(c, http.StateActive)
	case fasthttp.StateIdle:
		connection.State(c, http.StateIdle)
	}
}

// received has fasthttp read no more of a body than it answers, or than it has to
// before handle moves the connection.
func (s *Server) received(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
	return fasthttp.RequestConfig{MaxRequestBodySize: s.ahead(h)}
}

// ahead is how much of a request's body is read before handle sees the request.
func (s *Server) ahead(h *fasthttp.RequestHeader) int {
	if s.isSmallPush(h) {
		return maxBodyBytes
	}
	return 1
}

// handle answers a small push, and moves the connection of any other request to
// net/http.
func (s *Server) handle(ctx *fasthttp.RequestCtx) {
	x := s.exchanges.Get().(*exchange)
	defer s.exchanges.Put(x)
	if !s.isSmallPush(&ctx.Request.Header) || !x.read(ctx) {
		s.move(ctx)
		return
	}
	x.serve(ctx, s.o.Handler, s.o.Logger)
}

func (s *Server) isSmallPush(h *fasthttp.RequestHeader) bool {
	if n := h.ContentLength(); n < 0 || n > maxBodyBytes || !h.IsPost() || !h.IsHTTP11() {
		return false
	}
	for _, path := range s.o.Paths {
		if string(h.RequestURI()) == path {
			return true
		}
	}
	return false
}
