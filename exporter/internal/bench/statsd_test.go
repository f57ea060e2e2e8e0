package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/tally"
)

// statsdBinary gives the path of statsd_exporter, "" and a word about it if it
// is not there.
func statsdBinary(tb testing.TB) string {
	tb.Helper()
	return peerBinary(tb, "statsd_exporter", "GOBIN=$PWD/.bin go install github.com/prometheus/statsd_exporter@v0.31.0")
}

func startStatsD(tb testing.TB, binary string) *process {
	tb.Helper()
	p := &process{http: freeAddress(tb), statsd: freeAddress(tb)}
	p.cmd = exec.Command(binary, "--web.listen-address="+p.http, "--statsd.listen-tcp="+p.statsd,
		"--statsd.listen-udp=", "--statsd.mapping-config="+writeMapping(tb))
	return p.start(tb)
}

// writeMapping writes statsd_exporter's mapping: histograms with the exporter's
// classic buckets. Counters keep their names and need none.
func writeMapping(tb testing.TB) string {
	tb.Helper()
	buckets := config.Default().Buckets
	var b strings.Builder
	b.WriteString("mappings:\n")
	for _, h := range []struct {
		name   string
		bounds []float64
	}{
		{tally.ResolutionSeconds, buckets.ResolutionSeconds},
		{tally.ConversationTurns, buckets.Turns},
		{tally.ConversationCost, buckets.CostUSD},
	} {
		fmt.Fprintf(&b, "- match: %s\n  name: %s\n  observer_type: histogram\n  histogram_options:\n    buckets: %s\n", h.name, h.name, list(h.bounds))
	}
	path := filepath.Join(tb.TempDir(), "mapping.yml")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}
