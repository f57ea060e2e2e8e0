package bench

import (
	"syscall"
	"testing"
	"time"
)

// BenchmarkIngest pushes batches of 1,000 events over 8 connections.
func BenchmarkIngest(b *testing.B) {
	const batch, connections = 1000, 8
	exporter, statsd, collector := buildExporter(b), statsdBinary(b), collectorBinary(b)
	l := newLoad(sized(400_000, 40_000), batch)
	if collector != "" {
		l.addLogs(batch)
	}
	r := rounds{}
	for r.next(b) {
		r.turn(b, "exporter", startExporter(b, exporter), l, connections)
		r.turn(b, "plain", startRole(b, rolePlain, 0), l, connections)
		if statsd != "" {
			r.turn(b, "statsd", startStatsD(b, statsd), l, connections)
		}
		if collector != "" {
			r.turn(b, "collector", startCollector(b, collector), l, connections)
		}
	}
	r.ratio("ratio-to-plain", "exporter-cpu-s/Mevent", "plain-cpu-s/Mevent")
	r.ratio("ratio-to-statsd", "exporter-cpu-s/Mevent", "statsd-cpu-s/Mevent")
	r.ratio("ratio-to-collector", "exporter-cpu-s/Mevent", "collector-cpu-s/Mevent")
	r.report(b)
}

// BenchmarkIngestSingle pushes events one by one over 64 connections. Its turns
// are short and many: a throughput suffers more from what else the machine does
// than a CPU time does.
func BenchmarkIngestSingle(b *testing.B) {
	const connections, turns = 64, 3
	exporter := buildExporter(b)
	l := newLoad(sized(30_000, 5_000), 1)
	r := rounds{}
	for r.next(b) {
		for range turns {
			r.turn(b, "plain", startRole(b, rolePlain, 0), l, connections)
			r.turn(b, "exporter", startExporter(b, exporter), l, connections)
			r.turn(b, "empty", startRole(b, roleEmpty, 0), l, connections)
			r.turn(b, "durable", startRole(b, roleDurable, 0), l, connections)
		}
	}
	for _, peer := range []string{"plain", "empty"} {
		r.ratio("rate-ratio-to-"+peer, "exporter-events/s", peer+"-events/s")
		r.ratio("cpu-ratio-to-"+peer, "exporter-cpu-s/Mevent", peer+"-cpu-s/Mevent")
	}
	r.ratio("rate-ratio-to-durable", "exporter-events/s", "durable-events/s")
	r.ratio("durable-rate-ratio-to-empty", "durable-events/s", "empty-events/s")
	r.report(b)
}

// turn puts a load on a server and ends it.
func (r rounds) turn(b *testing.B, name string, p *process, l *load, connections int) {
	b.Helper()
	began, before := time.Now(), p.cpu(b)
	var err error
	switch {
	case p.statsd != "":
		err = l.stream(p.statsd, connections)
		p.settle(b)
	case p.logs != "":
		err = push(p.logs, l.logs, connections)
		p.settle(b)
	default:
		err = push(p.http, l.requests, connections)
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
