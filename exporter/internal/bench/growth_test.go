package bench

import (
	"fmt"
	"os"
	"syscall"
	"testing"

	"supportexporter/exporter/internal/event"
	"supportexporter/exporter/internal/ingest"
)

// BenchmarkGrowth takes the CPU time of an event, in batches of 1,000 over 8
// connections, of exporters that know few and many conversations: of traffic as it
// is, a tenth of which is about any of those conversations, and of the worst there
// can be, all of which is. Each turn is on a copy of a store, so that there are as
// many conversations in every round.
func BenchmarkGrowth(b *testing.B) {
	sizes := []int{10_000, 100_000, 1_000_000, 5_000_000}
	if testing.Short() {
		sizes = []int{10_000, 50_000}
	}
	exporter := buildExporter(b)
	stores := make([]string, len(sizes))
	crowds := make([]*crowd, len(sizes))
	for i, n := range sizes {
		stores[i], crowds[i] = b.TempDir(), newCrowd(n)
		progress(b, fmt.Sprintf("a store of %d conversations", n))
		if err := crowds[i].fill(b, stores[i]).Close(); err != nil {
			b.Fatal(err)
		}
	}
	r := rounds{}
	for r.next(b) {
		for i := range sizes {
			r.crowd(b, exporter, stores[i], crowds[i])
		}
	}
	few, many := sizes[0], sizes[len(sizes)-1]
	for _, kind := range []string{"mixed", "late"} {
		r[kind+"-few"] = r[fmt.Sprintf("%s-%d-cpu-s/Mevent", kind, few)]
		r[kind+"-many"] = r[fmt.Sprintf("%s-%d-cpu-s/Mevent", kind, many)]
		r.ratio(kind+"-growth", kind+"-many", kind+"-few")
	}
	r.report(b)
}

// crowd puts a crowd's traffic on an exporter that knows its conversations.
func (r rounds) crowd(b *testing.B, binary, store string, c *crowd) {
	b.Helper()
	const batch, connections = 1000, 8
	dir := b.TempDir()
	copyStore(b, store, dir)
	warm, mixed, late := requests(5, batch, c.mixed), requests(sized(60, 10), batch, c.mixed), requests(sized(30, 10), batch, c.late)
	p := startExporterOn(b, binary, dir)
	for _, part := range []struct {
		name     string
		requests [][]byte
	}{{"", warm}, {"mixed", mixed}, {"late", late}} {
		before := p.cpu(b)
		if err := push(p.http, part.requests, connections); err != nil {
			b.Fatalf("%v\n%s", err, &p.stderr)
		}
		if part.name != "" {
			name := fmt.Sprintf("%s-%d-cpu-s/Mevent", part.name, c.known)
			r.add(name, (p.cpu(b)-before).Seconds()*1e6/float64(batch*len(part.requests)))
		}
	}
	p.stop(syscall.SIGKILL)
	if err := os.RemoveAll(dir); err != nil {
		b.Fatal(err)
	}
}

// requests makes n requests of the events that next gives.
func requests(n, batch int, next func() *event.Event) [][]byte {
	all := make([][]byte, n)
	var body []byte
	for i := range all {
		body = body[:0]
		for range batch {
			body = appendJSON(body, next())
		}
		all[i] = request(ingest.Path, mediaType(batch), body)
	}
	return all
}
