package bench

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"supportexporter/exporter/internal/ingest"
)

// load is events ready to be sent: the same ones as HTTP requests, as writes of
// StatsD lines and as requests of OTLP/HTTP.
type load struct {
	events   int
	requests [][]byte
	lines    [][]byte
	logs     [][]byte // nil unless addLogs was called
}

// newLoad makes a load of n events, batch of them a request.
func newLoad(n, batch int) *load {
	l := &load{events: n}
	var body, lines []byte
	i := 0
	for e := range events(1, true, n) {
		body = appendJSON(body, e)
		lines = appendStatsD(lines, e)
		if i++; i%batch == 0 || i == n {
			l.requests = append(l.requests, request(ingest.Path, mediaType(batch), body))
			l.lines = append(l.lines, slices.Clone(lines))
			body, lines = body[:0], lines[:0]
		}
	}
	return l
}

// addLogs adds the same events as OTLP's log records, as many a request.
func (l *load) addLogs(batch int) {
	b := logBatch{}
	i := 0
	for e := range events(1, true, l.events) {
		b.add(e)
		if i++; i%batch == 0 || i == l.events {
			l.logs = append(l.logs, request(logsPath, "application/x-protobuf", b.take()))
		}
	}
}

func mediaType(batch int) string {
	if batch > 1 {
		return "application/x-ndjson"
	}
	return "application/json"
}

func request(path, media string, body []byte) []byte {
	r := fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", path, media, len(body))
	return append(r, body...)
}

// push sends every request once, over a number of connections that are kept
// alive, and returns when all are answered with 200. It is not net/http's
// client, which would cost more than the servers do.
func push(address string, requests [][]byte, connections int) error {
	var group errgroup.Group
	var next atomic.Int64
	for range connections {
		group.Go(func() error {
			c, err := net.Dial("tcp", address)
			if err != nil {
				return err
			}
			defer c.Close()
			answers := bufio.NewReader(c)
			for i := next.Add(1) - 1; i < int64(len(requests)); i = next.Add(1) - 1 {
				if _, err := c.Write(requests[i]); err != nil {
					return err
				}
				if err := readAnswer(answers); err != nil {
					return fmt.Errorf("request %d: %w", i, err)
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// readAnswer reads an HTTP answer whose body has a length.
func readAnswer(r *bufio.Reader) error {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return fmt.Errorf("reading an answer: %w", err)
	}
	wrong := ""
	if !bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")) {
		wrong = string(bytes.TrimSpace(line))
	}
	length := 0
	for len(bytes.TrimSpace(line)) > 0 {
		if line, err = r.ReadSlice('\n'); err != nil {
			return fmt.Errorf("reading an answer's header: %w", err)
		}
		if v, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(v))); err != nil {
				return fmt.Errorf("Content-Length: %w", err)
			}
		}
	}
	if wrong != "" {
		body, _ := io.ReadAll(io.LimitReader(r, int64(length)))
		return fmt.Errorf("want 200, got %s: %s", wrong, body)
	}
	_, err = r.Discard(length)
	return err
}

// stream sends all lines over a number of connections, and returns when the
// server has read them.
func (l *load) stream(address string, connections int) error {
	var group errgroup.Group
	var next atomic.Int64
	for range connections {
		group.Go(func() error {
			c, err := net.Dial("tcp", address)
			if err != nil {
				return err
			}
			defer c.Close()
			for i := next.Add(1) - 1; i < int64(len(l.lines)); i = next.Add(1) - 1 {
				if _, err := c.Write(l.lines[i]); err != nil {
					return err
				}
			}
			if err := c.(*net.TCPConn).CloseWrite(); err != nil {
				return err
			}
			_, err = io.Copy(io.Discard, c)
			return err
		})
	}
	return group.Wait()
}

// settle waits until the process has nothing left to do. A server that answers
// nothing shows in no other way that it has counted everything.
func (p *process) settle(tb testing.TB) {
	tb.Helper()
	const idle, quiet = 2 * time.Millisecond, 500 * time.Millisecond
	since, was := time.Now(), p.cpu(tb)
	for time.Since(since) < quiet {
		time.Sleep(20 * time.Millisecond)
		if now := p.cpu(tb); now-was > idle {
			since, was = time.Now(), now
		}
	}
}
