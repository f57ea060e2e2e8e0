package connection

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"
)

// pair gives a connection that was accepted, its other end, and the listener,
// which looks at it when the test says so.
func pair(t *testing.T) (*Conn, net.Conn, *Set) {
	t.Helper()
	l := listenTCP(t, time.Hour)
	accepted := make(chan net.Conn, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			t.Error(err)
		}
		accepted <- c
	}()
	other, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c := (<-accepted).(*Conn)
	t.Cleanup(func() { c.Close(); other.Close() })
	return c, other, l.set
}

func listenTCP(t *testing.T, every time.Duration) *listener {
	t.Helper()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	set := NewSet(1000, func() { t.Error("a connection was closed to make room") })
	set.every = every
	l := set.Listen(tcp).(*listener)
	t.Cleanup(func() { l.Close() })
	return l
}

// reading starts a read of one byte; the channel gives its error.
func reading(c net.Conn) <-chan error {
	ended := make(chan error, 1)
	go func() {
		_, err := io.ReadFull(c, make([]byte, 1))
		ended <- err
	}()
	return ended
}

func TestDeadlinePassesWithALook(t *testing.T) {
	c, other, set := pair(t)
	due := time.Now().Add(time.Minute)
	if err := c.SetReadDeadline(due); err != nil {
		t.Fatal(err)
	}
	read := reading(c)
	set.look(due.UnixNano() - 1)
	if n := set.Len(); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
	if _, err := other.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := <-read; err != nil {
		t.Fatalf("before the deadline: %v", err)
	}
	read = reading(c)
	set.look(due.UnixNano())
	if err := <-read; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("after the deadline: %v", err)
	}
}

func TestPastDeadlineHoldsAtOnce(t *testing.T) {
	c, _, _ := pair(t)
	read := reading(c)
	if err := c.SetReadDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if err := <-read; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("%v", err)
	}
}

// A deadline that has passed is not the end: net/http sets one to interrupt a
// read, and another one for the next request.
func TestDeadlineAfterOneThatPassed(t *testing.T) {
	for name, next := range map[string]time.Time{"none": {}, "later": time.Now().Add(time.Hour)} {
		t.Run(name, func(t *testing.T) {
			for _, how := range []func(*Conn, *Set) error{
				func(c *Conn, _ *Set) error { return c.SetReadDeadline(time.Unix(1, 0)) },
				func(c *Conn, set *Set) error {
					due := time.Now().Add(time.Minute)
					err := c.SetReadDeadline(due)
					set.look(due.UnixNano())
					set.look(due.UnixNano() + 1)
					return err
				},
			} {
				c, other, set := pair(t)
				if err := how(c, set); err != nil {
					t.Fatal(err)
				}
				set.look(time.Now().UnixNano()) // the clock goes back
				if err := c.SetReadDeadline(next); err != nil {
					t.Fatal(err)
				}
				if _, err := other.Write([]byte("x")); err != nil {
					t.Fatal(err)
				}
				if err := <-reading(c); err != nil {
					t.Fatalf("a read after it: %v", err)
				}
			}
		})
	}
}

func TestWriteDeadline(t *testing.T) {
	c, _, set := pair(t)
	due := time.Now().Add(time.Minute)
	if err := c.SetDeadline(due); err != nil {
		t.Fatal(err)
	}
	wrote := make(chan error, 1)
	go func() {
		for chunk := make([]byte, 1<<20); ; {
			if _, err := c.Write(chunk); err != nil {
				wrote <- err
				return
			}
		}
	}()
	read := reading(c)
	set.look(due.UnixNano())
	for what, err := range map[string]error{"write": <-wrote, "read": <-read} {
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// What looks at the connections lives as long as there are any, and begins again
// with the next listener.
func TestEnd(t *testing.T) {
	l := listenTCP(t, time.Millisecond)
	set := l.set
	looking := func() bool {
		set.mu.Lock()
		defer set.mu.Unlock()
		return set.looking
	}
	other, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	l.Close() // counts once
	if err := c.SetReadDeadline(time.Now().Add(5 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if err := <-reading(c); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("after the listener was closed: %v", err)
	}
	if !looking() {
		t.Fatal("a connection is open that nobody looks at")
	}
	c.Close()
	for looking() {
		time.Sleep(time.Millisecond)
	}
	next, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer set.Listen(next).Close()
	if !looking() {
		t.Error("nobody looks at the connections of a listener that came later")
	}
}

// A server's time-outs hold, and do not break what is in time.
func TestServer(t *testing.T) {
	l := listenTCP(t, 5*time.Millisecond)
	s := http.Server{
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }),
		ReadHeaderTimeout: 50 * time.Millisecond, IdleTimeout: 50 * time.Millisecond,
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	defer func() { s.Close(); <-served }()

	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	answers := bufio.NewReader(c)
	for range 100 {
		if _, err := io.WriteString(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"); err != nil {
			t.Fatal(err)
		}
		answer, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil || string(body) != "hi" {
			t.Fatalf("got %q, %v", body, err)
		}
	}
	if _, err := io.WriteString(c, "POST / HTTP/1.1\r\nHost:"); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(answers); err != nil || len(b) != 0 {
		t.Fatalf("a header without an end: %q, %v; want the connection closed", b, err)
	}
}
