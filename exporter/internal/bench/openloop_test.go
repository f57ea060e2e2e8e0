package bench

import (
	"bufio"
	"fmt"
	"net"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// openLoopRate is how many events a second arrive in BenchmarkOpenLoop.
const openLoopRate = 20_000

// carried is the part of the rate that both servers have to keep up with. Where one
// does not, a latency is about its queue, and there is no ratio.
const carried = 0.98

// BenchmarkOpenLoop sends 20,000 events a second by the clock, whether or not
// those before are answered, as one event a request and as ten. A latency is that
// from the moment at which a request was due to its answer: one that had to wait
// for a connection, or for the load's own process, took that long.
func BenchmarkOpenLoop(b *testing.B) {
	exporter := buildExporter(b)
	for _, batch := range []int{1, 10} {
		b.Run(fmt.Sprintf("events=%d", batch), func(b *testing.B) {
			l := newLoad(sized(50_000, 10_000), batch)
			r := rounds{}
			for r.next(b) {
				for range sized(2, 1) {
					r.openLoop(b, "exporter", startExporter(b, exporter), l)
					r.openLoop(b, "plain", startRole(b, rolePlain, 0), l)
				}
			}
			if min(median(r["exporter-events/s"]), median(r["plain-events/s"])) >= carried*openLoopRate {
				r.ratio("p99-ratio-to-plain", "exporter-p99-ms", "plain-p99-ms")
			}
			r.ratio("p50-ratio-to-plain", "exporter-p50-ms", "plain-p50-ms")
			r.report(b)
		})
	}
}

// openLoop puts a load on a server by the clock and ends it.
func (r rounds) openLoop(b *testing.B, name string, p *process, l *load) {
	b.Helper()
	const connections = 64
	interval := time.Second * time.Duration(l.events) / time.Duration(len(l.requests)) / openLoopRate
	began := time.Now()
	took, err := arrive(p.http, l.requests, interval, connections)
	if err != nil {
		b.Fatalf("%s: %v\n%s", name, err, &p.stderr)
	}
	r.add(name+"-events/s", float64(l.events)/time.Since(began).Seconds())
	p.stop(syscall.SIGKILL)
	took = took[len(took)/10:] // the first ones find everything cold
	slices.Sort(took)
	for _, q := range []struct {
		name string
		per  float64
	}{{"p50", 0.5}, {"p99", 0.99}, {"p99.9", 0.999}} {
		r.add(name+"-"+q.name+"-ms", milliseconds(took[int(q.per*float64(len(took)))]))
	}
}

// arrive sends request i at i intervals from now, over the first connection that
// is free, and gives for each the time from then to its answer.
func arrive(address string, requests [][]byte, interval time.Duration, connections int) ([]time.Duration, error) {
	took := make([]time.Duration, len(requests))
	due := make(chan int, len(requests))
	var group errgroup.Group
	var conns []net.Conn
	for range connections {
		c, err := net.Dial("tcp", address)
		if err != nil {
			return nil, err
		}
		defer c.Close()
		conns = append(conns, c)
	}
	began := time.Now()
	for _, c := range conns {
		group.Go(func() error {
			answers := bufio.NewReader(c)
			for i := range due {
				if _, err := c.Write(requests[i]); err != nil {
					return err
				}
				if err := readAnswer(answers); err != nil {
					return fmt.Errorf("request %d: %w", i, err)
				}
				took[i] = time.Since(began) - time.Duration(i)*interval
			}
			return nil
		})
	}
	for i := range requests {
		if wait := time.Duration(i)*interval - time.Since(began); wait > 0 {
			pause(wait)
		}
		due <- i
	}
	close(due)
	return took, group.Wait()
}
