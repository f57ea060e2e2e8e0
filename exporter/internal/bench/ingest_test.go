package bench

import (
	"syscall"
	"testing"
	"time"
)

// BenchmarkIngest pushes batches of 1,000 events over 8 connections.
func BenchmarkIngest(b *testing.B) {
	const batch, connections = 1000, 8
	exporter, statsd := buildExporter(b), statsdBinary(b)
	l := newLoad(sized(400_000, 40_000), batch)
	r := rounds{}
	for b.Loop() {
		r.turn(b, "exporter", startExporter(b, exporter), l, connections)
		r.turn(b, "plain", startRole(b, rolePlain, 0), l, connections)
		if statsd != "" {
			r.turn(b, "statsd", startStatsD(b, statsd), l, connections)
		}
	}
	r.ratio("ratio-to-plain", "exporter-cpu-s/Mevent", "plain-cpu-s/Mevent")
	r.ratio("ratio-to-statsd", "exporter-cpu-s/Mevent", "statsd-cpu-s/Mevent")
	r.report(b)
}

// BenchmarkIngestSingle pushes events one by one over 64 connections. Its turns
// are short and many: a throughput suffers more from what else the machine does
// than a CPU time does.
func BenchmarkIngestSingle(b *testing.B) {
	const connections, turns = 64, 4
	exporter := buildExporter(b)
	l := newLoad(sized(30_000, 5_000), 1)
	r := rounds{}
	for b.Loop() {
		for range turns {
			r.turn(b, "exporter", startExporter(b, exporter), l, connections)
			r.turn(b, "plain", startRole(b, rolePlain, 0), l, connections)
		}
	}
	r.ratio("throughput-ratio-to-plain", "exporter-events/s", "plain-events/s")
	r.ratio("cpu-ratio-to-plain", "exporter-cpu-s/Mevent", "plain-cpu-s/Mevent")
	r.report(b)
}

// turn puts a load on a server and ends it.
func (r rounds) turn(b *testing.B, name string, p *process, l *load, connections int) {
	b.Helper()
	began, before := time.Now(), p.cpu(b)
	var err error
	if p.statsd != "" {
		err = l.stream(p.statsd, connections)
		p.settle(b)
	} else {
		err = l.push(p.http, connections)
		r.add(name+"-events/s", float64(l.events)/time.Since(began).Seconds())
	}
	after := p.cpu(b)
	if err != nil {
		b.Fatalf("%s: %v\n%s", name, err, &p.stderr)
	}
	exit := p.stop(syscall.SIGTERM)
	perMillion := func(d time.Duration) float64 { return d.Seconds() * 1e6 / float64(l.events) }
	r.add(name+"-cpu-s/Mevent", perMillion(after-before))
	if name == "exporter" {
		r.add(name+"-cpu-s/Mevent-to-exit", perMillion(exit-before))
	}
}
