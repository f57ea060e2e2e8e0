// Package deadline makes the time-outs of a busy server cheap.
//
// net/http sets five deadlines a request, each of them a timer of the runtime,
// and nearly all are replaced before they pass. A connection of this package
// only notes a deadline; one goroutine a listener looks every second whether
// one has passed, and cuts the connection off then. A deadline may so be up to a
// second late. One that has passed when it is set holds at once, as net/http
// needs it to interrupt a read.
package deadline

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// interval is the time between two looks at all connections.
const interval = time.Second

// Listen makes the TCP connections of l connections whose deadlines are looked
// at together. Others stay as they are.
func Listen(l net.Listener) net.Listener {
	return listen(l, time.Now, interval)
}

func listen(l net.Listener, now func() time.Time, every time.Duration) *listener {
	d := &listener{Listener: l, conns: map[*conn]struct{}{}, closed: make(chan struct{})}
	d.clock.Store(now().UnixNano())
	go d.run(now, every)
	return d
}

type listener struct {
	net.Listener
	clock  atomic.Int64 // of the last look, Unix nanoseconds
	closed chan struct{}
	once   sync.Once

	mu    sync.Mutex
	conns map[*conn]struct{}
}

// run looks at all connections until the listener and the last of them are
// closed.
func (l *listener) run(now func() time.Time, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for range ticker.C {
		if l.look(now().UnixNano()) > 0 {
			continue
		}
		select {
		case <-l.closed:
			return
		default:
		}
	}
}

// look cuts off what is late, and says how many connections there are.
func (l *listener) look(now int64) int {
	l.clock.Store(now)
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		c.look(now)
	}
	return len(l.conns)
}

// Accept waits for a connection.
func (l *listener) Accept() (net.Conn, error) {
	accepted, err := l.Listener.Accept()
	tcp, ok := accepted.(*net.TCPConn)
	if err != nil || !ok {
		return accepted, err
	}
	c := &conn{TCPConn: tcp, listener: l}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns[c] = struct{}{}
	return c, nil
}

// Close stops listening. Connections stay open.
func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// conn is a connection with deadlines of its own.
type conn struct {
	*net.TCPConn
	listener *listener

	mu          sync.Mutex
	read, write deadline
}

// Close closes the connection.
func (c *conn) Close() error {
	c.listener.mu.Lock()
	delete(c.listener.conns, c)
	c.listener.mu.Unlock()
	return c.TCPConn.Close()
}

// SetDeadline sets both deadlines.
func (c *conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// SetReadDeadline sets the deadline of all reads, those under way included; a
// zero time takes it away.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now, ok := c.read.set(t, c.listener.clock.Load()); ok {
		return c.TCPConn.SetReadDeadline(now)
	}
	return nil
}

// SetWriteDeadline is SetReadDeadline for writes.
func (c *conn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now, ok := c.write.set(t, c.listener.clock.Load()); ok {
		return c.TCPConn.SetWriteDeadline(now)
	}
	return nil
}

func (c *conn) look(now int64) {
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
