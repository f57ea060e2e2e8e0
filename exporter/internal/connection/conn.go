package connection

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

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
