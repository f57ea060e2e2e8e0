package e2e

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"
)

// killings is what comes of all kills.
type killings struct {
	t     *testing.T
	want  int
	seed  uint64
	began time.Time
	shown time.Time // when progress was

	kills       int
	killed      map[string]int // by what the exporter was at
	stops       int
	starts      []time.Duration // until ready
	torn        int             // of the starts, those that cut a torn frame
	checkpoints int             // that were seen

	batches, events, retries, repeated int // of the clients
	resent                             int
	compared                           int
	low, high                          int // series that differed
}

// count counts a kill, and says now and then how far it is.
func (r *killings) count(at string) {
	r.kills++
	r.killed[at]++
	if time.Since(r.shown) > 5*time.Second || r.kills == r.want {
		r.shown = time.Now()
		fmt.Fprintf(r.t.Output(), "%5d of %d kills, %4.0f s\n", r.kills, r.want, time.Since(r.began).Seconds())
	}
}

// add adds what the clients of a store did.
func (r *killings) add(f *traffic) {
	r.batches += f.count
	r.events += f.events
	r.retries += f.retries
	r.repeated += f.repeated
}

// report ends the run in a table.
func (r *killings) report() {
	w := r.t.Output()
	line := func(what string, value any) { fmt.Fprintf(w, "%-64s %10v\n", what, value) }
	line("kills", r.kills)
	for _, at := range slices.Sorted(maps.Keys(r.killed)) {
		line("  "+at, r.killed[at])
	}
	line("regular stops", r.stops)
	if n := len(r.starts); n > 0 {
		slices.Sort(r.starts)
		line("restarts that were waited for", n)
		line("  until ready, p50", r.starts[n/2].Round(time.Millisecond))
		line("  until ready, max", r.starts[n-1].Round(time.Millisecond))
		line("  that cut a torn frame", r.torn)
	}
	line("checkpoints seen", r.checkpoints)
	line("batches acknowledged", r.batches)
	line("  events in them", r.events)
	line("  attempts that failed", r.retries)
	line("  batches counted already, their answer lost, when sent again", r.repeated)
	line("acknowledged batches sent again, all duplicates", r.resent)
	line("times that all series were compared with the truth", r.compared)
	line("series too low: lost", r.low)
	line("series too high: doubled", r.high)
	line("seed", r.seed)
}

// setting gives an environment variable's value, or another one where it is not
// set.
func setting[T any](t *testing.T, name string, otherwise T, parse func(string) (T, error)) T {
	t.Helper()
	s := os.Getenv(name)
	if s == "" {
		return otherwise
	}
	v, err := parse(s)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return v
}

// seedSetting gives the seed that is to be repeated, or a new one.
func seedSetting(t *testing.T) uint64 {
	t.Helper()
	return setting(t, "E2E_SEED", uint64(time.Now().UnixNano()), func(s string) (uint64, error) { return strconv.ParseUint(s, 10, 64) })
}
