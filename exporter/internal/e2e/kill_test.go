package e2e

import (
	"math/rand/v2"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// TestKill pushes without end while the exporter is killed again and again:
// under load, while it starts, and while it writes its last checkpoint. In the
// end every event was counted once, to the cent.
func TestKill(t *testing.T) {
	t.Parallel()
	kills := 55
	if testing.Short() {
		kills = 15
	}
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("E2E_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("E2E_SEED=%d", seed)
	k := &killer{t: t, rng: rand.New(rand.NewPCG(seed, 0)), store: t.TempDir(), traffic: newTraffic(seed + 1), killed: map[string]int{}}
	k.traffic.target.Store(startExporter(t, k.store))
	k.traffic.start(8)
	for k.kills < kills {
		k.kill()
		k.restart()
	}
	k.traffic.finish()
	for _, err := range k.traffic.errs {
		t.Error(err)
	}
	t.Logf("%d batches acknowledged after %d retries; killed %v", len(k.traffic.batches), k.traffic.retries, k.killed)
	k.verify()
}

// killer ends an exporter at moments it picks at random, and starts the next.
type killer struct {
	t       *testing.T
	rng     *rand.Rand
	store   string
	traffic *traffic
	startup time.Duration // how long the last start took
	kills   int
	killed  map[string]int // kills by what the exporter was at
}

// count counts a kill.
func (k *killer) count(at string) {
	k.kills++
	k.killed[at]++
}

// kill ends the exporter that the clients push to; now and then it lets it
// stop, for the next one to start from a checkpoint.
func (k *killer) kill() {
	e := k.traffic.target.Load()
	time.Sleep(k.random(150 * time.Millisecond)) // of load
	at := "under load"
	switch k.rng.IntN(6) {
	case 0:
		e.stop()
		return
	case 1:
		at = "while stopping"
		e.signal(syscall.SIGTERM)
		time.Sleep(k.random(10 * time.Millisecond))
	case 2:
		at = "while stopping"
		e.signal(syscall.SIGTERM)
		for !e.hasExited() && len(glob(k.t, k.store, "*.checkpoint.tmp")) == 0 {
			time.Sleep(50 * time.Microsecond)
		}
	}
	e.kill()
	if len(glob(k.t, k.store, "*.checkpoint.tmp")) > 0 {
		at = "while writing a checkpoint"
	}
	k.count(at)
}

// restart starts an exporter, some of the time after others that do not live to
// be ready, and has the clients push to it.
func (k *killer) restart() {
	for k.rng.IntN(4) == 0 {
		e := launchExporter(k.t, k.store)
		time.Sleep(k.random(2 * k.startup))
		e.kill()
		k.count("while starting")
	}
	began := time.Now()
	e := startExporter(k.t, k.store)
	k.startup = time.Since(began)
	k.traffic.wantBetween(k.t, e)
	k.traffic.target.Store(e)
	k.traffic.resend(k.t, e, k.rng, 5)
}

func (k *killer) random(most time.Duration) time.Duration {
	return time.Duration(k.rng.Int64N(int64(most) + 1))
}

// verify checks the counters to the last digit: as they are, after one more
// kill, and when all conversations have gone idle; and that resending
// everything changes nothing.
func (k *killer) verify() {
	k.t.Helper()
	e := k.traffic.target.Load()
	wantSeries(k.t, "in the end", e.metrics().counted(), k.traffic.acked.series())
	e.kill()

	// A timeout so short has them go idle at once.
	e = startExporter(k.t, k.store, "--config.file="+writeFile(k.t, "config.yml", "idle_timeout: 1s"))
	eventually(k.t, "all conversations are idle", func() error {
		return wantNumber(e.metrics()["support_conversations_open"], 0)
	})
	all := newTruth()
	all.merge(k.traffic.acked)
	all.merge(k.traffic.idle)
	wantSeries(k.t, "when all are idle", e.metrics().counted(), all.series())
	k.traffic.resend(k.t, e, k.rng, len(k.traffic.batches))
	wantSeries(k.t, "when everything was sent again", e.metrics().counted(), all.series())
	e.stop()
}
