// Package connection keeps the connections of a busy server: their number and
// their time-outs.
//
// There is a bound on the number, which clients share. When it is reached, each new
// connection takes the place of one of the client that has the most: one that waits
// for a request, if there is one, and of those the one that has waited longest. So
// thousands of connections that do nothing keep nobody out, and never take the
// last files of the process, which the store needs.
//
// net/http sets five deadlines a request, each of them a timer of the runtime,
// and nearly all are replaced before they pass. A connection of this package
// only notes a deadline; one goroutine looks every second whether one has passed,
// and cuts the connection off then. A deadline may so be up to a second late. One
// that has passed when it is set holds at once, as net/http needs it to interrupt
// a read.
package connection

import (
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"supportexporter/exporter/internal/fair"
)

// Set is the connections of any number of listeners. It is safe for concurrent
// use.
type Set struct {
	most   int
	closed func()
	now    func() time.Time
	every  time.Duration // between two looks at all connections

	clock atomic.Int64 // of the last look, Unix nanoseconds

	mu        sync.Mutex
	conns     map[*Conn]struct{}
	clients   map[string]int // how many each has
	listeners int
	looking   bool
}

// NewSet makes a set of at most so many connections. closed is called for each
// that is closed to make room for another.
func NewSet(most int, closed func()) *Set {
	return &Set{
		most: most, closed: closed, now: time.Now, every: time.Second,
		conns: map[*Conn]struct{}{}, clients: map[string]int{},
	}
}

// Len gives the number of connections.
func (s *Set) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// Listen makes the TCP connections of l connections of the set. Others stay as
// they are.
func (s *Set) Listen(l net.Listener) net.Listener {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listeners++
	if !s.looking {
		s.looking = true
		s.clock.Store(s.now().UnixNano())
		go s.run()
	}
	return &listener{Listener: l, set: s}
}

// run looks at all connections until the listeners and the last of them are
// closed.
func (s *Set) run() {
	ticker := time.NewTicker(s.every)
	defer ticker.Stop()
	for range ticker.C {
		if !s.look(s.now().UnixNano()) {
			return
		}
	}
}

// look cuts off what is late, and says whether there is more to look at.
func (s *Set) look(now int64) bool {
	s.clock.Store(now)
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.look(now)
	}
	s.looking = s.listeners > 0 || len(s.conns) > 0
	return s.looking
}

// add takes a connection into the set, and gives the one that has to go for it,
// if one has to.
func (s *Set) add(c *Conn) (victim *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.conns) >= s.most {
		victim = s.victim()
		s.forget(victim)
	}
	s.conns[c] = struct{}{}
	s.clients[c.client]++
	return victim
}

// victim picks a connection of the client that has the most. It looks at some only,
// as a map gives them: a client that has most of all connections has most of
// those, too.
func (s *Set) victim() (worst *Conn) {
	const sample = 64
	seen := 0
	for c := range s.conns {
		if worst == nil || s.rather(c, worst) {
			worst = c
		}
		if seen++; seen == sample {
			break
		}
	}
	return worst
}

// rather says whether a is to be closed rather than b.
func (s *Set) rather(a, b *Conn) bool {
	if a.client != b.client {
		return s.clients[a.client] > s.clients[b.client]
	}
	if busy := a.busy.Load(); busy != b.busy.Load() {
		return !busy
	}
	return a.since.Load() < b.since.Load()
}

// State is for a http.Server's ConnState: it tells which connections wait for a
// request.
func State(c net.Conn, state http.ConnState) {
	if wrapped, ok := c.(*tls.Conn); ok {
		c = wrapped.NetConn()
	}
	if own, ok := c.(*Conn); ok {
		own.busy.Store(state == http.StateActive)
	}
}

// forget takes a connection out of the set, if it is there.
func (s *Set) forget(c *Conn) {
	if _, ok := s.conns[c]; !ok {
		return
	}
	delete(s.conns, c)
	if s.clients[c.client]--; s.clients[c.client] == 0 {
		delete(s.clients, c.client)
	}
}

type listener struct {
	net.Listener
	set  *Set
	once sync.Once
}

// Accept waits for a connection.
func (l *listener) Accept() (net.Conn, error) {
	accepted, err := l.Listener.Accept()
	tcp, ok := accepted.(*net.TCPConn)
	if err != nil || !ok {
		return accepted, err
	}
	address := tcp.RemoteAddr().String()
	c := &Conn{TCPConn: tcp, set: l.set, address: address, client: fair.Address(address)}
	c.since.Store(l.set.clock.Load())
	if victim := l.set.add(c); victim != nil {
		_ = victim.TCPConn.Close() // whatever it says, it is gone
		l.set.closed()
	}
	return c, nil
}

// Close stops listening. Connections stay open.
func (l *listener) Close() error {
	l.once.Do(func() {
		l.set.mu.Lock()
		defer l.set.mu.Unlock()
		l.set.listeners--
	})
	return l.Listener.Close()
}
