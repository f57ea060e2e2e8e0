package bench

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"supportexporter/exporter/internal/ingest"
)

// What this test binary can be instead, in a process of its own.
const (
	rolePlain         = "plain"   // the plain handler
	roleEmpty         = "empty"   // a handler that reads a push and answers, and no more
	roleDurable       = "durable" // a server that makes a push durable and answers, and no more
	roleVectors       = "vectors" // client_golang's vectors to scrape
	roleNativeVectors = "native-vectors"
)

// roleVariable is the environment variable that says so, with how many label
// sets there are to scrape, and the address to listen on.
const roleVariable = "SUPPORT_EXPORTER_BENCH_ROLE"

const (
	metricsPath = "/metrics"
	readyPath   = "/-/ready" // as the exporter and statsd_exporter have it
)

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		fmt.Fprintln(os.Stderr, play(role))
		os.Exit(1)
	}
	os.Exit(withTable(m.Run))
}

// serveEmpty is the floor of any server on net/http: it reads the body and gives
// the exporter's answer, with the exporter's headers.
func serveEmpty(w http.ResponseWriter, r *http.Request) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = io.WriteString(w, emptyAnswer)
}

// emptyAnswer is the exporter's answer to a push of one event.
const emptyAnswer = `{"accepted":1,"duplicates":0,"rejected":0,"errors":[]}` + "\n"

// startRole starts this test binary in a role, in a new folder.
func startRole(tb testing.TB, role string, labelSets int) *process {
	tb.Helper()
	self, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	p := &process{http: freeAddress(tb), cmd: exec.Command(self)}
	p.cmd.Dir = tb.TempDir()
	p.cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d %s", roleVariable, role, labelSets, p.http))
	return p.start(tb)
}

// play is what a process does that has a role. It does not return before
// something is wrong.
func play(variable string) error {
	var role, address string
	var labelSets int
	if _, err := fmt.Sscan(variable, &role, &labelSets, &address); err != nil {
		return fmt.Errorf("%s: want a role, a number and an address, got %q: %w", roleVariable, variable, err)
	}
	if role == roleDurable {
		return serveDurable(address, ".")
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+readyPath, func(http.ResponseWriter, *http.Request) {})
	registry := prometheus.NewRegistry()
	var err error
	switch role {
	case roleEmpty:
		mux.HandleFunc("POST "+ingest.Path, serveEmpty)
	case rolePlain:
		mux.Handle("POST "+ingest.Path, newPlain(registry))
	case roleVectors:
		registry, err = vectorRegistry(labelSets, scrapedValues, false)
	case roleNativeVectors:
		registry, err = vectorRegistry(labelSets, scrapedValues, true)
	default:
		err = fmt.Errorf("role %q is not known", role)
	}
	if err != nil {
		return err
	}
	mux.Handle("GET "+metricsPath, promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	return http.ListenAndServe(address, mux)
}
