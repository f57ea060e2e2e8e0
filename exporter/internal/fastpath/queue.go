package fastpath

import (
	"errors"
	"net"
	"sync"
)

// queue is a listener for one of the two servers: it gives them connections that
// others have accepted. Its address is that of the listener that it embeds, which
// it closes.
type queue struct {
	net.Listener
	conns chan accepted
	once  sync.Once
	ended chan struct{}
}

// accepted is what an Accept gave.
type accepted struct {
	conn net.Conn
	err  error
}

func newQueue(l net.Listener) *queue {
	return &queue{Listener: l, conns: make(chan accepted), ended: make(chan struct{})}
}

// put waits until the server takes what was accepted. When it takes no more, the
// connection is closed.
func (q *queue) put(c net.Conn, err error) {
	select {
	case q.conns <- accepted{c, err}:
	case <-q.ended:
		if c != nil {
			_ = c.Close() // nobody is there for it
		}
	}
}

// Accept waits for a connection.
func (q *queue) Accept() (net.Conn, error) {
	select {
	case a := <-q.conns:
		return a.conn, a.err
	case <-q.ended:
		return nil, net.ErrClosed
	}
}

// Close ends the queue, and the listener with it, if that is open yet.
func (q *queue) Close() error {
	q.once.Do(func() { close(q.ended) })
	if err := q.Listener.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}
