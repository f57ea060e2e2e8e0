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

// Conn is a connection with deadlines of its own. A *net.TCPConn's methods hold,
// but for io.Copy from one that has something unread, which does not see that.
type Conn struct {
	*net.TCPConn
	set     *Set
	address string // of the other end
	client  string
	unread  []byte
	since   atomic.Int64 // it has waited, for a request or for the rest of one, by the set's clock
	busy    atomic.Bool  // with a request

	mu          sync.Mutex
	read, write deadline
}

// Address gives RemoteAddr as text.
func (c *Conn) Address() string { return c.address }

// Unread makes b what is read next, before all else. The connection keeps b. It is
// for whoever reads the connection, before anybody else does.
func (c *Conn) Unread(b []byte) { c.unread = append(b, c.unread...) }

// Read reads what is unread, or else from the network.
func (c *Conn) Read(b []byte) (int, error) {
	if len(c.unread) == 0 {
		return c.TCPConn.Read(b)
	}
	n := copy(b, c.unread)
	if c.unread = c.unread[n:]; len(c.unread) == 0 {
		c.unread = nil
	}
	return n, nil
}

// Close closes the connection.
func (c *Conn) Close() error {
	c.set.mu.Lock()
	c.set.forget(c)
	c.set.mu.Unlock()
	return c.TCPConn.Close()
}

// SetDeadline sets both deadlines.
func (c *Conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// SetReadDeadline sets the deadline of all reads, those under way included; a
// zero time takes it away.
func (c *Conn) SetReadDeadline(t time.Time) error {
	clock := c.set.clock.Load()
	c.since.Store(clock) // net/http sets one when it begins to wait for a request
	c.mu.Lock()
	defer c.mu.Unlock()
	if now, ok := c.read.set(t, clock); ok {
		return c.TCPConn.SetReadDeadline(now)
	}
	return nil
}

// SetWriteDeadline is SetReadDeadline for writes.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now, ok := c.write.set(t, c.set.clock.Load()); ok {
		return c.TCPConn.SetWriteDeadline(now)
	}
	return nil
}

func (c *Conn) look(now int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	past := time.Unix(1, 0)
	if c.read.passed(now) {
		_ = c.TCPConn.SetReadDeadline(past) // one that is closed needs none
	}
	if c.write.passed(now) {
		_ = c.TCPConn.SetWriteDeadline(past)
	}
}

// deadline is one that is noted here.
type deadline struct {
	due int64 // Unix nanoseconds, 0 if there is none
	cut bool  // the connection itself has one, which has passed
}

// set notes a deadline. It gives the one that the connection itself has to get
// now, if it has to.
func (d *deadline) set(t time.Time, clock int64) (now time.Time, ok bool) {
	d.due = 0
	if !t.IsZero() {
		if d.due = t.UnixNano(); d.due <= clock {
			d.due, d.cut = 0, true
			return t, true
		}
	}
	was := d.cut
	d.cut = false
	return time.Time{}, was
}

// passed says whether the deadline passes with this look.
func (d *deadline) passed(now int64) bool {
	if d.due == 0 || now < d.due {
		return false
	}
	d.due, d.cut = 0, true
	return true
}
