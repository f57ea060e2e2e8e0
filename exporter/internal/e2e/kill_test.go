package e2e

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestKill pushes without end from eight clients while the exporter is killed
// again and again: under load, while it starts, while it stops, and while it
// writes a checkpoint, beside the traffic or as its last act. After every kill
// the next exporter that lives has to count each event once, in all series and
// to the last digit; traffic.settle says how. `make crash` kills a thousand times.
// What had not reached the disk a kill leaves with the system: cuts of power are
// the business of the journal's own tests.
//
// E2E_SEED repeats the schedule: which kill comes when, how far into what the
// exporter is at, and every event of every client in its order. It does not
// repeat the system's timing: how many batches are answered by then, which write
// or sync a signal comes into, how long a start takes.
func TestKill(t *testing.T) {
	t.Parallel()
	kills := 55
	if testing.Short() {
		kills = 15
	}
	r := &killings{
		t: t, want: setting(t, "E2E_KILLS", kills, strconv.Atoi), seed: seedSetting(t),
		began: time.Now(), killed: map[string]int{},
	}
	t.Logf("E2E_SEED=%d", r.seed)
	defer r.report()
	for store := uint64(0); r.kills < r.want; store++ {
		k := &killer{
			killings: r, store: t.TempDir(), startup: 50 * time.Millisecond,
			rng: rand.New(rand.NewPCG(r.seed, store)), traffic: newTraffic(r.seed + 1 + store),
		}
		k.run(r.kills + min(killsPerStore, r.want-r.kills))
	}
}

// killsPerStore keeps the work of a kill the same, however many there are: a
// start reads what its store holds, and in the end all of it is sent again.
const killsPerStore = 200

// killer ends the exporters of a store at moments it picks at random, and starts
// the next.
type killer struct {
	*killings
	rng     *rand.Rand // of the schedule: what is drawn does not depend on what happens
	store   string
	traffic *traffic
	ballast *batch        // see fill
	newest  string        // checkpoint that was seen
	startup time.Duration // how long the last start took
}

// run goes on until there were so many kills.
func (k *killer) run(kills int) {
	k.traffic.held = true // until there is an exporter
	k.traffic.start(k.t, 8)
	k.restart(2) // a store is killed while it is made, too
	k.load()
	for k.kills < kills {
		k.kill()
		k.restart(4)
	}
	k.traffic.finish()
	k.verify()
	k.add(k.traffic)
}

// restart starts an exporter, one time in so many after others that do not live
// long, compares what it counts and has the clients go on with it.
func (k *killer) restart(oneIn int) {
	k.traffic.hold()
	for k.rng.IntN(oneIn) == 0 {
		k.killStarting()
	}
	began := time.Now()
	e := startExporter(k.t, k.store)
	k.startup = time.Since(began)
	k.starts = append(k.starts, k.startup)
	if !strings.Contains(e.output.String(), "torn_bytes=0") {
		k.torn++
	}
	k.look()
	k.settle(e)
	k.resend(e, 5) // the next comparison shows what comes of it
	k.traffic.release(e)
}

// settle compares, and ends the test where something differs: what came after
// would hide it.
func (k *killer) settle(e *exporter) {
	k.t.Helper()
	low, high := k.traffic.settle(k.t, e)
	k.low, k.high, k.compared = k.low+low, k.high+high, k.compared+1
	if k.t.Failed() {
		k.t.Fatalf("after kill %d; make crash KILLS=%d SEED=%d repeats the schedule", k.kills, k.want, k.seed)
	}
}

// resend pushes batches again that were acknowledged. Which ones is no part of
// the schedule: it depends on how many there are.
func (k *killer) resend(e *exporter, n int) {
	k.t.Helper()
	n = min(n, len(k.traffic.batches))
	k.traffic.resend(k.t, e, rand.New(rand.NewPCG(k.seed, uint64(k.kills))), n)
	k.resent += n
}

// verify compares when nothing is under way: as it is; after one more kill, in
// every format with exemplars and created timestamps; and when all conversations
// have gone idle, all that was ever sent has been sent again, and the store has gone
// through a regular stop.
func (k *killer) verify() {
	k.t.Helper()
	e := k.traffic.target.Load()
	k.settle(e)
	before := scrapeAll(e)
	e.end()
	e = startExporter(k.t, k.store)
	wantSame(k.t, "after the last kill", before, scrapeAll(e))
	e.end()

	// A timeout so short has them go idle at once.
	e = startExporter(k.t, k.store, "--config.file="+writeFile(k.t, "config.yml", "idle_timeout: 1s"))
	k.traffic.awaitIdle(e)
	k.resend(e, len(k.traffic.batches))
	k.settle(e)
	e.stop()
	e = startExporter(k.t, k.store)
	k.settle(e)
	e.stop()
}
