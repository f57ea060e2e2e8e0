package e2e

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"
)

// TestSoak runs the exporter for long: eight clients push small batches at a
// rate that no answer slows down, a scraper asks for every format in turn, and
// every couple of minutes the exporter is stopped or killed, and started again.
// In the end each event was counted once, no counter ever went back, and neither
// memory nor goroutines nor open files have grown; wantFlat has the rules.
// `make soak` takes twenty minutes.
//
// What an answer took counts from when its batch was due: one that had to wait
// for a restart took as long, and the system's timer, a millisecond, is in it. It
// is shown, not checked: a machine may be busy.
func TestSoak(t *testing.T) {
	t.Parallel()
	long, rate := 24*time.Second, 5000.0
	if testing.Short() {
		long, rate = 8*time.Second, 1000
	}
	seed := seedSetting(t)
	t.Logf("E2E_SEED=%d", seed)
	s := &soak{
		t: t, seed: seed, store: t.TempDir(), traffic: newTraffic(seed),
		long: setting(t, "E2E_SOAK", long, time.ParseDuration),
		rate: setting(t, "E2E_RATE", rate, func(s string) (float64, error) { return strconv.ParseFloat(s, 64) }),
	}
	defer s.report()
	s.run()
}

// soak is one run.
type soak struct {
	t       *testing.T
	seed    uint64
	store   string
	long    time.Duration
	rate    float64 // events a second, of all clients
	traffic *traffic
	flags   []string
	e       *exporter

	stops, kills int
	started      time.Time       // the exporter
	starts       []time.Duration // until each was ready
	samples      []sample
	progress
	scraper
	low, high int // series that differ in the end
}

const soakClients = 8

func (s *soak) run() {
	// While this goes on, conversations go idle and are forgotten; but not one
	// that a client still holds, even if it has to wait.
	retention := max(s.long/5, time.Minute)
	config := fmt.Sprintf("idle_timeout: %dms\nretention: %dms", retention.Milliseconds()/2, retention.Milliseconds())
	s.flags = []string{"--config.file=" + writeFile(s.t, "config.yml", config)}
	f := s.traffic
	f.pace = s.rate / soakClients
	f.abreast = int(f.pace)  // of some five events each: they last five seconds
	f.late = int(f.pace / 2) // some ten seconds
	f.forget = true
	s.start()
	s.began, s.at = time.Now(), time.Now()
	f.start(s.t, soakClients)
	s.live()
	s.verify()
	s.wantFlat()
}

// live is what happens while the clients push.
func (s *soak) live() {
	tick := time.NewTicker(min(5*time.Second, s.long/48))
	defer tick.Stop()
	rng := rand.New(rand.NewPCG(s.seed, soakClients))
	life := func() time.Duration { return part(0.75+rng.Float64()/2, min(2*time.Minute, s.long/4)) }
	restart := time.NewTimer(life())
	defer restart.Stop()
	for end := time.After(s.long); ; {
		select {
		case <-end:
			return
		case <-tick.C:
			s.scrape()
			s.sample()
		case <-restart.C:
			s.restart()
			restart.Reset(life())
		}
	}
}

// restart stops the exporter or kills it, in turn, while the clients go on.
func (s *soak) restart() {
	if s.stops > s.kills {
		s.kills++
	} else {
		s.stops++
		s.e.stop()
	}
	s.e.end()
	s.start()
}

func (s *soak) start() {
	began := time.Now()
	s.e = startExporter(s.t, s.store, s.flags...)
	s.started = time.Now()
	s.starts = append(s.starts, s.started.Sub(began))
	s.traffic.target.Store(s.e)
}

// verify compares the counters with what was acknowledged, when all is and all
// conversations have gone idle, and once more after a kill.
func (s *soak) verify() {
	s.traffic.finish()
	s.e.stop()
	s.flags = []string{"--config.file=" + writeFile(s.t, "config.yml", "idle_timeout: 1s")}
	s.start()
	s.traffic.awaitIdle(s.e)
	s.e.end()
	s.start()
	s.low, s.high = s.traffic.settle(s.t, s.e)
	s.e.stop()
}
