package connection

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// crowd is a listener with room for some connections.
type crowd struct {
	t *testing.T
	net.Listener
	set    *Set
	closed int
}

func newCrowd(t *testing.T, most int) *crowd {
	t.Helper()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &crowd{t: t}
	c.set = NewSet(most, func() { c.closed++ })
	c.set.every = time.Hour
	c.Listener = c.set.Listen(tcp)
	t.Cleanup(func() { c.Listener.Close() })
	return c
}

// connect opens a connection from an address of the loopback net.
func (c *crowd) connect(from string) (client net.Conn, accepted *Conn) {
	c.t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	client, err := d.Dial("tcp", c.Addr().String())
	if err != nil {
		c.t.Skipf("no connection from %s: %v", from, err)
	}
	server, err := c.Accept()
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { client.Close(); server.Close() })
	return client, server.(*Conn)
}

// isOpen says whether a connection is still open at its other end.
func isOpen(t *testing.T, client net.Conn) bool {
	t.Helper()
	if err := client.SetReadDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	_, err := client.Read(make([]byte, 1))
	var late net.Error
	switch {
	case errors.As(err, &late) && late.Timeout():
		return true
	case errors.Is(err, io.EOF):
		return false
	}
	t.Fatalf("reading: %v", err)
	return false
}

func TestRoomIsMadeByTheLargestClient(t *testing.T) {
	c := newCrowd(t, 6)
	var greedy []net.Conn
	modest, _ := c.connect("127.0.0.2")
	for range 5 {
		client, _ := c.connect("127.0.0.3")
		greedy = append(greedy, client)
	}
	if c.closed != 0 || c.set.Len() != 6 {
		t.Fatalf("%d connections, %d closed", c.set.Len(), c.closed)
	}
	late, _ := c.connect("127.0.0.4")
	for range 3 { // more of the greedy client replace its own
		client, _ := c.connect("127.0.0.3")
		greedy = append(greedy, client)
	}
	open := 0
	for _, client := range greedy {
		if isOpen(t, client) {
			open++
		}
	}
	if open != 4 || !isOpen(t, modest) || !isOpen(t, late) {
		t.Errorf("of the greedy client %d are open, want 4; the modest ones: %v, %v", open, isOpen(t, modest), isOpen(t, late))
	}
	if c.closed != 4 || c.set.Len() != 6 {
		t.Errorf("%d connections, want 6; %d were closed, want 4", c.set.Len(), c.closed)
	}
}

func TestRoomIsMadeByTheLongestSilent(t *testing.T) {
	c := newCrowd(t, 3)
	clock := time.Now()
	var clients []net.Conn
	var served []*Conn
	for range 3 {
		client, s := c.connect("127.0.0.1")
		clients, served = append(clients, client), append(served, s)
	}
	for _, i := range []int{1, 0, 2} { // each is heard of, the second first
		clock = clock.Add(time.Second)
		c.set.look(clock.UnixNano())
		if err := served[i].SetReadDeadline(clock.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	c.connect("127.0.0.1")
	if isOpen(t, clients[1]) || !isOpen(t, clients[0]) || !isOpen(t, clients[2]) {
		t.Errorf("open are %v, %v, %v; want all but the second", isOpen(t, clients[0]), isOpen(t, clients[1]), isOpen(t, clients[2]))
	}
}

// What is closed makes room, and nothing is forgotten or counted twice.
func TestRoomIsGivenBack(t *testing.T) {
	c := newCrowd(t, 2)
	for range 10 {
		_, served := c.connect("127.0.0.1")
		served.Close()
		served.Close()
	}
	if c.closed != 0 || c.set.Len() != 0 || len(c.set.clients) != 0 {
		t.Errorf("%d connections of %d clients, %d closed to make room; want none", c.set.Len(), len(c.set.clients), c.closed)
	}
}

// One that waits for a request goes before one that has begun with its request.
func TestRoomIsNotMadeByWhoIsBusy(t *testing.T) {
	c := newCrowd(t, 3)
	clock := time.Now()
	var clients []net.Conn
	for i := range 3 { // the first waits longest, with a request half sent
		client, served := c.connect("127.0.0.1")
		clients = append(clients, client)
		if i == 0 {
			State(tls.Server(served, nil), http.StateActive)
		}
		clock = clock.Add(time.Second)
		c.set.look(clock.UnixNano())
	}
	c.connect("127.0.0.1")
	if !isOpen(t, clients[0]) || isOpen(t, clients[1]) || !isOpen(t, clients[2]) {
		t.Errorf("open are %v, %v, %v; want all but the second", isOpen(t, clients[0]), isOpen(t, clients[1]), isOpen(t, clients[2]))
	}
}
